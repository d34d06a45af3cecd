//! What is written out as data derived it is no change (spec 1: `schema`, `timestamp_field`, `schema_override`).

use std::collections::BTreeMap;

use weir::plan::{Columns, Data, Suppress, diff_knowing};
use weir::render::text;

use super::{BATCH, COLUMNS, Scene};
use crate::support::NOW;

/// What data says of the columns of the view of `BATCH`.
const FOUND: &[(&str, &str)] = &[("user_id", "String"), ("at", "Timestamp"), ("amount", "Float64")];

fn columns(found: &[(&str, &str)]) -> Columns {
    found.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect()
}

/// Returns the plan, where data said `then` of the columns of `address` when it was recorded, and says `now`.
fn plan(recorded: &str, declared: &str, address: &str, then: Option<&Columns>, now: Option<&Columns>) -> String {
    let scene = Scene::LIVE;
    let snapshot = scene.record(&scene.declare(recorded));
    let address: weir::resource::Address = address.parse().unwrap();
    let id = snapshot.entries[&address].id;
    let data = Data {
        derived: now.map(|it| (address.clone(), it.clone())).into_iter().collect(),
        recorded: then.map(|it| (address.clone(), (id, it.clone()))).into_iter().collect::<BTreeMap<_, _>>(),
    };
    let now = NOW.parse().unwrap();
    let plan = diff_knowing(&snapshot, &scene.declare(declared), &Suppress::None, &data, now).unwrap();
    let refusals = weir::plan::refusals(&plan, &snapshot);
    let mut out = String::new();
    text::plan(&mut out, &plan, &refusals, now, text::Detail::Brief).unwrap();
    anstream::adapter::strip_str(&out).to_string()
}

const SPEND: &str = "BatchFeatureView.spend";

/// Every way to write the view of `BATCH` that says no more than what data derived.
fn ways() -> Vec<String> {
    let aliased = "sql: SELECT user_id, at, amount FROM orders";
    let mut ways = Vec::new();
    for query in ["", aliased] {
        for fields in ["", "timestamp_field: at", COLUMNS, &format!("{COLUMNS}timestamp_field: at")] {
            ways.push(format!("{BATCH}{query}\n{fields}\nonline: true\nfeature_start_time: 2026-01-01\n"));
        }
    }
    ways
}

#[test]
fn what_was_derived_may_be_written_out_and_left_out_again() {
    let found = columns(FOUND);
    let ways = ways();
    for (then, now) in [(Some(&found), Some(&found)), (Some(&found), None), (None, Some(&found))] {
        for of_one_query in ways.chunks(4) {
            for before in of_one_query {
                for after in of_one_query {
                    let plan = plan(before, after, SPEND, then, now);
                    assert!(plan.starts_with("No changes."), "{before}\n->\n{after}\n{then:?} {now:?}\n{plan}");
                }
            }
        }
    }
}

#[test]
fn what_nobody_knows_is_said_and_can_be_suppressed() {
    for of_one_query in ways().chunks(4) {
        let [plain, at, columns, both] = of_one_query else { unreachable!() };
        for (before, after, fields) in [
            (plain, at, "`timestamp_field`"),
            (at, plain, "`timestamp_field`"),
            (plain, columns, "`schema`"),
            (columns, plain, "`schema`"),
            (plain, both, "`schema` and `timestamp_field`"),
            (at, both, "`schema`"),
            (at, columns, "`schema`"),
            (both, at, "`schema`"),
        ] {
            let plan = plan(before, after, SPEND, None, None);
            assert!(plan.contains(&format!("warning: not checked: whether {fields} of")), "{plan}");
            assert!(plan.contains("(recreates, can be suppressed)"), "{plan}");
            assert!(!plan.contains("(recreates)"), "{plan}");
        }
        // The timestamp follows from the columns, which are declared.
        let plan = plan(columns, both, SPEND, None, None);
        assert!(plan.starts_with("No changes."), "{plan}");
    }
}

#[test]
fn what_is_written_otherwise_than_derived_is_a_change() {
    let found = columns(FOUND);
    let plain = &ways()[0];
    let with = |fields: &str| plain.replace("online: true", &format!("{fields}\nonline: true"));
    let more = columns(&[FOUND, &[("seen", "Int64")]].concat());
    for (then, written) in [(&found, COLUMNS.replace("Float64", "Int64")), (&found, COLUMNS.replace("amount", "total"))]
    {
        for (before, after) in [(plain, &with(&written)), (&with(&written), plain)] {
            let plan = plan(before, after, SPEND, Some(then), Some(then));
            assert!(plan.contains("± BatchFeatureView.spend"), "{before}\n->\n{after}{plan}");
            assert!(plan.contains("schema"), "{plan}");
        }
    }
    // Fewer than there were.
    let fewer = plan(plain, &with(COLUMNS), SPEND, Some(&more), Some(&more));
    assert!(fewer.contains("schema:  (recreates)"), "{fewer}");
    let two = columns(&[("user_id", "String"), ("at", "Timestamp"), ("paid", "Timestamp"), ("amount", "Float64")]);
    let (at, paid) = (with("timestamp_field: at"), with("timestamp_field: paid"));
    let plan = plan(&at, &paid, SPEND, Some(&two), Some(&two));
    assert!(plan.contains("timestamp_field: at -> paid  (recreates)"), "{plan}");
}

#[test]
fn columns_written_out_and_more_are_appended() {
    let more = format!("{COLUMNS}  - {{ name: seen, dtype: Int64 }}\n");
    let plan = plan(
        &ways()[0],
        &ways()[0].replace("online: true", &format!("{more}online: true")),
        SPEND,
        Some(&columns(FOUND)),
        None,
    );
    assert!(plan.contains("~ BatchFeatureView.spend"), "{plan}");
    assert!(plan.contains("+ {name: seen, dtype: Int64}"), "{plan}");
}

#[test]
fn columns_that_were_found_in_files_may_be_told_them() {
    let source = |more: &str| {
        format!(
            "kind: BatchSource\nname: orders\nbatch_config:\n  kind: FileConfig\n  uri: orders.csv\n  file_format: csv\n{more}"
        )
    };
    let told = |dtype: &str| {
        source(&format!(
            "  schema_override: [{{ name: user_id, dtype: String }}, {{ name: at, dtype: Timestamp }}, {{ name: amount, dtype: {dtype} }}]\n"
        ))
    };
    let (plain, found) = (source(""), columns(FOUND));
    let address = "BatchSource.orders";
    let tell = |before: &str, after: &str, then: bool, now: bool| {
        plan(before, after, address, then.then_some(&found), now.then_some(&found)).starts_with("No changes.")
    };
    assert!(tell(&plain, &told("Float64"), true, true));
    assert!(tell(&plain, &told("Float64"), true, false));
    assert!(tell(&told("Float64"), &plain, true, true));
    // Who was told has not looked.
    assert!(!tell(&told("Float64"), &plain, true, false));
    assert!(!tell(&plain, &told("Float64"), false, true));
    assert!(!tell(&plain, &told("Int64"), true, true));
    let processed = |it: &str| format!("{it}  post_processor: SELECT * FROM input\n");
    assert!(!tell(&processed(&plain), &processed(&told("Float64")), true, true));
}
