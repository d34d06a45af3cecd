//! Reads all of a registry, and reports its faults.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use super::connection::{Facts, closed, connect};
use super::migrate::upgrade;
use super::migrations::{FORMAT, MIGRATIONS};
use crate::recorded::state;
use crate::registry::error::{Error, Result};
use crate::registry::location::Location;
use crate::registry::read::{decode, parse_address};
use crate::registry::traits::Access;
use crate::resource::{Address, Catalog, Digest, Resource};

/// The findings about a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One sentence for each fault. A whole registry has none.
    pub faults: Vec<String>,
    pub workspaces: usize,
    pub resources: usize,
    pub applies: usize,
}

/// Reads all of the registry. Errors when it cannot be read at all: out of reach, of another format, no registry.
pub async fn check(location: &Location) -> Result<Report> {
    let Some(path) = location.find()? else {
        return Err(Error::Unreachable("there is none yet: `weir registry init` makes one".to_owned()));
    };
    let mut connection = connect(&path, Access::Read).await?;
    let report = read(&mut connection).await;
    closed(connection, report).await
}

async fn read(connection: &mut SqliteConnection) -> Result<Report> {
    let found = Facts::read(connection).await?.format(FORMAT)?;
    if found < FORMAT {
        return Err(Error::Older { found });
    }
    // Reads one state, even while others apply.
    sqlx::query("BEGIN").execute(&mut *connection).await?;
    let mut report = Report::default();
    file(connection, &mut report).await?;
    // Rows of damaged pages tell nothing.
    if report.faults.is_empty() {
        schema(connection, &mut report).await?;
        rows(connection, &mut report).await?;
        jobs(connection, &mut report).await?;
    }
    sqlx::query("ROLLBACK").execute(connection).await?;
    Ok(report)
}

async fn texts(connection: &mut SqliteConnection, query: &'static str) -> Result<Vec<String>> {
    let rows = sqlx::query(query).fetch_all(connection).await?;
    rows.iter().map(|it| Ok(it.try_get(0)?)).collect()
}

/// Checks the pages and the foreign keys, by SQLite's own means.
async fn file(connection: &mut SqliteConnection, report: &mut Report) -> Result<()> {
    for found in texts(connection, "PRAGMA integrity_check").await?.into_iter().filter(|it| it != "ok") {
        report.faults.push(format!("SQLite finds: {found}"));
    }
    let orphans = "SELECT 'a row of `' || \"table\" || '` names a row of `' || parent || '` that is not there'
                   FROM pragma_foreign_key_check";
    report.faults.extend(texts(connection, orphans).await?);
    Ok(())
}

/// Checks tables, indices, views and triggers word for word, and finds triggers that weir did not make.
async fn schema(connection: &mut SqliteConnection, report: &mut Report) -> Result<()> {
    let mut fresh = SqliteConnection::connect("sqlite::memory:").await?;
    upgrade(&mut fresh, "", MIGRATIONS).await?;
    let (expected, found) = (objects(&mut fresh).await?, objects(connection).await?);
    for (name, (kind, sql)) in &expected {
        match found.get(name) {
            None => report.faults.push(format!("the {kind} `{name}` is missing")),
            Some((_, other)) if other != sql => {
                report.faults.push(format!("the {kind} `{name}` is not as weir made it"))
            }
            Some(_) => {}
        }
    }
    let strangers = found.iter().filter(|it| it.1.0 == "trigger" && !expected.contains_key(it.0));
    report.faults.extend(strangers.map(|it| format!("the trigger `{}` is not of weir's making", it.0)));
    Ok(())
}

async fn objects(connection: &mut SqliteConnection) -> Result<BTreeMap<String, (String, String)>> {
    let query = "SELECT name, type, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    let rows = sqlx::query(query).fetch_all(connection).await?;
    let object = |it: &SqliteRow| Ok((it.try_get(0)?, (it.try_get(1)?, it.try_get(2)?)));
    rows.iter().map(object).collect()
}

/// One row of `workspace`.
struct Workspace {
    id: i64,
    name: String,
    serial: i64,
    state: String,
}

/// Checks every workspace with its rows and its history.
async fn rows(connection: &mut SqliteConnection, report: &mut Report) -> Result<()> {
    let count: i64 = sqlx::query("SELECT count(*) FROM registry").fetch_one(&mut *connection).await?.try_get(0)?;
    if count != 1 {
        report.faults.push(format!("the table `registry` has {count} rows, and one says which registry this is"));
    }
    let rows = sqlx::query("SELECT id, name, serial, state, mode FROM workspace ORDER BY name");
    let mut workspaces = Vec::new();
    for row in rows.fetch_all(&mut *connection).await? {
        let (name, mode): (String, String) = (row.try_get(1)?, row.try_get(4)?);
        if mode != "live" && mode != "development" {
            report.faults.push(format!("workspace `{name}` has the mode `{mode}`"));
        }
        workspaces.push(Workspace { id: row.try_get(0)?, name, serial: row.try_get(2)?, state: row.try_get(3)? });
    }
    report.workspaces = workspaces.len();
    for workspace in &workspaces {
        let specs = resources(connection, workspace, report).await?;
        history(connection, workspace, &specs, report).await?;
    }
    let known: Vec<i64> = workspaces.iter().map(|it| it.id).collect();
    let gone = sqlx::query("SELECT DISTINCT workspace_id FROM resource").fetch_all(&mut *connection).await?;
    for row in gone {
        let id: i64 = row.try_get(0)?;
        if !known.contains(&id) {
            report.faults.push(format!("there are resources of workspace {id}, which does not exist"));
        }
    }
    Ok(())
}

/// Checks each row of one workspace, then all of them against its state. Returns the specs as they are stored.
async fn resources(
    connection: &mut SqliteConnection,
    workspace: &Workspace,
    report: &mut Report,
) -> Result<BTreeMap<String, String>> {
    let rows = sqlx::query(
        "SELECT kind || '.' || name, spec, digest, prevent_destroy, depends_on, wire_order, derived_schema, first_serial, last_serial
         FROM resource WHERE workspace_id = ? ORDER BY kind, name",
    )
    .bind(workspace.id)
    .fetch_all(&mut *connection)
    .await?;
    report.resources += rows.len();
    let (mut specs, mut read, mut digests) = (BTreeMap::new(), Vec::new(), Vec::new());
    for row in &rows {
        let address: String = row.try_get(0)?;
        let spec: String = row.try_get(1)?;
        let mut fault =
            |what: String| report.faults.push(format!("`{address}` of workspace `{}` {what}", workspace.name));
        let serials: (i64, i64) = (row.try_get(7)?, row.try_get(8)?);
        if !(1 <= serials.0 && serials.0 <= serials.1 && serials.1 <= workspace.serial) {
            fault(format!(
                "has the serials {} and {}, and the workspace is at {}",
                serials.0, serials.1, workspace.serial
            ));
        }
        match resource(row, &address, &spec) {
            Ok((resource, digest)) => {
                let flag: bool = row.try_get(3)?;
                if flag != resource.meta.prevent_destroy {
                    let says = |it: bool| if it { "protected" } else { "not protected" };
                    fault(format!("is {}, and its spec says {}", says(flag), says(resource.meta.prevent_destroy)));
                }
                digests.push((resource.address.clone(), digest));
                read.push(resource);
            }
            // This weir cannot check what a newer one recorded.
            Err(error @ Error::UnknownKind { .. }) => return Err(error),
            Err(error) => fault(format!("cannot be read: {error}")),
        }
        specs.insert(address, spec);
    }
    if read.len() == rows.len() {
        together(workspace, &read, &digests, report);
    }
    Ok(specs)
}

/// Decodes all that one row holds.
fn resource(row: &SqliteRow, address: &str, spec: &str) -> Result<(Resource, Digest)> {
    let bad = |what: &str| Error::Damaged(format!("its {what} makes no sense"));
    let json = |text: String, what: &str| serde_json::from_str::<Vec<String>>(&text).map_err(|_| bad(what));
    let depends_on = json(row.try_get(4)?, "depends_on")?;
    let depends_on = depends_on.iter().map(|it| parse_address(it)).collect::<Result<_>>()?;
    let order = json(row.try_get(5)?, "wire_order")?;
    if order.iter().collect::<BTreeSet<_>>().len() != order.len() || order.iter().any(|it| !it.contains('.')) {
        return Err(bad("wire_order"));
    }
    if let Some(columns) = row.try_get::<Option<String>, _>(6)? {
        let columns =
            serde_json::from_str::<Vec<BTreeMap<String, String>>>(&columns).map_err(|_| bad("derived_schema"))?;
        if columns.iter().any(|it| it.keys().ne(["dtype", "name"])) {
            return Err(bad("derived_schema"));
        }
    }
    let digest = row.try_get::<String, _>(2)?.parse().map_err(|_| bad("digest"))?;
    let address = parse_address(address)?;
    Ok((decode(&address, spec, depends_on)?, digest))
}

/// Checks digests against specs, the state against digests, and dependencies against the rows.
fn together(workspace: &Workspace, read: &[Resource], digests: &[(Address, Digest)], report: &mut Report) {
    let name = &workspace.name;
    let all = state(digests.iter().map(|it| (&it.0, it.1)));
    if !workspace.state.is_empty() && workspace.state != all {
        report.faults.push(format!("the state of workspace `{name}` is not that of its rows"));
    }
    let there: BTreeSet<&Address> = read.iter().map(|it| &it.address).collect();
    for resource in read {
        for missing in resource.depends_on.iter().filter(|it| !there.contains(it)) {
            let address = &resource.address;
            report
                .faults
                .push(format!("`{address}` of workspace `{name}` depends on `{missing}`, which is not recorded"));
        }
    }
    let catalog = Catalog::new(read);
    let differs = |it: &(&Resource, &(Address, Digest))| it.0.digest(&it.0.local_digest(), &catalog) != it.1.1;
    let other: Vec<&Address> = read.iter().zip(digests).filter(differs).map(|it| &it.0.address).collect();
    // Where all differ, a weir with other digests wrote them, and the specs may be whole.
    if other.len() < read.len() {
        let told = other.iter().map(|it| format!("the digest of `{it}` of workspace `{name}` is not that of its spec"));
        report.faults.extend(told);
    }
}

/// Replays the applies, decodes every state, and compares the result with the recorded rows.
async fn history(
    connection: &mut SqliteConnection,
    workspace: &Workspace,
    specs: &BTreeMap<String, String>,
    report: &mut Report,
) -> Result<()> {
    let name = &workspace.name;
    let applies = sqlx::query("SELECT serial, summary FROM apply WHERE workspace_id = ? ORDER BY serial");
    let applies = applies.bind(workspace.id).fetch_all(&mut *connection).await?;
    report.applies += applies.len();
    let serials = applies.iter().map(|it| it.try_get(0)).collect::<std::result::Result<Vec<i64>, _>>()?;
    if serials.iter().copied().ne(1..=workspace.serial) {
        let count = serials.len();
        report
            .faults
            .push(format!("workspace `{name}` is at serial {}, and its history has {count} applies", workspace.serial));
    }
    for row in &applies {
        if serde_json::from_str::<serde_json::Value>(row.try_get::<&str, _>(1)?).is_err() {
            report.faults.push(format!(
                "the summary of serial {} of workspace `{name}` cannot be read",
                row.try_get::<i64, _>(0)?
            ));
        }
    }
    let changes = sqlx::query(
        "SELECT serial, kind, name, renamed_from, before, after FROM change WHERE workspace_id = ? ORDER BY serial, id",
    );
    let mut now: BTreeMap<String, String> = BTreeMap::new();
    for row in changes.bind(workspace.id).fetch_all(&mut *connection).await? {
        let (serial, kind, own): (i64, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let address = format!("{kind}.{own}");
        let mut fault =
            |what: &str| report.faults.push(format!("serial {serial} of workspace `{name}`: `{address}` {what}"));
        if !serials.contains(&serial) {
            fault("changes in an apply that is not there");
        }
        let (before, after): (Option<String>, Option<String>) = (row.try_get(4)?, row.try_get(5)?);
        for spec in [&before, &after].into_iter().flatten() {
            let read = parse_address(&address).and_then(|it| decode(&it, spec, Vec::new()));
            match read {
                Ok(_) => {}
                Err(error @ Error::UnknownKind { .. }) => return Err(error),
                Err(error) => fault(&format!("cannot be read: {error}")),
            }
        }
        if let Some(old) = row.try_get::<Option<String>, _>(3)? {
            now.remove(&format!("{kind}.{old}"));
        }
        match after {
            Some(after) => now.insert(address, after),
            None => now.remove(&address),
        };
    }
    let differs = |it: &&String| now.get(*it) != specs.get(*it);
    let addresses: BTreeSet<&String> = now.keys().chain(specs.keys()).collect();
    let told = addresses.into_iter().filter(differs);
    report.faults.extend(told.map(|it| format!("`{it}` of workspace `{name}` is not what its history leads to")));
    Ok(())
}

/// Checks that jobs wait for recorded resources, and that their values are valid.
async fn jobs(connection: &mut SqliteConnection, report: &mut Report) -> Result<()> {
    let faults = "SELECT 'job ' || id || ' waits for a resource that is not recorded' FROM job
         WHERE state IN ('pending', 'running', 'failed') AND NOT EXISTS (
             SELECT 1 FROM resource WHERE resource.id = resource_id AND resource.workspace_id = job.workspace_id)
         UNION ALL SELECT 'job ' || id || ' has a range that ends before it starts' FROM job
         WHERE kind = 'backfill' AND coalesce(range_start >= range_end, 1)
         UNION ALL SELECT 'job ' || id || ' has no schedule' FROM job WHERE kind = 'recurring' AND coalesce(every <= 0, 1)
         UNION ALL SELECT 'job ' || id || ' is in state `' || state || '`, which is none' FROM job
         WHERE state NOT IN ('pending', 'running', 'failed', 'done', 'cancelled', 'superseded')";
    report.faults.extend(texts(connection, faults).await?);
    Ok(())
}
