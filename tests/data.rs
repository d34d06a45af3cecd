//! What only shows when sources are opened: run with `cargo test --features full --target-dir target/full -- data::`.

#[cfg(feature = "spark")]
mod spark;
#[cfg(feature = "spark")]
mod spark_preview;
mod spark_server;

#[cfg(unix)]
mod bounds;
mod cells;
mod drift;
mod files;
mod input;
mod preview;
mod python;
mod s3;
mod slips;
mod types;
mod values;

use crate::child;
use crate::support::{Repo, Run};

mod redshift;
mod redshift_preview;
mod seed;
mod snowflake;
mod snowflake_preview;
mod snowflake_server;

const CARDS: &str = "\
card_id,user_id,amount,limit_eur,day,opened_at
c1,u1,12.5,100,2024-01-01,2024-01-01T10:00:00Z
c2,u2,7.25,250,2024-01-02,2024-01-02T11:30:00Z
";

const ENTITY: &str = "kind: Entity\nname: card\njoin_keys: [{ name: card_id, dtype: String }]\n";

const SOURCE: &str = "\
kind: BatchSource
name: cards
batch_config:
  kind: FileConfig
  uri: data/cards.csv
  file_format: csv
  timestamp_field: opened_at
";

const PUSH: &str = "\
kind: PushSource
name: taps
schema:
  - { name: card_id, dtype: String }
  - { name: amount, dtype: Float64 }
  - { name: at, dtype: Timestamp }
batch_config:
  kind: FileConfig
  uri: data/cards.csv
  file_format: csv
  timestamp_field: at
  post_processor: |
    SELECT card_id,
           amount,
           opened_at AS at
    FROM input
";

const VIEW: &str = "\
kind: BatchFeatureView
name: card_spend
sources: [cards]
entities: [card]
sql: |
  SELECT card_id,
         amount,
         opened_at
  FROM cards
timestamp_field: opened_at
";

const SERVICE: &str = "kind: FeatureService\nname: spend\nfeatures: [card_spend]\nonline_serving_enabled: false\n";

fn repo() -> Repo {
    Repo::new(&[
        ("data/cards.csv", CARDS),
        ("entity.yaml", ENTITY),
        ("source.yaml", SOURCE),
        ("push.yaml", PUSH),
        ("view.yaml", VIEW),
        ("service.yaml", SERVICE),
    ])
}

fn validate(repo: &Repo) -> Run {
    repo.run(&["-q", "--color", "never", "validate"])
}

/// Returns what was said without the lines that were shown, and without the tally.
fn told(stderr: &str) -> String {
    let shown =
        |it: &str| it.trim_start().trim_start_matches(|it: char| it.is_ascii_digit()).trim_start().starts_with('|');
    let tally = |it: &str| it.ends_with(" declarations.");
    let lines = stderr.lines().filter(|it| !it.is_empty() && !shown(it) && !tally(it));
    lines.map(|it| format!("{}\n", if it.trim_start().starts_with("-->") { it.trim_start() } else { it })).collect()
}

#[test]
fn a_repo_that_fits_its_data_is_valid() {
    let run = validate(&repo()).exits(0);
    assert_eq!(run.stdout, "Valid: 5 declarations.\n");
}

#[test]
fn the_example_fits_its_data() {
    let original = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("repo-example");
    validate(&Repo::copy_of(&original)).exits(0);
}

#[test]
fn offline_opens_nothing() {
    let repo = repo();
    repo.remove("data/cards.csv");
    repo.run(&["-q", "validate", "--offline"]).exits(0);
    validate(&repo).exits(1);
}

#[test]
fn plan_says_what_validate_says() {
    let repo = repo();
    repo.run(&["-q", "plan"]).exits(0);
    repo.remove("data/cards.csv");
    let plan = repo.run(&["-q", "--color", "never", "plan"]).exits(1);
    assert!(plan.stderr.contains("error[D001]"), "{}", plan.stderr);
    repo.run(&["-q", "plan", "--offline"]).exits(0);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let repo = repo();
    repo.remove("data/cards.csv");
    child::succeed(std::process::Command::new("mkfifo").arg(repo.path().join("data/cards.csv")));
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("`data/cards.csv` is neither a file nor a folder"), "{}", run.stderr);
}

/// What lies in a folder is one data set: every file of it has to fit.
#[test]
fn a_folder_and_a_glob_are_one_data_set() {
    let repo = repo();
    repo.remove("data/cards.csv");
    repo.write("data/cards/1.csv", CARDS);
    repo.write("data/cards/2.csv", CARDS);
    repo.write("data/cards/notes.txt", "not data");
    for uri in ["data/cards/", "data/cards", "data/cards/*.csv"] {
        repo.write("source.yaml", &SOURCE.replace("data/cards.csv", uri));
        repo.write("push.yaml", &PUSH.replace("data/cards.csv", uri));
        validate(&repo).exits(0);
    }
    repo.write("data/cards/3.csv", "card_id,amount\nc1,much\n");
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("error[D0"), "{}", run.stderr);
    repo.write("source.yaml", &SOURCE.replace("data/cards.csv", "data/none/"));
    std::fs::create_dir(repo.path().join("data/none")).unwrap();
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("`data/none/` holds no `*.csv` file"), "{}", run.stderr);
}
