//! The order of changes, and the order of a service's features on the wire.

use super::{CLICKS, EVENTS, ads, check, edit, spend};

#[test]
fn what_is_read_is_created_before_its_readers() {
    let mut documents: Vec<String> = ads().split("---").map(|it| format!("{}\n", it.trim())).collect();
    documents.reverse();
    check(
        "",
        &documents.join("---\n"),
        r#"
+ Entity.user
    join key: user_id
+ PushSource.events
    columns: user_id String, at Timestamp, clicked Int64
+ StreamFeatureView.clicks
    entity: user; source: events; serves: online
    features: clicked Int64
+ FeatureService.ads
    serves: online
    features: clicks.clicked Int64

Plan: 4 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn readers_are_deleted_before_what_they_read() {
    check(
        &ads(),
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

Plan: 0 to create, 0 to update, 0 to recreate, 4 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn deletes_come_first_and_then_the_rest_by_dependency() {
    let declared = ads()
        .replace("user_id]", "user_id]\ndescription: A person")
        .replace("name: ads", "name: banners")
        .replace("online: true", "online: true\nowner: ads");
    check(
        &ads(),
        &declared,
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
~ Entity.user
    description: (unset) -> A person
~ StreamFeatureView.clicks
    owner: (unset) -> ads
+ FeatureService.banners
    serves: online
    features: clicks.clicked Int64

warning: `FeatureService.ads` is deleted and `FeatureService.banners` is created
  with the same spec: this looks like a rename
hint: to keep identity and data, add `renamed_from: ads` to
  `FeatureService.banners`

Plan: 1 to create, 2 to update, 0 to recreate, 1 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.banners: clicks.clicked
"#,
    );
}

#[test]
fn everything_another() {
    check(
        &ads(),
        &spend(""),
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
- StreamFeatureView.clicks
    served: online
    removes feature: clicked Int64
- PushSource.events
+ BatchSource.orders
    columns: not known until its data is opened
+ BatchFeatureView.spend
    entity: user; source: orders; serves: nothing
    features: amount Float64

Plan: 2 to create, 0 to update, 0 to recreate, 3 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn the_wire_is_alphabetical_at_first_whatever_the_declaration_says() {
    let service = "features: [{ view: clicks, features: [seen, clicked, bought] }]";
    let wide =
        EVENTS.replace("Int64 }", "Int64 }\n  - { name: seen, dtype: Int64 }\n  - { name: bought, dtype: Int64 }");
    check(
        "",
        &format!("{wide}{CLICKS}").replace("features: [clicks]", service),
        r#"
+ Entity.user
    join key: user_id
+ PushSource.events
    columns: user_id String, at Timestamp, clicked Int64, seen Int64,
      bought Int64
+ StreamFeatureView.clicks
    entity: user; source: events; serves: online
    features: clicked Int64, seen Int64, bought Int64
+ FeatureService.ads
    serves: online
    features: clicks.bought Int64, clicks.clicked Int64, clicks.seen Int64

Plan: 4 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.bought clicks.clicked clicks.seen
"#,
    );
}

#[test]
fn what_a_view_gains_comes_at_the_end_of_the_wire() {
    edit(
        &ads(),
        "  - { name: clicked, dtype: Int64 }",
        "  - { name: clicked, dtype: Int64 }\n  - { name: zone, dtype: String }\n  - { name: ad_id, dtype: String }",
        r#"
~ PushSource.events
    schema:
        {name: clicked, dtype: Int64}
      + {name: zone, dtype: String}
      + {name: ad_id, dtype: String}
~ StreamFeatureView.clicks
    schema:
        {name: clicked, dtype: Int64}
      + {name: zone, dtype: String}
      + {name: ad_id, dtype: String}
    adds features: zone String, ad_id String

Plan: 0 to create, 2 to update, 0 to recreate, 0 to delete, 2 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked clicks.ad_id clicks.zone
"#,
    );
}

#[test]
fn a_view_that_is_added_comes_at_the_end_of_the_wire() {
    let banners = CLICKS.split("---").next().unwrap().replace("clicks", "banners");
    edit(
        &format!("{EVENTS}{banners}---{CLICKS}"),
        "features: [clicks]",
        "features: [clicks, banners]",
        r#"
~ FeatureService.ads
    features:
        clicks
      + banners
    adds feature: banners.clicked Int64

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked banners.clicked
"#,
    );
}

#[test]
fn a_recreated_service_gets_its_order_anew() {
    let banners = CLICKS.split("---").next().unwrap().replace("clicks", "banners");
    let recorded = format!("{EVENTS}{banners}---{CLICKS}");
    edit(
        &recorded,
        "features: [clicks]",
        "features: [banners, { view: clicks, namespace: a }]",
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + banners
      + {view: clicks, namespace: a}
    adds features: a.clicked Int64, banners.clicked Int64
    removes feature: clicks.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: a.clicked banners.clicked
"#,
    );
}

#[test]
fn aggregates_go_by_their_names() {
    let sums = "online: true\naggregations:\n- { column: clicked, function: sum, time_window: 7d }\n\
         - { column: clicked, function: count, time_window: 1h }\n";
    check(
        "",
        &ads().replace("online: true", sums),
        r#"
+ Entity.user
    join key: user_id
+ PushSource.events
    columns: user_id String, at Timestamp, clicked Int64
+ StreamFeatureView.clicks
    entity: user; source: events; serves: online
    features: clicked_sum_7d_continuous Int64, clicked_count_1h_continuous Int64
+ FeatureService.ads
    serves: online
    features: clicks.clicked_count_1h_continuous Int64,
      clicks.clicked_sum_7d_continuous Int64

Plan: 4 to create, 0 to update, 0 to recreate, 0 to delete, 0 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked_count_1h_continuous clicks.clicked_sum_7d_continuous
"#,
    );
}
