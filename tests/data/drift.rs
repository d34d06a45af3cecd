//! Data that moves under declarations that stay: what only adds is in place, what breaks is an error, and what nothing
//! uses is noted and no more.

use serde_json::Value;

use super::{CARDS, ENTITY, SERVICE, SOURCE, told};
use crate::support::{Repo, Run};

/// Every column is a feature.
const ALL: &str = "\
kind: BatchFeatureView
name: card_spend
sources: [cards]
entities: [card]
sql: SELECT * EXCLUDE (day) FROM cards
timestamp_field: opened_at
";

/// Only some columns are used.
const SUMS: &str = "\
kind: BatchFeatureView
name: card_sums
sources: [cards]
entities: [card]
sql: SELECT * EXCLUDE (day) FROM cards
timestamp_field: opened_at
aggregation_interval: 1d
aggregations:
  - { column: amount, function: sum, time_window: 7d }
";

const ADDED: &str = "\
~ BatchFeatureView.card_spend  view.yaml:1
    schema:
        {name: opened_at, dtype: Timestamp}
      + {name: city, dtype: String}
    because the data of BatchSource.cards has more columns
    adds feature: city String
";

const NOTHING: &str = "No changes. The registry matches the repo";

fn repo() -> Repo {
    Repo::new(&[
        ("data/cards.csv", CARDS),
        ("entity.yaml", ENTITY),
        ("source.yaml", SOURCE),
        ("view.yaml", ALL),
        ("sums.yaml", SUMS),
        ("service.yaml", SERVICE),
    ])
}

fn weir(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["-q", "--color", "never"], arguments].concat())
}

/// Returns a repo that is applied with its data.
fn applied() -> Repo {
    let repo = repo();
    weir(&repo, &["apply", "--yes"]).exits(0);
    assert_eq!(serial(&repo), 1);
    repo
}

/// Gives the data of cards one column more.
fn add_city(repo: &Repo) {
    let wider = CARDS.lines().enumerate().map(|it| format!("{},{}\n", it.1, if it.0 == 0 { "city" } else { "Rome" }));
    repo.write("data/cards.csv", &wider.collect::<String>());
}

fn serial(repo: &Repo) -> u64 {
    let plan: Value = serde_json::from_str(&weir(repo, &["plan", "--offline", "--format", "json"]).stdout).unwrap();
    plan["base_serial"].as_u64().unwrap()
}

#[track_caller]
fn nothing_to_do(repo: &Repo, arguments: &[&str]) {
    let run = weir(repo, &[&["plan"], arguments].concat()).exits(0);
    assert!(run.stdout.contains(NOTHING), "{}", run.stdout);
}

/// Checks the error, in plan and in apply, and that nothing is written; offline there is none.
#[track_caller]
fn broken(repo: &Repo, says: &[&str]) {
    let before = std::fs::read(repo.registry()).unwrap();
    let run = weir(repo, &["plan"]).exits(1);
    assert_eq!(told(&run.stderr), says.concat());
    let run = weir(repo, &["apply", "--yes"]).exits(1);
    assert_eq!(told(&run.stderr), format!("{}Nothing was applied.\n", says.concat()));
    assert_eq!(std::fs::read(repo.registry()).unwrap(), before);
    nothing_to_do(repo, &["--offline"]);
}

const MORE: &str = "hint: bring the columns back, or make them what they were in the batch_config's post_processor\n";

fn changed(view: &str, file: &str, what: &str) -> String {
    let head = "error[D006]: the data of `BatchSource.cards` has changed under";
    format!("{head} `BatchFeatureView.{view}`, which is declared as it was: {what}\n--> {file}:1\n{MORE}")
}

#[test]
fn a_column_that_data_adds_is_in_place_where_it_is_a_feature() {
    let repo = applied();
    nothing_to_do(&repo, &[]);
    add_city(&repo);
    nothing_to_do(&repo, &["--offline"]);
    let plan = weir(&repo, &["plan"]).exits(0);
    assert_eq!(
        plan.stdout,
        format!(
            "Workspace prod (live), the default, at serial 1\n\n{ADDED}\n\
             Plan: 0 to create, 1 to update, 0 to recreate, 0 to delete, 4 unchanged,\n      \
             0 backfill jobs, 0 refused, 0 lifts.\n"
        )
    );
    assert!(!weir(&repo, &["columns", "card_spend"]).stdout.contains("city"), "what is planned is not applied");
    let wire = "# on the wire: card_spend.amount, card_spend.limit_eur, card_spend.user_id\n";
    assert!(weir(&repo, &["show", "spend"]).stdout.ends_with(wire));
    weir(&repo, &["apply", "--yes"]).exits(0);
    assert_eq!(serial(&repo), 2);
    nothing_to_do(&repo, &[]);
    let columns = weir(&repo, &["columns", "card_spend"]).exits(0);
    assert!(columns.stdout.ends_with("Int64    feature\ncity       String   feature\n"), "{}", columns.stdout);
    let shown = weir(&repo, &["show", "card_spend"]).exits(0);
    assert!(shown.stdout.ends_with("opened_at: Timestamp, city: String\n"), "{}", shown.stdout);
    // Growing moves no position on the wire: `city` comes last, whatever its name.
    let shown = weir(&repo, &["show", "spend"]).exits(0);
    assert!(shown.stdout.ends_with(&wire.replace("user_id\n", "user_id, card_spend.city\n")), "{}", shown.stdout);
    assert_eq!(weir(&repo, &["log"]).stdout.lines().filter(|it| it.contains("~1")).count(), 1);
}

#[test]
fn a_column_that_nothing_makes_use_of_comes_goes_and_changes_in_silence() {
    let repo = repo();
    repo.remove("view.yaml");
    repo.remove("service.yaml");
    weir(&repo, &["apply", "--yes"]).exits(0);
    add_city(&repo);
    nothing_to_do(&repo, &[]);
    weir(&repo, &["apply", "--yes"]).exits(0);
    assert_eq!(serial(&repo), 1);
    // It is known all the same.
    assert!(
        weir(&repo, &["show", "cards"]).stdout.contains("city: String"),
        "{}",
        weir(&repo, &["show", "cards"]).stdout
    );
    for data in [CARDS.to_owned(), CARDS.replace("user_id", "person"), CARDS.replace(",100,", ",many,")] {
        repo.write("data/cards.csv", &data);
        nothing_to_do(&repo, &[]);
        let run = weir(&repo, &["apply", "--yes"]).exits(0);
        assert!(run.stdout.contains("There is nothing to do") || run.stdout.contains(NOTHING), "{}", run.stdout);
        assert_eq!(serial(&repo), 1);
    }
}

#[test]
fn a_column_in_use_that_is_gone_or_of_another_type_is_an_error() {
    let repo = applied();
    repo.write("data/cards.csv", &CARDS.replace("limit_eur", "limit"));
    broken(&repo, &[&changed("card_spend", "view.yaml", "`limit_eur` is gone")]);
    repo.write("data/cards.csv", &CARDS.replace(",100,", ",many,"));
    broken(&repo, &[&changed("card_spend", "view.yaml", "`limit_eur` was Int64 and is String")]);
    // Where two views use it, each says so.
    repo.write("data/cards.csv", &CARDS.replace("12.5", "12").replace("7.25", "7"));
    let (sums, spend) = (
        changed("card_sums", "sums.yaml", "`amount` was Float64 and is Int64"),
        changed("card_spend", "view.yaml", "`amount` was Float64 and is Int64"),
    );
    broken(&repo, &[&sums, &spend]);
    repo.write("data/cards.csv", &CARDS.replace("limit_eur", "limit").replace("12.5", "12").replace("7.25", "7"));
    let both = changed("card_spend", "view.yaml", "`amount` was Float64 and is Int64, `limit_eur` is gone");
    broken(&repo, &[&sums, &both]);
    repo.write("data/cards.csv", CARDS);
    nothing_to_do(&repo, &[]);
}

#[test]
fn what_was_applied_offline_is_learned_without_a_change() {
    let repo = repo();
    weir(&repo, &["apply", "--yes", "--offline"]).exits(0);
    nothing_to_do(&repo, &[]);
    weir(&repo, &["apply", "--yes"]).exits(0);
    assert_eq!(serial(&repo), 1);
    assert!(weir(&repo, &["columns", "card_spend"]).exits(0).stdout.contains("limit_eur  Int64"));
    // From here on it is known.
    repo.write("data/cards.csv", &CARDS.replace("limit_eur", "limit"));
    broken(&repo, &[&changed("card_spend", "view.yaml", "`limit_eur` is gone")]);
}

#[test]
fn what_is_built_again_takes_the_data_as_it_is() {
    let repo = applied();
    repo.write("data/cards.csv", &CARDS.replace("limit_eur", "limit"));
    repo.write("view.yaml", &ALL.replace("EXCLUDE (day) FROM cards", "EXCLUDE (day) FROM cards WHERE amount > 1"));
    let run = weir(&repo, &["apply", "--yes"]).exits(0);
    assert!(run.stdout.contains("0 to update, 2 to recreate"), "{}", run.stdout);
    assert!(weir(&repo, &["columns", "card_spend"]).stdout.contains("limit    Int64    feature"));
    nothing_to_do(&repo, &[]);
}

#[test]
fn a_renamed_view_keeps_what_its_data_says() {
    let repo = applied();
    add_city(&repo);
    repo.write("view.yaml", &ALL.replace("name: card_spend", "name: spending\nrenamed_from: card_spend"));
    repo.write("service.yaml", &SERVICE.replace("[card_spend]", "[{ view: spending, namespace: card_spend }]"));
    let plan = weir(&repo, &["plan"]).exits(0);
    assert!(plan.stdout.contains("+ {name: city, dtype: String}"), "{}", plan.stdout);
    weir(&repo, &["apply", "--yes"]).exits(0);
    nothing_to_do(&repo, &[]);
    repo.write("data/cards.csv", CARDS);
    broken(&repo, &[&changed("spending", "view.yaml", "`city` is gone")]);
}

#[test]
fn views_over_one_source_grow_together_with_an_edit_of_one() {
    let repo = applied();
    repo.write("again.yaml", &ALL.replace("card_spend", "again"));
    weir(&repo, &["apply", "--yes"]).exits(0);
    add_city(&repo);
    repo.write("again.yaml", &format!("{}description: once more\n", ALL.replace("card_spend", "again")));
    let plan = weir(&repo, &["plan"]).exits(0);
    assert_eq!(plan.stdout.matches("+ {name: city, dtype: String}").count(), 2, "{}", plan.stdout);
    assert!(plan.stdout.contains("description: (unset) -> once more"), "{}", plan.stdout);
    assert!(plan.stdout.contains("0 to create, 2 to update, 0 to recreate, 0 to delete"), "{}", plan.stdout);
    weir(&repo, &["apply", "--yes"]).exits(0);
    nothing_to_do(&repo, &[]);
}

#[test]
fn growth_is_saved_applied_and_written_as_the_schema_of_plans_says() {
    let repo = applied();
    add_city(&repo);
    let text = weir(&repo, &["plan", "--format", "json"]).exits(0).stdout;
    let plan: Value = serde_json::from_str(&text).unwrap();
    let schema = jsonschema::validator_for(&::weir::render::json::plan_schema()).unwrap();
    let faults: Vec<String> = schema.iter_errors(&plan).map(|it| format!("{}: {it}", it.instance_path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let change = &plan["changes"][0];
    assert_eq!(change["cause"], serde_json::json!({ "kind": "data", "path": ["BatchSource.cards"] }));
    assert_eq!((&change["action"], &change["fields"][0]["effect"]), (&"update".into(), &"in_place".into()));
    weir(&repo, &["plan", "--out", "growth.plan"]).exits(0);
    weir(&repo, &["apply", "growth.plan", "--yes"]).exits(0);
    assert_eq!(serial(&repo), 2);
    assert!(weir(&repo, &["columns", "card_spend"]).stdout.ends_with("city       String   feature\n"));
    nothing_to_do(&repo, &[]);
    let again = weir(&repo, &["apply", "growth.plan", "--yes"]).exits(1);
    assert!(again.stderr.contains("Nothing was applied."), "{}", again.stderr);
}

/// What goes over the wire is known from the data, and stays known when nothing is opened.
#[test]
fn a_service_that_comes_later_gets_the_columns_that_are_recorded() {
    let repo = applied();
    let order = weir(&repo, &["columns", "spend"]).exits(0).stdout;
    assert!(order.contains("card_spend.amount"), "{order}");
    for (name, offline) in [("online_later", &[] as &[&str]), ("offline_later", &["--offline"])] {
        repo.write(&format!("{name}.yaml"), &SERVICE.replace("name: spend", &format!("name: {name}")));
        weir(&repo, &[&["apply", "--yes"], offline].concat()).exits(0);
        assert_eq!(weir(&repo, &["columns", name]).exits(0).stdout, order, "{name}");
    }
    // One that was deleted and is brought back, too.
    repo.remove("offline_later.yaml");
    weir(&repo, &["apply", "--yes", "--offline"]).exits(0);
    weir(&repo, &["restore", "3", "--yes"]).exits(0);
    assert_eq!(weir(&repo, &["columns", "offline_later"]).exits(0).stdout, order);
}

/// A time that nobody names is the only one there is, until it is another.
#[test]
fn the_time_of_a_row_is_a_column_in_use() {
    let repo = repo();
    repo.write("source.yaml", &SOURCE.replace("  timestamp_field: opened_at\n", ""));
    repo.write("sums.yaml", &SUMS.replace("timestamp_field: opened_at\n", ""));
    repo.remove("view.yaml");
    repo.remove("service.yaml");
    weir(&repo, &["apply", "--yes"]).exits(0);
    repo.write("data/cards.csv", &CARDS.replace("opened_at", "seen_at"));
    let run = weir(&repo, &["plan"]).exits(1);
    let said = "error[D006]: the data of `BatchSource.cards` has changed under `BatchFeatureView.card_sums`, which is \
                declared as it was: `opened_at` is gone\n";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
}

/// What is learned moves no serial, so that a saved plan still fits; an order on the wire that it did not know stays.
#[test]
fn a_saved_plan_moves_no_position_that_was_learned_since() {
    let repo = repo();
    weir(&repo, &["apply", "--yes", "--offline"]).exits(0);
    repo.write("entity.yaml", &ENTITY.replace("name: card\n", "name: card\ndescription: A card\n"));
    weir(&repo, &["plan", "--out", "saved.plan"]).exits(0);
    repo.write("entity.yaml", ENTITY);
    repo.write("data/cards.csv", &CARDS.replace("amount", "a_first").replace("limit_eur", "amount"));
    weir(&repo, &["apply", "--yes"]).exits(0);
    let order = weir(&repo, &["columns", "spend"]).exits(0).stdout;
    let run = weir(&repo, &["apply", "saved.plan", "--yes"]).exits(1);
    let said = "error[G004]: what is known of columns has changed since this plan\nhint: run `weir plan` again\n";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
    assert_eq!(weir(&repo, &["columns", "spend"]).exits(0).stdout, order);
}

/// A view that could not be looked at is told of its source's move when it can.
#[test]
fn a_source_is_not_learned_before_the_views_that_read_it() {
    let repo = applied();
    let more = SOURCE.replace("name: cards", "name: more").replace("cards.csv", "more.csv");
    repo.write("more.yaml", &more);
    repo.write("data/more.csv", CARDS);
    repo.write(
        "joined.yaml",
        "kind: BatchFeatureView\nname: joined\nsources: [cards, more]\nentities: [card]\ntimestamp_field: opened_at\n\
         sql: SELECT cards.card_id, cards.limit_eur, more.opened_at FROM cards JOIN more ON cards.card_id = more.card_id\n",
    );
    repo.remove("view.yaml");
    repo.remove("service.yaml");
    weir(&repo, &["apply", "--yes"]).exits(0);
    repo.write("data/cards.csv", &CARDS.replace(",100,", ",much,"));
    // Nobody can sign in to where the other source is said to lie, so what the view yields is not known.
    repo.write("more.yaml", &more.replace("data/more.csv", "s3://shop/more.csv"));
    weir(&repo, &["apply", "--yes", "--suppress-recreates"]).exits(0);
    repo.write("more.yaml", &more);
    let run = weir(&repo, &["plan", "--suppress-recreates"]).exits(1);
    assert!(run.stderr.contains("`limit_eur` was Int64 and is String"), "{}", run.stderr);
}

/// Beside what is aggregated there may be anything, and a declared schema chooses.
#[test]
fn what_no_feature_is_made_of_may_be_of_any_type() {
    let repo = repo();
    repo.write("sums.yaml", &SUMS.replace("SELECT * EXCLUDE (day) FROM", "SELECT * FROM"));
    let chosen = "schema: [{ name: card_id, dtype: String }, { name: amount, dtype: Float64 }, { name: opened_at, dtype: Timestamp }]";
    let plain = ALL.replace("sql: SELECT * EXCLUDE (day) FROM cards", chosen);
    repo.write("view.yaml", &plain);
    weir(&repo, &["apply", "--yes"]).exits(0);
    add_city(&repo);
    nothing_to_do(&repo, &[]);
}
