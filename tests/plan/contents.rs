//! What a plan shows of what it creates, takes away and makes grow.

use super::{BATCH, EVENTS, ads, check, edit, spend};

const WIDE: &str = "
kind: Entity
name: card
join_keys: [{ name: card_id, dtype: String }, { name: bank, dtype: Int64 }]
---
kind: PushSource
name: paid
schema:
  - { name: card_id, dtype: String }
  - { name: bank, dtype: Int64 }
  - { name: at, dtype: Timestamp }
  - { name: amount, dtype: Float64 }
---
kind: StreamFeatureView
name: payments
sources: [paid]
entities: [card]
offline: true
feature_start_time: 2024-01-01
aggregations:
  - { column: amount, function: sum, time_window: 1h }
  - { column: amount, function: sum, time_window: 7d }
  - { column: amount, function: sum, time_window: 9d }
  - { column: amount, function: mean, time_window: 1h }
  - { column: amount, function: min, time_window: 1h }
  - { column: amount, function: max, time_window: 1h }
  - { column: amount, function: last(3), time_window: 1d }
  - { column: amount, function: count, time_window: 30d, name: n }
---
kind: FeatureService
name: fraud
prevent_destroy: true
online_serving_enabled: false
features: [{ view: payments, features: [n, amount_mean_1h_continuous] }]
";

#[test]
fn creates_show_what_they_bring_and_long_lists_are_cut() {
    check(
        "",
        WIDE,
        r#"
+ Entity.card
    join keys: card_id String, bank Int64
+ PushSource.paid
    columns: card_id String, bank Int64, at Timestamp, amount Float64
+ StreamFeatureView.payments
    entity: card; source: paid; serves: offline
    features: amount_sum_1h_continuous Float64,
      amount_sum_7d_continuous Float64, amount_sum_9d_continuous Float64,
      amount_mean_1h_continuous Float64, and 4 more (-v lists them)
+ FeatureService.fraud
    serves: nothing
    features: payments.amount_mean_1h_continuous Float64, payments.n Int64
    prevent_destroy: true

Plan: 4 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.fraud: payments.amount_mean_1h_continuous payments.n
"#,
    );
}

#[test]
fn what_only_open_sources_can_tell_is_said_to_be_unknown() {
    let unknown = format!(
        "{BATCH}online: true\nfeature_start_time: 2024-01-01\n---
kind: BatchFeatureView
name: sums
sources: [orders]
entities: [user]
online: true
feature_start_time: 2024-01-01
aggregation_interval: 1d
sql: SELECT user_id, at, amount FROM orders
aggregations: [{{ column: amount, function: sum, time_window: 1d }}]
---
kind: FeatureService
name: all_of_it
features: [spend, sums]
---
kind: Transformation
name: star
mode: sql
inputs: [t]
sql: SELECT * FROM t
---
kind: Transformation
name: named
mode: sql
inputs: [t, star]
sql: SELECT t.a, star.b AS c FROM t JOIN star ON t.a = star.a
"
    );
    check(
        "",
        &unknown,
        r#"
+ Entity.user
    join key: user_id
+ BatchSource.orders
    columns: not known until its data is opened
+ Transformation.star
    input: t
    yields: not known until its sources are opened
+ Transformation.named
    inputs: t, star
    yields: a, c
+ BatchFeatureView.spend
    entity: user; source: orders; serves: online
    features: not known until its sources are opened
    backfill: 10 jobs, 2024-01-01 → now, 1055 days, online
    then a job every day, online
+ BatchFeatureView.sums
    entity: user; source: orders; serves: online
    features: amount_sum_1d_1d
      (types: not known until its sources are opened)
    backfill: 10 jobs, 2024-01-01 → now, 1055 days, online
    then a job every day, online
+ FeatureService.all_of_it
    serves: online
    features: sums.amount_sum_1d_1d
      (types: not known until its sources are opened)
    features of BatchFeatureView.spend: not known until its sources are opened

Plan: 7 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      20 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.all_of_it: sums.amount_sum_1d_1d
"#,
    );
}

#[test]
fn deletes_show_what_readers_had() {
    check(
        &ads(),
        EVENTS,
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
- StreamFeatureView.clicks
    served: online
    removes feature: clicked Int64

Plan: 0 to create, 0 to update, 0 to recreate, 2 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
    check(
        &spend(""),
        "",
        r#"
- BatchFeatureView.spend
    removes feature: amount Float64
- BatchSource.orders
- Entity.user

Plan: 0 to create, 0 to update, 0 to recreate, 3 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn what_grows_and_what_gets_another_type_is_shown_with_types() {
    edit(
        &ads(),
        "  - { name: clicked, dtype: Int64 }\n",
        "  - { name: clicked, dtype: Int64 }\n  - { name: ad, dtype: String }\n",
        r#"
~ PushSource.events
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad, dtype: String}
~ StreamFeatureView.clicks
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad, dtype: String}
    adds feature: ad String

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked clicks.ad
"#,
    );
    edit(
        &ads(),
        "  - { name: clicked, dtype: Int64 }\n",
        "  - { name: clicked, dtype: Float64 }\n  - { name: ad, dtype: String }\n",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
      + {name: ad, dtype: String}
    ± StreamFeatureView.clicks ← PushSource.events
        adds feature: ad String
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events
        adds feature: clicks.ad String
        another type: clicks.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.ad clicks.clicked
"#,
    );
    edit(
        &ads(),
        "  - { name: clicked, dtype: Int64 }\n",
        "  - { name: seen, dtype: Bool }\n",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: seen, dtype: Bool}
    ± StreamFeatureView.clicks ← PushSource.events
        adds feature: seen Bool
        removes feature: clicked Int64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events
        adds feature: clicks.seen Bool
        removes feature: clicks.clicked Int64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.seen
"#,
    );
}
