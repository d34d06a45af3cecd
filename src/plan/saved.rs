//! A plan as a file. It is complete, so that applying it needs no repo, and has a digest, so that an edit shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::change::{Action, Brings, Cause, Change, Meanwhile, Plan, RegistryPlace};
use super::data::Learned;
use super::diff::Suppress;
use super::job::JobChange;
use crate::recorded::{Columns, Mode, Serial};
use crate::resource::{Address, Digest, Effect, FieldChange, Resource};

/// The content of a file that `plan --out` writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    pub plan: Plan,
    /// The time at which the plan was made, RFC 3339.
    pub made_at: String,
    /// The commit of the repo, for the history.
    pub commit: Option<String>,
    /// Whether files of the repo differed from the commit.
    pub dirty: Option<bool>,
    /// The recreates that the user asked to carry out as updates.
    pub suppress: Suppress,
    /// The columns found in the data of sources that were opened.
    pub derived: BTreeMap<Address, Columns>,
}

/// The reason why a file is not a plan that can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SavedFault {
    NotAPlan(String),
    Edited,
    OtherVersion(String),
}

/// Format 1 is refused: it lacked the state that the plan was made on, and its effects were not recomputed.
const FORMAT: &str = "weir plan 2";

/// The members that say where a plan comes from, and do not affect what it does.
const ORIGIN: &[&str] = &["made_at", "commit"];

impl Saved {
    /// Returns the text of the file.
    pub fn to_text(&self) -> String {
        let body = self.body();
        let file = json!({ "format": FORMAT, "digest": digest(&body), "plan": body });
        format!("{}\n", serde_json::to_string_pretty(&file).expect("plans hold only plain data"))
    }

    /// Returns the first difference to `made`, the same plan made again: its path, and both values.
    pub fn difference(&self, made: &Self) -> Option<(String, Value, Value)> {
        let (mut here, mut there) = (self.body(), made.body());
        for body in [&mut here, &mut there] {
            body.as_object_mut().expect("a plan is an object").retain(|key, _| !ORIGIN.contains(&key.as_str()));
        }
        difference("", &here, &there)
    }

    fn body(&self) -> Value {
        let plan = &self.plan;
        let suppress = match &self.suppress {
            Suppress::None => json!("none"),
            Suppress::All => json!("all"),
            Suppress::Only(addresses) => json!(addresses),
        };
        json!({
            "workspace": plan.workspace,
            "mode": plan.mode,
            "registry": plan.registry,
            "base_serial": plan.base,
            "base_state": plan.base_state,
            "made_at": self.made_at,
            "commit": self.commit,
            "dirty": self.dirty,
            "suppress": suppress,
            "derived": self.derived,
            "changes": plan.changes.iter().map(change_json).collect::<Vec<_>>(),
            "rewritten": plan.rewritten.iter().map(change_json).collect::<Vec<_>>(),
            "wire_orders": plan.wire_orders,
            "learned": { "columns": plan.learned.columns, "wire_orders": plan.learned.wire_orders },
            "unchanged": plan.unchanged,
            "state": plan.state,
        })
    }

    /// Reads the text of a file that [`Saved::to_text`] wrote.
    pub fn from_text(text: &str) -> Result<Self, SavedFault> {
        let not_a_plan = |it: serde_json::Error| SavedFault::NotAPlan(it.to_string());
        let file: Value = serde_json::from_str(text).map_err(not_a_plan)?;
        match file["format"].as_str() {
            Some(FORMAT) => {}
            Some(other) => return Err(SavedFault::OtherVersion(other.to_owned())),
            None => return Err(SavedFault::NotAPlan("it has no `format`".to_owned())),
        }
        let body = &file["plan"];
        if file["digest"] != json!(digest(body)) {
            return Err(SavedFault::Edited);
        }
        let body: Body = serde_json::from_value(body.clone()).map_err(not_a_plan)?;
        let changes = |stored: Vec<StoredChange>| {
            stored.into_iter().map(StoredChange::into_change).collect::<Result<Vec<_>, _>>().map_err(not_a_plan)
        };
        let plan = Plan {
            workspace: body.workspace,
            mode: body.mode,
            registry: body.registry,
            base: body.base_serial,
            base_state: body.base_state,
            changes: changes(body.changes)?,
            rewritten: changes(body.rewritten)?,
            wire_orders: body.wire_orders,
            learned: Learned { columns: body.learned.columns, wire_orders: body.learned.wire_orders },
            unchanged: body.unchanged,
            state: body.state,
            warnings: Vec::new(),
            place: RegistryPlace::default(),
        };
        let suppress = match body.suppress {
            StoredSuppress::Only(addresses) => Suppress::Only(addresses),
            StoredSuppress::Word(word) if word == "all" => Suppress::All,
            StoredSuppress::Word(_) => Suppress::None,
        };
        Ok(Self {
            plan,
            made_at: body.made_at,
            commit: body.commit,
            dirty: body.dirty,
            suppress,
            derived: body.derived,
        })
    }
}

/// Returns the first path at which two values differ, with both values.
fn difference(path: &str, here: &Value, there: &Value) -> Option<(String, Value, Value)> {
    match (here, there) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|it| !a.contains_key(*it)));
            let at = |it: &Map<String, Value>, key: &str| it.get(key).cloned().unwrap_or(Value::Null);
            let dot = if path.is_empty() { "" } else { "." };
            keys.into_iter().find_map(|key| difference(&format!("{path}{dot}{key}"), &at(a, key), &at(b, key)))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (here, there))| difference(&format!("{path}[{index}]"), here, there)),
        _ if here == there => None,
        _ => Some((path.to_owned(), here.clone(), there.clone())),
    }
}

fn digest(body: &Value) -> String {
    blake3::hash(body.to_string().as_bytes()).to_string()
}

#[derive(Deserialize)]
struct Body {
    workspace: String,
    mode: Mode,
    registry: String,
    base_serial: Serial,
    base_state: String,
    made_at: String,
    commit: Option<String>,
    dirty: Option<bool>,
    suppress: StoredSuppress,
    derived: BTreeMap<Address, Columns>,
    changes: Vec<StoredChange>,
    rewritten: Vec<StoredChange>,
    wire_orders: Vec<(Address, Vec<String>)>,
    learned: StoredLearned,
    unchanged: usize,
    state: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredSuppress {
    Word(String),
    Only(Vec<Address>),
}

#[derive(Deserialize)]
struct StoredLearned {
    columns: Vec<(Address, Columns)>,
    wire_orders: Vec<(Address, Vec<String>)>,
}

#[derive(Serialize, Deserialize)]
struct StoredChange {
    address: Address,
    id: Option<i64>,
    action: String,
    before: Option<StoredResource>,
    after: Option<StoredResource>,
    fields: Vec<StoredField>,
    path: Option<Vec<Address>>,
    /// The sources, for a change that data makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Vec<Address>>,
    renamed_from: Option<Address>,
    suppressed: bool,
    jobs: Vec<JobChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    brings: Option<Brings>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    harmless: Vec<String>,
    history_lost: Option<bool>,
    source: Option<(String, usize)>,
    digest: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredResource {
    address: Address,
    spec: Value,
    depends_on: Vec<Address>,
}

#[derive(Serialize, Deserialize)]
struct StoredField {
    path: String,
    before: Value,
    after: Value,
    effect: String,
}

fn change_json(change: &Change) -> StoredChange {
    let resource = |it: &Resource| StoredResource {
        address: it.address.clone(),
        spec: it.to_stored(),
        depends_on: it.depends_on.clone(),
    };
    let field = |it: &FieldChange| StoredField {
        path: it.path.clone(),
        before: it.before.clone(),
        after: it.after.clone(),
        effect: it.effect.to_string(),
    };
    StoredChange {
        address: change.address.clone(),
        id: change.id,
        action: change.action.word().to_owned(),
        before: change.action.before().map(resource),
        after: change.action.after().map(resource),
        fields: change.action.fields().iter().map(field).collect(),
        path: match &change.cause {
            Cause::Upstream { path } => Some(path.clone()),
            Cause::Declaration | Cause::Data { .. } => None,
        },
        data: match &change.cause {
            Cause::Data { sources } => Some(sources.clone()),
            Cause::Declaration | Cause::Upstream { .. } => None,
        },
        renamed_from: change.renamed_from.clone(),
        suppressed: change.suppressed,
        jobs: change.jobs.clone(),
        brings: change.brings.clone(),
        harmless: change.harmless.clone(),
        history_lost: change.meanwhile.map(|it| it == Meanwhile::HistoryLost),
        source: change.source.as_ref().map(|it| (it.0.to_string(), it.1)),
        digest: change.digest.map(|it| it.to_string()),
    }
}

impl StoredChange {
    fn into_change(self) -> Result<Change, serde_json::Error> {
        let wrong = |what: &str| serde::de::Error::custom(format!("change of `{}`: {what}", self.address));
        let state = |it: Option<StoredResource>| {
            it.map(|it| Resource::from_json(it.address, it.spec, it.depends_on)).transpose()
        };
        let fields = self
            .fields
            .into_iter()
            .map(|it| {
                Ok(FieldChange {
                    effect: effect(&it.effect).ok_or_else(|| wrong("unknown effect"))?,
                    path: it.path,
                    before: it.before,
                    after: it.after,
                })
            })
            .collect::<Result<Vec<_>, serde_json::Error>>()?;
        let action = match (self.action.as_str(), state(self.before)?.map(Arc::new), state(self.after)?.map(Arc::new)) {
            ("create", None, Some(after)) => Action::Create { after },
            ("update", Some(before), Some(after)) => Action::Update { before, after, fields },
            ("recreate", Some(before), Some(after)) => Action::Recreate { before, after, fields },
            ("delete", Some(before), None) => Action::Delete { before },
            _ => return Err(wrong("its states do not fit its action")),
        };
        let digest = self.digest.map(|it| it.parse::<Digest>().map_err(|it| wrong(&it))).transpose()?;
        Ok(Change {
            id: self.id,
            action,
            cause: match (self.path, self.data) {
                (Some(path), _) => Cause::Upstream { path },
                (None, Some(sources)) => Cause::Data { sources },
                (None, None) => Cause::Declaration,
            },
            renamed_from: self.renamed_from,
            suppressed: self.suppressed,
            jobs: self.jobs,
            brings: self.brings,
            harmless: self.harmless,
            meanwhile: self.history_lost.map(|it| if it { Meanwhile::HistoryLost } else { Meanwhile::OldServes }),
            warnings: Vec::new(),
            source: self.source.map(|it| (it.0.into(), it.1)),
            digest,
            address: self.address,
        })
    }
}

fn effect(text: &str) -> Option<Effect> {
    [Effect::InPlace, Effect::InPlaceGuarded, Effect::RecreateUnlessSuppressed, Effect::Recreate]
        .into_iter()
        .find(|it| it.to_string() == text)
}
