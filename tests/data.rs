//! What only shows when sources are opened: run with `cargo test --features full --target-dir target/full -- data::`.

#[cfg(feature = "spark")]
mod spark;
#[cfg(feature = "spark")]
mod spark_preview;
mod spark_server;

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

/// One slip in one file: what was there, what is there instead, and what weir says of it.
struct Slip {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    says: &'static str,
    at: &'static str,
    hint: &'static str,
}

const SLIPS: &[Slip] = &[
    Slip {
        file: "source.yaml",
        from: "data/cards.csv",
        to: "data/card.csv",
        says: "error[D001]: the source of `BatchSource.cards` cannot be opened: `data/card.csv` does not exist",
        at: "source.yaml:5:8",
        hint: "did you mean `data/cards.csv`?",
    },
    Slip {
        file: "source.yaml",
        from: "file_format: csv",
        to: "file_format: parquet",
        says: "error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv` cannot be read as parquet",
        at: "source.yaml:5:8",
        hint: "",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: opened",
        says: "error[V004]: timestamp_field `opened` is not a column",
        at: "source.yaml:7:20",
        hint: "did you mean `opened_at`?",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: amount",
        says: "error[V005]: timestamp_field `amount` of the batch_config of `BatchSource.cards` is Float64, not Timestamp",
        at: "source.yaml:7:20",
        hint: "CAST(amount AS TIMESTAMP)",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amont,",
        says: "error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amont` does not exist",
        at: "view.yaml:7:10",
        hint: "did you mean `amount`?",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         uper(card_id) AS loud,",
        says: "error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `uper` does not exist",
        at: "view.yaml:7:10",
        hint: "did you mean `upper`?",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         day,",
        says: "error[D004]: column `day` of `BatchFeatureView.card_spend` is Date32, which no feature can be",
        at: "view.yaml:5:1",
        hint: "write `CAST(day AS TIMESTAMP) AS day`",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,",
        to: "  SELECT user_id,",
        says: "error[V004]: join key `card_id` of `Entity.card` is not a column of `BatchFeatureView.card_spend`",
        at: "view.yaml:4:12",
        hint: "",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\nschema: [{ name: card_id, dtype: String }, { name: amount, dtype: Int64 }, { name: opened_at, dtype: Timestamp }]\n",
        says: "error[D003]: the schema of `BatchFeatureView.card_spend` is not what its query yields: `amount` is Float64, not Int64",
        at: "view.yaml:11:9",
        hint: "leave `schema` out",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         sum(card_id) AS amount,",
        says: "does not fit its tables: function `sum` does not take (Utf8)",
        at: "view.yaml:7:10",
        hint: "CAST(a AS DOUBLE)",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         count(*) AS amount,",
        says: "error[D002]",
        at: "view.yaml:6:10",
        hint: "",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         abs(amount, 1, 2) AS amount,",
        says: "does not fit its tables: function `abs` does not take (Float64, Int64, Int64)",
        at: "view.yaml:7:10",
        hint: "",
    },
    Slip {
        file: "view.yaml",
        from: "  FROM cards\n",
        to: "  FROM cards\n  WHERE amnt > 3\n",
        says: "error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amnt` does not exist",
        at: "view.yaml:10:9",
        hint: "did you mean `amount`?",
    },
    Slip {
        file: "view.yaml",
        from: "  FROM cards\n",
        to: "  FROM cards AS c JOIN cards AS d ON c.card_id = d.user\n",
        says: "column `user` does not exist",
        at: "view.yaml:9:50",
        hint: "did you mean `user_id`?",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         limit_eur + INTERVAL '1 day' AS amount,",
        says: "cannot automatically convert Int64 to Interval",
        at: "view.yaml:6:3",
        hint: "",
    },
    Slip {
        file: "source.yaml",
        from: "data/cards.csv",
        to: "data/*.tsv",
        says: "error[D001]: the source of `BatchSource.cards` cannot be opened: `data/*.tsv` matches no file",
        at: "source.yaml:5:8",
        hint: "",
    },
    Slip {
        file: "source.yaml",
        from: "data/cards.csv",
        to: "../outside.csv",
        says: "error[D001]",
        at: "source.yaml:5:8",
        hint: "",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\n  schema_override: [{ name: amont, dtype: Float64 }, { name: opened_at, dtype: Timestamp }]\n",
        says: "has no `amont` of the schema_override (has: card_id, user_id, amount, limit_eur, day, opened_at)",
        at: "source.yaml:8:20",
        hint: "did you mean `amount`?",
    },
    Slip {
        file: "data/cards.csv",
        from: "c2,u2,7.25,250",
        to: "c2,u2,7.25",
        says: "error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv` cannot be read as csv: Encountered unequal lengths",
        at: "source.yaml:5:8",
        hint: "",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,\n",
        to: "",
        says: "error[V014]: the batch_config of `PushSource.taps` does not yield `amount` of its schema",
        at: "push.yaml:12:3",
        hint: "",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,",
        to: "           limit_eur AS amount,",
        says: "error[V014]: the batch_config of `PushSource.taps` yields `amount` as Int64, and its schema says Float64",
        at: "push.yaml:12:3",
        hint: "cast it in the post_processor",
    },
    Slip {
        file: "push.yaml",
        from: "opened_at AS at",
        to: "openedat AS at",
        says: "error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: column `openedat` does not exist",
        at: "push.yaml:15:12",
        hint: "did you mean `opened_at`?",
    },
];

#[test]
fn every_slip_is_found_where_it_is() {
    let mut faults = Vec::new();
    for slip in SLIPS {
        let repo = repo();
        let text = std::fs::read_to_string(repo.path().join(slip.file)).unwrap();
        assert!(text.contains(slip.from), "{} has no {:?}", slip.file, slip.from);
        repo.write(slip.file, &text.replacen(slip.from, slip.to, 1));
        let run = validate(&repo);
        let place = format!("--> {}\n", slip.at);
        let good = run.code == Some(1)
            && [slip.says, place.as_str(), slip.hint].iter().all(|it| run.stderr.contains(it))
            // The file of cards is the source of two.
            && run.stderr.ends_with(if slip.file == "data/cards.csv" { "2 errors in 5 declarations.\n" } else { "1 error in 5 declarations.\n" });
        if !good {
            faults.push(format!("{} -> {} at {} gives {:?}:\n{}", slip.from, slip.to, slip.at, run.code, run.stderr));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n----\n"));
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
    let made = std::process::Command::new("mkfifo").arg(repo.path().join("data/cards.csv")).status().unwrap();
    assert!(made.success());
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
