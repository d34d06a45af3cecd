//! One slip in one file of a good repo: each is told at its place, with what to do about it.

use super::{repo, told, validate};
use crate::support::Repo;

const TRANSFORMATION: &str = "\
kind: Transformation
name: rich
mode: sql
inputs: [spend]
sql: |
  SELECT card_id, amount,
         opened_at
  FROM spend
---
kind: Transformation
name: loud
mode: sql
inputs: [rich]
sql: \"SELECT card_id, amount, opened_at FROM rich\"
";

const NESTED: &str = "\
kind: BatchFeatureView
name: card_loud
sources: [cards]
entities: [card]
transformation: { name: loud }
timestamp_field: opened_at
";

const SUMS: &str = "\
kind: BatchFeatureView
name: card_sums
sources: [cards]
entities: [card]
sql_file: sums.sql
timestamp_field: opened_at
aggregation_interval: 1d
aggregations:
  - { column: amount, function: sum, time_window: 7d }
  - { column: card_id, function: last(3), time_window: 7d }
";

const SUMS_SQL: &str = "\
-- what was spent
SELECT card_id,
       amount,
       opened_at
FROM cards
";

const FEED: &str = "\
kind: StreamFeatureView
name: card_taps
sources: [taps]
entities: [card]
timestamp_field: at
sql: >-
  SELECT card_id, amount, at
  FROM taps
";

/// One slip in one file: what was there, what is there instead, and what weir says of it, without the lines it shows.
struct Slip {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    says: &'static str,
}

const SLIPS: &[Slip] = &[
    Slip {
        file: "source.yaml",
        from: "data/cards.csv",
        to: "data/card.csv",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/card.csv` does not exist
--> source.yaml:5:8
hint: did you mean `data/cards.csv`?
",
    },
    Slip {
        file: "source.yaml",
        from: "file_format: csv",
        to: "file_format: parquet",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv` cannot be read as parquet: it does not end as a Parquet file does: \
    it is something else, or was cut off
--> source.yaml:5:8
hint: write `file_format: csv`
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: opened",
        says: "\
error[V004]: timestamp_field `opened` is not a column that the batch_config of `BatchSource.cards` yields (yields: card_id, user_id, amount, \
    limit_eur, day, opened_at)
--> source.yaml:7:20
hint: did you mean `opened_at`?
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: amount",
        says: "\
error[V005]: timestamp_field `amount` of the batch_config of `BatchSource.cards` is Float64, not Timestamp
--> source.yaml:7:20
hint: in the post_processor write `to_timestamp_micros(CAST(amount * 1000000 AS BIGINT)) AS amount`, if it counts \
seconds: `* 1000` is for milliseconds
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amont,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amont` does not exist
--> view.yaml:7:10
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         uper(card_id) AS loud,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `uper` does not exist
--> view.yaml:7:10
hint: did you mean `upper`?
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         day,",
        says: "\
error[D004]: column `day` of `BatchFeatureView.card_spend` is DATE, which no feature can be
--> view.yaml:5:1
hint: write `CAST(day AS TIMESTAMP) AS day`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,",
        to: "  SELECT user_id,",
        says: "\
error[V004]: join key `card_id` of `Entity.card` is not a column of `BatchFeatureView.card_spend` (has: user_id, amount, opened_at)
--> view.yaml:4:12
",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\nschema: [{ name: card_id, dtype: String }, { name: amount, dtype: Int64 }, { name: \
            opened_at, dtype: Timestamp }]\n",
        says: "\
error[D003]: the schema of `BatchFeatureView.card_spend` is not what its query yields: `amount` is Float64, not Int64
--> view.yaml:11:9
hint: write the schema as the query yields it, or leave `schema` out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         sum(card_id) AS amount,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `sum` does not take (String)
--> view.yaml:7:10
hint: cast its arguments, as in CAST(a AS DOUBLE)
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         count(*) AS amount,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `card_id` is neither grouped by nor aggregated
--> view.yaml:6:10
hint: name it in GROUP BY, or aggregate it, as in max(card_id)
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         abs(amount, 1, 2) AS amount,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `abs` does not take (Float64, Int64, Int64)
--> view.yaml:7:10
hint: cast its arguments, as in CAST(a AS DOUBLE)
",
    },
    Slip {
        file: "view.yaml",
        from: "  FROM cards\n",
        to: "  FROM cards\n  WHERE amnt > 3\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amnt` does not exist
--> view.yaml:10:9
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  FROM cards\n",
        to: "  FROM cards AS c JOIN cards AS d ON c.card_id = d.user\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `user` does not exist
--> view.yaml:9:50
hint: did you mean `user_id`?
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         limit_eur + INTERVAL '1 day' AS amount,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: cannot automatically convert Int64 to Interval(MonthDayNano)
--> view.yaml:6:3
",
    },
    Slip {
        file: "source.yaml",
        from: "data/cards.csv",
        to: "data/*.tsv",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/*.tsv` matches no file
--> source.yaml:5:8
",
    },
    Slip {
        file: "source.yaml",
        from: "data/cards.csv",
        to: "../outside.csv",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `../outside.csv` does not exist
--> source.yaml:5:8
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\n  schema_override: [{ name: amont, dtype: Float64 }, { name: opened_at, dtype: Timestamp \
            }]\n",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv` has no `amont` of the schema_override (has: card_id, user_id, \
    amount, limit_eur, day, opened_at)
--> source.yaml:8:20
hint: did you mean `amount`?
",
    },
    Slip {
        file: "data/cards.csv",
        from: "c2,u2,7.25,250",
        to: "c2,u2,7.25",
        says: "\
error[D001]: the source of `PushSource.taps` cannot be opened: `data/cards.csv` cannot be read as csv: line 3 has 5 fields, and the header 6
--> push.yaml:9:8
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv` cannot be read as csv: line 3 has 5 fields, and the header 6
--> source.yaml:5:8
",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,\n",
        to: "",
        says: "\
error[V014]: the batch_config of `PushSource.taps` does not yield `amount` of its schema (yields: card_id, at)
--> push.yaml:12:3
hint: select every column of `schema` in the batch_config's post_processor
",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,",
        to: "           limit_eur AS amount,",
        says: "\
error[V014]: the batch_config of `PushSource.taps` yields `amount` as Int64, and its schema says Float64
--> push.yaml:12:3
hint: cast it in the post_processor, or write `dtype: Int64` in the schema
",
    },
    Slip {
        file: "push.yaml",
        from: "opened_at AS at",
        to: "openedat AS at",
        says: "\
error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: column `openedat` does not exist
--> push.yaml:15:12
hint: did you mean `opened_at`?
",
    },
    Slip {
        file: "source.yaml",
        from: "uri: data/cards.csv",
        to: "uri: \"\"",
        says: "\
error[V016]: the uri of `BatchSource.cards` is empty
--> source.yaml:5:8
hint: write a path relative to the repo, or an s3:// address
",
    },
    Slip {
        file: "source.yaml",
        from: "uri: data/cards.csv",
        to: "uri: gs://bucket/cards.csv",
        says: "\
error[V016]: the uri of `BatchSource.cards` starts with `gs://`, and weir reads no such place
--> source.yaml:5:8
hint: write a path relative to the repo, `file://` or `s3://`
",
    },
    Slip {
        file: "source.yaml",
        from: "uri: data/cards.csv",
        to: "uri: \"data/[.csv\"",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/[.csv` is not a glob: invalid range pattern
--> source.yaml:5:8
hint: `*` stands for a part of a name, `**` for folders, and `[[]` for a bracket
",
    },
    Slip {
        file: "source.yaml",
        from: "file_format: csv",
        to: "file_format: json",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv` cannot be read as json: line 1 is not valid JSON: expected value at column 1
--> source.yaml:5:8
hint: write `file_format: csv`
",
    },
    Slip {
        file: "source.yaml",
        from: "file_format: csv",
        to: "file_format: excel",
        says: "\
error[L011]: `excel` is not a value of `batch_config.file_format` of `BatchSource.cards`
--> source.yaml:6:16
hint: write one of parquet, csv, json
",
    },
    Slip {
        file: "source.yaml",
        from: "uri: data/cards.csv",
        to: "uri: data/cards.csv/",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `data/cards.csv/` goes through a file as if it were a folder
--> source.yaml:5:8
hint: write `data/cards.csv`
",
    },
    Slip {
        file: "source.yaml",
        from: "uri: data/cards.csv",
        to: "uri: dta/cards.csv",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `dta/cards.csv` does not exist
--> source.yaml:5:8
hint: did you mean `data/cards.csv`?
",
    },
    Slip {
        file: "source.yaml",
        from: "uri: data/cards.csv",
        to: "uri: file:///nowhere/cards.csv",
        says: "\
error[D001]: the source of `BatchSource.cards` cannot be opened: `file:///nowhere/cards.csv` does not exist
--> source.yaml:5:8
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: user_id\n  timestamp_format: yyyy-MM-dd QQQ",
        says: "\
error[V016]: timestamp_format `yyyy-MM-dd QQQ` of the batch_config of `BatchSource.cards` cannot be read: weir does not know `QQQ`
--> source.yaml:8:21
hint: write it with letters such as yyyy-MM-dd HH:mm:ss, or CAST the column in the post_processor
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: user_id",
        says: "\
error[V005]: timestamp_field `user_id` of the batch_config of `BatchSource.cards` is String, not Timestamp
--> source.yaml:7:20
hint: say how it is written, as `timestamp_format: yyyy-MM-dd HH:mm:ss`
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: amount\n  timestamp_format: yyyy",
        says: "\
error[V006]: `sum` takes a number, and `amount` is Timestamp
--> sums.yaml:9:33
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: day",
        says: "\
error[V005]: timestamp_field `day` of the batch_config of `BatchSource.cards` is DATE, not Timestamp
--> source.yaml:7:20
hint: write `CAST(day AS TIMESTAMP) AS day` in the post_processor
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: Opened_at",
        says: "\
error[V004]: timestamp_field `Opened_at` is not a column that the batch_config of `BatchSource.cards` yields (yields: card_id, user_id, amount, \
    limit_eur, day, opened_at)
--> source.yaml:7:20
hint: did you mean `opened_at`?
",
    },
    Slip {
        file: "push.yaml",
        from: "FROM input",
        to: "FROM inputs",
        says: "\
error[R005]: `batch_config.post_processor` of `PushSource.taps` reads table `inputs`, and was given `input`
--> push.yaml:16:10
hint: did you mean `input`?
",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,",
        to: "           amount + card_id AS amount,",
        says: "\
error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: one side is Float64, and the other String
--> push.yaml:14:12
hint: cast one of them, as in CAST(a AS DOUBLE)
",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,",
        to: "           lenght(card_id) AS amount,",
        says: "\
error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: function `lenght` does not exist
--> push.yaml:14:12
hint: did you mean `length`?
",
    },
    Slip {
        file: "push.yaml",
        from: "    FROM input",
        to: "    FROM input; SELECT 1",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: there is more than one statement
--> push.yaml:16:17
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    CREATE TABLE a AS SELECT 1",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: a query reads rows, and this begins with CREATE
--> push.yaml:13:5
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    COPY (SELECT 1) TO 'a.csv'",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: a query reads rows, and this begins with COPY
--> push.yaml:13:5
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    SET a = 1",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: a query reads rows, and this begins with SET
--> push.yaml:13:5
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    INSERT INTO input SELECT 1",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: a query reads rows, and this begins with INSERT
--> push.yaml:13:5
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    DELETE FROM input",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: a query reads rows, and this begins with DELETE
--> push.yaml:13:5
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    EXPLAIN SELECT 1",
        says: "\
error[L014]: `batch_config.post_processor` of `PushSource.taps` is not SQL: a query reads rows, and this begins with EXPLAIN
--> push.yaml:13:5
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at\n    FROM input",
        to: "    VALUES (1, 2)",
        says: "\
error[V004]: timestamp_field `at` is not a column that the batch_config of `PushSource.taps` yields (yields: column1, column2)
--> push.yaml:11:20
error[V014]: the batch_config of `PushSource.taps` does not yield `card_id`, `amount`, `at` of its schema (yields: column1, column2)
--> push.yaml:12:3
hint: select every column of `schema` in the batch_config's post_processor
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,\n           amount,\n           opened_at AS at",
        to: "    SELECT user_id",
        says: "\
error[V004]: timestamp_field `at` is not a column that the batch_config of `PushSource.taps` yields (yields: user_id)
--> push.yaml:11:20
error[V014]: the batch_config of `PushSource.taps` does not yield `card_id`, `amount`, `at` of its schema (yields: user_id)
--> push.yaml:12:3
hint: select every column of `schema` in the batch_config's post_processor
",
    },
    Slip {
        file: "push.yaml",
        from: "           opened_at AS at",
        to: "           CAST(opened_at AS VARCHAR) AS at",
        says: "\
error[V005]: timestamp_field `at` of the batch_config of `PushSource.taps` is String, not Timestamp
--> push.yaml:11:20
hint: say how it is written, as `timestamp_format: yyyy-MM-dd HH:mm:ss`
error[V014]: the batch_config of `PushSource.taps` yields `at` as String, and its schema says Timestamp
--> push.yaml:12:3
hint: cast it in the post_processor, or write `dtype: String` in the schema
",
    },
    Slip {
        file: "push.yaml",
        from: "    SELECT card_id,",
        to: "    SELECT 1 AS card_id,",
        says: "\
error[V014]: the batch_config of `PushSource.taps` yields `card_id` as Int64, and its schema says String
--> push.yaml:12:3
hint: cast it in the post_processor, or write `dtype: Int64` in the schema
",
    },
    Slip {
        file: "push.yaml",
        from: "dtype: Float64",
        to: "dtype: Int32",
        says: "\
error[V014]: the batch_config of `PushSource.taps` yields `amount` as Float64, and its schema says Int32
--> push.yaml:12:3
hint: cast it in the post_processor, or write `dtype: Float64` in the schema
",
    },
    Slip {
        file: "push.yaml",
        from: "  - { name: at, dtype: Timestamp }",
        to: "  - { name: at, dtype: Timestamp }\n  - { name: amout, dtype: Float64 }",
        says: "\
error[V014]: the batch_config of `PushSource.taps` does not yield `amout` of its schema (yields: card_id, amount, at)
--> push.yaml:13:3
hint: did you mean `amount`?
",
    },
    Slip {
        file: "transformation.yaml",
        from: "amount,\n         opened_at\n  FROM spend",
        to: "amunt,\n         opened_at\n  FROM spend",
        says: "\
error[D002]: `sql` of `Transformation.rich` does not fit its tables: column `amunt` does not exist
--> transformation.yaml:6:19
hint: did you mean `amount`?
",
    },
    Slip {
        file: "transformation.yaml",
        from: "SELECT card_id, amount, opened_at FROM rich",
        to: "SELECT card_id, amount, opend_at FROM rich",
        says: "\
error[D002]: `sql` of `Transformation.loud` does not fit its tables: column `opend_at` does not exist
--> transformation.yaml:14:31
hint: did you mean `opened_at`?
",
    },
    Slip {
        file: "transformation.yaml",
        from: "FROM spend",
        to: "FROM cards",
        says: "\
error[R005]: `sql` of `Transformation.rich` reads table `cards`, and was given `spend`
--> transformation.yaml:8:8
hint: name it in `sources` (of a transformation: `inputs`)
",
    },
    Slip {
        file: "transformation.yaml",
        from: "mode: sql",
        to: "mode: pandas",
        says: "\
error[L011]: `pandas` is not a value of `mode` of `Transformation.rich`
--> transformation.yaml:3:7
hint: write one of sql
",
    },
    Slip {
        file: "sums.sql",
        from: "       amount,",
        to: "       amont AS amount,",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_sums` does not fit its tables: column `amont` does not exist
--> sums.sql:3:8
hint: did you mean `amount`?
",
    },
    Slip {
        file: "sums.sql",
        from: "FROM cards",
        to: "FROM card",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_sums` reads table `card`, and was given `cards`
--> sums.sql:5:6
hint: did you mean `cards`?
",
    },
    Slip {
        file: "sums.sql",
        from: "       amount,",
        to: "       amount,,",
        says: "\
error[L014]: `sql` of `BatchFeatureView.card_sums` is not SQL: expected: an expression, found: ,
--> sums.sql:3:15
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at\n  FROM cards AS a JOIN cards AS b ON a.user_id = b.user_id\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `card_id` is in more than one table
--> view.yaml:6:10
hint: say in which, as in `a.card_id` with the table's name
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT a.card_id, a.amount, x.opened_at\n  FROM cards AS a\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: table `x` is not one that the query reads
--> view.yaml:6:31
hint: the tables are a
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, sum(amount) AS amount, opened_at\n  FROM cards\n  GROUP BY card_id\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `opened_at` is neither grouped by nor aggregated
--> view.yaml:6:42
hint: name it in GROUP BY, or aggregate it, as in max(opened_at)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, sum(amount) AS amount, max(opened_at) AS opened_at\n  FROM cards\n  GROUP BY card\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `card` does not exist
--> view.yaml:8:12
hint: did you mean `card_id`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, sum(amount) AS amount, max(opened_at) AS opened_at\n  FROM cards\n  GROUP BY card_id\n  HAVING amount \
            > 3\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amount` is neither grouped by nor aggregated
--> view.yaml:9:10
hint: name it in GROUP BY, or aggregate it, as in max(amount)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, sum(amount) AS amount, max(opened_at) AS opened_at\n  FROM cards\n  GROUP BY card_id\n  HAVING summ > \
            3\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `summ` does not exist
--> view.yaml:9:10
hint: the columns are card_id, amount, opened_at, user_id, limit_eur, day
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, sum(sum(amount)) AS amount, max(opened_at) AS opened_at\n  FROM cards\n  GROUP BY card_id\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: aggregate function calls cannot be nested
--> view.yaml:6:27
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at\n  FROM cards\n  WHERE sum(amount) > 3\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: aggregate functions are not allowed in the WHERE clause
--> view.yaml:8:3
hint: consider using HAVING instead
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at\n  FROM cards\n  WHERE amount\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: rows are chosen by a condition, and `amount` is Float64
--> view.yaml:8:3
hint: compare it, as in amount > 0
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at\n  FROM (SELECT card_id, amont AS amount, opened_at FROM cards)\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amont` does not exist
--> view.yaml:7:25
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at\n  FROM (SELECT card_id, opened_at FROM cards) AS c\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amount` does not exist
--> view.yaml:6:19
hint: the columns are card_id, opened_at
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  WITH c AS (\n    SELECT card_id, amout, opened_at\n    FROM cards\n  )\n  SELECT * FROM c\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amout` does not exist
--> view.yaml:7:21
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  WITH c AS (\n    SELECT card_id, opened_at\n    FROM cards\n  )\n  SELECT card_id, amount, opened_at FROM c\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amount` does not exist
--> view.yaml:10:19
hint: the columns are card_id, opened_at
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, CASE WHEN amount > 3 THEN amount ELSE opened_at END AS amount, opened_at\n  FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: CASE is Float64 in one branch, and Timestamp in another
--> view.yaml:6:19
hint: cast the branches to one type
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, sum(amount) OVER (PARTITION BY usr ORDER BY opened_at) AS amount, opened_at\n  FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `usr` does not exist
--> view.yaml:6:50
hint: the columns are card_id, user_id, amount, limit_eur, day, opened_at
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, rank() OVER (ORDER BY opened_at ROWS 3) AS amount, opened_at\n  FROM cards\n",
        says: "\
error[L014]: `sql` of `BatchFeatureView.card_spend` is not SQL: expected: PRECEDING or FOLLOWING, found: )
--> view.yaml:6:57
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, lagg(amount) OVER (ORDER BY opened_at) AS amount, opened_at\n  FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `lagg` does not exist
--> view.yaml:6:19
hint: did you mean `lag`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards\n  UNION ALL\n  SELECT card_id, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: the sides of UNION have 3 and 2 columns
--> view.yaml:6:3
hint: select as many columns on one side as on the other
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards\n  UNION ALL\n  SELECT card_id, opened_at, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: the query yields two columns `opened_at`
--> view.yaml:8:30
hint: leave one of them out, or give it another name with AS
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM taps\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `taps`, and was given `cards`
--> view.yaml:6:42
hint: name it in `sources` (of a transformation: `inputs`)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, \"Amount\", opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `Amount` does not exist
--> view.yaml:6:19
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM \"Cards\"\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `Cards`, and was given `cards`
--> view.yaml:6:42
hint: did you mean `cards`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, amount, opened_at FROM cards\n",
        says: "\
error[V003]: `sql` of `BatchFeatureView.card_spend` yields two columns `amount`
--> view.yaml:6:27
hint: leave one of them out, or give it another name with AS
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount + 1, opened_at FROM cards\n",
        says: "\
error[V002]: column `cards.amount + Int64(1)` of `BatchFeatureView.card_spend` is not allowed: a column name has only letters, digits and `_`
--> view.yaml:5:1
hint: name it in the query, as in `SELECT a + 1 AS more`, or leave it out
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT *, amount FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: the query yields two columns `amount`
--> view.yaml:6:13
hint: leave one of them out, or give it another name with AS
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT c.* FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: table `c` is not one that the query reads
--> view.yaml:6:10
hint: use the name or the alias that follows FROM
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards ORDER BY amunt\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amunt` does not exist
--> view.yaml:6:57
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards LIMIT card_id\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `card_id` cannot stand here
--> view.yaml:6:54
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards WHERE card_id IN (1, amount, opened_at)\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: can not find compatible types to compare String with [Int64, Float64, \
    Timestamp]
--> view.yaml:6:3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards WHERE amount = (SELECT amount, card_id FROM cards)\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: too many columns! The subquery should only return one column
--> view.yaml:6:3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards WHERE user_id LIKE 3\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: there isn't a common type to coerce String and Int64 in LIKE expression
--> view.yaml:6:62
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount[1] AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: `[…]` takes an item out of an array, and was given (Float64, Int64)
--> view.yaml:6:3
hint: leave the brackets out
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount.x AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: cannot access field at argument 1: type Float64 is not Struct, Map, or \
    Null
--> view.yaml:6:3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, CAST(amount AS MONEY) AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: unsupported SQL type MONEY
--> view.yaml:6:34
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, upper(amount, 3) AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `upper` does not take (Float64, Int64)
--> view.yaml:6:19
hint: cast its arguments, as in CAST(a AS DOUBLE)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, date_trunc(opened_at, 'day') AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: function `date_trunc` does not take (Timestamp, String)
--> view.yaml:6:19
hint: cast its arguments, as in CAST(a AS DOUBLE)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, count(DISTINCT) AS amount, opened_at FROM cards\n",
        says: "\
error[L014]: `sql` of `BatchFeatureView.card_spend` is not SQL: expected: an expression, found: )
--> view.yaml:6:33
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, $1 AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: nothing fills in the parameter `$1`
--> view.yaml:6:19
hint: write the value in its place
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, ? AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: nothing fills in the parameter `?`
--> view.yaml:6:19
hint: write the value in its place
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, @x AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: variable [\"@x\"] has no type information
--> view.yaml:6:3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards JOIN (SELECT 1) ON amount\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: join condition must be boolean type, but got Float64
--> view.yaml:6:3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards WHERE EXISTS (SELECT 1 FROM nowhere)\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `nowhere`, and was given `cards`
--> view.yaml:6:76
hint: name it in `sources` (of a transformation: `inputs`)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM cards, unnest(amount)\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: unnest() can only be applied to array, struct and null
--> view.yaml:6:3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM generate_series(1, 3)\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `generate_series`, and was given `cards`
--> view.yaml:6:42
hint: name it in `sources` (of a transformation: `inputs`)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM 'data/cards.csv'\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `data/cards.csv`, and was given `cards`
--> view.yaml:6:3
hint: did you mean `cards`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM information_schema.tables\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `information_schema.tables`, and was given `cards`
--> view.yaml:6:42
hint: name it in `sources` (of a transformation: `inputs`)
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, amount, opened_at FROM a.b.cards\n",
        says: "\
error[R005]: `sql` of `BatchFeatureView.card_spend` reads table `a.b.cards`, and was given `cards`
--> view.yaml:6:42
hint: did you mean `cards`?
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, NOT amount AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: NOT cannot be used with Float64
--> view.yaml:6:23
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, -card_id AS amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: - cannot be used with String
--> view.yaml:6:20
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT card_id, array_agg(amount) AS amount, max(opened_at) AS opened_at FROM cards GROUP BY 1, 9\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: cannot find column with position 9 in SELECT clause
--> view.yaml:6:3
hint: valid columns: 1 to 3
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT amount, opened_at, card_id FROM cards PIVOT (x)\n",
        says: "\
error[L014]: `sql` of `BatchFeatureView.card_spend` is not SQL: expected: (, found: )
--> view.yaml:6:56
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT * EXCLUDE (foo) FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `foo` does not exist
--> view.yaml:6:21
hint: the columns are card_id, user_id, amount, limit_eur, day, opened_at
",
    },
    Slip {
        file: "view.yaml",
        from: "  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "  SELECT TOP 3 card_id, amount, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: TOP is not a part of weir's SQL
--> view.yaml:6:10
",
    },
    Slip {
        file: "view.yaml",
        from: "sql: |\n  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "sql: SELECT card_id, amunt, opened_at FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amunt` does not exist
--> view.yaml:5:22
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "sql: |\n  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "sql: >\n  SELECT card_id,\n\n  amunt, opened_at\n  FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amunt` does not exist
--> view.yaml:8:3
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "sql: |\n  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "sql: 'SELECT card_id, amunt, opened_at FROM cards WHERE card_id <> ''x'' AND y = 1'\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `y` does not exist
--> view.yaml:5:78
hint: the columns are card_id, user_id, amount, limit_eur, day, opened_at
",
    },
    Slip {
        file: "view.yaml",
        from: "sql: |\n  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "sql: \"SELECT card_id,\\n amunt, opened_at FROM cards\"\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amunt` does not exist
--> view.yaml:5:25
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "sql: |\n  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "sql: SELECT card_id,\n  opened_at,\n  amunt FROM cards\n",
        says: "\
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `amunt` does not exist
--> view.yaml:7:3
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "sql: |\n  SELECT card_id,\n         amount,\n         opened_at\n  FROM cards\n",
        to: "sql: |4\n        SELECT card_id,\n          \"é\", amunt, opened_at\n        FROM cards\n",
        says: "\
error[V002]: column `é` of `BatchFeatureView.card_spend` is not allowed: a column name starts with a letter or `_`
--> view.yaml:5:1
hint: name it in the query, as in `SELECT a + 1 AS more`, or leave it out
error[D002]: `sql` of `BatchFeatureView.card_spend` does not fit its tables: column `é` does not exist
--> view.yaml:7:11
hint: the columns are card_id, user_id, amount, limit_eur, day, opened_at
",
    },
    Slip {
        file: "feed.yaml",
        from: "SELECT card_id, amount, at\n  FROM taps",
        to: "SELECT card_id,\n  amont, at\n  FROM taps",
        says: "\
error[D002]: `sql` of `StreamFeatureView.card_taps` does not fit its tables: column `amont` does not exist
--> feed.yaml:8:3
hint: did you mean `amount`?
",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\nschema: [{ name: card_id, dtype: String }, { name: amount, dtype: Float64 }]\n",
        says: "\
error[V004]: timestamp_field `opened_at` is not a column of `BatchFeatureView.card_spend` (has: card_id, amount)
--> view.yaml:10:18
error[D003]: the schema of `BatchFeatureView.card_spend` is not what its query yields: `opened_at` is not declared
--> view.yaml:11:9
hint: write the schema as the query yields it, or leave `schema` out
",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\nschema: [{ name: card_id, dtype: String }, { name: amount, dtype: Float64 }, { name: \
            opened_at, dtype: Timestamp }, { name: more, dtype: Int64 }]\n",
        says: "\
error[D003]: the schema of `BatchFeatureView.card_spend` is not what its query yields: `more` is missing
--> view.yaml:11:9
hint: write the schema as the query yields it, or leave `schema` out
",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened_at\nschema: [{ name: card_id, dtype: Int64 }, { name: amount, dtype: String }, { name: \
            opened_at, dtype: Timestamp }]\n",
        says: "\
error[V017]: join key `card_id` of `Entity.card` is String, and the column of `BatchFeatureView.card_spend` is Int64
--> view.yaml:4:12
hint: cast the column in the query, or write `dtype: Int64` in `Entity.card`
error[D003]: the schema of `BatchFeatureView.card_spend` is not what its query yields: `card_id` is String, not Int64, `amount` is Float64, not String
--> view.yaml:11:9
hint: write the schema as the query yields it, or leave `schema` out
",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: amount\n",
        says: "\
error[V005]: timestamp_field `amount` of `BatchFeatureView.card_spend` is Float64, not Timestamp
--> view.yaml:10:18
",
    },
    Slip {
        file: "view.yaml",
        from: "timestamp_field: opened_at\n",
        to: "timestamp_field: opened\n",
        says: "\
error[V004]: timestamp_field `opened` is not a column of `BatchFeatureView.card_spend` (has: card_id, amount, opened_at)
--> view.yaml:10:18
hint: did you mean `opened_at`?
",
    },
    Slip {
        file: "view.yaml",
        from: "         opened_at\n  FROM cards\ntimestamp_field: opened_at\n",
        to: "         opened_at, opened_at AS again\n  FROM cards\n",
        says: "\
error[V005]: `BatchFeatureView.card_spend` has 2 Timestamp columns and no `timestamp_field`: opened_at, again
--> view.yaml:2:7
hint: say which one is the time of a row, as `timestamp_field: opened_at`
",
    },
    Slip {
        file: "view.yaml",
        from: "         opened_at\n  FROM cards\ntimestamp_field: opened_at\n",
        to: "         user_id\n  FROM cards\n",
        says: "\
error[V005]: `BatchFeatureView.card_spend` has no Timestamp column (has: card_id, amount, user_id)
--> view.yaml:2:7
hint: add the column with the time of a row, with type Timestamp
",
    },
    Slip {
        file: "entity.yaml",
        from: "dtype: String",
        to: "dtype: Int64",
        says: "\
error[V017]: join key `card_id` of `Entity.card` is Int64, and the column of `StreamFeatureView.card_taps` is String
--> feed.yaml:4:12
hint: cast the column in the query, or write `dtype: String` in `Entity.card`
error[V017]: join key `card_id` of `Entity.card` is Int64, and the column of `BatchFeatureView.card_loud` is String
--> nested.yaml:4:12
hint: cast the column in the query, or write `dtype: String` in `Entity.card`
error[V017]: join key `card_id` of `Entity.card` is Int64, and the column of `BatchFeatureView.card_sums` is String
--> sums.yaml:4:12
hint: cast the column in the query, or write `dtype: String` in `Entity.card`
error[V017]: join key `card_id` of `Entity.card` is Int64, and the column of `BatchFeatureView.card_spend` is String
--> view.yaml:4:12
hint: cast the column in the query, or write `dtype: String` in `Entity.card`
",
    },
    Slip {
        file: "entity.yaml",
        from: "{ name: card_id, dtype: String }",
        to: "card_id, { name: user, dtype: String }",
        says: "\
error[V004]: join key `user` of `Entity.card` is not a column of `StreamFeatureView.card_taps` (has: card_id, amount, at)
--> feed.yaml:4:12
error[V004]: join key `user` of `Entity.card` is not a column of `BatchFeatureView.card_loud` (has: card_id, amount, opened_at)
--> nested.yaml:4:12
error[V004]: join key `user` of `Entity.card` is not a column of `BatchFeatureView.card_sums` (has: card_id, amount, opened_at)
--> sums.yaml:4:12
error[V004]: join key `user` of `Entity.card` is not a column of `BatchFeatureView.card_spend` (has: card_id, amount, opened_at)
--> view.yaml:4:12
",
    },
    Slip {
        file: "sums.yaml",
        from: "column: amount",
        to: "column: amont",
        says: "\
error[V004]: `amont` is not a column of `BatchFeatureView.card_sums` (has: card_id, amount, opened_at)
--> sums.yaml:9:15
hint: did you mean `amount`?
",
    },
    Slip {
        file: "sums.yaml",
        from: "column: amount, function: sum",
        to: "column: card_id, function: sum",
        says: "\
error[V006]: `sum` takes a number, and `card_id` is String
--> sums.yaml:9:34
",
    },
    Slip {
        file: "sums.yaml",
        from: "last(3)",
        to: "last(0)",
        says: "\
error[L011]: `aggregations[1].function` of `BatchFeatureView.card_sums`: `0` cannot be the n of `last`: it is a whole number from 1 to 1000
--> sums.yaml:10:34
",
    },
    Slip {
        file: "sums.yaml",
        from: "last(3)",
        to: "lst(3)",
        says: "\
error[L011]: `aggregations[1].function` of `BatchFeatureView.card_sums`: `lst` is not an aggregation function, did you mean `last`?
--> sums.yaml:10:34
",
    },
    Slip {
        file: "sums.yaml",
        from: "last(3)",
        to: "approx_percentile(2)",
        says: "\
error[L011]: `aggregations[1].function` of `BatchFeatureView.card_sums`: `2` cannot be the percentile of `approx_percentile`: it is a number from 0 to \
    1
--> sums.yaml:10:34
",
    },
    Slip {
        file: "sums.yaml",
        from: "column: card_id, function: last(3)",
        to: "column: opened_at, function: mean",
        says: "\
error[V006]: `mean` takes a number, and `opened_at` is Timestamp
--> sums.yaml:10:36
",
    },
    Slip {
        file: "sums.yaml",
        from: "sql_file: sums.sql",
        to: "sql_file: sum.sql",
        says: "\
error[L013]: `sum.sql` cannot be read: it does not exist
--> sums.yaml:5:11
hint: did you mean `sums.sql`?
",
    },
    Slip {
        file: "sums.yaml",
        from: "sql_file: sums.sql",
        to: "sql_file: sums.sql\nsql: SELECT 1",
        says: "\
error[V004]: join key `card_id` of `Entity.card` is not a column of `BatchFeatureView.card_sums` (has: Int64(1))
--> sums.yaml:4:12
error[V008]: `BatchFeatureView.card_sums` has both `sql` and `sql_file`
--> sums.yaml:5:11
hint: keep one of them
error[V004]: timestamp_field `opened_at` is not a column of `BatchFeatureView.card_sums` (has: Int64(1))
--> sums.yaml:7:18
error[V004]: `amount` is not a column of `BatchFeatureView.card_sums` (has: Int64(1))
--> sums.yaml:10:15
error[V004]: `card_id` is not a column of `BatchFeatureView.card_sums` (has: Int64(1))
--> sums.yaml:11:15
",
    },
    Slip {
        file: "service.yaml",
        from: "features: [card_spend]",
        to: "features: [{ view: card_spend, features: [amont] }]",
        says: "\
error[V004]: `amont` is not a feature of `BatchFeatureView.card_spend` (has: amount)
--> service.yaml:3:43
hint: did you mean `amount`?
",
    },
    Slip {
        file: "service.yaml",
        from: "features: [card_spend]",
        to: "features: [{ view: card_sums, features: [amount_sum_7d] }]",
        says: "\
error[V004]: `amount_sum_7d` is not a feature of `BatchFeatureView.card_sums` (has: amount_sum_7d_1d, card_id_last_3_7d_1d)
--> service.yaml:3:42
hint: did you mean `amount_sum_7d_1d`?
",
    },
    Slip {
        file: "service.yaml",
        from: "features: [card_spend]",
        to: "features: [{ view: card_spend, features: [card_id] }]",
        says: "\
error[V004]: `card_id` is not a feature of `BatchFeatureView.card_spend` (has: amount)
--> service.yaml:3:43
",
    },
    Slip {
        file: "service.yaml",
        from: "features: [card_spend]",
        to: "features: [{ view: card_spend, join_key_map: { card: payer } }]",
        says: "\
error[V015]: `card` is not a join key of `BatchFeatureView.card_spend` (has: card_id)
--> service.yaml:3:54
hint: did you mean `card_id`?
",
    },
    Slip {
        file: "service.yaml",
        from: "features: [card_spend]",
        to: "features: [card_spend, { view: card_loud, namespace: card_spend }]",
        says: "\
error[V013]: namespace `card_spend` of `FeatureService.spend` is used twice
--> service.yaml:3:54
hint: give one of them a `namespace` of its own
",
    },
    Slip {
        file: "service.yaml",
        from: "features: [card_spend]",
        to: "features: [card_spends]",
        says: "\
error[R001]: `FeatureService.spend` refers to BatchFeatureView or StreamFeatureView `card_spends`, which is not declared
--> service.yaml:3:12
hint: did you mean `card_spend`?
",
    },
    Slip {
        file: "nested.yaml",
        from: "transformation: { name: loud }",
        to: "transformation: { name: lod }",
        says: "\
error[R001]: `BatchFeatureView.card_loud` refers to Transformation `lod`, which is not declared
--> nested.yaml:5:25
hint: did you mean `loud`?
",
    },
    Slip {
        file: "nested.yaml",
        from: "transformation: { name: loud }",
        to: "transformation: { name: loud, inputs: [taps] }",
        says: "\
error[R005]: input `taps` is not one of the sources of `BatchFeatureView.card_loud` (has: cards)
--> nested.yaml:5:40
",
    },
    Slip {
        file: "nested.yaml",
        from: "transformation: { name: loud }",
        to: "transformation: { name: loud, inputs: [cards, cards] }",
        says: "\
error[V012]: `BatchFeatureView.card_loud` gives `Transformation.loud` 2 inputs, and it takes 1: spend
--> nested.yaml:5:17
hint: write `inputs:` with one source for each of them, in that order
",
    },
    Slip {
        file: "nested.yaml",
        from: "sources: [cards]",
        to: "sources: [cards, taps]",
        says: "\
error[V012]: `BatchFeatureView.card_loud` gives `Transformation.loud` 2 inputs, and it takes 1: spend
--> nested.yaml:5:17
hint: write `inputs:` with one source for each of them, in that order
",
    },
    Slip {
        file: "feed.yaml",
        from: "timestamp_field: at",
        to: "timestamp_field: ats",
        says: "\
error[V004]: timestamp_field `ats` is not a column of `StreamFeatureView.card_taps` (has: card_id, amount, at)
--> feed.yaml:5:18
hint: did you mean `at`?
",
    },
    Slip {
        file: "feed.yaml",
        from: "sources: [taps]",
        to: "sources: [cards]",
        says: "\
error[V012]: stream view `StreamFeatureView.card_taps` reads 0 push sources, and needs exactly one (reads: `BatchSource.cards`)
--> feed.yaml:3:10
hint: name a PushSource, or make this a BatchFeatureView
error[R005]: `sql` of `StreamFeatureView.card_taps` reads table `taps`, and was given `cards`
--> feed.yaml:8:8
hint: name it in `sources` (of a transformation: `inputs`)
",
    },
    Slip {
        file: "feed.yaml",
        from: "SELECT card_id, amount, at",
        to: "SELECT card_id, CAST(amount AS DECIMAL(10, 2)) AS amount, at",
        says: "\
error[D004]: column `amount` of `StreamFeatureView.card_taps` is DECIMAL(10, 2), which no feature can be
--> feed.yaml:6:1
hint: write `CAST(amount AS DOUBLE) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         CAST(amount AS SMALLINT) AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is SMALLINT, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS INT) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         CAST(amount AS INT UNSIGNED) AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is INT UNSIGNED, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS BIGINT) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         opened_at - opened_at AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is INTERVAL, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS STRING) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         CAST(opened_at AS TIME) AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is TIME, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS STRING) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         CAST(card_id AS BYTEA) AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is BINARY, which no feature can be
--> view.yaml:5:1
hint: write `encode(amount, 'hex') AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         NULL AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is NULL, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS STRING) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         [day] AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is an array of DATE, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS TIMESTAMP[]) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         INTERVAL '1 day' AS amount,",
        says: "\
error[D004]: column `amount` of `BatchFeatureView.card_spend` is INTERVAL, which no feature can be
--> view.yaml:5:1
hint: write `CAST(amount AS STRING) AS amount`, or leave the column out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amount AS \"a__b\",",
        says: "\
error[V002]: column `a__b` of `BatchFeatureView.card_spend` is not allowed: a column name has single underscores only: `__` separates namespace and \
    feature
--> view.yaml:5:1
hint: name it in the query, as in `SELECT a + 1 AS more`, or leave it out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amount AS \"my amount\",",
        says: "\
error[V002]: column `my amount` of `BatchFeatureView.card_spend` is not allowed: a column name has only letters, digits and `_`
--> view.yaml:5:1
hint: name it in the query, as in `SELECT a + 1 AS more`, or leave it out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         amount + 1,",
        says: "\
error[V002]: column `cards.amount + Int64(1)` of `BatchFeatureView.card_spend` is not allowed: a column name has only letters, digits and `_`
--> view.yaml:5:1
hint: name it in the query, as in `SELECT a + 1 AS more`, or leave it out
",
    },
    Slip {
        file: "view.yaml",
        from: "         amount,",
        to: "         count(1) OVER (),",
        says: "\
error[V002]: column `count(Int64(1)) ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING` of `BatchFeatureView.card_spend` is not allowed: a \
    column name has only letters, digits and `_`
--> view.yaml:5:1
hint: name it in the query, as in `SELECT a + 1 AS more`, or leave it out
",
    },
    Slip {
        file: "source.yaml",
        from: "file_format: csv",
        to: "file_format: csv\n  schema_override: [{ name: amount, dtype: Money }]",
        says: "\
error[L011]: `batch_config.schema_override[0].dtype` of `BatchSource.cards`: `Money` is not a type; the types are Bool, Int32, Int64, Float32, \
    Float64, String, Timestamp, Array<T>, Map<String, T>, Struct<a: T>
--> source.yaml:7:44
error[V004]: timestamp_field `opened_at` is not a column that the batch_config of `BatchSource.cards` yields (yields: amount)
--> source.yaml:8:20
",
    },
    Slip {
        file: "source.yaml",
        from: "timestamp_field: opened_at",
        to: "timestamp_field: user_id\n  timestamp_format: \"yyyy-MM-dd 'open\"",
        says: "\
error[V016]: timestamp_format `yyyy-MM-dd 'open` of the batch_config of `BatchSource.cards` cannot be read: a quote is not closed
--> source.yaml:8:21
hint: write it with letters such as yyyy-MM-dd HH:mm:ss, or CAST the column in the post_processor
",
    },
    Slip {
        file: "source.yaml",
        from: "kind: FileConfig\n",
        to: "kind: FileConfig\n  post_processor: SELECT card_id, user_id, amount, limit_eur, day, opend_at FROM input\n",
        says: "\
error[D002]: `batch_config.post_processor` of `BatchSource.cards` does not fit its tables: column `opend_at` does not exist
--> source.yaml:5:68
hint: did you mean `opened_at`?
error[V004]: timestamp_field `opened_at` is not a column that the batch_config of `BatchSource.cards` yields (yields: card_id, user_id, amount, \
    limit_eur, day, opend_at)
--> source.yaml:8:20
hint: did you mean `opend_at`?
",
    },
    Slip {
        file: "source.yaml",
        from: "kind: FileConfig\n",
        to: "kind: FileConfig\n  folder: data\n",
        says: "\
error[L009]: `folder` is not a field of `batch_config`
--> source.yaml:5:3
hint: the fields are uri, file_format, timestamp_field, timestamp_format, post_processor, data_delay, schema_override
",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,",
        to: "           amount || 1 < 2 AS amount,",
        says: "\
error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: cannot infer common string type for string concat operation \
    Float64 || Int64
--> push.yaml:14:12
",
    },
    Slip {
        file: "push.yaml",
        from: "           amount,",
        to: "           round(user_id) AS amount,",
        says: "\
error[D002]: `batch_config.post_processor` of `PushSource.taps` does not fit its tables: function `round` does not take (String)
--> push.yaml:14:12
hint: cast its arguments, as in CAST(a AS DOUBLE)
",
    },
    Slip {
        file: "sums.yaml",
        from: "function: sum, time_window: 7d",
        to: "function: sum, time_window: 90m",
        says: "\
error[V007]: time_window 90m of `BatchFeatureView.card_sums` is not a multiple of its aggregation_interval 1d
--> sums.yaml:9:51
hint: write a multiple of 1d, as `1d`
",
    },
];

/// A repo with queries of every sort: over a push source, through transformations, in a file of their own.
fn full() -> Repo {
    let repo = repo();
    for (path, text) in [
        ("transformation.yaml", TRANSFORMATION),
        ("nested.yaml", NESTED),
        ("sums.yaml", SUMS),
        ("sums.sql", SUMS_SQL),
        ("feed.yaml", FEED),
    ] {
        repo.write(path, text);
    }
    repo
}

#[test]
fn a_repo_with_queries_of_every_sort_is_valid() {
    validate(&full()).exits(0);
}

#[test]
fn every_slip_is_found_where_it_is() {
    let mut faults = Vec::new();
    for slip in SLIPS {
        let repo = full();
        let text = std::fs::read_to_string(repo.path().join(slip.file)).unwrap();
        assert!(text.contains(slip.from), "{} has no {:?}", slip.file, slip.from);
        repo.write(slip.file, &text.replacen(slip.from, slip.to, 1));
        let run = validate(&repo);
        let said = told(&run.stderr);
        if run.code != Some(1) || said != slip.says {
            faults.push(format!("{}: {:?} -> {:?} gives {:?}:\n{said}", slip.file, slip.from, slip.to, run.code));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n----\n"));
}
