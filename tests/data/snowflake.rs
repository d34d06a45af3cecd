//! SnowflakeConfig, against recorded exchanges: no account stands behind them.

use std::process::Command;

use super::snowflake_server::{Exchange, KEY, play};
use crate::support::{Repo, Run, weir};

pub const SOURCE: &str = "\
kind: BatchSource
name: clicks
batch_config:
  kind: SnowflakeConfig
  database: ads
  schema: public
  table: clicks
  warehouse: small
  role: '\"Reader\"'
  timestamp_field: AT
";

const VIEW: &str = "\
kind: BatchFeatureView
name: user_clicks
sources: [clicks]
entities: [user]
sql: SELECT \"USER_ID\" AS user_id, \"CLICKS\" AS clicks, \"AT\" AS at FROM clicks
timestamp_field: at
";

const ENTITY: &str = "kind: Entity\nname: user\njoin_keys: [{ name: user_id, dtype: String }]\n";

/// What weir asks for to see the columns.
pub const COLUMNS: &str = "SELECT * FROM \"ADS\".\"PUBLIC\".\"CLICKS\" LIMIT 0";

pub fn repo() -> Repo {
    Repo::new(&[("entity.yaml", ENTITY), ("view.yaml", VIEW), ("source.yaml", SOURCE)])
}

/// Returns weir for somebody who may sign in with the key at `url`.
pub fn signed_in(repo: &Repo, url: &str) -> Command {
    let mut weir = weir(repo.path());
    weir.args(["-q", "--color", "never"]);
    weir.env("SNOWFLAKE_URL", url).env("SNOWFLAKE_USER", "tester").env("SNOWFLAKE_PRIVATE_KEY", KEY);
    weir
}

/// Runs weir; nothing that it says holds anything of the key or of a token made with it.
pub fn run(weir: &mut Command) -> Run {
    let run = Run::of(weir);
    let secret = KEY.lines().nth(3).unwrap();
    assert!(!format!("{run:?}").contains(secret) && !format!("{run:?}").contains("eyJ"), "{run:?}");
    run
}

/// Validates while `exchanges` are played, and compares what is said.
#[track_caller]
fn check(repo: &Repo, exchanges: Vec<Exchange>, code: i32, expected: &str) {
    let server = play(exchanges, None);
    let run = run(signed_in(repo, &server.url).arg("validate")).exits(code);
    assert_eq!(format!("{}{}", run.stdout, run.stderr).trim(), expected.trim());
    server.ends();
}

#[test]
fn a_repo_that_fits_snowflake_is_valid() {
    check(&repo(), vec![Exchange::post(COLUMNS, 200, "columns.json")], 0, "Valid: 3 declarations.");
}

#[test]
fn a_query_stands_where_a_table_would() {
    let repo = repo();
    repo.write("source.yaml", &SOURCE.replace("table: clicks", "query: SELECT * FROM clicks;"));
    let statement = "SELECT * FROM (SELECT * FROM clicks\n) AS input LIMIT 0";
    check(&repo, vec![Exchange::post(statement, 200, "columns.json")], 0, "Valid: 3 declarations.");
}

#[test]
fn a_statement_is_waited_for() {
    let status = "requestId=e4ce975e-f7ff-4b5e-b15e-bf25f59371ae";
    let exchanges = vec![
        Exchange::post(COLUMNS, 202, "running.json"),
        Exchange::get(status, 202, "running.json"),
        Exchange::get(status, 200, "columns.json"),
    ];
    check(&repo(), exchanges, 0, "Valid: 3 declarations.");
}

#[test]
fn who_is_busy_is_asked_again() {
    let busy = Exchange { headers: "Retry-After: 0\r\n", ..Exchange::post(COLUMNS, 429, "busy.json") };
    let away = Exchange { headers: "Retry-After: 0\r\n", ..Exchange::post(COLUMNS, 503, "busy.json") };
    let done = Exchange::post(COLUMNS, 200, "columns.json");
    check(&repo(), vec![busy.clone(), away, done], 0, "Valid: 3 declarations.");
    check(
        &repo(),
        vec![busy; 5],
        1,
        r#"
error[D005]: the source of `BatchSource.clicks` cannot be reached: localhost says Too many requests
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^

1 error in 3 declarations.
"#,
    );
}

#[test]
fn what_snowflake_refuses_is_said_where_it_is() {
    check(
        &repo(),
        vec![Exchange::post(COLUMNS, 422, "unknown-table.json")],
        1,
        r#"
error[D001]: the source of `BatchSource.clicks` cannot be opened: SQL compilation error: Object 'ADS.PUBLIC.CLICKS' does not exist or not authorized
 --> source.yaml:7:10
  |
7 |   table: clicks
  |          ^^^^^^

1 error in 3 declarations.
"#,
    );
    check(
        &repo(),
        vec![Exchange::post(COLUMNS, 422, "no-warehouse.json")],
        1,
        r#"
error[D005]: the source of `BatchSource.clicks` cannot be reached: localhost says No active warehouse selected in the current session
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: say which `warehouse` runs it in the declaration

1 error in 3 declarations.
"#,
    );
    check(
        &repo(),
        vec![Exchange::post(COLUMNS, 401, "refused.json")],
        1,
        r#"
error[D005]: the source of `BatchSource.clicks` cannot be reached: localhost refuses the sign-in: JWT token is invalid. [0ce9eb56-821d-4ca9-a774-04ae89a0cf5a]
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: look at SNOWFLAKE_USER and the key or token, or at [snowflake] in weir.toml

1 error in 3 declarations.
"#,
    );
    // What is no answer of Snowflake's, as of somebody between.
    check(
        &repo(),
        vec![Exchange::post(COLUMNS, 200, "key.p8")],
        1,
        r#"
error[D005]: the source of `BatchSource.clicks` cannot be reached: the answer of localhost is not a result: invalid number at line 1 column 2
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^

1 error in 3 declarations.
"#,
    );
    check(
        &repo(),
        vec![Exchange { headers: "Location: /\r\n", ..Exchange::post(COLUMNS, 302, "key.p8") }],
        1,
        r#"
error[D005]: the source of `BatchSource.clicks` cannot be reached: localhost says status 302
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^

1 error in 3 declarations.
"#,
    );
}

#[test]
fn more_than_a_query_is_not_sent() {
    let repo = repo();
    for query in ["SELECT 1; DROP TABLE clicks", "DROP TABLE clicks", "SELECT 1) AS a; DROP TABLE clicks; SELECT (1"] {
        repo.write("source.yaml", &SOURCE.replace("table: clicks", &format!("query: {query}")));
        let server = play(vec![], None);
        let run = run(signed_in(&repo, &server.url).arg("validate")).exits(1);
        assert!(run.stderr.contains("source.yaml:7"), "{}", run.stderr);
        server.ends();
    }
}

#[test]
fn a_token_will_do_and_a_key_may_be_a_file() {
    let columns = || vec![Exchange::post(COLUMNS, 200, "columns.json")];
    let repo = repo();
    let server = play(columns(), Some("hush-hush"));
    let mut weir = weir(repo.path());
    weir.args(["-q", "validate"]).env("SNOWFLAKE_URL", &server.url).env("SNOWFLAKE_TOKEN", "hush-hush");
    Run::of(&mut weir).exits(0);
    server.ends();

    let server = play(columns(), None);
    repo.write("keys/weir.p8", KEY);
    let toml = "[snowflake]\nurl = \"URL\"\nuser = \"tester\"\nprivate_key_file = \"keys/weir.p8\"\n";
    repo.write("weir.toml", &toml.replace("URL", &server.url));
    repo.run(&["-q", "validate"]).exits(0);
    server.ends();
}

#[test]
fn what_is_not_configured_is_not_checked() {
    let repo = repo();
    let says = |weir: &mut Command, reason: &str| {
        let run = run(weir.args(["-v", "--color", "never", "validate"])).exits(0);
        let line = format!("warning[V104]: not checked: the rows of `BatchSource.clicks`, because {reason}\n");
        assert!(run.stderr.contains(&line), "{}", run.stderr);
    };
    says(
        &mut weir(repo.path()),
        "no address of Snowflake is set (SNOWFLAKE_URL, or `url` in the declaration or in [snowflake] of weir.toml)",
    );
    says(
        weir(repo.path()).env("SNOWFLAKE_URL", "http://localhost:1"),
        "no credentials for Snowflake are set (SNOWFLAKE_USER with SNOWFLAKE_PRIVATE_KEY or SNOWFLAKE_PRIVATE_KEY_FILE, or \
         SNOWFLAKE_TOKEN, or [snowflake] in weir.toml)",
    );
    says(
        weir(repo.path()).env("SNOWFLAKE_URL", "http://localhost:1").env("SNOWFLAKE_PRIVATE_KEY", KEY),
        "a private key for Snowflake is set and no user (SNOWFLAKE_USER, or [snowflake] in weir.toml)",
    );
}

#[test]
fn credentials_do_not_follow_a_declaration_to_another_place() {
    let repo = repo();
    let url = "https://myorg-ads.example.com";
    repo.write("source.yaml", &SOURCE.replace("table: clicks", &format!("table: clicks\n  url: {url}")));
    check(
        &repo,
        vec![],
        1,
        r#"
error[D001]: the source of `BatchSource.clicks` cannot be opened: the url is not an address of Snowflake, nor the one that SNOWFLAKE_URL says
 --> source.yaml:8:8
  |
8 |   url: https://myorg-ads.example.com
  |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: write it as `https://organization-account.snowflakecomputing.com`

1 error in 3 declarations.
"#,
    );
}

#[test]
fn the_key_is_kept_nowhere() {
    let repo = repo();
    let server = play(vec![Exchange::post(COLUMNS, 200, "columns.json")], None);
    run(signed_in(&repo, &server.url).args(["apply", "--yes"])).exits(0);
    server.ends();
    let line = KEY.lines().nth(3).unwrap().as_bytes();
    for entry in std::fs::read_dir(repo.path().join(".weir")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(line.len()).any(|it| it == line) && !bytes.windows(3).any(|it| it == b"eyJ"));
    }
}
