//! What a protected resource reads, row by row: a change of it that is refused, and one that is not.

use super::{BATCH, CLICKS, COLUMNS, EVENTS, Scene, check, edit, protected};

#[test]
fn what_it_read_is_deleted_while_it_is_edited() {
    let visits = CLICKS.split("---").next().unwrap().replace("clicks", "visits");
    let recorded =
        format!("{EVENTS}{visits}---{CLICKS}prevent_destroy: true\n").replace("[clicks]", "[clicks, visits]");
    check(
        &recorded,
        &protected(),
        r#"
- StreamFeatureView.visits
    served: online
    removes feature: clicked Int64
± FeatureService.ads
    features:  (recreates)
        clicks
      - visits
    removes feature: visits.clicked Int64

2 refusals:

error[P002]: the plan would recreate `FeatureService.ads`, which sets
  prevent_destroy
note: FeatureService.ads: features
hint: keep `FeatureService.ads` as it is recorded, and declare the new one
  beside it as `ads:v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

error[P003]: the plan would delete `StreamFeatureView.visits`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.visits: deleted
hint: set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 1 to recreate, 1 to delete, 3 unchanged,
      0 backfill jobs, 2 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
    Scene::DEVELOPMENT.check(
        &recorded,
        &protected(),
        r#"
- StreamFeatureView.visits
    served: online
    removes feature: clicked Int64
± FeatureService.ads
    features:  (recreates)
        clicks
      - visits
    removes feature: visits.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 1 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn the_source_it_read_is_deleted_and_the_view_points_elsewhere() {
    let recorded = protected();
    let declared = recorded.replace("name: events", "name: taps").replace("[events]", "[taps]");
    check(
        &recorded,
        &declared,
        r#"
- PushSource.events
+ PushSource.taps
    columns: user_id String, at Timestamp, clicked Int64
± StreamFeatureView.clicks
    sources:  (recreates, can be suppressed)
      - events
      + taps
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks

warning: `PushSource.events` is deleted and `PushSource.taps` is created with
  the same spec: this looks like a rename
hint: to keep identity and data, add `renamed_from: events` to `PushSource.taps`

2 refusals:

error[P003]: the plan would recreate `StreamFeatureView.clicks`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks: sources
hint: keep `StreamFeatureView.clicks` as it is recorded, and declare the new one
  beside it as `clicks:v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

error[P003]: the plan would delete `PushSource.events`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events: deleted
hint: add `renamed_from: events` to `PushSource.taps`: a rename keeps identity,
  data and protection
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 1 to create, 0 to update, 2 to recreate, 1 to delete, 1 unchanged,
      0 backfill jobs, 2 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn the_view_it_read_changes_its_kind() {
    let service = "---\nkind: FeatureService\nname: shop\nfeatures: [spend]\nprevent_destroy: true\n";
    let history = "batch_config: { kind: HiveConfig, database: shop, table: orders, timestamp_field: at }\n";
    let push = "schema:\n  - { name: user_id, dtype: String }\n  - { name: at, dtype: Timestamp }\n  - { name: amount, dtype: Float64 }\n";
    let online = "online: true\nfeature_start_time: 2026-11-01\n";
    let recorded = format!("{BATCH}{COLUMNS}{online}{service}")
        .replace("kind: BatchSource", "kind: PushSource")
        .replace(history, &format!("{push}{history}"));
    edit(
        &recorded,
        "kind: BatchFeatureView",
        "kind: StreamFeatureView",
        r#"
- BatchFeatureView.spend
    served: online
    removes feature: amount Float64
    cancels 2 recorded jobs
    ± FeatureService.shop ← BatchFeatureView.spend
+ StreamFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64
    backfill: 10 jobs, 2026-11-01 → now, 20 days, online
    then a job every day, online

1 refusal:

error[P003]: the plan would delete `BatchFeatureView.spend`, which protected
  `FeatureService.shop` depends on
note: FeatureService.shop ← BatchFeatureView.spend: deleted
hint: keep `BatchFeatureView.spend` as it is recorded, and declare the new one
  beside it as `spend:v2`
hint: or set `prevent_destroy: false` on `FeatureService.shop`, apply that
  alone, then make the change

Plan: 1 to create, 0 to update, 1 to recreate, 1 to delete, 2 unchanged,
      10 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.shop: spend.amount
"#,
    );
    Scene::DEVELOPMENT.edit(
        &recorded,
        "kind: BatchFeatureView",
        "kind: StreamFeatureView",
        r#"
- BatchFeatureView.spend
    served: online
    removes feature: amount Float64
    ± FeatureService.shop ← BatchFeatureView.spend
+ StreamFeatureView.spend
    entity: user; source: orders; serves: online
    features: amount Float64

Plan: 1 to create, 0 to update, 1 to recreate, 1 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.shop: spend.amount
"#,
    );
}

#[test]
fn protected_itself_and_taken_offline() {
    let view = CLICKS.split("---").next().unwrap();
    let recorded = format!("{EVENTS}{view}prevent_destroy: true\n");
    edit(
        &recorded,
        "online: true",
        "online: false",
        r#"
~ StreamFeatureView.clicks
    online: true -> false  (takes serving or history away)

1 refusal:

error[P004]: the plan would take serving or history from
  `StreamFeatureView.clicks`, which sets prevent_destroy
note: StreamFeatureView.clicks: online
hint: set `prevent_destroy: false` on `StreamFeatureView.clicks`, apply that
  alone, then make the change

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
    Scene::DEVELOPMENT.edit(
        &recorded,
        "online: true",
        "online: false",
        r#"
~ StreamFeatureView.clicks
    online: true -> false  (takes serving or history away)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn read_by_something_protected_and_its_history_starts_later() {
    let stored = "online: true\noffline: true\nfeature_start_time: 2026-11-01";
    let recorded = protected().replace("online: true", stored);
    edit(
        &recorded,
        "2026-11-01",
        "2026-11-02",
        r#"
~ StreamFeatureView.clicks
    feature_start_time: 2026-11-01T00:00:00Z -> 2026-11-02T00:00:00Z
      (takes serving or history away)

1 refusal:

error[P004]: the plan would take serving or history from
  `StreamFeatureView.clicks`, which protected `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks: feature_start_time
hint: set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
    edit(
        &recorded,
        "2026-11-01",
        "2026-10-01",
        r#"
~ StreamFeatureView.clicks
    feature_start_time: 2026-11-01T00:00:00Z -> 2026-10-01T00:00:00Z

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_protected_service_that_stops_serving() {
    edit(
        &protected(),
        "prevent_destroy: true",
        "prevent_destroy: true\nonline_serving_enabled: false",
        r#"
~ FeatureService.ads
    online_serving_enabled: true -> false  (takes serving or history away)

1 refusal:

error[P004]: the plan would take serving or history from `FeatureService.ads`,
  which sets prevent_destroy
note: FeatureService.ads: online_serving_enabled
hint: set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_protected_service_grows() {
    let visits = CLICKS.split("---").next().unwrap().replace("clicks", "visits");
    let recorded = format!("{EVENTS}{visits}---{CLICKS}prevent_destroy: true\n");
    edit(
        &recorded,
        "features: [clicks]",
        "features: [clicks, visits]",
        r#"
~ FeatureService.ads
    features:
        clicks
      + visits
    adds feature: visits.clicked Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked visits.clicked
"#,
    );
}

#[test]
fn what_a_protected_service_reads_grows() {
    edit(
        &protected(),
        "  - { name: clicked, dtype: Int64 }",
        "  - { name: clicked, dtype: Int64 }\n  - { name: ad_id, dtype: String }",
        r#"
~ PushSource.events
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad_id, dtype: String}
~ StreamFeatureView.clicks
    schema:
        {name: clicked, dtype: Int64}
      + {name: ad_id, dtype: String}
    adds feature: ad_id String

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked clicks.ad_id
"#,
    );
}
