//! A recreate or a delete recreates everything that depended on it, with the whole path that leads to it.

use super::{CLICKS, EVENTS, ads, check, edit, spend};

#[test]
fn along_a_chain() {
    edit(
        &ads(),
        "Int64",
        "Float64",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks ← PushSource.events
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events
        another type: clicks.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn an_update_reaches_nobody() {
    edit(
        &ads(),
        "  - { name: clicked, dtype: Int64 }",
        "  - { name: clicked, dtype: Int64 }\ndescription: Ad clicks",
        r#"
~ PushSource.events
    description: (unset) -> Ad clicks

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_column_at_the_end_passes_through_to_the_view() {
    edit(
        &ads(),
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

/// The service reads two views, and both read one source.
const DIAMOND: &str = "
kind: StreamFeatureView
name: visits
sources: [events]
entities: [user]
online: true
---
kind: StreamFeatureView
name: clicks
sources: [events]
entities: [user]
online: true
---
kind: FeatureService
name: ads
features: [clicks, visits]
";

#[test]
fn down_both_sides_of_a_diamond_each_once() {
    edit(
        &format!("{EVENTS}{DIAMOND}"),
        "Int64",
        "Float64",
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks ← PushSource.events
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± StreamFeatureView.visits ← PushSource.events
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events
        another type: clicks.clicked Int64 -> Float64,
          visits.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 4 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked visits.clicked
"#,
    );
}

#[test]
fn two_roots_and_each_cascade_below_one_of_them() {
    let declared = format!("{EVENTS}{DIAMOND}").replace("Int64", "Float64").replace("[user_id]", "[user_id, at]");
    check(
        &format!("{EVENTS}{DIAMOND}"),
        &declared,
        r#"
± Entity.user
    join_keys:  (recreates)
        user_id
      + at
    ± StreamFeatureView.clicks ← Entity.user
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± StreamFeatureView.visits ← Entity.user
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← Entity.user
        another type: clicks.clicked Int64 -> Float64,
          visits.clicked Int64 -> Float64
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}

Plan: 0 to create, 0 to update, 5 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked visits.clicked
"#,
    );
}

#[test]
fn a_change_of_its_own_and_one_from_above() {
    let declared = ads().replace("Int64", "Float64").replace("online: true", "online: true\nttl: 30d");
    check(
        &ads(),
        &declared,
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
± StreamFeatureView.clicks
    schema:
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ttl: (unset) -> 30d  (recreates, can be suppressed)
    another type: clicked Int64 -> Float64
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks
        another type: clicks.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn from_a_delete_to_what_was_rewritten_meanwhile() {
    let visits = "kind: PushSource\nname: visits\nschema:\n- { name: user_id, dtype: String }\n- { name: at, dtype: Timestamp }\n\
         - { name: seen, dtype: Bool }\n---";
    let entity = EVENTS.split("---").next().unwrap();
    let declared = format!("{entity}---\n{visits}{}", CLICKS.replace("[events]", "[visits]"));
    check(
        &ads(),
        &declared,
        r#"
- PushSource.events
+ PushSource.visits
    columns: user_id String, at Timestamp, seen Bool
± StreamFeatureView.clicks
    schema:
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: seen, dtype: Bool}
    sources:  (recreates, can be suppressed)
      - events
      + visits
    adds feature: seen Bool
    removes feature: clicked Int64
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks
        adds feature: clicks.seen Bool
        removes feature: clicks.clicked Int64

Plan: 1 to create, 0 to update, 2 to recreate, 1 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.seen
"#,
    );
}

#[test]
fn what_is_deleted_with_what_it_depended_on_is_only_deleted() {
    check(
        &ads(),
        EVENTS.split("---").next().unwrap(),
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
- StreamFeatureView.clicks
    served: online
    removes feature: clicked Int64
- PushSource.events

Plan: 0 to create, 0 to update, 0 to recreate, 3 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_kind_under_one_name_is_a_delete_and_a_create_that_cascade() {
    let view = "---\nkind: FeatureService\nname: shop\nfeatures: [spend]\nonline_serving_enabled: false\n";
    let recorded = spend(view);
    let push = "kind: PushSource\nname: orders\nschema:\n- { name: user_id, dtype: String }\n- { name: at, dtype: Timestamp }\n\
         - { name: amount, dtype: Float64 }\n";
    let source = "kind: BatchSource\nname: orders\nbatch_config: { kind: HiveConfig, database: shop, table: orders, timestamp_field: at }\n";
    let declared = recorded.replace(source, push).replace("BatchFeatureView", "StreamFeatureView");
    check(
        &recorded,
        &declared,
        r#"
- BatchFeatureView.spend
    removes feature: amount Float64
    ± FeatureService.shop ← BatchFeatureView.spend
- BatchSource.orders
+ PushSource.orders
    columns: user_id String, at Timestamp, amount Float64
+ StreamFeatureView.spend
    entity: user; source: orders; serves: nothing
    features: amount Float64

Plan: 2 to create, 0 to update, 1 to recreate, 2 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.shop: spend.amount
"#,
    );
}

#[test]
fn a_suppressed_root_reaches_nobody() {
    let scene = super::Scene::suppressing(super::Suppress::All);
    scene.edit(
        &spend(""),
        "table: orders",
        "table: orders_v2",
        r#"
~ BatchSource.orders
    recreate suppressed: nothing is built again
    batch_config.table: orders -> orders_v2  (recreates, can be suppressed)
    warning: not checked: whether `BatchSource.orders` still has the same columns, because no source was opened

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}
