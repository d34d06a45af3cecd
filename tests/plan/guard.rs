//! prevent_destroy, row by row (spec 2, the guard's table): in a live workspace, and in a development one.

use super::{Scene, ads, check, edit, protected};

#[test]
fn a_protected_resource_that_is_gone() {
    let declared = protected().rsplit_once("---").unwrap().0.to_owned();
    check(
        &protected(),
        &declared,
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64

1 refusal:

error[P001]: the plan would delete `FeatureService.ads`, which sets
  prevent_destroy
hint: bring `FeatureService.ads` back with `prevent_destroy: false`, apply that
  alone, then remove it

Plan: 0 to create, 0 to update, 0 to recreate, 1 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
    Scene::DEVELOPMENT.check(
        &protected(),
        &declared,
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64

Plan: 0 to create, 0 to update, 0 to recreate, 1 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn still_protected_and_recreated() {
    edit(
        &protected(),
        "features: [clicks]",
        "features: [{ view: clicks, namespace: c }]",
        r#"
± FeatureService.ads
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
wire FeatureService.ads: c.clicked
"#,
    );
    Scene::DEVELOPMENT.edit(
        &protected(),
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
fn lifted_and_recreated_at_once() {
    let declared =
        protected().replace("[clicks]", "[{ view: clicks, namespace: c }]").replace("prevent_destroy: true", "");
    check(
        &protected(),
        &declared,
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: c}
    prevent_destroy: true -> false
    adds feature: c.clicked Int64
    removes feature: clicks.clicked Int64

1 refusal:

error[P002]: the plan would recreate `FeatureService.ads`, which sets
  prevent_destroy
note: FeatureService.ads: features
note: `FeatureService.ads` says `prevent_destroy: false` now, and that counts
  from the next apply on
hint: keep `clicks` in `features` and add `c` at its end: that would be an
  update in place
hint: or undo the rest, apply `prevent_destroy: false` on `FeatureService.ads`
  alone, then go on

Lifts protection from: FeatureService.ads

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 1 refused, 1 lift.
wire FeatureService.ads: c.clicked
"#,
    );
    Scene::DEVELOPMENT.check(
        &protected(),
        &declared,
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: c}
    prevent_destroy: true -> false
    adds feature: c.clicked Int64
    removes feature: clicks.clicked Int64

Lifts protection from: FeatureService.ads

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 1 lift.
wire FeatureService.ads: c.clicked
"#,
    );
}

#[test]
fn lifted_alone() {
    edit(
        &protected(),
        "prevent_destroy: true",
        "prevent_destroy: false",
        r#"
~ FeatureService.ads
    prevent_destroy: true -> false

Lifts protection from: FeatureService.ads

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 1 lift.
"#,
    );
    Scene::DEVELOPMENT.edit(
        &protected(),
        "prevent_destroy: true",
        "prevent_destroy: false",
        r#"
~ FeatureService.ads
    prevent_destroy: true -> false

Lifts protection from: FeatureService.ads

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 1 lift.
"#,
    );
}

#[test]
fn lifted_and_updated() {
    edit(
        &protected(),
        "prevent_destroy: true",
        "description: Ads",
        r#"
~ FeatureService.ads
    description: (unset) -> Ads
    prevent_destroy: true -> false

Lifts protection from: FeatureService.ads

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 1 lift.
"#,
    );
}

#[test]
fn protected_from_now_on_and_recreated() {
    let declared = protected().replace("[clicks]", "[{ view: clicks, namespace: c }]");
    check(
        &ads(),
        &declared,
        r#"
± FeatureService.ads
    features:  (recreates)
      - clicks
      + {view: clicks, namespace: c}
    prevent_destroy: false -> true
    adds feature: c.clicked Int64
    removes feature: clicks.clicked Int64

Plan: 0 to create, 0 to update, 1 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: c.clicked
"#,
    );
}

#[test]
fn protected_and_reached_by_a_cascade() {
    edit(
        &protected(),
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

1 refusal:

error[P003]: the plan would recreate `PushSource.events`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events: schema
hint: keep `PushSource.events` as it is recorded, and declare the new one beside
  it as `events_v2`
hint: or set `prevent_destroy: false` on `FeatureService.ads`, apply that alone,
  then make the change

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
    Scene::DEVELOPMENT.edit(
        &protected(),
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
    ± FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events
        another type: clicks.clicked Int64 -> Float64

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.clicked
"#,
    );
}

#[test]
fn lifted_and_reached_by_a_cascade() {
    let declared = protected().replace("Int64", "Float64").replace("prevent_destroy: true", "");
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
    prevent_destroy: true -> false
    because of StreamFeatureView.clicks ← PushSource.events
    another type: clicks.clicked Int64 -> Float64

1 refusal:

error[P003]: the plan would recreate `PushSource.events`, which protected
  `FeatureService.ads` depends on
note: FeatureService.ads ← StreamFeatureView.clicks ← PushSource.events: schema
note: `FeatureService.ads` says `prevent_destroy: false` now, and that counts
  from the next apply on
hint: keep `PushSource.events` as it is recorded, and declare the new one beside
  it as `events_v2`
hint: or undo the rest, apply `prevent_destroy: false` on `FeatureService.ads`
  alone, then go on

Lifts protection from: FeatureService.ads

Plan: 0 to create, 0 to update, 3 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 1 refused, 1 lift.
wire FeatureService.ads: clicks.clicked
"#,
    );
}
