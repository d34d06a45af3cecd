//! What a registry holds, read from its tables without weir.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection as _, Row as _};

/// The resources of one workspace, by identity.
pub type Rows = BTreeMap<i64, Resource>;

/// One recorded resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub kind: String,
    pub name: String,
    pub spec: Value,
    pub prevent_destroy: bool,
    pub depends_on: Vec<String>,
    pub wire_order: Vec<String>,
    /// How many jobs wait for it.
    pub jobs: i64,
}

impl Resource {
    pub fn address(&self) -> String {
        format!("{}.{}", self.kind, self.name)
    }
}

/// Returns the serial and the resources of every workspace.
pub fn rows(registry: &Path) -> BTreeMap<String, (i64, Rows)> {
    super::wait(async {
        let options = SqliteConnectOptions::new().filename(registry);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let mut found = BTreeMap::new();
        for row in sqlx::query("SELECT name, serial FROM workspace").fetch_all(&mut connection).await.unwrap() {
            found.insert(row.get::<String, _>(0), (row.get::<i64, _>(1), Rows::new()));
        }
        let query =
            "SELECT workspace.name, resource.id, kind, resource.name, spec, prevent_destroy, depends_on, wire_order,
                (SELECT count(*) FROM job WHERE job.resource_id = resource.id AND job.state = 'pending')
            FROM resource JOIN workspace ON workspace.id = resource.workspace_id";
        for row in sqlx::query(query).fetch_all(&mut connection).await.unwrap() {
            let text = |at: usize| row.get::<String, _>(at);
            let names = |at: usize| serde_json::from_str::<Vec<String>>(&text(at)).unwrap();
            let resource = Resource {
                kind: text(2),
                name: text(3),
                spec: serde_json::from_str(&text(4)).unwrap_or_else(|_| json!(text(4))),
                prevent_destroy: row.get::<i64, _>(5) != 0,
                depends_on: names(6),
                wire_order: names(7),
                jobs: row.get(8),
            };
            found.get_mut(&text(0)).unwrap().1.insert(row.get(1), resource);
        }
        let jobs = "SELECT count(*) FROM job WHERE state = 'pending' AND resource_id NOT IN (SELECT id FROM resource)";
        let orphans: i64 = sqlx::query(jobs).fetch_one(&mut connection).await.unwrap().get(0);
        assert_eq!(orphans, 0, "jobs wait for resources that are gone");
        connection.close().await.unwrap();
        found
    })
}
