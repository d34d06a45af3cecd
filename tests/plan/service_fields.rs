//! What a change of each field of a transformation or a service does (spec 1, "Kinds and fields").

use super::{CLICKS, EVENTS, ads, edit, same};

const CLEANED: &str = "
kind: Transformation
name: cleaned
mode: sql
inputs: [rows]
sql: SELECT user_id, at FROM rows
";

#[test]
fn other_inputs_and_another_query_recreate_a_transformation() {
    edit(
        CLEANED,
        "inputs: [rows]\nsql: SELECT user_id, at FROM rows",
        "inputs: [raw]\nsql: SELECT at, user_id FROM raw",
        r#"
± Transformation.cleaned
    inputs:  (recreates, can be suppressed)
      - rows
      + raw
    sql: SELECT user_id, at FROM rows -> SELECT at, user_id FROM raw
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_that_appends_columns_is_an_update() {
    edit(
        CLEANED,
        "user_id, at",
        "user_id, at, amount * 2 AS double",
        r#"
~ Transformation.cleaned
    sql:
      - SELECT user_id, at FROM rows
      + SELECT user_id, at, amount * 2 AS double FROM rows

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_that_appends_and_filters_recreates() {
    edit(
        CLEANED,
        "user_id, at FROM rows",
        "user_id, at, amount FROM rows WHERE amount > 0",
        r#"
± Transformation.cleaned
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at FROM rows
      + SELECT user_id, at, amount FROM rows WHERE amount > 0

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_query_whose_columns_swap_recreates() {
    edit(
        CLEANED,
        "user_id, at",
        "at, user_id",
        r#"
± Transformation.cleaned
    sql: SELECT user_id, at FROM rows -> SELECT at, user_id FROM rows
      (recreates, can be suppressed)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn appending_to_a_distinct_query_recreates() {
    edit(
        &CLEANED.replace("SELECT", "SELECT DISTINCT"),
        "user_id, at",
        "user_id, at, amount",
        r#"
± Transformation.cleaned
    sql:  (recreates, can be suppressed)
      - SELECT DISTINCT user_id, at FROM rows
      + SELECT DISTINCT user_id, at, amount FROM rows

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

/// The features of a view that has two.
const TWO: &str = "online: true
aggregations:
  - { column: clicked, function: last, time_window: 1h, name: last }
  - { column: clicked, function: first, time_window: 1h, name: first }";

/// A second view for services to read.
const VISITS: &str = "
kind: StreamFeatureView
name: visits
sources: [events]
entities: [user]
online: true
---";

#[test]
fn a_service_grows_in_place() {
    edit(
        &format!("{EVENTS}{VISITS}{CLICKS}"),
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
fn a_service_that_loses_a_view_is_recreated() {
    edit(
        &format!("{EVENTS}{VISITS}{CLICKS}").replace("features: [clicks]", "features: [clicks, visits]"),
        "features: [clicks, visits]",
        "features: [clicks]",
        r#"
± FeatureService.ads
    features:  (recreates)
        clicks
      - visits
    removes feature: visits.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn a_service_in_another_order_is_the_same() {
    let both = format!("{EVENTS}{VISITS}{CLICKS}").replace("features: [clicks]", "features: [clicks, visits]");
    same(&both, &both.replace("[clicks, visits]", "[visits, clicks]"));
}

#[test]
fn a_service_that_grows_in_another_order_grows_at_its_end() {
    edit(
        &format!("{EVENTS}{VISITS}{CLICKS}"),
        "features: [clicks]",
        "features: [visits, clicks]",
        r#"
~ FeatureService.ads
    features:
      + visits
        clicks
    adds feature: visits.clicked Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked visits.clicked
"#,
    );
}

#[test]
fn a_service_with_fewer_features_of_a_view_is_recreated() {
    edit(
        &ads().replace("online: true", TWO),
        "features: [clicks]",
        "features: [{ view: clicks, features: [last] }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: clicks, features: [last]}
    removes feature: clicks.first Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.last
"#,
    );
}

#[test]
fn a_service_with_more_features_of_a_view_grows() {
    edit(
        &ads().replace("online: true", TWO).replace("[clicks]", "[{ view: clicks, features: [last] }]"),
        "features: [last]",
        "features: [first, last]",
        r#"
~ FeatureService.ads
    features:
      - {view: clicks, namespace: clicks, features: [last]}
      + {view: clicks, namespace: clicks, features: [first, last]}
    adds feature: clicks.first Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.last clicks.first
"#,
    );
}

#[test]
fn another_namespace_recreates() {
    edit(
        &ads(),
        "features: [clicks]",
        "features: [{ view: clicks, namespace: c }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: c}
    adds feature: c.clicked Int64
    removes feature: clicks.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: c.clicked
"#,
    );
}

#[test]
fn a_join_key_map_recreates() {
    edit(
        &ads(),
        "features: [clicks]",
        "features: [{ view: clicks, join_key_map: { user_id: sender_id } }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: clicks, join_key_map: {user_id: sender_id}}

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn a_service_that_stops_serving_takes_serving_away() {
    edit(
        &ads(),
        "features: [clicks]",
        "features: [clicks]\nonline_serving_enabled: false",
        r#"
~ FeatureService.ads
    online_serving_enabled: true -> false  (takes serving or history away)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_service_that_starts_serving_is_updated() {
    edit(
        &format!("{EVENTS}{CLICKS}\nonline_serving_enabled: false"),
        "\nonline_serving_enabled: false",
        "",
        r#"
~ FeatureService.ads
    online_serving_enabled: false -> true

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}
