//! What shows on a real Spark: Hive tables, data source functions, and queries that are checked there.

use std::net::TcpListener;

use super::spark_server::{Server, TOKEN, server};
use crate::support::{Repo, Run};

const ENTITY: &str = "kind: Entity\nname: card\njoin_keys: [{ name: card_id, dtype: String }]\n";

const HIVE: &str = "\
kind: BatchSource
name: taps
batch_config:
  kind: HiveConfig
  database: ads
  table: taps
  timestamp_field: at
  datetime_partition_columns:
    - { column_name: day, datepart: date, zero_padded: true }
  post_processor: |
    SELECT card_id, amount, at
    FROM input
";

const FUNCTION: &str = "\
kind: BatchSource
name: taps
batch_config:
  kind: SparkBatchConfig
  data_source_function: taps.py:read
";

const PYTHON: &str = "\
def read(spark):
    print('this is no answer')
    return spark.table('ads.taps').select('card_id', 'amount', 'at')
";

const VIEW: &str = "\
kind: BatchFeatureView
name: spend
sources: [taps]
entities: [card]
timestamp_field: at
sql: |
  SELECT card_id,
         amount,
         at
  FROM taps
";

fn settings(url: &str, python: &str) -> String {
    format!("[engine]\nkind = \"spark\"\nurl = \"{url}\"\npython = \"{python}\"\n")
}

fn repo(server: &Server, source: &str) -> Repo {
    Repo::new(&[
        ("weir.toml", &settings(&server.url(), &server.python)),
        ("entity.yaml", ENTITY),
        ("source.yaml", source),
        ("taps.py", PYTHON),
        ("view.yaml", VIEW),
    ])
}

fn validate(repo: &Repo) -> Run {
    let run = repo.run(&["-v", "--color", "never", "validate"]);
    assert!(!run.stderr.contains(TOKEN) && !run.stdout.contains(TOKEN), "{}", run.stderr);
    run
}

/// Stops unless `repo` has this one mistake, and says these things of it.
#[track_caller]
fn fails(repo: &Repo, says: &[&str]) {
    let run = validate(repo).exits(1);
    for part in says {
        assert!(run.stderr.contains(part), "`{part}` is not in:\n{}", run.stderr);
    }
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
}

#[test]
fn a_hive_table_and_the_queries_over_it_fit() {
    let Some(server) = server() else { return };
    validate(&repo(server, HIVE)).exits(0);
}

/// One slip: what was there, what is there instead, and what weir says of it.
struct Slip {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    says: &'static [&'static str],
}

const SLIPS: &[Slip] = &[
    Slip {
        file: "source.yaml",
        from: "table: taps",
        to: "table: tap",
        says: &["error[D001]", "database `ads` has no table `tap`", "source.yaml:6:10", "did you mean `taps`?"],
    },
    Slip {
        file: "source.yaml",
        from: "database: ads",
        to: "database: adz",
        says: &["error[D001]", "database `adz` does not exist", "source.yaml:5:13", "did you mean `ads`?"],
    },
    Slip {
        file: "source.yaml",
        from: "column_name: day",
        to: "column_name: days",
        says: &["error[D001]", "partition column `days` is not a column of the table", "did you mean `day`?"],
    },
    Slip {
        file: "source.yaml",
        from: "card_id, amount, at\n",
        to: "card_id, amont, at\n",
        says: &["error[D002]", "column `amont` does not exist", "source.yaml:11:21", "did you mean `amount`?"],
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amont,",
        says: &["error[D002]", "column `amont` does not exist", "view.yaml:8:10", "did you mean `amount`?"],
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         uper(card_id) AS loud,",
        says: &["error[D002]", "function `uper` does not exist", "view.yaml:8:10", "did you mean `upper`?"],
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amount DIV DIV 2 AS half,",
        says: &["error[D002]", "view.yaml:8:"],
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         CAST(amount AS DECIMAL(10, 2)) AS amount,",
        says: &["error[D004]", "DECIMAL(10, 2), which no feature can be", "CAST(amount AS DOUBLE) AS amount"],
    },
];

#[test]
fn every_slip_is_found_where_it_is() {
    let Some(server) = server() else { return };
    for slip in SLIPS {
        let repo = repo(server, HIVE);
        let text = if slip.file == "view.yaml" { VIEW } else { HIVE };
        assert!(text.contains(slip.from), "{}", slip.from);
        repo.write(slip.file, &text.replace(slip.from, slip.to));
        fails(&repo, slip.says);
    }
}

#[test]
fn a_function_is_run_with_and_without_times() {
    let Some(server) = server() else { return };
    let repo = repo(server, FUNCTION);
    validate(&repo).exits(0);
    repo.write("source.yaml", &format!("{FUNCTION}  supports_time_filtering: true\n"));
    let filtering = "def read(spark, filter_context):\n    \
                     assert filter_context.start_time is None and filter_context.end_time is None\n    \
                     return spark.sql(\"SELECT card_id, amount, at FROM ads.taps WHERE card_id <> 'x'\")\n";
    repo.write("taps.py", filtering);
    validate(&repo).exits(0);
}

#[test]
fn every_way_for_a_function_to_be_wrong_has_its_words() {
    let Some(server) = server() else { return };
    let broken: &[(&str, &[&str])] = &[
        ("def read(spark)\n    pass\n", &["`taps.py` is not Python", "(line 1 of taps.py)"]),
        ("def reed(spark):\n    pass\n", &["`taps.py` has no function `read`", "did you mean `reed`?"]),
        ("import nothing_like_it\n", &["raised ModuleNotFoundError", "(line 1 of taps.py)"]),
        (
            "def read(spark, filter_context):\n    pass\n",
            &["takes `(spark, filter_context)`", "supports_time_filtering: true"],
        ),
        ("def read():\n    pass\n", &["takes `()`", "write `def read(spark):`"]),
        (
            "def deeper():\n    raise ValueError('no luck\\nat all')\n\ndef read(spark):\n    return deeper()\n",
            &["`read` raised ValueError: no luck (line 2 of taps.py)"],
        ),
        ("def read(spark):\n    return [1, 2]\n", &["`read` returned list, not a DataFrame of Spark"]),
        (
            "def read(spark):\n    return spark.table('ads.nothing')\n",
            &["the DataFrame that `read` returned does not stand", "`ads`.`nothing`"],
        ),
        ("import os\n\ndef read(spark):\n    os._exit(3)\n", &["ended without an answer", "exit status: 3"]),
        ("def read(spark):\n    raise SystemExit(0)\n", &["`read` raised SystemExit: 0 (line 2 of taps.py)"]),
    ];
    for (text, says) in broken {
        let repo = repo(server, FUNCTION);
        repo.write("taps.py", text);
        let place = ["error[D001]", "source.yaml:5:25"];
        fails(&repo, &[&place, *says].concat());
    }
}

#[test]
fn a_function_that_takes_too_long_is_ended() {
    let Some(server) = server() else { return };
    let repo = repo(server, FUNCTION);
    let mark = repo.path().join("ended-by-itself");
    let text = format!("import time\n\ndef read(spark):\n    time.sleep(15)\n    open({mark:?}, 'w')\n");
    repo.write("taps.py", &text);
    repo.write("weir.toml", &format!("{}time_limit = \"8s\"\n", settings(&server.url(), &server.python)));
    fails(&repo, &["error[D005]", "did not answer within 8 s", "time_limit"]);
    std::thread::sleep(std::time::Duration::from_secs(10));
    assert!(!mark.exists(), "the function went on");
}

#[test]
fn without_pyspark_weir_says_how_to_get_it() {
    let Some(server) = server() else { return };
    let repo = repo(server, FUNCTION);
    // A Python that sees nothing but what it came with.
    let bare = repo.path().join("bare-python");
    std::fs::write(&bare, format!("#!/bin/sh\nexec {} -S \"$@\"\n", server.python)).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&bare, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    repo.write("weir.toml", &settings(&server.url(), &bare.to_string_lossy()));
    fails(&repo, &["error[D005]", "has no PySpark", "pip install 'pyspark[connect]'"]);
    repo.write("weir.toml", &settings(&server.url(), "/no/such/python"));
    fails(&repo, &["error[D005]", "`/no/such/python`, which runs data source functions", "[engine] section"]);
}

#[test]
fn what_only_spark_reads_is_sql_where_it_runs() {
    let Some(server) = server() else { return };
    let repo = repo(server, HIVE);
    let only_spark =
        "SELECT card_id,\n         CAST(amount AS INT) DIV 2 AS half,\n         explode(sequence(1, 3)) AS `n th`,";
    let text = VIEW.replace("SELECT card_id,\n         amount,", only_spark);
    repo.write("view.yaml", &text.replace("`n th`", "n_th"));
    validate(&repo).exits(0);
    // What was no mistake is remembered with the engine for which it was none.
    repo.run(&["-q", "validate", "--offline"]).exits(0);
    repo.write("weir.toml", "");
    let run = repo.run(&["-q", "--color", "never", "validate", "--offline"]).exits(1);
    assert!(run.stderr.contains("error[L014]: `sql` of `BatchFeatureView.spend` is not SQL"), "{}", run.stderr);
}

#[test]
fn a_statement_is_no_query_for_spark_either() {
    let Some(server) = server() else { return };
    let repo = repo(server, HIVE);
    repo.write(
        "view.yaml",
        "kind: BatchFeatureView\nname: spend\nsources: [taps]\nentities: [card]\nsql: DROP TABLE ads.taps\n",
    );
    fails(&repo, &["error[L014]", "a query reads rows, and this begins with DROP"]);
    repo.write("view.yaml", VIEW);
    validate(&repo).exits(0);
}

#[test]
fn a_wrong_token_is_refused_and_never_shown() {
    let Some(server) = server() else { return };
    let repo = repo(server, HIVE);
    let url = server.url().replace(TOKEN, "not-the-token");
    repo.write("weir.toml", &settings(&url, &server.python));
    let run = validate(&repo).exits(1);
    assert!(run.stderr.contains("error[D005]") && run.stderr.contains("refuses the credentials"), "{}", run.stderr);
    assert!(!run.stderr.contains("not-the-token"), "{}", run.stderr);
}

#[test]
fn a_spark_that_is_not_there_is_said_once_for_all_queries() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let files = [
        ("entity.yaml", ENTITY),
        ("source.yaml", HIVE),
        ("view.yaml", VIEW),
        ("data/taps.csv", "a,at\n1,2024-01-01\n"),
    ];
    let repo = Repo::new(&files);
    repo.write("weir.toml", &settings(&format!("sc://127.0.0.1:{port}/;token={TOKEN}"), "python3"));
    fails(&repo, &["error[D005]: the source of `BatchSource.taps` cannot be reached", "does not answer"]);
    let file = "kind: BatchSource\nname: NAME\nbatch_config:\n  kind: FileConfig\n  uri: data/taps.csv\n  file_format: csv\n  \
                post_processor: SELECT a FROM input\n";
    repo.write("source.yaml", &[file.replace("NAME", "taps"), file.replace("NAME", "more")].join("---\n"));
    fails(&repo, &["error[D005]: the engine that queries are checked on cannot be reached", "weir.toml"]);
}

#[test]
fn without_spark_the_rest_is_checked() {
    let repo = Repo::new(&[("entity.yaml", ENTITY), ("source.yaml", HIVE), ("view.yaml", VIEW)]);
    for (toml, why) in
        [("", "nothing is configured that reads Hive"), ("[engine]\nkind = \"spark\"\n", "Spark is not configured")]
    {
        repo.write("weir.toml", toml);
        let run = validate(&repo).exits(0);
        assert!(run.stderr.contains(why), "{}", run.stderr);
        assert!(run.stderr.contains("warning[V104]"), "{}", run.stderr);
    }
}

#[test]
fn a_url_that_is_none_keeps_its_token_to_itself() {
    let repo = Repo::new(&[("entity.yaml", ENTITY), ("source.yaml", HIVE), ("view.yaml", VIEW)]);
    for url in [
        format!("spark://host/;token={TOKEN}"),
        format!("sc://:15002/;token={TOKEN}"),
        format!("sc://host:x/;token={TOKEN}"),
    ] {
        repo.write("weir.toml", &settings(&url, "python3"));
        fails(&repo, &["error[D005]", "is not one of Spark Connect", "sc://host:15002"]);
    }
    // In plain text over a network nobody sends a token.
    repo.write("weir.toml", &settings(&format!("sc://example.invalid/;token={TOKEN}"), "python3"));
    fails(&repo, &["error[D005]", "use_ssl=true"]);
}
