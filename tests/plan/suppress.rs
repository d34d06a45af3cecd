//! `--suppress-recreates` and `--suppress-recreate ADDRESS`.

use super::{BATCH, CLICKS, COLUMNS, EVENTS, Scene, Suppress, only};

#[track_caller]
fn all(before: &str, after: &str, expected: &str) {
    let scene = Scene::suppressing(Suppress::All);
    scene.check(&format!("{BATCH}{COLUMNS}{before}"), &format!("{BATCH}{COLUMNS}{after}"), expected);
}

#[track_caller]
fn spend(before: &str, after: &str, expected: &str) {
    let scene = Scene::suppressing(only("BatchFeatureView.spend"));
    scene.check(&format!("{BATCH}{COLUMNS}{before}"), &format!("{BATCH}{COLUMNS}{after}"), expected);
}

#[test]
fn another_query_with_the_same_columns() {
    let from = "sql: SELECT user_id, at, amount FROM orders\nonline: true\nfeature_start_time: 2026-11-01";
    spend(
        from,
        &from.replace("amount FROM", "round(amount) AS amount FROM"),
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at, amount FROM orders
      + SELECT user_id, at, round(amount) AS amount FROM orders

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_ttl_that_shrinks() {
    all(
        "ttl: 30d",
        "ttl: 20d",
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    ttl: 30d -> 20d  (recreates, can be suppressed)

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_ttl_that_grows_is_refused() {
    spend(
        "ttl: 30d",
        "ttl: 40d",
        r#"
error[P005]: the recreate of `BatchFeatureView.spend` cannot be suppressed: its ttl grows
hint: plan without suppressing it

"#,
    );
    all(
        "ttl: 30d",
        "ttl: 40d",
        r#"
± BatchFeatureView.spend
    ttl: 30d -> 40d  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn another_output_schema_is_refused() {
    let bare = format!("{BATCH}sql: SELECT user_id, at, x FROM orders\ntimestamp_field: at\n");
    let scene = Scene::suppressing(only("BatchFeatureView.spend"));
    scene.edit(&bare, "at, x FROM", "at, x AS y FROM", r#"
error[P005]: the recreate of `BatchFeatureView.spend` cannot be suppressed: its output columns change other than by appending (user_id, at, x -> user_id, at, y)
hint: plan without suppressing it

"#);
    scene.edit(
        &bare,
        "SELECT user_id, at, x FROM orders",
        "SELECT user_id, at, x, 1 AS one FROM orders WHERE paid",
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    schema:
        x
      + one
    sql:  (recreates, can be suppressed)
      - SELECT user_id, at, x FROM orders
      + SELECT user_id, at, x, 1 AS one FROM orders WHERE paid
    adds feature: one

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn columns_of_a_transformation_that_nobody_opened_are_not_checked() {
    let cleaned = "transformation: { name: cleaned }\ntimestamp_field: at\n---\nkind: Transformation\n\
         name: cleaned\nmode: sql\ninputs: [rows]\nsql: SELECT * FROM rows\n";
    let raw = cleaned.replace("{ name: cleaned }", "{ name: raw }").replace("\nname: cleaned", "\nname: raw");
    let both = format!("{cleaned}---\nkind: Transformation{}", raw.split("kind: Transformation").nth(1).unwrap());
    let scene = Scene::suppressing(only("BatchFeatureView.spend"));
    scene.edit(
        &format!("{BATCH}{both}"),
        "{ name: cleaned }",
        "{ name: raw }",
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    transformation.name: cleaned -> raw  (recreates, can be suppressed)
    warning: not checked: whether `BatchFeatureView.spend` still has the same columns, because no source was opened

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn other_join_keys_are_refused() {
    let shop = "---\nkind: Entity\nname: shop\njoin_keys: [amount]\n";
    let scene = Scene::suppressing(only("BatchFeatureView.spend"));
    scene.edit(
        &format!("{BATCH}{COLUMNS}{shop}"),
        "entities: [user]",
        "entities: [shop]",
        r#"
error[P005]: the recreate of `BatchFeatureView.spend` cannot be suppressed: its join keys change
hint: plan without suppressing it

"#,
    );
}

#[test]
fn another_entity_with_the_same_keys() {
    let person = "---\nkind: Entity\nname: person\njoin_keys: [user_id]\n";
    let scene = Scene::suppressing(only("BatchFeatureView.spend"));
    scene.edit(
        &format!("{BATCH}{COLUMNS}{person}"),
        "entities: [user]",
        "entities: [person]",
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    entities:  (recreates, can be suppressed)
      - user
      + person

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn what_always_recreates_is_refused_by_name_and_left_alone_by_all() {
    spend(
        "",
        "batch_schedule: 7d",
        r#"
error[P005]: the recreate of `BatchFeatureView.spend` cannot be suppressed: `batch_schedule` always recreates
hint: plan without suppressing it

"#,
    );
    all(
        "",
        "batch_schedule: 7d",
        r#"
± BatchFeatureView.spend
    batch_schedule: 1d -> 7d  (recreates)

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn what_does_not_change_is_refused() {
    Scene::suppressing(only("BatchFeatureView.spent")).check(
        &format!("{BATCH}{COLUMNS}ttl: 30d"),
        &format!("{BATCH}{COLUMNS}ttl: 20d"),
        r#"
error[P005]: `BatchFeatureView.spent` does not change by itself, so there is no recreate to suppress
hint: did you mean `BatchFeatureView.spend`?

"#,
    );
}

#[test]
fn only_what_is_named() {
    let declared = format!("{BATCH}{COLUMNS}").replace("table: orders", "table: orders_v2");
    Scene::suppressing(only("BatchSource.orders")).check(
        &format!("{BATCH}{COLUMNS}ttl: 30d"),
        &format!("{declared}ttl: 20d"),
        r#"
~ BatchSource.orders
    recreate suppressed: nothing is built again
    batch_config.table: orders -> orders_v2  (recreates, can be suppressed)
    warning: not checked: whether `BatchSource.orders` still has the same columns, because no source was opened
± BatchFeatureView.spend
    ttl: 30d -> 20d  (recreates, can be suppressed)

Plan: 0 to create, 1 to update, 1 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_cascade_wins_over_suppression() {
    let recorded = format!("{BATCH}{COLUMNS}ttl: 30d");
    let declared = recorded.replace("ttl: 30d", "ttl: 20d").replace("table: orders", "table: orders_v2");
    Scene::suppressing(only("BatchFeatureView.spend")).check(
        &recorded,
        &declared,
        r#"
± BatchSource.orders
    batch_config.table: orders -> orders_v2  (recreates, can be suppressed)
± BatchFeatureView.spend
    ttl: 30d -> 20d  (recreates, can be suppressed)
    because of BatchSource.orders

Plan: 0 to create, 0 to update, 2 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn columns_of_another_type_are_refused() {
    let recorded = format!("{EVENTS}{CLICKS}").replace("online: true", "online: true\nttl: 30d");
    let declared = recorded.replace("ttl: 30d", "ttl: 20d").replace("Int64", "Float64");
    Scene::suppressing(only("StreamFeatureView.clicks")).check(&recorded, &declared, r#"
error[P005]: the recreate of `StreamFeatureView.clicks` cannot be suppressed: its output columns change other than by appending
hint: plan without suppressing it

"#);
}

#[test]
fn never_past_the_guard() {
    all(
        "ttl: 30d\nprevent_destroy: true",
        "ttl: 20d\nprevent_destroy: true",
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    ttl: 30d -> 20d  (recreates, can be suppressed)

1 refusal:

error[P002]: the plan would recreate `BatchFeatureView.spend`, which sets
  prevent_destroy
note: BatchFeatureView.spend: ttl
note: a suppressed recreate counts as the recreate that it is
hint: keep `BatchFeatureView.spend` as it is recorded, and declare the new one
  beside it as `spend:v2`
hint: or set `prevent_destroy: false` on `BatchFeatureView.spend`, apply that
  alone, then make the change

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
    let service = "---\nkind: FeatureService\nname: shop\nfeatures: [spend]\nonline_serving_enabled: false\nprevent_destroy: true\n";
    Scene::suppressing(Suppress::All).edit(
        &format!("{BATCH}{COLUMNS}{service}"),
        "table: orders",
        "table: orders_v2",
        r#"
~ BatchSource.orders
    recreate suppressed: nothing is built again
    batch_config.table: orders -> orders_v2  (recreates, can be suppressed)
    warning: not checked: whether `BatchSource.orders` still has the same columns, because no source was opened

1 refusal:

error[P003]: the plan would recreate `BatchSource.orders`, which protected
  `FeatureService.shop` depends on
note: FeatureService.shop ← BatchFeatureView.spend ← BatchSource.orders:
  batch_config.table
note: a suppressed recreate counts as the recreate that it is
hint: keep `BatchSource.orders` as it is recorded, and declare the new one
  beside it as `orders_v2`
hint: or set `prevent_destroy: false` on `FeatureService.shop`, apply that
  alone, then make the change

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
}

#[test]
fn never_past_the_guard_while_it_is_lifted() {
    all(
        "ttl: 30d\nprevent_destroy: true",
        "ttl: 20d",
        r#"
~ BatchFeatureView.spend
    recreate suppressed: nothing is built again
    prevent_destroy: true -> false
    ttl: 30d -> 20d  (recreates, can be suppressed)

1 refusal:

error[P002]: the plan would recreate `BatchFeatureView.spend`, which sets
  prevent_destroy
note: BatchFeatureView.spend: ttl
note: a suppressed recreate counts as the recreate that it is
note: `BatchFeatureView.spend` says `prevent_destroy: false` now, and that
  counts from the next apply on
hint: keep `BatchFeatureView.spend` as it is recorded, and declare the new one
  beside it as `spend:v2`
hint: or undo the rest, apply `prevent_destroy: false` on
  `BatchFeatureView.spend` alone, then go on

Lifts protection from: BatchFeatureView.spend

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 1 refused, 1 lift.
"#,
    );
}
