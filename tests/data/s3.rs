//! Sources on S3, against a server that speaks it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::files::{array, parquet};
use super::{CARDS, python, told};
use crate::support::{Repo, Run, weir};

const SECRET: &str = "a-secret-that-nobody-may-see";

/// An S3 that goes away with the test.
struct S3 {
    server: Child,
    endpoint: String,
}

impl S3 {
    /// Starts one with the bucket `shop`; none where Python lacks what it takes.
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let numbers =
            |from| parquet(vec![("n", array(datafusion::arrow::array::Int64Array::from(vec![from, from + 1])))]);
        for (path, bytes) in [
            ("cards.csv", CARDS.as_bytes().to_vec()),
            ("numbers/part=1/a.parquet", numbers(1)),
            ("numbers/part=2/a.parquet", numbers(3)),
            ("numbers/part=2/_SUCCESS", Vec::new()),
            ("odd names/a b%20.csv", b"n\n5\n".to_vec()),
        ] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let mut command = python::script("s3.py", "moto.server, boto3")?;
        let command = command.arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().unwrap();
        let mut endpoint = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut endpoint).unwrap();
        Some(Self { server, endpoint: endpoint.trim().to_owned() })
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.server.stdin.take());
        self.server.wait().unwrap();
    }
}

fn at(uri: &str, format: &str) -> Repo {
    let source = format!(
        "kind: BatchSource\nname: it\nbatch_config:\n  kind: FileConfig\n  uri: {uri}\n  file_format: {format}\n"
    );
    let other = "kind: BatchSource\nname: other\nbatch_config: { kind: FileConfig, uri: o.csv, file_format: csv }\n";
    Repo::new(&[("source.yaml", &source), ("other.yaml", other), ("o.csv", "a\n1\n")])
}

fn run(repo: &Repo, endpoint: &str, arguments: &[&str]) -> Run {
    let mut command = weir(repo.path());
    command.env("AWS_ACCESS_KEY_ID", "tester").env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_REGION", "us-east-1");
    command.env("AWS_ENDPOINT_URL", endpoint).args(["--color", "never"]).args(arguments);
    let run = Run::of(&mut command);
    assert!(!run.stdout.contains(SECRET) && !run.stderr.contains(SECRET), "the secret is out: {run:?}");
    run
}

#[test]
fn files_folders_and_globs_are_read_from_s3() {
    let Some(s3) = S3::start() else { return };
    let shows = |uri: &str, format: &str, rows: &[&str]| {
        let repo = at(uri, format);
        let valid = run(&repo, &s3.endpoint, &["-q", "validate"]).exits(0);
        assert_eq!(valid.stdout, "Valid: 2 declarations.\n");
        let shown = run(&repo, &s3.endpoint, &["preview", "it", "--format", "csv"]).exits(0);
        let mut lines: Vec<&str> = shown.stdout.lines().collect();
        lines[1..].sort_unstable();
        assert_eq!(lines, rows, "{uri}");
    };
    let cards: Vec<&str> = CARDS.lines().collect();
    shows("s3://shop/cards.csv", "csv", &cards);
    shows("s3a://shop/cards.csv", "csv", &cards);
    shows("s3://shop/*.csv", "csv", &cards);
    shows("s3://shop/numbers/", "parquet", &["n,part", "1,1", "2,1", "3,2", "4,2"]);
    shows("s3://shop/numbers/part=1/", "parquet", &["n", "1", "2"]);
    shows("s3://shop/numbers/**/*.parquet", "parquet", &["n", "1", "2", "3", "4"]);
    shows("s3://shop/numbers/part=[2]/*", "parquet", &["n", "3", "4"]);
    shows("\"s3://shop/odd names/*.csv\"", "csv", &["n", "5"]);
    // What is looked at again is the same.
    let repo = at("s3://shop/cards.csv", "csv");
    run(&repo, &s3.endpoint, &["-q", "apply", "--yes"]).exits(0);
    let again = run(&repo, &s3.endpoint, &["-q", "plan"]).exits(0);
    assert!(again.stdout.contains("No changes."), "{}", again.stdout);
}

#[test]
fn what_is_not_on_s3_is_a_mistake_in_the_declaration() {
    let Some(s3) = S3::start() else { return };
    for (uri, reason) in [
        ("s3://shop/card.csv", "`s3://shop/card.csv` does not exist"),
        ("s3://shop/none/", "`s3://shop/none/` holds no `*.csv` file"),
        ("s3://shop/*.tsv", "`s3://shop/*.tsv` matches no file"),
        ("s3://nowhere/cards.csv", "the bucket `nowhere` does not exist"),
    ] {
        let validated = run(&at(uri, "csv"), &s3.endpoint, &["-q", "validate"]).exits(1);
        let expected =
            format!("error[D001]: the source of `BatchSource.it` cannot be opened: {reason}\n--> source.yaml:5:8\n");
        assert_eq!(told(&validated.stderr), expected);
    }
}

/// A store that does not answer is no mistake in the repo: validate fails, and plan and apply warn and go on.
#[test]
fn a_store_that_does_not_answer_is_said_within_its_time() {
    // Nothing listens on the one, and nobody answers on the other.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for endpoint in [format!("http://{closed}"), format!("http://{}", silent.local_addr().unwrap())] {
        let repo = at("s3://shop/cards.csv", "csv");
        repo.write("weir.toml", "[engine]\ntime_limit = \"3s\"\n");
        for command in [&["-q", "validate"] as &[&str], &["preview", "it"]] {
            let started = Instant::now();
            let failed = run(&repo, &endpoint, command).exits(1);
            assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
            let says = "error[D005]: the source of `BatchSource.it` cannot be reached: ";
            assert!(told(&failed.stderr).starts_with(says), "{}", failed.stderr);
            assert!(
                failed.stderr.contains(" --> source.yaml:4:3\n") || failed.stderr.contains(" --> source.yaml:3:1\n")
            );
        }
        for command in [&["plan"] as &[&str], &["apply", "--yes"]] {
            let warned = run(&repo, &endpoint, command).exits(0);
            assert!(warned.stderr.contains("warning[D005]: the source of `BatchSource.it`"), "{}", warned.stderr);
        }
    }
}

#[test]
fn without_credentials_s3_is_not_checked() {
    let repo = at("s3://shop/cards.csv", "csv");
    repo.run(&["-q", "validate"]).exits(0);
    let run = repo.run(&["--color", "never", "-v", "validate"]).exits(0);
    let says = "not checked: the rows of `BatchSource.it`, because no credentials for S3 are set (AWS_ACCESS_KEY_ID)";
    assert!(run.stderr.contains(says), "{}", run.stderr);
    let run = repo.run(&["--color", "never", "preview", "it"]).exits(1);
    let says = "error[D007]: the rows of `BatchSource.it` cannot be read, because no credentials for S3 are set";
    assert!(run.stderr.starts_with(says), "{}", run.stderr);
}
