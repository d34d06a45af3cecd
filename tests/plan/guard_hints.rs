//! What a refusal says: who is protected, what goes along, and which way is harmless.

use super::{CLICKS, EVENTS, ads, check, edit, protected};

#[test]
fn all_that_is_protected_is_named() {
    let recorded = protected().replace("online: true", "online: true\nprevent_destroy: true");
    check(
        &recorded,
        &recorded.replace("Int64", "Float64").replace("[user_id]", "[user_id, at]"),
        r#"
± Entity.user
    join_keys:  (recreates)
        user_id
      + at
    ± StreamFeatureView.clicks ← Entity.user
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks ← Entity.user
        another type: clicks.clicked Int64 -> Float64
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}

3 refusals:

error[P003]: the plan would recreate `Entity.user`, which protected
  `StreamFeatureView.clicks` depends on
note: StreamFeatureView.clicks ← Entity.user: join_keys
hint: keep `Entity.user` as it is recorded, and declare the new one beside it as
  `user_v2`
hint: or set `prevent_destroy: false` on `StreamFeatureView.clicks`, apply that
  alone, then make the change

error[P003]: the plan would recreate `PushSource.events`, which protected
  `StreamFeatureView.clicks` depends on
note: StreamFeatureView.clicks ← PushSource.events: schema
hint: keep `PushSource.events` as it is recorded, and declare the new one beside
  it as `events_v2`
hint: or set `prevent_destroy: false` on `StreamFeatureView.clicks`, apply that
  alone, then make the change

error[P003]: the plan would recreate `Entity.user`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks ← Entity.user: join_keys
hint: keep `Entity.user` as it is recorded, and declare the new one beside it as
  `user_v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 4 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 3 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn protection_reaches_up_and_not_down() {
    let recorded = ads().replace("dtype: Int64 }", "dtype: Int64 }\nprevent_destroy: true");
    edit(
        &recorded,
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
fn declared_again_under_another_kind() {
    let recorded = format!("{EVENTS}kind: FeatureService\nname: x\nfeatures: [clicks]\n---{CLICKS}")
        .replace("name: x\n", "name: clicked\nprevent_destroy: true\n");
    let declared = recorded.replace(
        "kind: FeatureService\nname: clicked\nprevent_destroy: true\nfeatures: [clicks]",
        "kind: Entity\nname: clicked",
    );
    check(
        &recorded,
        &declared,
        r#"
- FeatureService.clicked
    served: online
    removes feature: clicks.clicked Int64
+ Entity.clicked
    join key: clicked

1 refusal:

error[P001]: the plan would delete `FeatureService.clicked`, which sets
  prevent_destroy
hint: keep `FeatureService.clicked` as it is recorded, and declare the new one
  beside it as `clicked_v2`
hint: or bring `FeatureService.clicked` back with `prevent_destroy: false`,
  apply that alone, then remove it

Plan: 1 to create, 0 to update, 0 to recreate, 1 to delete, 4 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
}

#[test]
fn everything_is_gone() {
    check(
        &protected(),
        "# nothing\n",
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
- StreamFeatureView.clicks
    served: online
    removes feature: clicked Int64
- PushSource.events
- Entity.user

1 refusal:

error[P001]: the plan would delete `FeatureService.ads`, which sets
  prevent_destroy
note: what it depends on would be deleted with it: `Entity.user`,
  `PushSource.events`, `StreamFeatureView.clicks`
hint: bring `FeatureService.ads` back with `prevent_destroy: false`, apply that
  alone, then remove it

Plan: 0 to create, 0 to update, 0 to recreate, 4 to delete, 0 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
}

#[test]
fn reached_by_a_cascade_and_taken_from_serving_at_once() {
    let declared = protected().replace("Int64", "Float64") + "online_serving_enabled: false\n";
    check(
        &protected(),
        &declared,
        r#"
± PushSource.events
    schema:  (recreates)
        {name: at, dtype: Timestamp}
      - {name: clicked, dtype: Int64}
      + {name: clicked, dtype: Float64}
    ± StreamFeatureView.clicks ← PushSource.events
        another type: clicked Int64 -> Float64
        history is lost: no batch source can rebuild it
± FeatureService.ads
    online_serving_enabled: true -> false  (takes serving or history away)
    because of StreamFeatureView.clicks ← PushSource.events
    another type: clicks.clicked Int64 -> Float64

2 refusals:

error[P002]: the plan would recreate `FeatureService.ads`, which sets
  prevent_destroy
note: FeatureService.ads: online_serving_enabled
hint: set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

error[P003]: the plan would recreate `PushSource.events`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events: schema
hint: keep `PushSource.events` as it is recorded, and declare the new one beside
  it as `events_v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 2 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn the_harmless_way_comes_first() {
    let aggregated = CLICKS.replace(
        "online: true\n",
        "online: true\naggregations:\n  - { column: clicked, function: sum, time_window: 1h }\n",
    );
    let recorded = format!("{EVENTS}{aggregated}prevent_destroy: true\n");
    let first = "aggregations:\n";
    let above = "aggregations:\n  - { column: clicked, function: count, time_window: 1h }\n";
    edit(
        &recorded,
        first,
        above,
        r#"
± StreamFeatureView.clicks
    aggregations:  (recreates)
      + {column: clicked, name: clicked_count_1h_continuous, function: count, time_window: 1h}
        {column: clicked, name: clicked_sum_1h_continuous, function: sum, time_window: 1h}
    adds feature: clicked_count_1h_continuous Int64
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks
        adds feature: clicks.clicked_count_1h_continuous Int64

1 refusal:

error[P003]: the plan would recreate `StreamFeatureView.clicks`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks: aggregations
hint: moved to the end of `aggregations`, `clicked_count_1h_continuous` would be
  an update in place
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked_count_1h_continuous clicks.clicked_sum_1h_continuous
"#,
    );
    edit(
        &recorded,
        "function: sum",
        "function: max",
        r#"
± StreamFeatureView.clicks
    aggregations:  (recreates)
      - {column: clicked, name: clicked_sum_1h_continuous, function: sum, time_window: 1h}
      + {column: clicked, name: clicked_max_1h_continuous, function: max, time_window: 1h}
    adds feature: clicked_max_1h_continuous Int64
    removes feature: clicked_sum_1h_continuous Int64
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks
        adds feature: clicks.clicked_max_1h_continuous Int64
        removes feature: clicks.clicked_sum_1h_continuous Int64

1 refusal:

error[P003]: the plan would recreate `StreamFeatureView.clicks`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks: aggregations
hint: keep `clicked_sum_1h_continuous` in `aggregations` and add
  `clicked_max_1h_continuous` at its end: that would be an update in place
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked_max_1h_continuous
"#,
    );
    let renamed = recorded.replace("name: clicks\n", "name: taps\n").replace("[clicks]", "[taps]");
    check(
        &recorded,
        &renamed,
        r#"
- StreamFeatureView.clicks
    served: online
    removes feature: clicked_sum_1h_continuous Int64
+ StreamFeatureView.taps
    entity: user; source: events; serves: online
    features: clicked_sum_1h_continuous Int64
± FeatureService.ads
    features:  (recreates)
      - clicks
      + taps
    adds feature: taps.clicked_sum_1h_continuous Int64
    removes feature: clicks.clicked_sum_1h_continuous Int64

warning: `StreamFeatureView.clicks` is deleted and `StreamFeatureView.taps` is
  created with the same spec: this looks like a rename
hint: to keep identity and data, add `renamed_from: clicks` to
  `StreamFeatureView.taps`

2 refusals:

error[P002]: the plan would recreate `FeatureService.ads`, which sets
  prevent_destroy
note: FeatureService.ads: features
hint: keep `FeatureService.ads` as it is recorded, and declare the new one
  beside it as `ads:v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

error[P003]: the plan would delete `StreamFeatureView.clicks`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks: deleted
hint: add `renamed_from: clicks` to `StreamFeatureView.taps`: a rename keeps
  identity, data and protection
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 1 to create, 0 to update, 1 to recreate, 1 to delete, 2 unchanged,
      0 backfill jobs, 2 refused, 0 lifts.
wire FeatureService.ads: taps.clicked_sum_1h_continuous
"#,
    );
    let query = recorded.replace("online: true\n", "online: true\nsql: SELECT user_id, at, clicked FROM events\n");
    edit(
        &query,
        "SELECT user_id, at",
        "SELECT user_id, upper(user_id) AS loud, at",
        r#"
± StreamFeatureView.clicks
    schema:
        {name: user_id, dtype: String}
      + loud
        {name: at, dtype: Timestamp}
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at, clicked FROM events
      + SELECT user_id, upper(user_id) AS loud, at, clicked FROM events
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks

1 refusal:

error[P003]: the plan would recreate `StreamFeatureView.clicks`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks: sql
hint: moved to the end of the SELECT list of `sql`, `loud` would be an update in
  place
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked_sum_1h_continuous
"#,
    );
}

#[test]
fn what_would_be_deleted_along_is_named_once_below() {
    let services: String = (1..=3)
        .map(|it| format!("---\nkind: FeatureService\nname: s{it}\nprevent_destroy: true\nfeatures: [clicks]\n"))
        .collect();
    check(
        &format!("{EVENTS}{CLICKS}{services}"),
        "",
        r#"
- FeatureService.s3
    served: online
    removes feature: clicks.clicked Int64
- FeatureService.s2
    served: online
    removes feature: clicks.clicked Int64
- FeatureService.s1
    served: online
    removes feature: clicks.clicked Int64
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
- StreamFeatureView.clicks
    served: online
    removes feature: clicked Int64
- PushSource.events
- Entity.user

3 refusals:

error[P001]: the plan would delete `FeatureService.s1`, which sets
  prevent_destroy
note: what it depends on would be deleted with it: `Entity.user`,
  `PushSource.events`, `StreamFeatureView.clicks`
hint: bring `FeatureService.s1` back with `prevent_destroy: false`, apply that
  alone, then remove it

error[P001]: the plan would delete `FeatureService.s2`, which sets
  prevent_destroy
hint: bring `FeatureService.s2` back with `prevent_destroy: false`, apply that
  alone, then remove it

error[P001]: the plan would delete `FeatureService.s3`, which sets
  prevent_destroy
hint: bring `FeatureService.s3` back with `prevent_destroy: false`, apply that
  alone, then remove it

Plan: 0 to create, 0 to update, 0 to recreate, 7 to delete, 0 unchanged,
      0 backfill jobs, 3 refused, 0 lifts.
"#,
    );
}
