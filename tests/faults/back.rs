//! Going back: after a restore, nothing differs from what was recorded then, and the plan that follows is no surprise.

use super::run;
use crate::support::Repo;

const BASE: &str = "
kind: Entity
name: user
join_keys: [user_id]
---
kind: BatchSource
name: orders
batch_config: { kind: HiveConfig, database: shop, table: orders }
";

/// Returns the declarations of one state: which views there are, what they are called, and what the service takes.
fn state(random: &mut impl FnMut(usize) -> usize) -> String {
    let mut text = BASE.replace("table: orders", ["table: orders", "table: orders, data_delay: 1h"][random(2)]);
    let mut names = Vec::new();
    for (view, other) in [("ab", "ba"), ("cd", "dc"), ("ef", "fe")] {
        let (name, old) = if random(4) == 0 { (other, view) } else { (view, other) };
        if random(4) == 0 {
            continue;
        }
        let more =
            ["", ", { name: z, dtype: Int64 }", ", { name: z, dtype: Int64 }, { name: b, dtype: Int64 }"][random(3)];
        let ttl = ["", "ttl: 30d\n", "ttl: 60d\n"][random(3)];
        // One whose columns only data knows.
        let columns = match view {
            "ef" => "timestamp_field: at\n".to_owned(),
            _ => format!(
                "schema: [{{ name: user_id, dtype: String }}, {{ name: at, dtype: Timestamp }}, {{ name: y, dtype: Int64 }}{more}]\n"
            ),
        };
        let protected = ["", "prevent_destroy: true\n"][random(2)];
        text.push_str(&format!(
            "---\nkind: BatchFeatureView\nname: {name}\nrenamed_from: {old}\nsources: [orders]\nentities: [user]\n\
             online: true\nfeature_start_time: 2026-01-01\n{columns}{ttl}{protected}"
        ));
        names.insert(random(names.len() + 1), name);
    }
    if random(5) > 0 && !names.is_empty() {
        let protected = ["", "prevent_destroy: true\n"][random(2)];
        let features = names.join(", ");
        text.push_str(&format!("---\nkind: FeatureService\nname: shop\nfeatures: [{features}]\n{protected}"));
    }
    text
}

const LEARNED: &str = "UPDATE resource SET derived_schema = '[{\"name\":\"user_id\",\"dtype\":\"String\"},\
     {\"name\":\"at\",\"dtype\":\"Timestamp\"},{\"name\":\"x\",\"dtype\":\"Int64\"}]' \
     WHERE name IN ('ef', 'fe') AND derived_schema IS NULL";

/// A workspace where nothing is protected, so that every way back is open.
#[test]
fn after_a_restore_nothing_differs_from_then() {
    for seed in 1..=6_u64 {
        let mut number = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = |below: usize| {
            number ^= number << 13;
            number ^= number >> 7;
            number ^= number << 17;
            (number % below as u64) as usize
        };
        let repo = Repo::new(&[("repo.yaml", BASE)]);
        run(&repo, &["registry", "init"]).exits(0);
        run(&repo, &["workspace", "create", "try"]).exits(0);
        let said = |arguments: &[&str]| run(&repo, &[&["-w", "try"], arguments].concat());
        let mut serial = 0;
        for _ in 0..5 {
            repo.write("repo.yaml", &state(&mut random));
            let applied = said(&["apply", "-y"]);
            // Some two states cannot follow each other: a rename onto what is still there.
            if applied.code == Some(0) && applied.stdout.contains("Applied") {
                serial += 1;
            }
            super::sql(&repo.registry(), LEARNED);
        }
        for _ in 0..3 {
            let then = 1 + random(serial);
            let restored = said(&["restore", &then.to_string(), "-y", "--with-protection"]).exits(0);
            serial += usize::from(restored.stdout.contains("Applied"));
            let diff = said(&["diff", &then.to_string(), &serial.to_string()]).exits(0);
            let expected = format!("No changes between serial {then} and serial {serial}.\n");
            assert_eq!(diff.stdout, expected, "seed {seed}\n{}", restored.stdout);
            let again = said(&["restore", &then.to_string(), "-y", "--with-protection"]).exits(0);
            assert!(again.stdout.contains("nothing was applied"), "seed {seed}\n{}", again.stdout);
        }
    }
}
