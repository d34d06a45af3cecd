//! Secrets in errors: what is printed ends up in the log of a CI.

use weir::settings;

use super::run;
use crate::support::Repo;

/// No output of any command may hold this.
const MARKER: &str = "hunter2SECRET";

/// Runs every command that shows mistakes, in every format, and looks for the marker.
#[track_caller]
fn hides(files: &[(&str, &str)]) {
    let repo = Repo::new(files);
    for arguments in [
        &["validate"][..],
        &["-v", "validate"],
        &["validate", "--format", "json"],
        &["validate", "--format", "github"],
        &["validate", "--format", "markdown"],
        &["validate", "--format", "sarif"],
        &["plan"],
        &["plan", "--format", "json"],
        &["plan", "--format", "github"],
        &["plan", "--format", "markdown"],
        &["apply", "-y"],
        &["list"],
    ] {
        let run = run(&repo, arguments);
        assert!(!run.stdout.contains(MARKER) && !run.stderr.contains(MARKER), "{arguments:?}: {files:?}\n{run:?}");
    }
    assert_eq!(run(&repo, &["validate"]).code, Some(1), "there is no mistake beside the secret: {files:?}");
}

/// Addresses and fields that hold a secret in all the ways that are known.
fn addresses() -> Vec<String> {
    [
        "s3://AKIA:MARK@bucket/x",
        "s3://:MARK@bucket/x",
        "redis://me:MA/RK@h".replace("MA/RK", "x/MARK").as_str(),
        "h:5439/dev?password=MARK",
        "h:5439/dev;password=MARK",
        "me:MARK@h:5439/dev",
        "https://acc.blob.core.windows.net/c/x?sv=1&sig=MARK",
        "https://b.s3.amazonaws.com/x?AWSAccessKeyId=a&Signature=MARK",
        "https://b.s3.amazonaws.com/x?X-Amz-Signature=MARK",
        "https://b.s3.amazonaws.com/x?X-Amz-Credential=MARK&X-Amz-Date=1",
        "https://storage.googleapis.com/b/x?X-Goog-Signature=MARK",
        "sc://h:15002/;token=MARK",
        "https://h/x?api_key=MARK",
    ]
    .iter()
    .map(|it| it.replace("MARK", MARKER))
    .collect()
}

#[test]
fn what_signs_in_is_shown_by_no_mistake_of_a_declaration() {
    let configs = [
        "kind: FileConfig, uri: \"ADDRESS\", file_format: csv",
        "kind: RedshiftConfig, endpoint: \"ADDRESS\", table: t",
        "kind: SnowflakeConfig, url: \"ADDRESS\", database: d, schema: s, table: t",
    ];
    let mistakes =
        [("", ""), (", onwer: x", ""), (", data_delay: [1]", ""), (", data_delay: -1h", ""), ("", "onwer: x\n")];
    for address in addresses() {
        for config in configs {
            for (inside, after) in mistakes {
                let config = config.replace("ADDRESS", &address);
                let text = format!("kind: BatchSource\nname: b\nbatch_config: {{ {config}{inside} }}\n{after}");
                hides(&[("a.yaml", &text)]);
            }
        }
    }
}

#[test]
fn the_shape_of_the_text_makes_no_difference() {
    for text in [
        "kind: BatchSource\nname: b\nbatch_config:\n  kind: FileConfig\n  uri: s3://AKIA:MARK@bucket/x\n  file_format: csv\n",
        "kind: BatchSource\nname: b\nbatch_config:\n  kind: FileConfig\n  uri: >-\n    s3://AKIA:MARK@bucket/x\n  file_format: csv\n",
        "kind: BatchSource\nname: b\nbatch_config:\n  kind: FileConfig\n  uri: ['s3://AKIA:MARK@bucket/x']\n  file_format: csv\n",
        "kind: BatchSource\nname: b\nbatch_config: { kind: FileConfig, uri: { s3: 's3://AKIA:MARK@b' }, file_format: csv }\n",
        "kind: BatchSource\nname: b\nbatch_config: 's3://AKIAAKIAAKIAAKIAAKIAAKIAAKIAAKIA:MARK@b/x'\n",
        "kind: BatchSource\nname: b\nbatch_config:\n  kind: RedshiftConfig\n  endpoint: h/d\n  table: t\n  password: MARK\n",
        "kind: BatchSource\nname: b\nbatch_config: { kind: RedshiftConfig, password: MARK, endpoint: h/d, table: t }\n",
        "kind: BatchSource\nname: b\nbatch_config: { kind: RedshiftConfig, \"pass_word\": 'x y MARK', passwd: 'x, MARK', endpoint: h/d }\n",
        "kind: BatchSource\nname: b\nprivate_key: |\n  MARK\nbatch_config: { kind: HiveConfig, database: d, table: t }\n",
        "kind: BatchSource\nname: b\nsecret: MARK\nbatch_config: { kind: HiveConfig, database: d, table: t }\n",
        "kind: BatchSource\nname: b\naccess_token: [MARK]\nbatch_config: { kind: HiveConfig, database: d, table: t }\n",
        "kind: BatchSource\nname: b\nbatch_config: { kind: HiveConfig, database: d, table: 's3://a:MARK@b\n",
        "name: b\nkind: BatchSource\nbatch_config: { kind: HiveConfig, database: d, table: t, post_processor: \"SELECT a FROM x WHERE pwd='MARK'\" }\n",
        "token: MARK\n",
        "password: MARK\n\tx: 1\n",
        "kind: FeatureService\nname: s\nfeatures: ['redis://:MARK@h']\n",
        "kind: Entity\nname: 'redis://:MARK@h'\n",
        "kind: 'redis://:MARK@h'\nname: x\n",
    ] {
        hides(&[("a.yaml", &text.replace("MARK", MARKER))]);
    }
}

#[test]
fn what_signs_in_is_shown_by_no_mistake_of_weir_toml() {
    let sections = ["registry", "engine", "redshift", "snowflake", "offline_store", "online_store"];
    let mut values: Vec<String> = addresses();
    values.push(MARKER.to_owned());
    for section in sections {
        for key in
            ["url", "user", "password", "private_key", "private_key_file", "token", "warehouse", "pasword", "python"]
        {
            for value in [MARKER, "redis://:MARK@h", "x${NOPE"] {
                let value = value.replace("MARK", MARKER);
                // A registry is a file, and the name of a file is no secret.
                if section == "registry" && key == "url" && value == MARKER {
                    continue;
                }
                for text in [
                    format!("[{section}]\n{key} = \"{value}\"\nnothing = 1\n"),
                    format!("[{section}]\n{key} = \"{value}\" x\n"),
                    format!("[{section}]\n{key} = [\"{value}\"]\n"),
                    format!("[{section}]\n{key} = \"{value}\n"),
                    format!("[{section}]\n{key} = '{value}${{NOPE'\nnothing = 1\n"),
                    format!("{section} = {{ {key} = \"{value}\", nothing = 1 }}\n"),
                    format!("{section}.{key} = \"{value}\"\n{section}.nothing = 1\n"),
                ] {
                    hides_in_project(&text);
                }
            }
        }
        for value in &values {
            if section != "registry" || *value != MARKER {
                hides_in_project(&format!("[{section}]\nurl = \"{value}${{UNSET\"\n"));
            }
        }
    }
    for toml in
        ["[redshift]\npasswort = \"MARK\"\n", "[online_store]\nurl = \"redis://:MARK@h\" x\n", "password = \"MARK\"\n"]
    {
        hides(&[("weir.toml", &toml.replace("MARK", MARKER)), ("a.yaml", super::USER)]);
    }
    hides_in_project(&format!("[snowflake]\nprivate_key = \"\"\"\n{MARKER} \\q\n\"\"\"\n"));
}

/// The same for weir.toml, without a process for each of a thousand files.
#[track_caller]
fn hides_in_project(toml: &str) {
    let repo = Repo::new(&[("weir.toml", toml)]);
    let (_, found) = settings::read(repo.path(), &|_| None);
    let json = serde_json::to_string(&weir::render::json::validate(0, &found, "")).unwrap();
    let text = weir::render::diagnostics::all(&found);
    assert!(!text.contains(MARKER) && !json.contains(MARKER), "{toml}\n{text}{json}");
}

/// What is hidden keeps its place, so that the caret stands where it did.
#[test]
fn the_line_keeps_its_columns() {
    let config = "{ kind: RedshiftConfig, endpoint: \"h:5439/dev?password=hunter2SECRET\", table: t, onwer: x }";
    let repo = Repo::new(&[("a.yaml", &format!("kind: BatchSource\nname: b\nbatch_config: {config}\n"))]);
    super::says(
        &repo,
        &run(&repo, &["-q", "validate"]).exits(1).stderr,
        "
error[V016]: the endpoint of `BatchSource.b` holds more than an address: nothing that signs in is recorded
 --> a.yaml:3:49
  |
3 | batch_config: { kind: RedshiftConfig, endpoint: \"h:5439/dev?password=*************\", table: t, onwer: x }
  |                                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: write host:port/database, and set REDSHIFT_USER and REDSHIFT_PASSWORD

error[L009]: `onwer` is not a field of `batch_config`
 --> a.yaml:3:96
  |
3 | batch_config: { kind: RedshiftConfig, endpoint: \"h:5439/dev?password=*************\", table: t, onwer: x }
  |                                                                                                ^^^^^
hint: the fields are endpoint, table, query, timestamp_field, post_processor, data_delay

2 errors in 1 declaration.",
    );
}

#[test]
fn signed_addresses_and_unknown_places_are_refused() {
    let config = |config: &str| format!("kind: BatchSource\nname: b\nbatch_config: {{ {config} }}\n");
    for address in addresses() {
        for text in [
            config(&format!("kind: FileConfig, uri: \"{address}\", file_format: csv")),
            config(&format!("kind: RedshiftConfig, endpoint: \"{address}\", table: t")),
            config(&format!("kind: SnowflakeConfig, url: \"{address}\", database: d, schema: s, table: t")),
        ] {
            let repo = Repo::new(&[("a.yaml", &text)]);
            let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
            assert!(stderr.contains("error[V016]: "), "{text}\n{stderr}");
        }
    }
    for uri in ["https://example.com/x.csv", "gs://b/x.csv", "hdfs://n/x.csv", "HTTP://x/y"] {
        let repo = Repo::new(&[("a.yaml", &config(&format!("kind: FileConfig, uri: \"{uri}\", file_format: csv")))]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        assert!(stderr.contains("and weir reads no such place\n"), "{stderr}");
    }
    for uri in ["data/token=abc/x.csv", "file:///data/x.csv", "s3://b/p@v1/*.csv", "data/a?.csv", "./x.csv"] {
        let repo = Repo::new(&[("a.yaml", &config(&format!("kind: FileConfig, uri: \"{uri}\", file_format: csv")))]);
        run(&repo, &["-q", "validate", "--offline"]).exits(0);
    }
}

#[test]
fn a_variable_in_a_declaration_is_named() {
    let source = |config: &str| format!("kind: BatchSource\nname: b\nbatch_config: {{ {config} }}\n");
    for (text, path) in [
        (source("kind: FileConfig, uri: \"${DATA}/orders.csv\", file_format: csv"), "batch_config.uri"),
        (source("kind: HiveConfig, database: \"${DB}\", table: t"), "batch_config.database"),
        (source("kind: RedshiftConfig, endpoint: \"${HOST}/d\", table: t"), "batch_config.endpoint"),
        ("kind: Entity\nname: a\nowner: ${TEAM}\n".to_owned(), "owner"),
        ("kind: Entity\nname: a\ntags: { team: \"${TEAM}\" }\n".to_owned(), "tags.team"),
    ] {
        let repo = Repo::new(&[("a.yaml", &text)]);
        let stderr = run(&repo, &["-q", "validate"]).exits(1).stderr;
        assert!(stderr.starts_with(&format!("error[V016]: `{path}` of `")), "{stderr}");
        assert!(stderr.contains("hint: write the value itself: `${...}` is replaced in weir.toml only\n"), "{stderr}");
    }
    let repo = Repo::new(&[("a.yaml", "kind: Entity\nname: a\ndescription: costs ${NOTHING}\nowner: $5\n")]);
    run(&repo, &["-q", "validate"]).exits(0);
}
