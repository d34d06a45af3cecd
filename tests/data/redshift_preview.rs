//! The rows of RedshiftConfig, against a real PostgreSQL.

use super::redshift::{SOURCE, endpoint, repo, run};
use crate::support::Repo;

/// Returns a repo whose source reads `what` in place of the table.
fn reading(endpoint: &str, what: &str) -> Repo {
    let repo = repo(endpoint);
    repo.remove("view.yaml");
    repo.write("source.yaml", &SOURCE.replace("ENDPOINT", endpoint).replace("table: events", what));
    repo
}

fn preview(repo: &Repo, arguments: &[&str]) -> String {
    run(repo, &[&["preview", "BatchSource.events", "--format", "csv"], arguments].concat()).exits(0).stdout
}

#[test]
fn every_type_is_read() {
    let Some(endpoint) = endpoint() else { return };
    let said = preview(&reading(&endpoint, "query: SELECT * FROM events ORDER BY user_id"), &[]);
    assert_eq!(
        said,
        "\
user_id,clicks,price,at,small,number,double,exact,loose,good,local,day,clock,raw,document,id,fixed,tags,span
u1,3,0.1,2024-01-01T08:00:00.123456Z,-1,2,1e300,12.50,1.2500000000,true,2024-01-01T10:00:00Z,2024-02-29,10:00:00.500,\
00ff,\"{\"\"a\"\": 1}\",00000000-0000-0000-0000-000000000001,ab  ,\"{x,y}\",1 day
u2,9223372036854775807,NaN,2024-06-01T00:00:00Z,,,-inf,,,false,,,,\"\",,,,,
,,,,,,,,,,,,,,,,,,
"
    );
}

#[test]
fn times_are_compared_by_the_server() {
    let Some(endpoint) = endpoint() else { return };
    let window = ["--start", "2024-01-01T00:00:00Z", "--end", "2024-01-01T00:00:03Z"];
    let repo = reading(&endpoint, "table: many");
    let expected = "user_id,clicks,at\nu1,1,2024-01-01T00:00:01Z\nu2,2,2024-01-01T00:00:02Z\n";
    assert_eq!(preview(&repo, &window), expected);
}

#[test]
fn all_rows_come() {
    let Some(endpoint) = endpoint() else { return };
    assert_eq!(preview(&reading(&endpoint, "table: many"), &["--limit", "1000000"]).lines().count(), 100_001);
}

#[test]
fn names_are_meant_to_the_letter_in_quotes() {
    let Some(endpoint) = endpoint() else { return };
    let repo = reading(&endpoint, r#"table: 'odd."Click ""Events"""'"#);
    assert_eq!(preview(&repo, &[]), "Select,order,at\na,1,2024-01-01T00:00:00Z\n");
}

#[test]
fn what_is_no_value_is_an_error_that_names_the_column() {
    let Some(endpoint) = endpoint() else { return };
    for (what, says) in [
        ("table: endless", "column `at` holds `infinity`, which is no value of Timestamp"),
        ("query: SELECT 1 / 3.0 AS third, now() AS at", "column `third` holds `0.33333333333333333333`"),
        ("query: SELECT wipe() AS gone, now() AS at", "cannot execute DELETE in a read-only transaction"),
        ("query: SELECT 1 / (clicks - 3) AS a, at FROM events", "division by zero"),
    ] {
        let run = run(&reading(&endpoint, what), &["preview", "BatchSource.events"]).exits(1);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}
