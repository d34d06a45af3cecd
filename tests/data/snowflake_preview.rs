//! The rows of SnowflakeConfig, against recorded exchanges: several parts, compressed as Snowflake compresses them.

use super::snowflake::{COLUMNS, repo, run, signed_in};
use super::snowflake_server::{Exchange, play};

const ALL: &str = "SELECT \"USER_ID\", \"CLICKS\", \"PRICE\", \"EXACT\", \"GOOD\", \"AT\", \"LOCAL\", \"ZONED\", \"DAY\", \
    \"CLOCK\", \"RAW\", \"DOCUMENT\" FROM \"ADS\".\"PUBLIC\".\"CLICKS\"";

fn part(number: usize, answer: &'static str) -> Exchange {
    Exchange { gzip: true, ..Exchange::get(&format!("partition={number}"), 200, answer) }
}

#[test]
fn every_part_is_read() {
    let repo = repo();
    let exchanges = vec![
        Exchange::post(COLUMNS, 200, "columns.json"),
        Exchange::post(ALL, 200, "rows.json"),
        part(1, "part-1.json"),
        part(2, "part-2.json"),
    ];
    let server = play(exchanges, None);
    let mut weir = signed_in(&repo, &server.url);
    let said = run(weir.args(["preview", "BatchSource.clicks", "--format", "csv"])).exits(0).stdout;
    server.ends();
    assert_eq!(
        said,
        "\
USER_ID,CLICKS,PRICE,EXACT,GOOD,AT,LOCAL,ZONED,DAY,CLOCK,RAW,DOCUMENT
u1,3,0.1,12.50,true,2024-01-01T08:00:00.123456Z,2024-01-01T10:00:00Z,2024-01-01T08:00:00Z,2020-01-01,10:00:00.500,00ff,\
\"{\n  \"\"a\"\": 1\n}\"
,,,,,,,,,,,
u2,9223372036854775807,1.5e300,-0.01,false,2024-06-01T00:00:00Z,1969-12-31T23:59:59.999999Z,2024-06-01T00:00:00Z,\
1969-12-31,00:00:00,\"\",[]
u3,1,0.0,0.00,false,2024-06-01T00:00:01Z,,,,,,
"
    );
}

#[test]
fn what_is_no_value_is_an_error_that_names_the_column() {
    let repo = repo();
    let exchanges = vec![
        Exchange::post(COLUMNS, 200, "columns.json"),
        Exchange::post(ALL, 200, "rows.json"),
        part(1, "bad-part.json"),
        part(2, "part-2.json"),
    ];
    let server = play(exchanges, None);
    let run = run(signed_in(&repo, &server.url).args(["preview", "BatchSource.clicks", "--format", "csv"])).exits(1);
    server.ends();
    assert!(run.stderr.contains("column `CLICKS` holds `9223372036854775808`"), "{}", run.stderr);
}
