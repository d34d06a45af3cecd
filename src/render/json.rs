//! JSON for programs. It has structs of its own, so that `Plan` can change while the JSON stays.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::contents_json::{ColumnJson, ContentsJson, columns, contents};
use super::jobs_json::{JobChangeJson, job_change};
use crate::diagnostic::{Diagnostic, Place};
use crate::plan::{Action, Cause, Change, JobChange, Meanwhile, Plan, Refusal};

/// The version of the format. It grows with each change that breaks a reader.
pub const FORMAT_VERSION: u32 = 2;

/// What `weir plan --format json` prints: the plan, or why there is none.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "weir plan")]
#[serde(untagged)]
pub enum PlanDocument {
    Plan(Box<PlanJson>),
    Failure(FailureJson),
}

/// What every command prints with `--format json` when it fails.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FailureJson {
    /// 2
    pub format_version: u32,
    /// false
    #[schemars(extend("const" = false))]
    pub valid: bool,
    /// The place of the feature repo in its git repository, as `features/`: files are named from below it
    pub folder: String,
    /// All that is wrong
    pub diagnostics: Vec<DiagnosticJson>,
}

/// What a plan would change.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanJson {
    /// 2
    pub format_version: u32,
    /// true: there is a plan
    #[schemars(extend("const" = true))]
    pub valid: bool,
    pub workspace: String,
    /// `live` or `development`
    pub mode: String,
    /// The serial that this plan starts from; 0 before the first apply
    pub base_serial: i64,
    pub registry: RegistryJson,
    pub repo: RepoJson,
    /// The place of the feature repo in its git repository, as `features/`: files are named from below it
    pub folder: String,
    /// Deletes first, readers before what they read; then the rest, what is read before its readers
    pub changes: Vec<ChangeJson>,
    /// Everything that stands in the way; empty when the plan can be applied
    pub refusals: Vec<RefusalJson>,
    /// The addresses that this plan takes protection from
    pub lifts: Vec<String>,
    /// Services whose features get an order on the wire, or one that grows at its end
    pub wire_orders: Vec<WireOrderJson>,
    /// Hints about the plan as a whole
    pub warnings: Vec<WarningJson>,
    pub summary: SummaryJson,
}

/// The order of a service's features on the wire, as it will be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WireOrderJson {
    pub address: String,
    /// `namespace.feature`, in order
    pub features: Vec<String>,
}

/// The registry that the plan was made against.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegistryJson {
    /// Its file, as seen from where weir ran
    pub path: String,
    /// Whether there is none yet: nothing is recorded, so nothing is protected
    pub new: bool,
}

/// The git state of the feature repo; null where it is not in git.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct RepoJson {
    pub commit: Option<String>,
    pub dirty: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangeJson {
    /// `Kind.name`; after a rename, the new one
    pub address: String,
    #[schemars(extend("enum" = ["create", "update", "recreate", "delete"]))]
    pub action: String,
    pub renamed_from: Option<String>,
    /// Whether a recreate is carried out as an update because it was asked for
    pub suppressed: bool,
    pub cause: CauseJson,
    pub fields: Vec<FieldJson>,
    /// What the resource holds after the change; of a delete, what it held
    pub contents: Option<ContentsJson>,
    /// Features of a view or a service that an update or a recreate adds, or gives another type
    pub adds: Vec<ColumnJson>,
    /// Features that it takes away, or that had another type
    pub removes: Vec<ColumnJson>,
    pub jobs: Vec<JobChangeJson>,
    /// What readers get while a recreated view is built: `old_version_serves` or `history_lost`
    pub meanwhile: Option<String>,
    /// Where it is declared; null for a delete
    pub source: Option<SourceJson>,
    pub warnings: Vec<WarningJson>,
}

/// What is worth knowing about a plan or a change, and stops nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WarningJson {
    pub code: String,
    pub summary: String,
    pub hints: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct CauseJson {
    #[schemars(extend("enum" = ["declaration", "upstream", "data"]))]
    pub kind: String,
    /// From this resource to the one at the root; for `data` the sources that hold more; empty for `declaration`
    pub path: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct FieldJson {
    /// Dotted path of the canonical form
    pub path: String,
    /// null when unset
    pub before: Value,
    pub after: Value,
    #[schemars(extend("enum" = ["in_place", "in_place_guarded", "recreate_unless_suppressed", "recreate"]))]
    pub effect: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SourceJson {
    pub file: String,
    pub line: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct RefusalJson {
    pub code: String,
    /// What sets prevent_destroy
    pub protected: String,
    /// The change that would destroy it, or something it depends on
    pub root: String,
    #[schemars(extend("enum" = ["delete", "recreate", "suppressed_recreate", "guarded_update"]))]
    pub kind: String,
    /// From the protected resource to the root
    pub path: Vec<String>,
    pub fields: Vec<String>,
    pub message: String,
    /// What it depends on and what would be deleted with it; each once in a plan
    pub below: Vec<String>,
    /// What has the same without harm, where there is a way; then the edit that lifts protection
    pub hints: Vec<String>,
    /// The edit that lifts protection, alone
    pub hint: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct SummaryJson {
    pub create: usize,
    pub update: usize,
    pub recreate: usize,
    pub delete: usize,
    pub unchanged: usize,
    pub backfill_jobs: i64,
    pub refusals: usize,
    pub lifts: usize,
}

/// Returns the plan in its JSON form.
pub fn plan(plan: &Plan, refusals: &[Refusal], repo: RepoJson, folder: &str) -> PlanJson {
    let tally = plan.tally();
    PlanJson {
        format_version: FORMAT_VERSION,
        valid: true,
        workspace: plan.workspace.clone(),
        mode: plan.mode.to_string(),
        base_serial: plan.base.0,
        registry: RegistryJson { path: plan.place.path.clone(), new: plan.place.new },
        repo,
        folder: folder.to_owned(),
        changes: plan.changes.iter().map(change).collect(),
        refusals: refusals.iter().map(refusal).collect(),
        lifts: plan.changes.iter().filter(|it| it.lifts()).map(|it| it.address.to_string()).collect(),
        wire_orders: plan.wire_orders.iter().map(wire_order).collect(),
        warnings: plan.warnings.iter().map(warning).collect(),
        summary: SummaryJson {
            create: tally.create,
            update: tally.update,
            recreate: tally.recreate,
            delete: tally.delete,
            unchanged: tally.unchanged,
            backfill_jobs: plan.changes.iter().flat_map(|it| &it.jobs).map(JobChange::count).sum(),
            refusals: refusals.len(),
            lifts: tally.lifts,
        },
    }
}

fn wire_order((address, features): &(crate::resource::Address, Vec<String>)) -> WireOrderJson {
    WireOrderJson { address: address.to_string(), features: features.clone() }
}

/// Returns one change in its JSON form.
pub fn change(change: &Change) -> ChangeJson {
    let (kind, path) = match &change.cause {
        Cause::Declaration => ("declaration", [].as_slice()),
        Cause::Upstream { path } => ("upstream", path.as_slice()),
        Cause::Data { sources } => ("data", sources.as_slice()),
    };
    ChangeJson {
        address: change.address.to_string(),
        action: change.action.word().to_owned(),
        renamed_from: change.renamed_from.as_ref().map(ToString::to_string),
        suppressed: change.suppressed,
        cause: CauseJson { kind: kind.to_owned(), path: path.iter().map(ToString::to_string).collect() },
        fields: change
            .action
            .fields()
            .iter()
            .map(|it| FieldJson {
                path: it.path.clone(),
                before: it.before.clone(),
                after: it.after.clone(),
                effect: it.effect.to_string(),
            })
            .collect(),
        contents: change.brings.as_ref().map(|it| contents(&it.contents)),
        adds: change.brings.iter().flat_map(|it| columns(&it.adds)).collect(),
        removes: change.brings.iter().flat_map(|it| columns(&it.removes)).collect(),
        jobs: change.jobs.iter().map(job_change).collect(),
        meanwhile: change.meanwhile.map(|it| match it {
            Meanwhile::OldServes => "old_version_serves".to_owned(),
            Meanwhile::HistoryLost => "history_lost".to_owned(),
        }),
        source: change
            .source
            .as_ref()
            .filter(|_| !matches!(change.action, Action::Delete { .. }))
            .map(|it| SourceJson { file: it.0.to_string(), line: it.1 }),
        warnings: change.warnings.iter().map(warning).collect(),
    }
}

fn warning(warning: &Diagnostic) -> WarningJson {
    WarningJson { code: warning.code.to_string(), summary: warning.summary.clone(), hints: warning.hints.clone() }
}

/// Returns the diagnostics of a failed run in their JSON form.
pub fn failure(diagnostics: &[Diagnostic], folder: &str) -> FailureJson {
    FailureJson {
        format_version: FORMAT_VERSION,
        valid: false,
        folder: folder.to_owned(),
        diagnostics: diagnostics.iter().map(diagnostic).collect(),
    }
}

fn refusal(refusal: &Refusal) -> RefusalJson {
    let diagnostic = refusal.diagnostic();
    RefusalJson {
        code: diagnostic.code.to_string(),
        protected: refusal.protected.to_string(),
        root: refusal.root.to_string(),
        kind: refusal.kind.as_str().to_owned(),
        path: refusal.path.iter().map(ToString::to_string).collect(),
        fields: refusal.fields.clone(),
        message: diagnostic.summary,
        below: refusal.below.iter().map(ToString::to_string).collect(),
        hint: diagnostic.hints.last().map(|it| it.strip_prefix("or ").unwrap_or(it).to_owned()).unwrap_or_default(),
        hints: diagnostic.hints,
    }
}

/// What `weir validate --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ValidateJson {
    /// 2
    pub format_version: u32,
    pub valid: bool,
    pub declarations: usize,
    pub error_count: usize,
    pub warning_count: usize,
    /// The place of the feature repo in its git repository, as `features/`: files are named from below it
    pub folder: String,
    pub diagnostics: Vec<DiagnosticJson>,
    /// The queries that were not checked against columns, because no source was opened
    pub unchecked_queries: Vec<QueryJson>,
}

/// A query, by the field that holds it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QueryJson {
    /// As in `BatchFeatureView.spend`
    pub address: String,
    /// As in `batch_config.post_processor`
    pub field: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct DiagnosticJson {
    #[schemars(extend("enum" = ["error", "warning"]))]
    pub severity: String,
    pub code: String,
    pub summary: String,
    pub file: Option<String>,
    /// From 1; null when only the file is known
    pub line: Option<usize>,
    /// From 1, in characters
    pub column: Option<usize>,
    /// In characters
    pub length: Option<usize>,
    /// The line itself
    pub text: Option<String>,
    pub notes: Vec<String>,
    pub hints: Vec<String>,
}

/// Returns the result of a check in its JSON form.
pub fn validate(declarations: usize, diagnostics: &[Diagnostic], folder: &str) -> ValidateJson {
    let error_count = diagnostics.iter().filter(|it| it.is_error()).count();
    ValidateJson {
        format_version: FORMAT_VERSION,
        valid: error_count == 0,
        declarations,
        error_count,
        warning_count: diagnostics.len() - error_count,
        folder: folder.to_owned(),
        diagnostics: diagnostics.iter().map(diagnostic).collect(),
        unchecked_queries: Vec::new(),
    }
}

fn diagnostic(diagnostic: &Diagnostic) -> DiagnosticJson {
    let span =
        diagnostic.labels.iter().find_map(|it| if let Place::Span(span) = &it.place { Some(span) } else { None });
    let placed = span.filter(|it| it.line > 0);
    DiagnosticJson {
        severity: diagnostic.severity.to_string(),
        code: diagnostic.code.to_string(),
        summary: diagnostic.summary.clone(),
        file: span.map(|it| it.file.to_string()),
        line: placed.map(|it| it.line),
        column: placed.map(|it| it.column),
        length: placed.map(|it| it.length),
        text: placed.map(|it| it.text.to_string()),
        notes: diagnostic.notes.clone(),
        hints: diagnostic.hints.clone(),
    }
}

/// Returns the JSON Schema of the output of `weir plan --format json`.
pub fn plan_schema() -> Value {
    schemars::SchemaGenerator::new(schemars::generate::SchemaSettings::draft2020_12())
        .into_root_schema_for::<PlanDocument>()
        .to_value()
}
