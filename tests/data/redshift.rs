//! RedshiftConfig, against a real PostgreSQL: the same wire, the same answers to what weir asks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::child;
use crate::support::{Repo, Run, installed, weir};

/// What must never be seen.
pub const PASSWORD: &str = "hunter2-redshift";

pub const SOURCE: &str = "\
kind: BatchSource
name: events
batch_config:
  kind: RedshiftConfig
  endpoint: ENDPOINT/ads
  table: events
  timestamp_field: at
";

const VIEW: &str = "\
kind: BatchFeatureView
name: user_clicks
sources: [events]
entities: [user]
sql: SELECT user_id, clicks, price, at FROM events
timestamp_field: at
";

const ENTITY: &str = "kind: Entity\nname: user\njoin_keys: [{ name: user_id, dtype: String }]\n";

/// A server that stops when the pipe to it is closed, as it is when this process ends.
struct Server {
    port: u16,
    _child: Child,
}

/// Returns where PostgreSQL listens; it is started once for all tests. None where it is not installed.
pub fn endpoint() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| (installed("initdb") && installed("openssl")).then(start));
    server.as_ref().map(|it| format!("127.0.0.1:{}", it.port))
}

fn start() -> Server {
    let port = free_port();
    // The script takes the folder away.
    let folder = tempfile::tempdir().unwrap().keep();
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut child = Command::new("sh")
        .arg(here.join("postgresql.sh"))
        .arg(folder)
        .arg(port.to_string())
        .arg(here.join("redshift.sql"))
        .env("PGPASSWORD", PASSWORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "PostgreSQL does not start");
    Server { port, _child: child }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Returns a repo that reads from `endpoint`.
pub fn repo(endpoint: &str) -> Repo {
    Repo::new(&[("entity.yaml", ENTITY), ("view.yaml", VIEW), ("source.yaml", &SOURCE.replace("ENDPOINT", endpoint))])
}

/// Runs weir as somebody who may sign in; nothing that it says holds the password.
pub fn run(repo: &Repo, arguments: &[&str]) -> Run {
    let run = Run::of(
        weir(repo.path())
            .args(["-q", "--color", "never"])
            .args(arguments)
            .env("REDSHIFT_USER", "weir")
            .env("REDSHIFT_PASSWORD", PASSWORD),
    );
    assert!(!format!("{run:?}").contains(PASSWORD), "{run:?}");
    run
}

#[test]
fn a_repo_that_fits_redshift_is_valid() {
    let Some(endpoint) = endpoint() else { return };
    let repo = repo(&endpoint);
    assert_eq!(run(&repo, &["validate"]).exits(0).stdout, "Valid: 3 declarations.\n");
    repo.write("source.yaml", &SOURCE.replace("ENDPOINT", &endpoint).replace("table: events", "table: Public.EVENTS"));
    run(&repo, &["validate"]).exits(0);
    let odd = r#"table: 'odd."Click ""Events"""'
  post_processor: SELECT "Select" AS user_id, "order" AS clicks, CAST(1 AS REAL) AS price, at FROM input"#;
    repo.write("source.yaml", &SOURCE.replace("ENDPOINT", &endpoint).replace("table: events", odd));
    run(&repo, &["validate"]).exits(0);
    let query = "query: |\n    WITH recent AS (SELECT * FROM events) -- )\n    SELECT *, ');' AS a FROM recent;";
    repo.write("source.yaml", &SOURCE.replace("ENDPOINT", &endpoint).replace("table: events", query));
    run(&repo, &["validate"]).exits(0);
    // What only the warehouse can read is the warehouse's to judge.
    let query = "query: SELECT * FROM events ORDER BY clicks USING <";
    repo.write("source.yaml", &SOURCE.replace("ENDPOINT", &endpoint).replace("table: events", query));
    run(&repo, &["validate", "--offline"]).exits(0);
    run(&repo, &["validate"]).exits(0);
}

/// Replaces `from` in the source by `to`, and compares all that validate says.
#[track_caller]
fn check(endpoint: &str, from: &str, to: &str, expected: &str) {
    let repo = repo(endpoint);
    let source = SOURCE.replace("ENDPOINT", endpoint);
    assert!(source.contains(from), "{from}");
    repo.write("source.yaml", &source.replacen(from, to, 1));
    says(endpoint, &run(&repo, &["validate"]).exits(1), expected);
}

#[track_caller]
fn says(endpoint: &str, run: &Run, expected: &str) {
    assert_eq!(run.stderr.replace(endpoint, "HOST:PORT").trim(), expected.trim());
}

#[test]
fn every_slip_is_found_where_it_is() {
    let Some(endpoint) = endpoint() else { return };
    let at = &endpoint;
    check(
        at,
        "table: events",
        "table: public.evnts",
        r#"
error[D001]: the source of `BatchSource.events` cannot be opened: `public.evnts` does not exist
 --> source.yaml:6:10
  |
6 |   table: public.evnts
  |          ^^^^^^^^^^^^
hint: did you mean `public.events`?

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "table: events",
        "table: click-events",
        r#"
error[D001]: the source of `BatchSource.events` cannot be opened: `click-events` is not a name
 --> source.yaml:6:10
  |
6 |   table: click-events
  |          ^^^^^^^^^^^^
hint: put what is not letters, digits and `_` in double quotes, as `public."2024-events"`

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "field: at\n",
        "field: at\n  post_processor: |\n    SELECT user_id, clics AS clicks, price, at\n    FROM input\n",
        r#"
error[D002]: `batch_config.post_processor` of `BatchSource.events` does not fit its tables: column `clics` does not exist
 --> source.yaml:9:21
  |
9 |     SELECT user_id, clics AS clicks, price, at
  |                     ^^^^^
hint: did you mean `clicks`?

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "table: events\n  timestamp_field: at",
        "query: SELECT user_id, clicks, price, at FROM events\n  timestamp_field: att",
        r#"
error[V004]: timestamp_field `att` is not a column that the batch_config of `BatchSource.events` yields (yields: user_id, clicks, price, at)
 --> source.yaml:7:20
  |
7 |   timestamp_field: att
  |                    ^^^
hint: did you mean `at`?

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "table: events",
        "query: |\n    SELECT user_id, clicks,\n           prize AS price, at\n    FROM events;",
        r#"
error[D001]: the source of `BatchSource.events` cannot be opened: column "prize" does not exist (line 2, column 8)
 --> source.yaml:6:3
  |
6 |   query: |
  |   ^^^^^
hint: perhaps you meant to reference the column "events.price"

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "table: events",
        "query: SELECT user_id, clicks, price, at FROM events, (SELECT 1 AS at) AS b",
        r#"
error[D001]: the source of `BatchSource.events` cannot be opened: column reference "at" is ambiguous (line 1, column 32)
 --> source.yaml:6:10
  |
6 |   query: SELECT user_id, clicks, price, at FROM events, (SELECT 1 AS at) AS b
  |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "/ads",
        "/adverts",
        r#"
error[D001]: the source of `BatchSource.events` cannot be opened: database `adverts` does not exist
 --> source.yaml:5:13
  |
5 |   endpoint: HOST:PORT/adverts
  |             ^^^^^^^^^^^^^^^^^^^^^^^
hint: write it after the port, as `host:5439/database`

1 error in 3 declarations.
"#,
    );
    check(
        at,
        "endpoint: ",
        "endpoint: redshift://",
        r#"
error[D001]: the source of `BatchSource.events` cannot be opened: the endpoint is not a host, or `host:port/database`
 --> source.yaml:5:13
  |
5 |   endpoint: redshift://HOST:PORT/ads
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: write it without `jdbc:redshift://`, user and options

1 error in 3 declarations.
"#,
    );
    let exact = "post_processor: SELECT user_id, clicks, exact AS price, at FROM input\n  table: events";
    check(
        at,
        "table: events",
        exact,
        r#"
error[D004]: column `price` of `BatchFeatureView.user_clicks` is DECIMAL(10, 2), which no feature can be
 --> view.yaml:5:6
  |
5 | sql: SELECT user_id, clicks, price, at FROM events
  |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: write `CAST(price AS DOUBLE) AS price`, or leave the column out

1 error in 3 declarations.
"#,
    );
}

#[test]
fn a_query_cannot_write() {
    let Some(endpoint) = endpoint() else { return };
    let query = "query: WITH gone AS (DELETE FROM events RETURNING *) SELECT user_id, clicks, price, at FROM gone";
    check(
        &endpoint,
        "table: events",
        query,
        r#"
error[L014]: `batch_config.query` of `BatchSource.events` is not a query: a query reads rows, and this changes a table
 --> source.yaml:6:24
  |
6 |   query: WITH gone AS (DELETE FROM events RETURNING *) SELECT user_id, clicks, price, at FROM gone
  |                        ^^^^^^

1 error in 3 declarations.
"#,
    );
    assert_eq!(ask(&endpoint, "SELECT count(*) FROM events"), "3\n");
    // What the transaction refuses shows when rows are read; to validate is to ask for none.
    let repo = repo(&endpoint);
    let query = "query: SELECT user_id, wipe() AS clicks, price, at FROM events";
    repo.write("source.yaml", &SOURCE.replace("ENDPOINT", &endpoint).replace("table: events", query));
    run(&repo, &["validate"]).exits(0);
    assert_eq!(ask(&endpoint, "SELECT count(*) FROM events"), "3\n");
}

/// Asks PostgreSQL itself.
fn ask(endpoint: &str, query: &str) -> String {
    let (host, port) = endpoint.split_once(':').unwrap();
    let mut psql = Command::new("psql");
    psql.args(["-h", host, "-p", port, "-U", "weir", "-d", "ads", "-Atc", query]).env("PGPASSWORD", PASSWORD);
    String::from_utf8(child::output(&mut psql).stdout).unwrap()
}

#[test]
fn who_may_not_sign_in_or_read_is_told_so() {
    let Some(endpoint) = endpoint() else { return };
    let repo = repo(&endpoint);
    let with = |user: &str, password: &str| {
        let mut weir = weir(repo.path());
        weir.args(["--color", "never", "validate"]).env("REDSHIFT_USER", user).env("REDSHIFT_PASSWORD", password);
        Run::of(&mut weir)
    };
    let run = with("weir", "hush").exits(1);
    says(
        &endpoint,
        &run,
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: HOST:PORT refuses the sign-in: password authentication failed for user "weir"
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: look at REDSHIFT_USER and REDSHIFT_PASSWORD, or at [redshift] in weir.toml

1 error in 3 declarations.
"#,
    );
    let run = with("stranger", PASSWORD).exits(1);
    says(
        &endpoint,
        &run,
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: HOST:PORT refuses to be read: permission denied for table events
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: grant the user of REDSHIFT_USER usage of the schema and select on the table

1 error in 3 declarations.
"#,
    );
    let run = Run::of(weir(repo.path()).args(["-v", "--color", "never", "validate"])).exits(0);
    let line = "warning[V104]: not checked: the rows of `BatchSource.events`, because no credentials for Redshift are set \
        (REDSHIFT_USER and REDSHIFT_PASSWORD, or [redshift] in weir.toml)\n";
    assert!(run.stderr.contains(line), "{}", run.stderr);
}

#[test]
fn a_certificate_is_checked_where_it_has_to_be() {
    let Some(endpoint) = endpoint() else { return };
    let repo = repo(&endpoint);
    for ssl in ["disable", "prefer", "require"] {
        repo.write("weir.toml", &format!("[redshift]\nssl = \"{ssl}\"\n"));
        run(&repo, &["validate"]).exits(0);
    }
    repo.write("weir.toml", "[redshift]\nssl = \"verify-full\"\n");
    says(
        &endpoint,
        &run(&repo, &["validate"]).exits(1),
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: HOST:PORT offers no encryption that is accepted: invalid peer certificate: UnknownIssuer
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: say what is expected as `ssl = "…"` in the [redshift] section of weir.toml: disable, prefer, require or verify-full

1 error in 3 declarations.
"#,
    );
}

#[test]
fn who_does_not_answer_is_not_waited_for() {
    let endpoint = format!("127.0.0.1:{}", free_port());
    says(
        &endpoint,
        &run(&repo(&endpoint), &["validate"]).exits(1),
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: HOST:PORT does not answer: Connection refused (os error 111)
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: look at the endpoint, and at the network between

1 error in 3 declarations.
"#,
    );
    // This one takes the call and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let silent = repo(&endpoint);
    silent.write("weir.toml", "[engine]\ntime_limit = \"1s\"\n");
    says(
        &endpoint,
        &run(&silent, &["validate"]).exits(1),
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: it did not answer within 1 s
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: give it longer, as `time_limit = "2m"` in the [engine] section of weir.toml

1 error in 3 declarations.
"#,
    );
    // And this one cannot encrypt.
    let endpoint = answering(|_| b"N".to_vec());
    says(
        &endpoint,
        &run(&repo(&endpoint), &["validate"]).exits(1),
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: HOST:PORT offers no encryption that is accepted: server does not support TLS
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^
hint: say what is expected as `ssl = "…"` in the [redshift] section of weir.toml: disable, prefer, require or verify-full

1 error in 3 declarations.
"#,
    );
    // And this one is something else.
    let endpoint = answering(|_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    says(
        &endpoint,
        &run(&repo(&endpoint), &["validate"]).exits(1),
        r#"
error[D005]: the source of `BatchSource.events` cannot be reached: HOST:PORT does not speak as Redshift does: unexpected response from SSLRequest: 0x48
 --> source.yaml:3:1
  |
3 | batch_config:
  | ^^^^^^^^^^^^

1 error in 3 declarations.
"#,
    );
}

/// Returns where somebody listens who answers whatever comes first, and hangs up.
fn answering(answer: fn(&[u8]) -> Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut said = [0; 1024];
            let length = stream.read(&mut said).unwrap_or_default();
            let _ = stream.write_all(&answer(&said[..length]));
        }
    });
    endpoint
}

#[test]
fn the_password_is_kept_nowhere() {
    let Some(endpoint) = endpoint() else { return };
    let repo = repo(&endpoint);
    run(&repo, &["apply", "--yes"]).exits(0);
    for arguments in
        [&["plan"][..], &["show", "BatchSource.events"], &["log"], &["list"], &["plan", "--format", "json"]]
    {
        run(&repo, arguments).exits(0);
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(repo.path().join(".weir")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(PASSWORD.len()).any(|it| it == PASSWORD.as_bytes()));
        seen += bytes.len();
    }
    assert!(seen > 0);
}

/// A cluster counts its connections, and a repo may have hundreds of sources.
#[test]
fn many_sources_do_not_all_ask_at_once() {
    let Some(endpoint) = endpoint() else { return };
    let repo = repo(&endpoint);
    // PostgreSQL takes a hundred.
    for number in 0..150 {
        let source = SOURCE.replace("ENDPOINT", &endpoint).replace("name: events", &format!("name: events_{number}"));
        repo.write(&format!("sources/{number}.yaml"), &source);
    }
    assert_eq!(run(&repo, &["validate"]).exits(0).stdout, "Valid: 153 declarations.\n");
}
