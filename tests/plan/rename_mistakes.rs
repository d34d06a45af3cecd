//! Renames that are mistakes, that were applied already, or that nobody declared.

use super::{CLICKED, CLICKS, EVENTS, ads, check, edit, protected};

#[test]
fn two_claimants_are_a_mistake() {
    let two =
        "name: one\nrenamed_from: ads\nfeatures: [clicks]\n---\nkind: FeatureService\nname: two\nrenamed_from: ads";
    edit(
        &ads(),
        "name: ads",
        two,
        r#"
error[P006]: `FeatureService.one` and `FeatureService.two` both say that they were renamed from `FeatureService.ads`
hint: keep renamed_from in one of them

"#,
    );
}

#[test]
fn an_old_name_that_is_still_declared_is_a_mistake() {
    let both = "name: one\nrenamed_from: ads\nfeatures: [clicks]\n---\nkind: FeatureService\nname: ads";
    edit(
        &ads(),
        "name: ads",
        both,
        r#"
error[P006]: `FeatureService.one` was renamed from `FeatureService.ads`, which is still declared
hint: remove the old declaration, or renamed_from

"#,
    );
}

const TWO: &str = "---\nkind: FeatureService\nname: banners\nfeatures: [clicks]\ndescription: Banners\n";

#[test]
fn a_chain_is_a_mistake() {
    let recorded = format!("{EVENTS}{CLICKS}{TWO}");
    let declared = recorded
        .replace("name: banners", "name: popups\nrenamed_from: banners")
        .replace("name: ads", "name: banners\nrenamed_from: ads");
    check(
        &recorded,
        &declared,
        r#"
error[P006]: `FeatureService.popups` was renamed from `FeatureService.banners`, which is still declared
hint: apply one rename first, then the other

"#,
    );
}

#[test]
fn a_swap_is_a_mistake() {
    let recorded = format!("{EVENTS}{CLICKS}{TWO}");
    let declared = recorded
        .replace("name: banners", "name: X")
        .replace("name: ads", "name: banners\nrenamed_from: ads")
        .replace("name: X", "name: ads\nrenamed_from: banners");
    check(
        &recorded,
        &declared,
        r#"
error[P006]: renamed_from leads from `FeatureService.ads` back to itself: names cannot be swapped in one apply
hint: rename one of them to a third name first, in an apply of its own

"#,
    );
}

#[test]
fn a_rename_that_was_applied_is_inert() {
    let applied = ads().replace("name: ads", "name: ads\nrenamed_from: banners");
    super::same(&applied, &applied);
    super::same(&applied, &ads());
    super::same(&ads(), &applied);
}

#[test]
fn inert_and_the_old_name_is_another_resource_by_now() {
    let applied = format!("{EVENTS}{CLICKS}{TWO}").replace("name: ads", "name: ads\nrenamed_from: banners");
    super::same(&applied, &applied);
}

#[test]
fn onto_a_recorded_name_is_no_rename() {
    let recorded = format!("{EVENTS}{CLICKS}prevent_destroy: true\n{TWO}");
    let declared = format!("{EVENTS}{}", CLICKS.replace("name: ads", "name: banners\nrenamed_from: ads"))
        + "description: Banners\n";
    check(
        &recorded,
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

Plan: 0 to create, 0 to update, 0 to recreate, 1 to delete, 4 unchanged,
      0 backfill jobs, 1 refused, 0 lifts.
"#,
    );
}

#[test]
fn from_a_name_of_another_kind_is_a_create() {
    edit(
        &ads(),
        "---\nkind: Feat",
        "---\nkind: Entity\nname: event\nrenamed_from: events\n---\nkind: Feat",
        r#"
+ Entity.event
    join key: event

warning: `Entity.event` says that it was renamed from `Entity.events`, which is
  not recorded: it is created, with no data
hint: `PushSource.events` is recorded, and a rename keeps the kind

Plan: 1 to create, 0 to update, 0 to recreate, 0 to delete, 4 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"#,
    );
}

#[test]
fn a_delete_and_a_create_of_one_spec_look_like_a_rename() {
    edit(
        &ads(),
        "name: ads",
        "name: banners",
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
+ FeatureService.banners
    serves: online
    features: clicks.clicked Int64

warning: `FeatureService.ads` is deleted and `FeatureService.banners` is created
  with the same spec: this looks like a rename
hint: to keep identity and data, add `renamed_from: ads` to
  `FeatureService.banners`

Plan: 1 to create, 0 to update, 0 to recreate, 1 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.banners: clicks.clicked
"#,
    );
}

#[test]
fn a_delete_and_a_create_of_two_specs_do_not() {
    edit(
        &ads(),
        "name: ads\n",
        "name: banners\nonline_serving_enabled: false\n",
        r#"
- FeatureService.ads
    served: online
    removes feature: clicks.clicked Int64
+ FeatureService.banners
    serves: nothing
    features: clicks.clicked Int64

Plan: 1 to create, 0 to update, 0 to recreate, 1 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.banners: clicks.clicked
"#,
    );
}

const SEEING: &str = "schema: [{ name: user_id, dtype: String }, { name: at, dtype: Timestamp }]
sql: QUERY
aggregations: [{ column: at, function: count, time_window: 1h, name: events }]
online: true";

/// The filter of the recorded query is in a table of its WITH, which is not read any more.
#[test]
fn a_rename_does_not_hide_a_change_of_the_query() {
    let view = |query: &str| SEEING.replace("QUERY", query);
    let with = "WITH events AS (SELECT * FROM TABLE WHERE x > 10) SELECT user_id, at FROM ";
    let recorded = ads().replace("online: true", &view(&format!("{}events", with.replace("TABLE", "events"))));
    let declared = ads()
        .replace("online: true", &view(&format!("{}taps", with.replace("TABLE", "taps"))))
        .replace("name: events\n", "name: taps\nrenamed_from: events\n")
        .replace("[events]", "[taps]");
    check(
        &recorded,
        &declared,
        r#"
~ PushSource.taps
    renamed from PushSource.events
± StreamFeatureView.clicks
    sql:  (recreates, can be suppressed)
      - WITH events AS (SELECT * FROM taps WHERE x > 10) SELECT user_id, at FROM events
      + WITH events AS (SELECT * FROM taps WHERE x > 10) SELECT user_id, at FROM taps
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks

Plan: 0 to create, 1 to update, 2 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.events
"#,
    );
}

#[test]
fn a_column_that_a_source_gains_is_a_change_where_all_columns_count() {
    let recorded = ads().replace("online: true", &SEEING.replace("QUERY", "SELECT DISTINCT * FROM events"));
    let declared = recorded.replacen(CLICKED, &format!("{CLICKED}  - {{ name: extra, dtype: String }}\n"), 1);
    check(
        &recorded,
        &declared,
        r#"
~ PushSource.events
    schema:
        {name: clicked, dtype: Int64}
      + {name: extra, dtype: String}
± StreamFeatureView.clicks
    sources.events:  (recreates, can be suppressed)
        clicked
      + extra
    history is lost: no batch source can rebuild it
    ± FeatureService.ads ← StreamFeatureView.clicks

Plan: 0 to create, 1 to update, 2 to recreate, 0 to delete, 1 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
wire FeatureService.ads: clicks.events
"#,
    );
}

/// What a view may be called, a namespace may keep.
#[test]
fn a_namespace_keeps_the_name_that_a_view_had() {
    for old in ["fraud-score", "fraud_score:v2", "fraud__score", "Fraud-Score:2-a"] {
        let recorded = protected()
            .replace("name: clicks", &format!("name: \"{old}\""))
            .replace("[clicks]", &format!("[\"{old}\"]"));
        let declared = protected()
            .replace("name: clicks", &format!("name: clicks\nrenamed_from: \"{old}\""))
            .replace("[clicks]", &format!("[{{ view: clicks, namespace: \"{old}\" }}]"));
        let expected = format!(
            "
~ StreamFeatureView.clicks
    renamed from StreamFeatureView.{old}

Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 3 unchanged,
      0 backfill jobs, 0 refused, 0 lifts.
"
        );
        check(&recorded, &declared, &expected);
    }
}

#[test]
fn a_rename_that_finds_nothing_is_warned_of() {
    let recorded = ads();
    for from in ["adds", "clicks", "long_gone"] {
        let declared = recorded.replace("name: ads", &format!("name: banners\nrenamed_from: {from}"));
        let plan = super::Scene::LIVE.plan(&recorded, &declared);
        let hint = match from {
            "adds" => "hint: did you mean `ads`?",
            "clicks" => "hint: `StreamFeatureView.clicks` is recorded, and a rename keeps the kind",
            _ => "hint: write the name that `weir list` shows, or remove renamed_from",
        };
        assert!(plan.contains(hint), "{plan}");
        assert!(plan.contains("- FeatureService.ads\n"), "{plan}");
    }
}

#[test]
fn a_rename_that_is_done_or_came_too_early_is_not_warned_of() {
    let renamed = ads().replace("name: ads", "name: ads\nrenamed_from: long_gone");
    assert!(super::Scene::LIVE.plan(&renamed, &renamed).starts_with("No changes."));
    let first = super::Scene::LIVE.plan("", &renamed);
    assert!(!first.contains("warning"), "{first}");
}
