//! What signs in is not shown beside a mistake: a marker stands for a secret in every field of every kind and in every
//! setting that takes one, and no message in any format writes it.

use serde_json::json;

use super::{commands, fillings, kinds, yaml};
use crate::support::{Repo, Run};

const MARKER: &str = "Zq7MARKERw9";

/// Ways in which a secret stands in a text.
fn texts() -> Vec<String> {
    vec![
        format!("postgres://u:{MARKER}@h:5439/d"),
        format!("https://{MARKER}@h/d"),
        format!("https://h/d?token={MARKER}&a=b"),
        format!("sc://h:1/;token={MARKER};use_ssl=true"),
        format!("password={MARKER}"),
    ]
}

#[track_caller]
fn is_hidden(arguments: &[&str], run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        let Some(at) = text.find(MARKER) else { continue };
        let start = text.floor_char_boundary(at.saturating_sub(160));
        panic!("{arguments:?} writes the secret: {:?}", &text[start..text.ceil_char_boundary(at + 60).min(text.len())]);
    }
}

#[test]
fn no_mistake_in_any_field_shows_a_secret() {
    let (texts, mut documents) = (texts(), Vec::new());
    for (kind, schema) in kinds() {
        for (name, member) in schema["properties"].as_object().unwrap() {
            for which in 0..fillings(member, "", 0).len() {
                for text in &texts {
                    let mut document = json!({ "kind": kind, "name": format!("n{}", documents.len()) });
                    document[name] = fillings(member, text, 0).swap_remove(which);
                    documents.push(document);
                }
            }
        }
        documents.extend(texts.iter().map(|it| json!({ "kind": kind, "name": "a", it.as_str(): it })));
        documents.extend(texts.iter().map(|it| json!({ "kind": it })));
    }
    let all: String = documents.iter().map(|it| format!("---\n{}\n", yaml(it))).collect();
    let repo = Repo::new(&[("all.yaml", &all)]);
    for format in ["text", "json", "github", "markdown", "sarif"] {
        let arguments = ["validate", "--offline", "--format", format];
        is_hidden(&arguments, &repo.run(&arguments).exits(1));
    }
}

#[test]
fn no_setting_shows_a_secret() {
    let settings = [
        format!("[registry]\nurl = \"sqlite://u:{MARKER}@h/r.db\"\n"),
        format!("[registry]\nurl = \"postgres://u:{MARKER}@h/r\"\n"),
        format!("[redshift]\nuser = \"u\"\npassword = \"{MARKER}\"\nsll = 1\n"),
        format!("[redshift]\npassword = \"{MARKER}\" x\n"),
        format!("[redshift]\npassword = [\"{MARKER}\"]\n"),
        format!("[snowflake]\nuser = \"u\"\npassword = \"{MARKER}\"\nprivate_key = 5\n"),
        format!("[snowflake]\npasword = \"{MARKER}\"\n"),
        format!("[engine]\nkind = \"spark\"\nurl = \"sc://h:1/;token={MARKER};use_ssl=maybe\"\n"),
        format!("[engine]\nkind = \"spark\"\nurl = \"https://h:1/;token={MARKER}\"\n"),
        format!("[engine]\nkind = \"sprak\"\nurl = \"sc://h:1/;token={MARKER}\"\n"),
        format!("[engine\nurl = \"sc://h:1/;token={MARKER}\"\n"),
    ];
    for setting in settings {
        let repo = Repo::new(&[("user.yaml", "kind: Entity\nname: user\n"), ("weir.toml", &setting)]);
        for arguments in commands("user") {
            // What names other resources fails on them, and says no more of settings.
            if arguments.len() > 1 && arguments[0] == "show" && arguments[1] != "user" {
                continue;
            }
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            is_hidden(&arguments, &repo.run(&arguments));
        }
    }
}
