//! The contract that every registry keeps, and what a registry file keeps by itself, whoever writes to it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tempfile::TempDir;
use weir::plan::{
    Base, Entry, Job, JobKind, JobState, Mode, Range, RecordedJob, Row, RowId, Serial, Snapshot, Target, Write,
};
use weir::registry::{
    Access, Error, FORMAT, Guard, Held, Location, LogEntry, LoggedChange, Memory, Part, Registry, StoredColumns,
    StoredJob, StoredSpec, Transaction, connect, create, specs_at,
};
use weir::resource::Address;

use crate::support::{NOW, Repo};

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Runs `test` on a new registry of every backend.
fn on_every_backend(test: impl AsyncFn(&dyn Registry)) {
    let folder = tempfile::tempdir().unwrap();
    wait(async {
        test(&Memory::default()).await;
        test(&*create(&location(&folder), NOW).await.unwrap()).await;
    });
}

fn location(folder: &TempDir) -> Location {
    Location { path: folder.path().join("registry.db") }
}

fn row(address: &str, protected: bool) -> Row {
    let (kind, name) = address.split_once('.').unwrap();
    Row {
        kind: kind.to_owned(),
        name: name.to_owned(),
        spec: json!({ "description": format!("{address}, it's \"quoted\"\n") }).to_string().into(),
        digest: format!("{:032x}", address.len()),
        prevent_destroy: protected,
        depends_on: Vec::new(),
        wire_order: Vec::new(),
    }
}

fn insert(address: &str) -> Write {
    Write::Insert { row: row(address, false), replaces: None }
}

/// What a workspace is at `serial`, by what [`commit`] writes.
async fn base(registry: &dyn Registry, workspace: &str, serial: i64) -> Base {
    let known = registry.workspaces().await.unwrap().into_iter().find(|it| it.name == workspace);
    let state = if serial == 0 { Snapshot::empty("", Mode::Live).state } else { format!("state {}", serial - 1) };
    Base { registry: known.map(|it| it.registry).unwrap_or_default(), serial: Serial(serial), state }
}

/// Commits at `serial`, where no guard is asked.
async fn apply(registry: &dyn Registry, workspace: &str, serial: i64, writes: Vec<Write>) -> Result<Serial, Error> {
    let base = base(registry, workspace, serial).await;
    registry.commit(commit(workspace, base, writes), None).await
}

async fn learn(registry: &dyn Registry, workspace: &str, serial: i64, writes: &[Write]) -> Result<(), Error> {
    let base = base(registry, workspace, serial).await;
    registry.learn(workspace, &base, writes).await
}

async fn delete_workspace(registry: &dyn Registry, name: &str, serial: i64, guard: Guard<'_>) -> Result<(), Error> {
    let base = base(registry, name, serial).await;
    registry.delete_workspace(name, &base, guard).await
}

fn recorded(id: i64, address: &str) -> RowId {
    RowId::new(id, &address.parse().unwrap())
}

/// A row that is recorded, or with no id one that the same commit inserts.
fn target(id: Option<i64>, address: &str) -> Target {
    let RowId { kind, name, .. } = recorded(0, address);
    id.map_or(Target::Inserted { kind, name }, |id| Target::Recorded(recorded(id, address)))
}

fn delete(id: i64, address: &str) -> Write {
    Write::Delete { recorded: recorded(id, address) }
}

fn update(id: i64, address: &str, row: Row) -> Write {
    Write::Update { recorded: recorded(id, address), row }
}

fn commit(workspace: &str, base: Base, writes: Vec<Write>) -> Transaction<'static> {
    let serial = base.serial.0;
    let entry = LogEntry {
        serial: Serial(0),
        at: NOW.to_owned(),
        actor: "tester".to_owned(),
        git_commit: Some("0123abc".to_owned()),
        git_dirty: Some(serial > 0),
        message: (serial > 0).then(|| format!("after {serial}")),
        summary: "{}".to_owned(),
        restores: (serial > 1).then_some(Serial(1)),
        weir: Some("0.0.1".to_owned()),
    };
    let changes: Vec<LoggedChange> = writes.iter().filter_map(logged).collect();
    Transaction {
        workspace: workspace.to_owned(),
        base,
        state: format!("state {serial}"),
        entry,
        count: changes.len(),
        parts: Box::new(std::iter::once(Part { writes, changes })),
    }
}

fn logged(write: &Write) -> Option<LoggedChange> {
    let Write::Insert { row, .. } = write else { return None };
    Some(LoggedChange {
        serial: Serial(0),
        action: "create".to_owned(),
        kind: row.kind.clone(),
        name: row.name.clone(),
        renamed_from: None,
        suppressed: false,
        before: None,
        after: Some(row.spec.clone()),
        resource_id: None,
        held: Held::default(),
    })
}

async fn ids(registry: &dyn Registry, workspace: &str) -> BTreeMap<String, i64> {
    let entries = registry.entries(workspace).await.unwrap();
    entries.into_iter().map(|(address, entry)| (address.to_string(), entry.id)).collect()
}

/// All that can be read of a workspace.
async fn everything(registry: &dyn Registry, workspace: &str) -> String {
    let mut specs = registry.specs(workspace, None).await.unwrap();
    specs.sort();
    let entries = registry.entries(workspace).await.unwrap();
    let log = registry.log(workspace, None).await.unwrap();
    let changes = registry.changes(workspace, Serial(0), Serial(i64::MAX)).await.unwrap();
    let mut workspaces = registry.workspaces().await.unwrap();
    workspaces.iter_mut().for_each(|it| it.registry.clear());
    format!("{workspaces:?}\n{entries:?}\n{specs:?}\n{log:?}\n{changes:?}")
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn a_new_registry_holds_prod_live_and_empty() {
    on_every_backend(async |registry| {
        let workspaces = registry.workspaces().await.unwrap();
        let told: Vec<_> = workspaces.iter().map(|it| (it.name.as_str(), it.mode, it.serial, it.count)).collect();
        assert_eq!(told, [("prod", Mode::Live, Serial(0), 0)]);
        assert_eq!(registry.entries("prod").await.unwrap(), BTreeMap::new());
        assert_eq!(registry.log("prod", None).await.unwrap(), []);
    });
}

#[test]
fn what_is_committed_is_read_back() {
    on_every_backend(async |registry| {
        let mut view = row("BatchFeatureView.orders:v2", true);
        view.depends_on = vec!["Entity.user".to_owned(), "BatchSource.orders".to_owned()];
        let order = vec!["ns.b".to_owned(), "ns.a".to_owned()];
        let writes = vec![
            insert("Entity.user"),
            Write::Insert { row: view.clone(), replaces: None },
            insert("FeatureService.ads"),
            Write::WireOrder { target: target(None, "FeatureService.ads"), order: order.clone() },
        ];
        assert_eq!(apply(registry, "prod", 0, writes).await.unwrap(), Serial(1));

        let entries = registry.entries("prod").await.unwrap();
        let entry = &entries[&address("BatchFeatureView.orders:v2")];
        let expected = Entry {
            id: entry.id,
            digest: view.digest.parse().unwrap(),
            prevent_destroy: true,
            depends_on: vec![address("Entity.user"), address("BatchSource.orders")],
            wire_order: Vec::new(),
            resource: None,
        };
        assert_eq!(entry, &expected);
        assert_eq!(entries[&address("FeatureService.ads")].wire_order, order);
        assert_eq!(entries.len(), 3);
        assert_eq!(
            registry.specs("prod", Some(&[entry.id])).await.unwrap(),
            [StoredSpec { id: entry.id, spec: view.spec.to_string() }]
        );
        assert_eq!(registry.specs("prod", Some(&[])).await.unwrap(), []);
        assert_eq!(registry.specs("prod", None).await.unwrap().len(), 3);
        let workspace = registry.workspaces().await.unwrap().remove(0);
        assert_eq!((workspace.serial, workspace.state.as_str(), workspace.count), (Serial(1), "state 0", 3));
    });
}

#[test]
fn an_update_keeps_identity_and_a_recreate_gets_a_new_one() {
    on_every_backend(async |registry| {
        let writes = vec![insert("Entity.user"), insert("Entity.ad")];
        apply(registry, "prod", 0, writes).await.unwrap();
        let before = ids(registry, "prod").await;
        let writes = vec![
            update(before["Entity.user"], "Entity.user", row("Entity.account", true)),
            delete(before["Entity.ad"], "Entity.ad"),
            Write::Insert { row: row("Entity.ad", false), replaces: Some(before["Entity.ad"]) },
        ];
        apply(registry, "prod", 1, writes).await.unwrap();
        let after = ids(registry, "prod").await;
        assert_eq!(after.keys().collect::<Vec<_>>(), ["Entity.account", "Entity.ad"]);
        assert_eq!(after["Entity.account"], before["Entity.user"]);
        assert!(after["Entity.ad"] > before["Entity.ad"]);
        assert!(registry.entries("prod").await.unwrap()[&address("Entity.account")].prevent_destroy);
    });
}

#[test]
fn an_update_keeps_the_wire_order() {
    on_every_backend(async |registry| {
        let order = |order: &[&str]| Write::WireOrder {
            target: target(None, "FeatureService.ads"),
            order: order.iter().map(|it| (*it).to_owned()).collect(),
        };
        let writes = vec![insert("FeatureService.ads"), order(&["v.b", "v.a"])];
        apply(registry, "prod", 0, writes).await.unwrap();
        let id = ids(registry, "prod").await["FeatureService.ads"];
        let writes = vec![update(id, "FeatureService.ads", row("FeatureService.ads", true))];
        apply(registry, "prod", 1, writes).await.unwrap();
        assert_eq!(registry.entries("prod").await.unwrap()[&address("FeatureService.ads")].wire_order, ["v.b", "v.a"]);
    });
}

#[test]
fn an_identity_is_never_used_twice() {
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let first = ids(registry, "prod").await["Entity.user"];
        apply(registry, "prod", 1, vec![delete(first, "Entity.user")]).await.unwrap();
        apply(registry, "prod", 2, vec![insert("Entity.user")]).await.unwrap();
        assert!(ids(registry, "prod").await["Entity.user"] > first);
    });
}

#[test]
fn the_loser_of_a_race_writes_nothing() {
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let before = everything(registry, "prod").await;
        for base in [0, 2] {
            let error = apply(registry, "prod", base, vec![insert("Entity.ad")]).await.unwrap_err();
            assert_eq!(error.to_string(), format!("registry changed since this plan (was {base}, is 1)"));
            assert!(matches!(error, Error::Moved { .. }));
        }
        assert_eq!(everything(registry, "prod").await, before);
    });
}

/// What data says is no part of what is declared: it comes and goes without an apply.
#[test]
fn what_is_learned_of_data_moves_no_serial_and_changes_nothing_else() {
    let learned = |id: i64, columns: &str| Write::Derived {
        target: target(Some(id), "BatchSource.orders"),
        columns: columns.to_owned(),
    };
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("BatchSource.orders")]).await.unwrap();
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        apply(registry, "dev", 0, vec![insert("BatchSource.orders")]).await.unwrap();
        assert_eq!(registry.derived("prod").await.unwrap(), []);
        let before = everything(registry, "prod").await;
        let id = ids(registry, "prod").await["BatchSource.orders"];
        let row = |columns: &str| StoredColumns {
            id,
            kind: "BatchSource".to_owned(),
            name: "orders".to_owned(),
            columns: columns.to_owned(),
        };
        learn(registry, "prod", 1, &[learned(id, "[1]")]).await.unwrap();
        assert_eq!(registry.derived("prod").await.unwrap(), [row("[1]")]);
        // Learned again, it is what was learned last; what is not recorded is not learned, and nothing beside it.
        learn(registry, "prod", 1, &[learned(id, "[2]")]).await.unwrap();
        for other in [learned(id + 1, "[3]"), learned(id + 9, "[3]")] {
            let error = learn(registry, "prod", 1, &[learned(id, "[3]"), other]).await.unwrap_err();
            assert_eq!(error.to_string(), "`BatchSource.orders` is not recorded as this plan saw it");
        }
        assert_eq!(registry.derived("prod").await.unwrap(), [row("[2]")]);
        assert_eq!(registry.derived("dev").await.unwrap(), []);
        assert_eq!(everything(registry, "prod").await, before);
        for base in [0, 2] {
            let error = learn(registry, "prod", base, &[learned(id, "[4]")]).await.unwrap_err();
            assert!(matches!(error, Error::Moved { .. }), "{error}");
        }
        assert_eq!(registry.derived("prod").await.unwrap(), [row("[2]")]);
        // An update keeps it with the identity; what is built again, or gone, takes it along.
        let update = update(id, "BatchSource.orders", self::row("BatchSource.orders", false));
        apply(registry, "prod", 1, vec![update]).await.unwrap();
        assert_eq!(registry.derived("prod").await.unwrap(), [row("[2]")]);
        let again = vec![
            delete(id, "BatchSource.orders"),
            Write::Insert { row: self::row("BatchSource.orders", false), replaces: Some(id) },
        ];
        apply(registry, "prod", 2, again).await.unwrap();
        assert_eq!(registry.derived("prod").await.unwrap(), []);
    });
}

/// Whoever writes an order, and knows only a part of what was learned, moves no position.
#[test]
fn an_order_on_the_wire_only_grows() {
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("FeatureService.ads")]).await.unwrap();
        let id = ids(registry, "prod").await["FeatureService.ads"];
        let order = |names: &[&str]| Write::WireOrder {
            target: target(Some(id), "FeatureService.ads"),
            order: names.iter().map(|it| (*it).to_owned()).collect(),
        };
        for names in [&["v.b"] as &[&str], &["v.b", "v.a"], &["v.b", "v.a"]] {
            learn(registry, "prod", 1, &[order(names)]).await.unwrap();
        }
        let before = everything(registry, "prod").await;
        for names in [&[] as &[&str], &["v.b"], &["v.a", "v.b"], &["v.bb", "v.a"]] {
            let error = learn(registry, "prod", 1, &[order(names)]).await.unwrap_err();
            assert!(matches!(error, Error::Learned), "{error}");
            let error = apply(registry, "prod", 1, vec![order(names)]).await.unwrap_err();
            assert!(matches!(error, Error::Learned), "{error}");
        }
        assert_eq!(everything(registry, "prod").await, before);
    });
}

#[test]
fn a_commit_that_breaks_off_leaves_everything_as_it_was() {
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let before = everything(registry, "prod").await;
        let base = base(registry, "prod", 1).await;
        let cut = Transaction { count: 3, ..commit("prod", base, vec![insert("Entity.ad"), insert("Entity.card")]) };
        assert!(matches!(registry.commit(cut, None).await, Err(Error::Incomplete)));
        assert_eq!(everything(registry, "prod").await, before);
        apply(registry, "prod", 1, vec![insert("Entity.ad")]).await.unwrap();
    });
}

#[test]
fn a_guard_that_says_no_leaves_everything_as_it_was() {
    on_every_backend(async |registry| {
        let writes = vec![Write::Insert { row: row("Entity.user", true), replaces: None }];
        apply(registry, "prod", 0, writes).await.unwrap();
        let before = everything(registry, "prod").await;
        let id = ids(registry, "prod").await["Entity.user"];
        let guard = |mode: Mode, entries: &BTreeMap<Address, Entry>| {
            assert_eq!(mode, Mode::Live, "it is told the mode that is recorded");
            assert!(entries[&address("Entity.user")].prevent_destroy, "it sees what is recorded");
            Err(Vec::new())
        };
        let commit = commit("prod", base(registry, "prod", 1).await, vec![delete(id, "Entity.user")]);
        assert!(matches!(registry.commit(commit, Some(&guard)).await, Err(Error::Refused(_))));
        assert!(matches!(delete_workspace(registry, "prod", 1, Some(&guard)).await, Err(Error::Refused(_))));
        assert_eq!(everything(registry, "prod").await, before);
    });
}

#[test]
fn a_commit_that_fails_half_way_leaves_everything_as_it_was() {
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let before = everything(registry, "prod").await;
        let id = ids(registry, "prod").await["Entity.user"];
        let (row, other) = (row("Entity.user", true), "`Entity.user` is not recorded as this plan saw it");
        for missing in [delete(4711, "Entity.user"), update(4711, "Entity.user", row.clone())] {
            let writes = vec![insert("Entity.ad"), update(id, "Entity.user", row.clone()), missing];
            assert_eq!(apply(registry, "prod", 1, writes).await.unwrap_err().to_string(), other);
        }
        assert_eq!(everything(registry, "prod").await, before);
    });
}

/// A number alone means nothing: in a registry that was put back, another row may have it.
#[test]
fn a_write_finds_its_row_by_number_and_by_address_or_nothing_is_written() {
    on_every_backend(async |registry| {
        let writes = vec![insert("Entity.user"), insert("Entity.ad"), insert("FeatureService.ads")];
        apply(registry, "prod", 0, writes).await.unwrap();
        let before = everything(registry, "prod").await;
        let ids = ids(registry, "prod").await;
        let (user, service) = (ids["Entity.user"], ids["FeatureService.ads"]);
        let order = |id, address| Write::WireOrder { target: target(id, address), order: vec!["v.a".to_owned()] };
        let derived = |id, address| Write::Derived { target: target(id, address), columns: "[]".to_owned() };
        let job = |id, address| {
            let kind = recurring_kind();
            Write::Job { target: target(id, address), job: Job { kind, online: true, offline: false } }
        };
        for (write, named) in [
            (delete(user, "Entity.ad"), "Entity.ad"),
            (delete(user, "Entity.other"), "Entity.other"),
            (delete(user, "BatchSource.user"), "BatchSource.user"),
            (update(user, "Entity.ad", row("Entity.ad", true)), "Entity.ad"),
            (update(user, "Entity.gone", row("Entity.user", true)), "Entity.gone"),
            (update(user, "PushSource.user", row("PushSource.user", true)), "PushSource.user"),
            (order(Some(user), "FeatureService.ads"), "FeatureService.ads"),
            (order(Some(service), "FeatureService.other"), "FeatureService.other"),
            (derived(Some(user), "Entity.ad"), "Entity.ad"),
            (job(Some(user), "Entity.ad"), "Entity.ad"),
            // What is said to be new is not what was there before.
            (order(None, "FeatureService.ads"), "FeatureService.ads"),
            (derived(None, "Entity.user"), "Entity.user"),
            (job(None, "Entity.user"), "Entity.user"),
            (job(None, "Entity.other"), "Entity.other"),
        ] {
            let told = format!("{write:?}");
            let error = apply(registry, "prod", 1, vec![insert("Entity.new"), write]).await.unwrap_err();
            assert_eq!(error.to_string(), format!("`{named}` is not recorded as this plan saw it"), "{told}");
            assert_eq!(everything(registry, "prod").await, before, "{told}");
        }
    });
}

/// Deletes are written in hundreds: one that is another row stops them all.
#[test]
fn of_many_deletes_each_finds_its_row() {
    on_every_backend(async |registry| {
        let names: Vec<String> = (0..300).map(|it| format!("Entity.e{it}")).collect();
        apply(registry, "prod", 0, names.iter().map(|it| insert(it)).collect()).await.unwrap();
        let ids = ids(registry, "prod").await;
        let mut writes: Vec<Write> = ids.iter().map(|(address, id)| delete(*id, address)).collect();
        // Two numbers exchanged: every number and every name is there.
        (writes[250], writes[251]) = (delete(ids["Entity.e8"], "Entity.e9"), delete(ids["Entity.e9"], "Entity.e8"));
        let error = apply(registry, "prod", 1, writes).await.unwrap_err();
        assert!(matches!(error, Error::OtherRow { .. }), "{error}");
        assert_eq!(registry.entries("prod").await.unwrap().len(), 300);
    });
}

/// A copy that was put back counts its serials again.
#[test]
fn a_commit_meets_the_state_that_it_was_made_on_and_not_only_its_serial() {
    on_every_backend(async |registry| {
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let before = everything(registry, "prod").await;
        let other = Base { state: "another".to_owned(), ..base(registry, "prod", 1).await };
        let errors = [
            registry.commit(commit("prod", other.clone(), vec![insert("Entity.ad")]), None).await.map(drop),
            registry.learn("prod", &other, &[]).await,
            registry.delete_workspace("prod", &other, None).await,
        ];
        for error in errors {
            let told = "the registry holds something else than when this plan was made, though it is at serial 1 again";
            assert_eq!(error.unwrap_err().to_string(), told);
        }
        assert_eq!(everything(registry, "prod").await, before);
    });
}

/// Where nobody knows the state by heart, it is made of the rows.
#[test]
fn a_state_that_was_forgotten_is_compared_all_the_same() {
    on_every_backend(async |registry| {
        let base = base(registry, "prod", 0).await;
        let first = Transaction { state: String::new(), ..commit("prod", base.clone(), vec![insert("Entity.user")]) };
        registry.commit(first, None).await.unwrap();
        let entries = registry.entries("prod").await.unwrap();
        let now = Base { serial: Serial(1), state: Snapshot::state_of(&entries), ..base };
        let other = Base { state: Snapshot::empty("", Mode::Live).state, ..now.clone() };
        let error = registry.commit(commit("prod", other, vec![insert("Entity.ad")]), None).await.unwrap_err();
        assert!(matches!(error, Error::OtherState { .. }), "{error}");
        registry.commit(commit("prod", now, vec![insert("Entity.ad")]), None).await.unwrap();
    });
}

#[test]
fn a_commit_is_for_one_workspace_of_one_registry() {
    on_every_backend(async |registry| {
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        let dev = base(registry, "dev", 0).await;
        delete_workspace(registry, "dev", 0, None).await.unwrap();
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        let error = registry.commit(commit("dev", dev.clone(), vec![insert("Entity.ad")]), None).await.unwrap_err();
        assert!(matches!(error, Error::OtherRegistry), "{error}");
        assert!(matches!(registry.delete_workspace("dev", &dev, None).await, Err(Error::OtherRegistry)));
        apply(registry, "dev", 0, vec![insert("Entity.ad")]).await.unwrap();
    });
}

/// A plan that was made when there was no registry is for one that nobody has used.
#[test]
fn a_plan_for_no_registry_is_for_a_new_one_only() {
    let nowhere = || Base { registry: String::new(), serial: Serial(0), state: Snapshot::empty("", Mode::Live).state };
    on_every_backend(async |registry| {
        registry.commit(commit("prod", nowhere(), vec![insert("Entity.ad")]), None).await.unwrap();
        let error = registry.commit(commit("prod", nowhere(), vec![]), None).await.unwrap_err();
        assert_eq!(error.to_string(), "registry changed since this plan (was 0, is 1)");
    });
    on_every_backend(async |registry| {
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        delete_workspace(registry, "dev", 0, None).await.unwrap();
        let error = registry.commit(commit("prod", nowhere(), vec![]), None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "there was no registry when this plan was made, and this one has been used since"
        );
    });
}

#[test]
fn workspaces_do_not_see_each_other() {
    on_every_backend(async |registry| {
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let prod = everything(registry, "prod").await;
        apply(registry, "dev", 0, vec![insert("Entity.user"), insert("Entity.ad")]).await.unwrap();
        assert_eq!(ids(registry, "prod").await.len(), 1);
        assert_eq!(registry.log("prod", None).await.unwrap().len(), 1);
        assert_eq!(registry.workspaces().await.unwrap().iter().map(|it| it.count).collect::<Vec<_>>(), [2, 1]);
        delete_workspace(registry, "dev", 1, None).await.unwrap();
        registry.create_workspace("dev", Mode::Live, NOW).await.unwrap();
        assert_eq!(registry.entries("dev").await.unwrap(), BTreeMap::new());
        assert_eq!(registry.log("dev", None).await.unwrap(), [], "a name that is used again has no history");
        delete_workspace(registry, "dev", 0, None).await.unwrap();
        assert_eq!(registry.workspaces().await.unwrap().len(), 1);
        assert_ne!(everything(registry, "prod").await, prod.replace("Entity", ""));
    });
}

#[test]
fn a_commit_reaches_its_own_workspace_only() {
    on_every_backend(async |registry| {
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        apply(registry, "prod", 0, vec![insert("Entity.user")]).await.unwrap();
        let before = everything(registry, "prod").await;
        let id = ids(registry, "prod").await["Entity.user"];
        for write in [delete(id, "Entity.user"), update(id, "Entity.user", row("Entity.ad", false))] {
            assert!(apply(registry, "dev", 0, vec![write]).await.is_err());
        }
        assert_eq!(registry.specs("dev", Some(&[id])).await.unwrap(), []);
        assert_eq!(everything(registry, "prod").await, before);
    });
}

#[test]
fn a_workspace_is_created_once_and_deleted_at_its_serial() {
    on_every_backend(async |registry| {
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        for mode in [Mode::Development, Mode::Live] {
            let error = registry.create_workspace("dev", mode, NOW).await.unwrap_err();
            assert_eq!(error.to_string(), "workspace `dev` exists already");
        }
        let modes: Vec<_> = registry.workspaces().await.unwrap().into_iter().map(|it| (it.name, it.mode)).collect();
        assert_eq!(modes, [("dev".to_owned(), Mode::Development), ("prod".to_owned(), Mode::Live)]);
        apply(registry, "dev", 0, vec![insert("Entity.user")]).await.unwrap();
        assert!(matches!(delete_workspace(registry, "dev", 0, None).await, Err(Error::Moved { .. })));
        assert_eq!(ids(registry, "dev").await.len(), 1);
        delete_workspace(registry, "dev", 1, None).await.unwrap();
        assert!(matches!(registry.entries("dev").await, Err(Error::NoWorkspace { .. })));
    });
}

#[test]
fn a_workspace_that_does_not_exist_is_an_error_that_names_those_that_do() {
    on_every_backend(async |registry| {
        let errors = [
            registry.entries("prd").await.err(),
            registry.specs("prd", None).await.err(),
            registry.log("prd", None).await.err(),
            registry.changes("prd", Serial(0), Serial(9)).await.err(),
            apply(registry, "prd", 0, vec![]).await.err(),
            delete_workspace(registry, "prd", 0, None).await.err(),
        ];
        for error in errors {
            let Some(Error::NoWorkspace { name, existing }) = error else { panic!("{error:?}") };
            assert_eq!((name.as_str(), existing), ("prd", vec!["prod".to_owned()]));
        }
    });
}

#[test]
fn the_history_tells_every_apply_and_every_change() {
    on_every_backend(async |registry| {
        for (base, name) in ["Entity.a", "Entity.b", "Entity.c"].into_iter().enumerate() {
            apply(registry, "prod", base as i64, vec![insert(name)]).await.unwrap();
        }
        let log = registry.log("prod", None).await.unwrap();
        assert_eq!(log.iter().map(|it| it.serial.0).collect::<Vec<_>>(), [3, 2, 1], "newest first");
        assert_eq!(
            log[2],
            LogEntry { serial: Serial(1), ..commit("prod", base(registry, "prod", 0).await, vec![]).entry }
        );
        assert_eq!(log[0].message.as_deref(), Some("after 2"));
        assert_eq!(registry.log("prod", Some(2)).await.unwrap(), log[..2]);
        assert_eq!(registry.log("prod", Some(0)).await.unwrap(), []);

        let changes = registry.changes("prod", Serial(1), Serial(3)).await.unwrap();
        assert_eq!(changes.iter().map(|it| (it.serial.0, it.name.as_str())).collect::<Vec<_>>(), [(2, "b"), (3, "c")]);
        let expected = LoggedChange { serial: Serial(2), ..logged(&insert("Entity.b")).unwrap() };
        assert_eq!(changes[0], expected);
        let at = specs_at(registry, "prod", Serial(2)).await.unwrap();
        assert_eq!(at.keys().map(ToString::to_string).collect::<Vec<_>>(), ["Entity.a", "Entity.b"]);
    });
}

#[test]
fn thousands_of_rows_are_one_commit() {
    on_every_backend(async |registry| {
        let writes = (0..1_001).map(|it| insert(&format!("Entity.e{it}"))).collect();
        apply(registry, "prod", 0, writes).await.unwrap();
        let ids = ids(registry, "prod").await;
        let all: Vec<i64> = ids.values().copied().collect();
        assert_eq!(all.len(), 1_001);
        assert_eq!(registry.specs("prod", Some(&all)).await.unwrap().len(), 1_001);
        let writes = ids.iter().map(|(address, id)| delete(*id, address)).collect();
        apply(registry, "prod", 1, writes).await.unwrap();
        assert_eq!(registry.entries("prod").await.unwrap(), BTreeMap::new());
    });
}

// ---- A registry file ------------------------------------------------------------------------------------------------

/// A registry with Entity.user (protected), Entity.ad (not), in `prod` (live) and in `dev` (development).
struct File {
    folder: TempDir,
    live: Ids,
    development: Ids,
}

#[derive(Clone, Copy)]
struct Ids {
    workspace: i64,
    elsewhere: i64,
    protected: i64,
    other: i64,
    /// Unprotected, of a third workspace.
    stranger: i64,
}

impl File {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = create(&location(&folder), NOW).await.unwrap();
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        registry.create_workspace("third", Mode::Development, NOW).await.unwrap();
        let rows = || vec![Write::Insert { row: row("Entity.user", true), replaces: None }, insert("Entity.ad")];
        apply(&*registry, "prod", 0, rows()).await.unwrap();
        apply(&*registry, "dev", 0, rows()).await.unwrap();
        apply(&*registry, "third", 0, vec![insert("Entity.user")]).await.unwrap();
        let stranger = ids(&*registry, "third").await["Entity.user"];
        let (prod, dev) = (ids(&*registry, "prod").await, ids(&*registry, "dev").await);
        let of = |ids: &BTreeMap<String, i64>, workspace, elsewhere| Ids {
            workspace,
            elsewhere,
            protected: ids["Entity.user"],
            other: ids["Entity.ad"],
            stranger,
        };
        let (live, development) = (of(&prod, 1, 3), of(&dev, 2, 3));
        Self { folder, live, development }
    }

    /// As `sqlite3` opens it: without foreign keys.
    async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(location(&self.folder).path).foreign_keys(false);
        SqliteConnection::connect_with(&options).await.unwrap()
    }
}

async fn run(connection: &mut SqliteConnection, statement: &str) -> Result<u64, String> {
    let result = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await;
    result.map(|it| it.rows_affected()).map_err(|it| it.as_database_error().unwrap().message().to_owned())
}

async fn texts(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(query.to_owned())).fetch_all(connection).await.unwrap();
    rows.iter().map(|it| it.get(0)).collect()
}

async fn dump(connection: &mut SqliteConnection) -> Vec<String> {
    texts(
        connection,
        "SELECT id || ' ' || name || ' ' || mode || ' ' || serial FROM workspace
         UNION ALL SELECT id || ' ' || workspace_id || ' ' || kind || '.' || name || ' ' || spec || prevent_destroy FROM resource",
    )
    .await
}

/// Runs a statement on the protected resource of each mode; `$WORKSPACE`, `$PROTECTED` and the others are identities.
#[track_caller]
fn check(statement: &str, live: Result<(), &str>, development: Result<(), &str>) {
    let (in_live, in_development) = wait(async {
        let file = File::new().await;
        let mut connection = file.connect().await;
        let before = dump(&mut connection).await;
        let in_live = run(&mut connection, &file.live.fill(statement)).await;
        if in_live.is_err() {
            assert_eq!(dump(&mut connection).await, before, "{statement}: an error writes nothing");
        }
        let fresh = File::new().await;
        let in_development = run(&mut fresh.connect().await, &fresh.development.fill(statement)).await;
        (in_live, in_development)
    });
    let told = |it: Result<u64, String>| it.map(|count| assert!(count > 0, "{statement} finds no row"));
    assert_eq!(told(in_live), live.map_err(str::to_owned), "live: {statement}");
    assert_eq!(told(in_development), development.map_err(str::to_owned), "development: {statement}");
}

impl Ids {
    fn fill(self, statement: &str) -> String {
        statement
            .replace("$WORKSPACE", &self.workspace.to_string())
            .replace("$ELSEWHERE", &self.elsewhere.to_string())
            .replace("$PROTECTED", &self.protected.to_string())
            .replace("$OTHER", &self.other.to_string())
            .replace("$STRANGER", &self.stranger.to_string())
            .replace("$ROW", "'Entity', 'user', '{}', '', 0, 9, 9")
            .replace("$COLUMNS", "kind, name, spec, digest, prevent_destroy, first_serial, last_serial")
    }
}

const DELETED: &str = "weir: a protected resource of a live workspace cannot be deleted";
const REPLACED: &str = "weir: a protected resource of a live workspace cannot be replaced";
const IDENTITY: &str = "weir: a protected resource of a live workspace keeps its identity and kind";
const ALONE: &str = "weir: a protected resource of a live workspace is renamed alone, with nothing else changed";
const MODE: &str = "weir: a workspace keeps its name and its mode";
const HOLDS: &str = "weir: a live workspace that holds a protected resource cannot be deleted";
const EXISTS: &str = "weir: this workspace exists already";

#[test]
fn a_protected_row_cannot_be_deleted() {
    for statement in [
        "DELETE FROM resource WHERE id = $PROTECTED",
        "DELETE FROM resource WHERE workspace_id = $WORKSPACE",
        "DELETE FROM resource WHERE rowid IN (SELECT rowid FROM resource WHERE workspace_id = $WORKSPACE)",
        "DELETE FROM resource WHERE id = $PROTECTED RETURNING name",
    ] {
        check(statement, Err(DELETED), Ok(()));
    }
    check("DELETE FROM resource WHERE id = $OTHER", Ok(()), Ok(()));
}

#[test]
fn a_protected_row_cannot_be_replaced_by_an_insert() {
    for statement in [
        "INSERT OR REPLACE INTO resource (workspace_id, $COLUMNS) VALUES ($WORKSPACE, $ROW)",
        "REPLACE INTO resource (workspace_id, $COLUMNS) SELECT $WORKSPACE, $ROW",
        "INSERT OR REPLACE INTO resource (id, workspace_id, $COLUMNS) VALUES ($PROTECTED, $ELSEWHERE, $ROW)",
        "INSERT OR REPLACE INTO resource (rowid, workspace_id, $COLUMNS) VALUES ($PROTECTED, $ELSEWHERE, $ROW)",
        "INSERT INTO resource (workspace_id, $COLUMNS) VALUES ($WORKSPACE, $ROW) ON CONFLICT DO UPDATE SET kind = 'BatchSource'",
    ] {
        check(statement, Err(REPLACED), Ok(()));
    }
}

#[test]
fn a_protected_row_cannot_be_replaced_by_an_update() {
    for statement in [
        "UPDATE OR REPLACE resource SET name = 'user' WHERE id = $OTHER",
        "UPDATE OR REPLACE resource SET id = $PROTECTED WHERE id = $OTHER",
        "UPDATE OR REPLACE resource SET workspace_id = $WORKSPACE WHERE id = $STRANGER",
    ] {
        check(statement, Err(REPLACED), Ok(()));
    }
}

#[test]
fn a_protected_row_keeps_its_identity_and_kind() {
    for statement in [
        "UPDATE resource SET kind = 'BatchSource' WHERE id = $PROTECTED",
        "UPDATE resource SET id = 99 WHERE id = $PROTECTED",
        "UPDATE resource SET workspace_id = 99 WHERE id = $PROTECTED",
        "UPDATE resource SET prevent_destroy = 0, kind = 'BatchSource' WHERE id = $PROTECTED",
        "UPDATE resource SET first_serial = 9 WHERE id = $PROTECTED",
        "UPDATE resource SET replaces = $OTHER WHERE id = $PROTECTED",
    ] {
        check(statement, Err(IDENTITY), Ok(()));
    }
    for statement in [
        "UPDATE resource SET name = 'account' WHERE id = $PROTECTED",
        "UPDATE resource SET spec = '{}' WHERE id = $PROTECTED",
        "UPDATE resource SET prevent_destroy = 0 WHERE id = $PROTECTED",
        "UPDATE resource SET kind = 'BatchSource' WHERE id = $OTHER",
    ] {
        check(statement, Ok(()), Ok(()));
    }
}

/// A plan that means another row of this number changes its name, its spec and its flag at once.
#[test]
fn a_protected_row_is_renamed_alone() {
    for set in [
        "name = 'junk', spec = '{}', digest = 'x', prevent_destroy = 0",
        "name = 'junk', prevent_destroy = 0",
        "name = 'junk', spec = '{}'",
        "name = 'junk', digest = 'x'",
        "name = 'junk', depends_on = '[\"Entity.ad\"]'",
        "name = 'junk', wire_order = '[\"v.a\"]'",
        "name = 'junk', derived_schema = '[]'",
    ] {
        check(&format!("UPDATE resource SET {set} WHERE id = $PROTECTED"), Err(ALONE), Ok(()));
        check(&format!("UPDATE resource SET {set} WHERE id = $OTHER"), Ok(()), Ok(()));
        check(
            &format!("UPDATE OR REPLACE resource SET {set} WHERE kind = 'Entity' AND rowid = $PROTECTED"),
            Err(ALONE),
            Ok(()),
        );
    }
    let upsert = "INSERT INTO resource (id, workspace_id, $COLUMNS) VALUES ($PROTECTED, $WORKSPACE, $ROW)
        ON CONFLICT (id) DO UPDATE SET name = 'junk', prevent_destroy = 0";
    check(upsert, Err(REPLACED), Ok(()));
    check("UPDATE resource SET name = 'account', last_serial = 9 WHERE id = $PROTECTED", Ok(()), Ok(()));
}

/// What plans do: a rename together with an edit, with a lift, and both.
#[test]
fn a_rename_of_what_is_protected_may_come_with_an_edit_and_with_its_lift() {
    for protected in [true, false] {
        wait(async {
            let file = File::new().await;
            let registry = connect(&location(&file.folder), Access::Write).await.unwrap().unwrap();
            let renamed = update(file.live.protected, "Entity.user", row("Entity.account", protected));
            apply(&*registry, "prod", 1, vec![renamed]).await.unwrap();
            let entries = registry.entries("prod").await.unwrap();
            let entry = &entries[&address("Entity.account")];
            assert_eq!((entry.id, entry.prevent_destroy), (file.live.protected, protected));
        });
    }
}

/// `rowid`, `oid` and `_rowid_` are the column `id`, and a trigger on `UPDATE OF id` does not hear of them.
#[test]
fn a_protected_row_keeps_its_identity_under_each_of_its_names() {
    for name in ["rowid", "oid", "_rowid_"] {
        check(&format!("UPDATE resource SET {name} = 99 WHERE id = $PROTECTED"), Err(IDENTITY), Ok(()));
        let replace = format!("UPDATE OR REPLACE resource SET {name} = $PROTECTED WHERE id = $OTHER");
        check(&replace, Err(REPLACED), Ok(()));
    }
}

#[test]
fn a_workspace_keeps_its_mode() {
    for statement in [
        "UPDATE workspace SET mode = CASE mode WHEN 'live' THEN 'development' ELSE 'live' END WHERE id = $WORKSPACE",
        "UPDATE workspace SET name = 'other' WHERE id = $WORKSPACE",
        "UPDATE workspace SET id = 99 WHERE id = $WORKSPACE",
        "UPDATE OR REPLACE workspace SET id = $WORKSPACE WHERE id = $ELSEWHERE",
        "UPDATE workspace SET rowid = 99 WHERE id = $WORKSPACE",
        "UPDATE OR REPLACE workspace SET rowid = $WORKSPACE WHERE id = $ELSEWHERE",
    ] {
        check(statement, Err(MODE), Err(MODE));
    }
    check("UPDATE workspace SET serial = 9, state = '' WHERE id = $WORKSPACE", Ok(()), Ok(()));
}

#[test]
fn a_workspace_that_holds_a_protected_row_cannot_be_deleted_or_replaced() {
    check("DELETE FROM workspace WHERE id = $WORKSPACE", Err(HOLDS), Ok(()));
    for statement in [
        "INSERT OR REPLACE INTO workspace (id, name, mode, created_at) VALUES ($WORKSPACE, 'new', 'development', '')",
        "INSERT OR REPLACE INTO workspace (rowid, name, mode, created_at) VALUES ($WORKSPACE, 'new', 'development', '')",
        "REPLACE INTO workspace (name, mode, created_at) SELECT name, 'development', '' FROM workspace WHERE id = $WORKSPACE",
    ] {
        check(statement, Err(EXISTS), Err(EXISTS));
    }
}

#[test]
fn a_trigger_is_an_error_of_its_own_and_stops_the_whole_commit() {
    wait(async {
        let file = File::new().await;
        let registry = connect(&location(&file.folder), Access::Write).await.unwrap().unwrap();
        let before = everything(&*registry, "prod").await;
        let writes = vec![insert("Entity.new"), delete(file.live.protected, "Entity.user")];
        let error = apply(&*registry, "prod", 1, writes).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "it refuses: a protected resource of a live workspace cannot be deleted",
            "even when no guard was given"
        );
        assert!(matches!(delete_workspace(&*registry, "prod", 1, None).await, Err(Error::Trigger(_))));
        assert_eq!(everything(&*registry, "prod").await, before);
        let writes = vec![delete(file.development.protected, "Entity.user")];
        apply(&*registry, "dev", 1, writes).await.unwrap();
    });
}

#[test]
fn a_write_past_weir_makes_the_next_plan_look_at_every_row() {
    for statement in [
        "UPDATE resource SET spec = '{}' WHERE id = $OTHER",
        "DELETE FROM resource WHERE id = $OTHER",
        "INSERT INTO resource (workspace_id, kind, name, spec, digest, prevent_destroy, first_serial, last_serial)
         VALUES ($WORKSPACE, 'Entity', 'new', '{}', '', 0, 9, 9)",
    ] {
        let states = wait(async {
            let file = File::new().await;
            let mut connection = file.connect().await;
            run(&mut connection, &file.live.fill(statement)).await.unwrap();
            texts(&mut connection, "SELECT state FROM workspace ORDER BY id").await
        });
        assert_eq!(states, ["", "state 0", "state 0"], "{statement}");
    }
}

#[test]
fn the_views_tell_who_depends_on_what_and_who_protects_what() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let registry = create(&location(&folder), NOW).await.unwrap();
        registry.create_workspace("dev", Mode::Development, NOW).await.unwrap();
        let reading = |address: &str, protected: bool, depends_on: &[&str]| {
            let depends_on = depends_on.iter().map(|it| (*it).to_owned()).collect();
            Write::Insert { row: Row { depends_on, ..row(address, protected) }, replaces: None }
        };
        let writes = || {
            vec![
                reading("BatchSource.orders", false, &[]),
                reading("Entity.user", false, &[]),
                reading("BatchFeatureView.spend", false, &["BatchSource.orders", "Entity.user"]),
                reading("FeatureService.fraud", true, &["BatchFeatureView.spend"]),
                reading("FeatureService.ads", false, &["BatchFeatureView.spend"]),
            ]
        };
        apply(&*registry, "prod", 0, writes()).await.unwrap();
        apply(&*registry, "dev", 0, writes()).await.unwrap();
        drop(registry);
        let options = SqliteConnectOptions::new().filename(location(&folder).path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let told = "SELECT resource || ' <- ' || depends_on FROM dependency WHERE workspace = 'prod' ORDER BY 1";
        assert_eq!(
            texts(&mut connection, told).await,
            [
                "BatchFeatureView.spend <- BatchSource.orders",
                "BatchFeatureView.spend <- Entity.user",
                "FeatureService.ads <- BatchFeatureView.spend",
                "FeatureService.fraud <- BatchFeatureView.spend",
            ]
        );
        let told = "SELECT workspace || ': ' || protected_by || ' protects ' || resource FROM protection ORDER BY 1";
        assert_eq!(
            texts(&mut connection, told).await,
            [
                "prod: FeatureService.fraud protects BatchFeatureView.spend",
                "prod: FeatureService.fraud protects BatchSource.orders",
                "prod: FeatureService.fraud protects Entity.user",
                "prod: FeatureService.fraud protects FeatureService.fraud",
            ]
        );
    });
}

fn recurring_kind() -> JobKind {
    JobKind::Recurring {
        every: "1d".parse().unwrap(),
        delay: "1h".parse().unwrap(),
        from: "2024-01-02".parse().unwrap(),
    }
}

/// A worker may begin a job between a plan and its apply.
#[test]
fn a_job_is_changed_in_the_state_that_it_was_read_in_or_nothing_is_written() {
    on_every_backend(async |registry| {
        let address = "BatchFeatureView.spend";
        let job = Job { kind: recurring_kind(), online: true, offline: false };
        let writes = vec![
            insert(address),
            insert("Entity.user"),
            Write::Job { target: target(None, address), job: job.clone() },
        ];
        apply(registry, "prod", 0, writes).await.unwrap();
        let ids = ids(registry, "prod").await;
        let (view, other) = (ids[address], ids["Entity.user"]);
        let held = registry.jobs("prod", &[view, other]).await.unwrap();
        let [StoredJob { view: of, job: recorded }] = held.as_slice() else { panic!("{held:?}") };
        let expected = RecordedJob { id: recorded.id, state: JobState::Pending, job: job.clone(), ran_to: None };
        assert_eq!((*of, recorded), (view, &expected));
        let before = everything(registry, "prod").await;
        let (pending, to) = (JobState::Pending, JobState::Cancelled);
        for (target, id, state) in [
            (target(Some(view), address), recorded.id, JobState::Running),
            (target(Some(view), address), recorded.id + 1, pending),
            (target(Some(other), address), recorded.id, pending),
            (target(None, address), recorded.id, pending),
        ] {
            let change = Write::ChangeJob { target: target.clone(), id, state, job: job.clone() };
            for write in [change, Write::EndJob { target, id, state, to }] {
                let told = format!("{write:?}");
                let error = apply(registry, "prod", 1, vec![insert("Entity.new"), write]).await.unwrap_err();
                let expected = format!("a job of `{address}` has begun or ended since this plan");
                assert_eq!(error.to_string(), expected, "{told}");
                assert_eq!(everything(registry, "prod").await, before, "{told}");
                assert_eq!(registry.jobs("prod", &[view]).await.unwrap(), held, "{told}");
            }
        }
        let offline = Job { online: false, offline: true, ..job };
        let target = || target(Some(view), address);
        let change = Write::ChangeJob { target: target(), id: recorded.id, state: pending, job: offline.clone() };
        apply(registry, "prod", 1, vec![change]).await.unwrap();
        let changed = RecordedJob { job: offline, ..expected };
        assert_eq!(registry.jobs("prod", &[view]).await.unwrap(), [StoredJob { view, job: changed.clone() }]);
        let end = Write::EndJob { target: target(), id: recorded.id, state: pending, to };
        apply(registry, "prod", 2, vec![end]).await.unwrap();
        assert_eq!(
            registry.jobs("prod", &[view]).await.unwrap(),
            [StoredJob { view, job: RecordedJob { state: to, ..changed } }]
        );
    });
}

#[test]
fn jobs_belong_to_an_identity_and_end_with_it() {
    wait(async {
        let folder = tempfile::tempdir().unwrap();
        let registry = create(&location(&folder), NOW).await.unwrap();
        let range = Range { start: "2024-01-01".parse().unwrap(), end: "2024-01-02".parse().unwrap() };
        let address = "BatchFeatureView.spend";
        let job =
            |id, kind| Write::Job { target: target(id, address), job: Job { kind, online: true, offline: false } };
        let backfill = || job(None, JobKind::Backfill { range, count: 1 });
        let recurring = |id| job(id, recurring_kind());
        let writes = vec![insert("BatchFeatureView.spend"), backfill(), recurring(None)];
        apply(&*registry, "prod", 0, writes).await.unwrap();
        let id = ids(&*registry, "prod").await["BatchFeatureView.spend"];
        let held = registry.jobs("prod", &[id]).await.unwrap();
        let (id_of_job, state) = (held[1].job.id, held[1].job.state);
        let end = Write::EndJob { target: target(Some(id), address), id: id_of_job, state, to: JobState::Cancelled };
        apply(&*registry, "prod", 1, vec![end, recurring(Some(id))]).await.unwrap();
        let writes = vec![
            delete(id, address),
            Write::CancelJobs { recorded: recorded(id, address) },
            Write::Insert { row: row("BatchFeatureView.spend", false), replaces: Some(id) },
            backfill(),
        ];
        apply(&*registry, "prod", 2, writes).await.unwrap();
        drop(registry);
        let options = SqliteConnectOptions::new().filename(location(&folder).path);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let told = "SELECT printf('%d %s %s %s at %d', resource_id, kind, coalesce(range_end - range_start, every + delay), state, serial)
            FROM job ORDER BY id";
        assert_eq!(
            texts(&mut connection, told).await,
            [
                format!("{id} backfill 86400 cancelled at 1"),
                format!("{id} recurring 90000 cancelled at 1"),
                format!("{id} recurring 90000 cancelled at 2"),
                format!("{} backfill 86400 pending at 3", id + 1),
            ]
        );
    });
}

#[test]
fn the_history_keeps_what_a_row_held_beside_its_spec() {
    on_every_backend(async |registry| {
        let order = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let ads = "FeatureService.ads";
        let wire = |id, names: &[&str]| Write::WireOrder { target: target(id, ads), order: order(names) };
        let columns = |id, text: &str| Write::Derived { target: target(id, ads), columns: text.to_owned() };
        apply(registry, "prod", 0, vec![insert(ads), wire(None, &["v.b"])]).await.unwrap();
        let id = ids(registry, "prod").await[ads];
        // Moves no serial, and the next change knows it all the same.
        learn(registry, "prod", 1, &[wire(Some(id), &["v.b", "v.a"]), columns(Some(id), "[1]")]).await.unwrap();
        let change = |action: &str| LoggedChange {
            action: action.to_owned(),
            resource_id: Some(id),
            ..logged(&insert(ads)).unwrap()
        };
        let mut update = commit("prod", base(registry, "prod", 1).await, Vec::new());
        let writes = vec![
            Write::Update { recorded: recorded(id, ads), row: row(ads, false) },
            wire(Some(id), &["v.b", "v.a", "v.c"]),
        ];
        update.parts = Box::new(std::iter::once(Part { writes, changes: vec![change("update")] }));
        update.count = 1;
        registry.commit(update, None).await.unwrap();
        let mut delete = commit("prod", base(registry, "prod", 2).await, Vec::new());
        delete.parts = Box::new(std::iter::once(Part {
            writes: vec![Write::Delete { recorded: recorded(id, ads) }],
            changes: vec![LoggedChange { after: None, ..change("delete") }],
        }));
        delete.count = 1;
        registry.commit(delete, None).await.unwrap();
        let changes = registry.changes("prod", Serial(0), Serial(3)).await.unwrap();
        let held: Vec<_> = changes.into_iter().map(|it| (it.serial.0, it.resource_id, it.held)).collect();
        let known = |names: &[&str]| Held { wire_order: Some(order(names)), derived: Some("[1]".to_owned()) };
        let expected = [
            (1, None, Held::default()),
            (2, Some(id), known(&["v.b", "v.a"])),
            (3, Some(id), known(&["v.b", "v.a", "v.c"])),
        ];
        assert_eq!(held, expected);
    });
}

#[test]
fn a_newer_registry_is_not_opened_and_another_file_is_no_registry() {
    wait(async {
        let file = File::new().await;
        run(&mut file.connect().await, &format!("PRAGMA user_version = {}", FORMAT + 1)).await.unwrap();
        for access in [Access::Read, Access::Write] {
            let found = connect(&location(&file.folder), access).await;
            assert!(matches!(found, Err(Error::Newer { found }) if found == FORMAT + 1));
        }
        let folder = tempfile::tempdir().unwrap();
        assert!(
            connect(&location(&folder), Access::Write).await.unwrap().is_none(),
            "nothing there is no registry yet"
        );
        assert!(!location(&folder).path.exists(), "and looking makes none");
        std::fs::write(location(&folder).path, "not a database, and longer than a header of SQLite would be").unwrap();
        assert!(matches!(connect(&location(&folder), Access::Read).await, Err(Error::Damaged(_))));
    });
}

// ---- Registries of earlier releases ---------------------------------------------------------------------------------

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A copy of the repo and of the registry that a release of weir made of it.
fn fixture(format: &str) -> Repo {
    let repo = Repo::new(&[]);
    for entry in std::fs::read_dir(fixtures().join(format)).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            repo.write(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap());
        }
    }
    repo.write(".weir/.gitignore", "*\n");
    std::fs::copy(fixtures().join(format!("{format}.db")), repo.registry()).unwrap();
    repo
}

#[test]
fn a_registry_of_format_1_is_migrated_by_apply_and_before_that_only_named() {
    let repo = fixture("registry-format-1");
    let older = "
error[G003]: registry .weir/registry.db: it has the older format 1, this weir writes 2
hint: run `weir registry migrate`: it makes a backup copy first
";
    let before = std::fs::read(repo.registry()).unwrap();
    for command in [["plan", "-q"], ["list", "-q"], ["log", "-q"]] {
        assert_eq!(repo.run(&command).exits(1).stderr, older.trim_start());
    }
    assert!(std::fs::read(repo.registry()).unwrap() == before, "who only reads writes nothing");
    let apply = repo.run(&["apply", "-y"]).exits(0);
    assert!(apply.stdout.contains("nothing was applied"), "{}", apply.stdout);
    let copy = repo.path().join(".weir/registry.db.format1.backup");
    assert!(copy.exists(), "{}", apply.stderr);
    repo.run(&["plan", "--detailed-exitcode"]).exits(0);
}

#[test]
fn a_migrated_history_says_what_it_says_and_no_more() {
    let repo = fixture("registry-format-1");
    repo.run(&["registry", "migrate"]).exits(0);
    let log: serde_json::Value = serde_json::from_str(&repo.run(&["log", "--format", "json"]).exits(0).stdout).unwrap();
    assert_eq!((&log[0]["dirty"], &log[0]["weir"], &log[0]["restores"]), (&json!(null), &json!(null), &json!(null)));
    wait(async {
        let options = SqliteConnectOptions::new().filename(repo.registry());
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        // The first window of a schedule is where the backfill ends.
        let starts = "SELECT printf('%d %d', recurring.range_start = backfill.range_end, recurring.range_end IS NULL)
            FROM job AS recurring JOIN job AS backfill USING (resource_id)
            WHERE recurring.kind = 'recurring' AND backfill.kind = 'backfill'";
        assert_eq!(texts(&mut connection, starts).await, ["1 1", "1 1", "1 1"]);
    });
}

#[test]
fn a_newer_weir_alone_changes_nothing_in_a_registry_of_format_2() {
    let repo = fixture("registry-format-2");
    let plan = repo.run(&["plan", "--detailed-exitcode"]).exits(0);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    let apply = repo.run(&["apply", "-y"]).exits(0);
    assert!(apply.stdout.contains("nothing was applied"), "{}", apply.stdout);
}

/// A new way to make digests, or a new default, must not show: specs are compared, not digests.
#[test]
fn specs_of_format_1_mean_what_they_meant_when_digests_are_of_no_use() {
    let repo = fixture("registry-format-1");
    repo.run(&["registry", "migrate"]).exits(0);
    wait(async {
        let options = SqliteConnectOptions::new().filename(repo.registry());
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let forget = "UPDATE resource SET digest = '00000000000000000000000000000000'; UPDATE workspace SET state = ''";
        run(&mut connection, forget).await.unwrap();
        let kinds = texts(&mut connection, "SELECT DISTINCT kind FROM resource").await;
        assert_eq!(kinds.len(), 7, "the fixture has every kind");
    });
    let plan = repo.run(&["plan", "--detailed-exitcode"]).exits(0);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}
