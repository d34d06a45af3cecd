//! `renamed_from` (spec 2, "Renames").

use super::{ads, check, edit, protected};

#[test]
fn a_renamed_service_is_an_update() {
    edit(
        &ads(),
        "name: ads",
        "name: banners\nrenamed_from: ads",
        r#"
~ FeatureService.banners
    renamed from FeatureService.ads

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn references_follow_and_are_no_change() {
    let declared = ads().replace("name: events", "name: taps\nrenamed_from: events").replace("[events]", "[taps]");
    check(
        &ads(),
        &declared,
        r#"
~ PushSource.taps
    renamed from PushSource.events

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_renamed_entity_is_followed() {
    let declared = ads().replace("name: user\n", "name: person\nrenamed_from: user\n").replace("[user]", "[person]");
    check(
        &ads(),
        &declared,
        r#"
~ Entity.person
    renamed from Entity.user

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

/// Without `join_keys`, an entity's name is its join key: another name is another key, whatever it was renamed from.
#[test]
fn a_default_join_key_changes_with_the_name() {
    edit(
        "kind: Entity\nname: user_id\n",
        "name: user_id",
        "name: uid\nrenamed_from: user_id",
        r#"
± Entity.uid
    renamed from Entity.user_id
    join_keys:  (recreates)
      - user_id
      + uid

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_default_join_key_that_is_written_out_stays() {
    let written = "name: uid\nrenamed_from: user_id\njoin_keys: [user_id]";
    edit(
        "kind: Entity\nname: user_id\n",
        "name: user_id",
        written,
        r#"
~ Entity.uid
    renamed from Entity.user_id

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn tables_in_sql_follow() {
    let view = |table: &str| {
        format!(
            "schema: [{{ name: user_id, dtype: String }}, {{ name: at, dtype: Timestamp }}]
sql: SELECT {table}.user_id, t.at FROM {table} JOIN (SELECT * FROM {table}) t ON t.x = {table}.x
aggregations: [{{ column: at, function: count, time_window: 1h, name: events }}]
online: true"
        )
    };
    let recorded = ads().replace("online: true", &view("events"));
    let declared = ads()
        .replace("online: true", &view("taps"))
        .replace("name: events\n", "name: taps\nrenamed_from: events\n")
        .replace("[events]", "[taps]");
    check(
        &recorded,
        &declared,
        r#"
~ PushSource.taps
    renamed from PushSource.events

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

/// A WITH may call its own table as the source was called: that one keeps its name.
#[test]
fn tables_of_the_query_itself_do_not_follow() {
    let view = |table: &str| {
        format!(
            "schema: [{{ name: user_id, dtype: String }}, {{ name: at, dtype: Timestamp }}]
sql: WITH events AS (SELECT * FROM {table} WHERE x > 10) SELECT user_id, events.at FROM events
aggregations: [{{ column: at, function: count, time_window: 1h, name: events }}]
online: true"
        )
    };
    let recorded = ads().replace("online: true", &view("events"));
    let declared = ads()
        .replace("online: true", &view("taps"))
        .replace("name: events\n", "name: taps\nrenamed_from: events\n")
        .replace("[events]", "[taps]");
    check(
        &recorded,
        &declared,
        r#"
~ PushSource.taps
    renamed from PushSource.events

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_renamed_view_changes_the_namespace_that_nobody_set() {
    let declared = ads().replace("name: clicks", "name: taps\nrenamed_from: clicks").replace("[clicks]", "[taps]");
    check(
        &ads(),
        &declared,
        r#"
~ StreamFeatureView.taps
    renamed from StreamFeatureView.clicks
± FeatureService.ads
    features:  (recreates)
      - {view: taps, namespace: clicks}
      + taps
    adds feature: taps.clicked Int64
    removes feature: clicks.clicked Int64

Plan: 0 to create, 1 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: taps.clicked
"#,
    );
}

#[test]
fn a_renamed_view_under_its_old_namespace_is_no_change_to_the_service() {
    let declared = ads()
        .replace("name: clicks", "name: taps\nrenamed_from: clicks")
        .replace("[clicks]", "[{ view: taps, namespace: clicks }]");
    check(
        &ads(),
        &declared,
        r#"
~ StreamFeatureView.taps
    renamed from StreamFeatureView.clicks

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_namespace_that_was_set_stays() {
    let recorded = ads().replace("[clicks]", "[{ view: clicks, namespace: c }]");
    let declared =
        recorded.replace("name: clicks", "name: taps\nrenamed_from: clicks").replace("view: clicks", "view: taps");
    check(
        &recorded,
        &declared,
        r#"
~ StreamFeatureView.taps
    renamed from StreamFeatureView.clicks

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_protected_service_refuses_another_namespace_and_takes_the_old_one() {
    let renamed = protected().replace("name: clicks", "name: taps\nrenamed_from: clicks");
    check(
        &protected(),
        &renamed.replace("[clicks]", "[taps]"),
        r#"
~ StreamFeatureView.taps
    renamed from StreamFeatureView.clicks
± FeatureService.ads
    features:  (recreates)
      - {view: taps, namespace: clicks}
      + taps
    adds feature: taps.clicked Int64
    removes feature: clicks.clicked Int64

1 refusal:

error[P002]: the plan would recreate `FeatureService.ads`, which sets
  prevent_destroy
note: FeatureService.ads: features
hint: keep `clicks` in `features` and add `taps` at its end: that would be an
  update in place
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 1 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.ads: taps.clicked
"#,
    );
    check(
        &protected(),
        &renamed.replace("[clicks]", "[{ view: taps, namespace: clicks }]"),
        r#"
~ StreamFeatureView.taps
    renamed from StreamFeatureView.clicks

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn what_is_protected_may_be_renamed() {
    edit(
        &protected(),
        "name: ads",
        "name: banners\nrenamed_from: ads",
        r#"
~ FeatureService.banners
    renamed from FeatureService.ads

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_renamed_resource_that_is_also_recreated_is_refused_by_its_old_name() {
    let declared = protected()
        .replace("name: ads", "name: banners\nrenamed_from: ads")
        .replace("[clicks]", "[{ view: clicks, namespace: c }]");
    check(
        &protected(),
        &declared,
        r#"
± FeatureService.banners
    renamed from FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: c}
    adds feature: c.clicked Int64
    removes feature: clicks.clicked Int64

1 refusal:

error[P002]: the plan would recreate `FeatureService.ads`, which sets
  prevent_destroy
note: FeatureService.ads: features
hint: keep `clicks` in `features` and add `c` at its end: that would be an
  update in place
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.banners: c.clicked
"#,
    );
}

#[test]
fn renamed_and_recreated() {
    let declared = ads()
        .replace("name: events", "name: taps\nrenamed_from: events")
        .replace("[events]", "[taps]")
        .replace("Int64", "Float64");
    check(
        &ads(),
        &declared,
        r#"
± PushSource.taps
    renamed from PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks ← PushSource.taps
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.taps
        another type: clicks.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn what_a_protected_service_reads_is_renamed_and_recreated() {
    let recorded = protected();
    let declared = recorded
        .replace("name: events", "name: taps\nrenamed_from: events")
        .replace("[events]", "[taps]")
        .replace("Int64", "Float64");
    check(
        &recorded,
        &declared,
        r#"
± PushSource.taps
    renamed from PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks ← PushSource.taps
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.taps
        another type: clicks.clicked Int64 -> Float64

1 refusal:

error[P003]: the plan would recreate `PushSource.events`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events: schema
hint: keep `PushSource.taps` as it is recorded, and declare the new one beside
  it as `taps_v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}
