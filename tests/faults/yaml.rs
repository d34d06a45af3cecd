//! YAML that readers do not agree on. A declaration is read, or there is an error: it never vanishes.

use proptest::prelude::*;
use saphyr_parser::{Event, Parser};
use serde::Deserialize as _;
use weir::load::{Cache, declare, read_files};
use weir::settings::Settings;

use super::{run, says};
use crate::support::Repo;

/// Checks what validate says of `a.yaml` with this text.
#[track_caller]
fn check(text: &str, expected: &str) {
    let repo = Repo::new(&[]);
    std::fs::write(repo.path().join("a.yaml"), text).unwrap();
    let said = run(&repo, &["-q", "validate"]);
    says(&repo, &(said.stdout + &said.stderr), expected);
}

#[test]
fn a_byte_order_mark_inside_a_file_is_named() {
    let one = |name: &str| format!("kind: Entity\nname: {name}\n");
    let (a, b) = (one("a"), one("b"));
    check(&format!("\u{feff}{a}---\n{b}"), "Valid: 2 declarations.");
    check(&format!("\u{feff}---\n{a}---\n{b}"), "Valid: 2 declarations.");
    check(
        &format!("{a}\u{feff}---\n{b}"),
        "
error[L004]: the YAML is not well formed: U+FEFF is a byte order mark, and stands inside the file
 --> a.yaml:3:1
  |
3 | \\u{feff}---
  | ^^^^^^^^
hint: remove it: files that are joined keep theirs

1 error in 1 declaration.",
    );
    check(
        &format!("{a}---\u{feff}\n{b}"),
        "
error[L004]: the YAML is not well formed: U+FEFF is a byte order mark, and stands inside the file
 --> a.yaml:3:4
  |
3 | ---\\u{feff}
  |    ^^^^^^^^
hint: remove it: files that are joined keep theirs

1 error in 1 declaration.",
    );
}

#[test]
fn what_some_readers_take_for_a_line_end_is_named() {
    for (sign, code) in [('\u{85}', "0085"), ('\u{2028}', "2028"), ('\u{2029}', "2029")] {
        let said = format!("# one{sign}kind: Entity{sign}name: a\n");
        let repo = Repo::new(&[("a.yaml", &said)]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        let expected =
            format!("error[L004]: the YAML is not well formed: U+{code} ends a line for some readers only\n");
        assert!(stderr.starts_with(&expected), "{stderr}");
    }
    check("kind: Entity\nname: a\ndescription: \"\\u2028\"\n", "Valid: 1 declaration.");
}

#[test]
fn what_stands_behind_a_declaration_is_named() {
    check(
        "kind: Entity\nname: a\n... prevent_destroy: true\n",
        "
error[L004]: the YAML is not well formed: invalid content after document end marker
 --> a.yaml:3:5
  |
3 | ... prevent_destroy: true
  |     ^

1 error in 1 declaration.",
    );
    check(
        "{kind: Entity, name: a}\n{kind: Entity, name: b}\n",
        "
error[L004]: the YAML is not well formed: did not find expected <document start>
 --> a.yaml:2:1
  |
2 | {kind: Entity, name: b}
  | ^

1 error in 1 declaration.",
    );
}

#[test]
fn a_key_that_is_written_twice_is_found_where_one_is_empty() {
    for (text, at) in [
        ("description:\ndescription: x\n", "4:1"),
        ("description: x\ndescription:\n", "4:1"),
        ("prevent_destroy: true\nprevent_destroy: true\n", "4:1"),
        ("owner: ~\nowner: ~\n", "4:1"),
        ("kind: Entity\n", "3:1"),
    ] {
        let repo = Repo::new(&[("a.yaml", &format!("kind: Entity\nname: a\n{text}"))]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        assert!(stderr.starts_with("error[L006]: key `"), "{text}: {stderr}");
        assert!(stderr.contains(&format!(" --> a.yaml:{at}\n")), "{text}: {stderr}");
        assert!(stderr.ends_with("\n1 error in 1 declaration.\n"), "{text}: {stderr}");
    }
    // Also where what stands before `kind` is held back.
    check(
        "kind: BatchSource\nname: b\n\
         batch_config:\n  schema_override: [{ name: x, name: y, dtype: String }]\n  kind: FileConfig\n  uri: x.csv\n  file_format: csv\n",
        "
error[L006]: key `name` is written twice
 --> a.yaml:4:32
  |
4 |   schema_override: [{ name: x, name: y, dtype: String }]
  |                       ----     ^^^^
  |                       |
  |                       first here
hint: remove one of them

1 error in 1 declaration.",
    );
}

#[test]
fn nothing_is_no_protection_and_no_text() {
    let nothing = |field: &str, line: &str, caret: &str, what: &str| {
        format!(
            "
error[L011]: `{field}` of `Entity.a` is nothing, and takes {what}
 --> a.yaml:3:{}
  |
3 | {line}
  | {caret}

1 error in 1 declaration.",
            caret.find('^').unwrap() + 1
        )
    };
    for (line, caret) in [("prevent_destroy:", "               ^"), ("prevent_destroy: ~", "                 ^")] {
        check(&format!("kind: Entity\nname: a\n{line}\n"), &nothing("prevent_destroy", line, caret, "true or false"));
    }
    check("kind: Entity\nname: a\ntags: { a: ~ }\n", &nothing("tags.a", "tags: { a: ~ }", "           ^", "text"));
    let repo = Repo::new(&[
        ("weir.toml", "[defaults.Entity]\nprevent_destroy = true\n"),
        ("a.yaml", "kind: Entity\nname: a\nprevent_destroy:\n"),
    ]);
    let stderr = run(&repo, &["-q", "plan"]).exits(1).stderr;
    assert!(stderr.starts_with("error[L011]: `prevent_destroy` of `Entity.a` is nothing"), "{stderr}");
    check(
        "kind: Entity\nname: a\nprevent_destroy: \"true\"\n",
        "
error[L011]: `prevent_destroy` of `Entity.a` is `true`, and takes true or false
 --> a.yaml:3:18
  |
3 | prevent_destroy: \"true\"
  |                  ^^^^^^
hint: write it without quotes

1 error in 1 declaration.",
    );
}

/// Every field that has to be there takes text, and not what stands for nothing.
#[test]
fn nothing_is_no_text_in_any_field() {
    let table = "kind: HiveConfig, database: d, table: t";
    let source = |config: &str| format!("kind: BatchSource\nname: b\nbatch_config: {{ {config} }}\n");
    for nothing in ["~", "null", "Null", ""] {
        for text in [
            source(&format!("kind: HiveConfig, database: {nothing}, table: t")),
            source(&format!("kind: HiveConfig, database: d, table: {nothing}")),
            source(&format!("{table}, datetime_partition_columns: [{{ column_name: {nothing}, datepart: date }}]")),
            source(&format!("kind: FileConfig, uri: {nothing}, file_format: csv")),
            source(&format!("uri: {nothing}, kind: FileConfig, file_format: csv")),
            source(&format!(
                "kind: FileConfig, uri: x, file_format: csv, schema_override: [{{ name: {nothing}, dtype: String }}]"
            )),
            source(&format!("kind: RedshiftConfig, endpoint: {nothing}, table: t")),
            source(&format!("kind: SnowflakeConfig, database: {nothing}, schema: s, table: t")),
            source(&format!("kind: SnowflakeConfig, database: d, schema: {nothing}, table: t")),
            source(&format!("kind: SparkBatchConfig, data_source_function: {nothing}")),
            format!("kind: Entity\nname: a\njoin_keys: [{{ name: {nothing}, dtype: String }}]\n"),
            format!("kind: Entity\nname: a\ntags: {{ k: {nothing} }}\n"),
            format!(
                "kind: Transformation\nname: t\nmode: sql\nsql: SELECT 1\ninputs: [a, {}]\n",
                if nothing.is_empty() { "~" } else { nothing }
            ),
            format!("kind: FeatureService\nname: s\nfeatures: [{{ view: {nothing} }}]\n"),
        ] {
            let repo = Repo::new(&[("a.yaml", &text)]);
            let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
            assert!(stderr.contains(" is nothing, and takes "), "{text}\n{stderr}");
        }
    }
}

#[test]
fn tags_are_mistakes_wherever_they_stand() {
    for (line, tag) in [
        ("description: !secret x", "!secret"),
        ("description: !!str x", "!!str"),
        ("prevent_destroy: !foo true", "!foo"),
        ("tags: !!map { a: b }", "!!map"),
        ("tags: { a: !x b }", "!x"),
        ("!k owner: me", "!k"),
        ("join_keys: [!x user]", "!x"),
        ("owner: ! me", "!"),
    ] {
        let repo = Repo::new(&[("a.yaml", &format!("kind: Entity\nname: a\n{line}\n"))]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        assert!(
            stderr.starts_with(&format!("error[L011]: `{tag}` is a YAML tag, and tags are not read\n")),
            "{line}: {stderr}"
        );
        assert!(stderr.contains(" --> a.yaml:3:"), "{stderr}");
    }
    check("kind: Entity\nname: a\ndescription: wow! a != b\n", "Valid: 1 declaration.");
}

/// A document that holds nothing is read all the same where a tag or a directive stands in it: other readers refuse it.
#[test]
fn a_document_of_a_tag_or_of_directives_is_no_empty_one() {
    for (document, expected) in [
        ("!x\n", "error[L011]: `!x` is a YAML tag, and tags are not read"),
        ("--- !x\n", "error[L011]: `!x` is a YAML tag, and tags are not read"),
        ("!!null ~\n", "error[L011]: `!!null` is a YAML tag, and tags are not read"),
        ("%TAG ! tag:x,2000:\n---\n!x\n", "error[L011]: `tag:x,2000:x` is a YAML tag, and tags are not read"),
        ("% x\n---\n", "error[L004]: the YAML is not well formed: "),
        ("# note\n% x\n---\n# note\n", "error[L004]: the YAML is not well formed: "),
        ("%YAML 1.2\n---\n", "Valid: 1 declaration."),
        ("--- ~\n", "Valid: 1 declaration."),
    ] {
        for text in
            [format!("{document}---\nkind: Entity\nname: a\n"), format!("kind: Entity\nname: a\n...\n{document}")]
        {
            let run = run(&Repo::new(&[("a.yaml", &text)]), &["-q", "validate"]);
            let valid = expected.starts_with("Valid");
            assert_eq!(run.code, Some(i32::from(!valid)), "{text}");
            assert!(valid || run.stderr.starts_with(expected), "{text}\n{}", run.stderr);
        }
    }
}

#[test]
fn a_missing_or_bad_name_is_one_error() {
    check(
        "kind: Entity\ndescription: x\n",
        "
error[L010]: an Entity has no `name`
 --> a.yaml:1:7
  |
1 | kind: Entity
  |       ^^^^^^
hint: add a line `name: my_entity`

1 error in 1 declaration.",
    );
    for name in ["12", "[a]", "{ a: b }", "~", "", "a b", "é", "\"\""] {
        let repo = Repo::new(&[("a.yaml", &format!("kind: Entity\nname: {name}\n"))]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        assert!(stderr.ends_with("\n1 error in 1 declaration.\n"), "{name}: {stderr}");
    }
}

/// One mistake in a declaration does not hide the others in it, and nothing is said that follows from one alone.
#[test]
fn the_first_mistake_hides_no_other() {
    let sources = "kind: Entity\nname: buyer\njoin_keys: [buyer_id]\n---\nkind: BatchSource\nname: orders\nbatch_config:\n  kind: FileConfig\n  \
                   uri: o.csv\n  file_format: csv\n  schema_override:\n  - { name: buyer_id, dtype: String }\n  - { name: at, dtype: Timestamp }\n  \
                   - { name: price, dtype: Float64 }\n---\n";
    let view = |fields: &str| {
        format!("{sources}kind: BatchFeatureView\nname: v\nsources: [orders]\nentities: [buyer]\n{fields}")
    };
    let codes = |text: &str| {
        let repo = Repo::new(&[("a.yaml", text)]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        let codes: Vec<String> =
            stderr.lines().filter_map(|it| Some(it.strip_prefix("error[")?.split(']').next()?.to_owned())).collect();
        (codes.join(" "), stderr)
    };
    for (fields, expected) in [
        // A duration that is none, a column that is none, no feature_start_time, no aggregation_interval.
        (
            "online: true\naggregations: [{ column: prise, function: sum, time_window: 30days }]\n",
            "V011 V011 V004 L011",
        ),
        (
            "online: true\naggregation_interval: 1d\nfeature_start_time: 2024-01-01\naggregations: [{ column: prise, function: avg, time_window: 30d }]\n",
            "V004 L011",
        ),
        (
            "onwer: me\naggregation_interval: 1d\naggregations: [{ column: prise, function: sum, time_window: 30d }]\n",
            "L009 V004",
        ),
        (
            "online: 1\naggregation_interval: 1 day\naggregations: [{ column: price, function: sum, time_window: 30d }]\n",
            "L011 L011",
        ),
        (
            "ttl: x\naggregation_interval: 1d\naggregations: [{ column: price, function: sum, time_window: 30d }]\n",
            "L011",
        ),
        (
            "tags: { a: ~ }\nttl: 1d\naggregation_interval: 1d\naggregations: [{ column: price, function: sum, time_window: 36h }]\n",
            "L011 V008 V007",
        ),
        ("prevent_destroy:\nprevent_destroy: true\nttl: [1d]\nonline: true\n", "V011 L011 L006 L011"),
        ("schema: [{ name: x, dtype: Strng }, { name: at, dtype: Timestamp }]\n", "V004 L011"),
        ("source: [orders]\nttl: 1\n", "L009 L011"),
    ] {
        let (found, stderr) = codes(&view(fields));
        assert_eq!(found, expected, "{fields}\n{stderr}");
    }
    let twice = format!("{}---\nkind: Entity\nname: buyer\nonwer: x\n", sources.trim_end_matches("---\n"));
    assert_eq!(codes(&twice).0, "R003 L009");
}

/// A text that may hold a tag is read with places at once, and says the same as when it is read the quick way.
#[test]
fn both_ways_of_reading_agree() {
    let odd = "tags: { a: 0x10, b: 1_000, c: 1e3, d: .inf, e: 010, f: yes, g: 1.0, h: TRUE, i: 2020-01-01, j: -1, k: '~', l: + }";
    let odd = format!(
        "kind: Entity\nname: odd\n{odd}\njoin_keys: [{{name: a, dtype: Int64}}, b]\ndescription: >-\n  a\n  b\n\n  c\n"
    );
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/repo-example");
    let read = |repo: &Repo| {
        let (files, faults) = read_files(repo.path());
        let (read, mistakes) = declare(files, &Settings::default(), &Cache::open(None, ""));
        let broken: Vec<String> = faults.iter().chain(&mistakes).map(ToString::to_string).collect();
        let declared: Vec<_> =
            read.declared.iter().map(|it| (it.resource.address.to_string(), it.local_digest)).collect();
        (declared, broken)
    };
    let repo = Repo::copy_of(std::path::Path::new(example));
    repo.write("odd.yaml", &odd);
    let quick = read(&repo);
    assert!(quick.0.len() > 30, "{quick:?}");
    for file in read_files(repo.path()).0.files.iter() {
        repo.write(&file.path, &file.text.replace("\nname:", " # !\nname:"));
    }
    assert_eq!(read(&repo), quick);
}

/// How many documents that hold something a reader finds; nothing when it refuses the text.
fn serde_yaml_counts(text: &str) -> Option<usize> {
    let mut count = 0;
    for document in serde_yaml::Deserializer::from_str(text) {
        count += usize::from(!serde_yaml::Value::deserialize(document).ok()?.is_null());
    }
    Some(count)
}

fn saphyr_counts(text: &str) -> Option<usize> {
    let (mut count, mut depth, mut fresh) = (0, 0, true);
    for event in Parser::new_from_str(text) {
        let holds = match event.ok()?.0 {
            Event::DocumentStart(_) => {
                fresh = true;
                false
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                depth == 1
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth -= 1;
                false
            }
            Event::Scalar(text, style, ..) => {
                depth == 0 && !(style == saphyr_parser::ScalarStyle::Plain && matches!(&*text, "" | "~" | "null"))
            }
            Event::Alias(_) => depth == 0,
            _ => false,
        };
        count += usize::from(holds && fresh);
        fresh &= !holds;
    }
    Some(count)
}

const PIECES: &[&str] = &[
    "---\n",
    "---\n",
    "--- # note\n",
    "--- \n",
    "---\t\n",
    " ---\n",
    "\t---\n",
    "---text\n",
    "---\r\n",
    "---\r",
    "...\n",
    "...\n",
    "... # note\n",
    "... text\n",
    "...text\n",
    "--- ...\n",
    "\u{feff}---\n",
    "---\u{feff}\n",
    "\u{feff}",
    "\u{feff}\n",
    "# note\n",
    "#\n",
    "\n",
    " \n",
    "\t\n",
    "~\n",
    "null\n",
    "--- ~\n",
    "--- null # note\n",
    "--- |\n  x\n",
    "%YAML 1.2\n---\n",
    "%YAML 1.1\n",
    "%TAG ! tag:x,2000:\n---\n",
    "% x\n",
    "\u{85}",
    "\u{2028}---\u{2028}",
    "# note\u{2028}",
    "\u{2029}",
    "\0",
    "\u{c}",
    "\u{a0}\n",
    "- x\n",
    "{}\n",
    "''\n",
    "x\n",
    "description: |\n  ---\n",
    "description: |\n---\n",
    "description: \"a\n---\n b\"\n",
    "description: >-\n",
    "description: 'x\n",
    "? x\n",
    "&a\n",
    "*a\n",
    "!x\n",
    "<<: {}\n",
    "--- {kind: Entity, name: NAME}\n",
    "{kind: Entity, name: NAME}\n",
    "--- !x {kind: Entity, name: NAME}\n",
    "\r",
    "\r\n",
    "\n\r",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn as_many_declarations_are_read_as_other_readers_count(
        pieces in prop::collection::vec(prop_oneof![Just("kind: Entity\nname: NAME\n"), prop::sample::select(PIECES)], 1..9)
    ) {
        let mut text = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            text.push_str(&piece.replace("NAME", &format!("e{index}")));
        }
        let repo = Repo::new(&[("a.yaml", &text)]);
        let (files, faults) = read_files(repo.path());
        let (read, mistakes) = declare(files, &Settings::default(), &Cache::open(None, ""));
        if faults.is_empty() && mistakes.is_empty() {
            // A byte order mark that opens a file is no part of it.
            let plain = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let plain = plain.replace("\r\n", "\n").replace('\r', "\n");
            let counts: Vec<usize> = serde_yaml_counts(&plain).into_iter().chain(saphyr_counts(&plain)).collect();
            prop_assert!(!counts.is_empty() || read.declared.is_empty(), "no other reader takes it: {:?}", text);
            prop_assert!(counts.iter().all(|it| *it == read.declared.len()), "others count {:?}: {:?}", counts, text);
        }
    }
}
