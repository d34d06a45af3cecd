//! `weir show`

use serde_json::{Value, json};

use super::context::Context;
use super::find::{find, recorded};
use super::plan::PlanFormat;
use super::stop::{Exit, Stop};
use super::{git, plan, saved};
use crate::diagnostic::{Code, Diagnostic};
use crate::recorded::{Serial, Snapshot};
use crate::registry;
use crate::render::json::RepoJson;
use crate::render::shown;
use crate::resource::{Address, Catalog, Instant, Resource};
use crate::session::Missing;

/// Show one recorded resource, or a saved plan
///
/// Of a resource its declaration as recorded, who reads it, who protects it; with --at, as it was at an earlier serial.
/// Of a file that `plan --out` wrote the plan, as `weir plan` showed it: made again from what is recorded, and checked as
/// apply checks it. Exits 3 when prevent_destroy refuses that plan.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Kind.name, or the name alone where that is enough; a saved plan, as `FILE.plan` or `./FILE`
    address: String,

    /// The serial to look at
    #[arg(long, value_name = "SERIAL", value_parser = clap::value_parser!(i64).range(0..))]
    at: Option<i64>,

    /// How to print it; github and markdown are for plans
    #[arg(long, value_enum, default_value_t = PlanFormat::Text)]
    format: PlanFormat,
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Exit, Stop> {
    if is_file(&args.address) {
        return show_plan(context, args);
    }
    if matches!(args.format, PlanFormat::Github | PlanFormat::Markdown) {
        let diagnostic = Diagnostic::error(Code::C001, "a resource is shown as text or as JSON");
        return Err(Stop::Usage(diagnostic.hint("give `--format json`; `github` and `markdown` are for plans")));
    }
    match args.at {
        Some(serial) => show_at(context, args, Serial(serial)),
        None => show_now(context, args),
    }
}

/// Says whether `text` means a file. No name has a `/`, and `NAME.plan` is an address only if NAME is a kind.
fn is_file(text: &str) -> bool {
    let kind = text.split_once('.').map_or("", |it| it.0);
    text.contains('/') || text.ends_with(".plan") && !crate::resource::Kind::ALL.iter().any(|it| it.as_str() == kind)
}

fn show_plan(context: &Context, args: &ShowArgs) -> Result<Exit, Stop> {
    if args.at.is_some() {
        let diagnostic = Diagnostic::error(Code::C001, "--at is for resources, and a saved plan is for one serial");
        return Err(Stop::Usage(diagnostic.hint("leave out --at")));
    }
    let path = context.directory()?.join(&args.address);
    let saved = saved::read(&path)?;
    let session = context.session()?;
    let site = session.site_or_folder()?;
    // A plan for a registry that does not exist yet is shown as it was then.
    let mut ledger = session.ledger(&site, Missing::Made)?;
    let mut planned = ledger.plan_again(&saved, &path, context.now()?)?;
    planned.plan.place = ledger.place();
    let made_at: Instant = saved.made_at.parse().map_err(|it| anyhow::anyhow!("{it}"))?;
    let repo = RepoJson { commit: saved.commit, dirty: saved.dirty };
    plan::print(context, &ledger, &planned, args.format, repo, &git::folder(&site.root), made_at)?;
    Ok(if planned.refusals.is_empty() { Exit::Done } else { Exit::Refused })
}

fn show_now(context: &Context, args: &ShowArgs) -> Result<Exit, Stop> {
    let (ledger, entries) = recorded(context)?;
    let address = find(&args.address, entries.keys())?;
    let entry = &entries[&address];
    let Some(resource) = &entry.resource else {
        return Err(anyhow::anyhow!("the spec of {address} was not read").into());
    };
    let catalog = Catalog::new(entries.values().filter_map(|it| it.resource.as_ref()));
    let read_by: Vec<&Address> =
        entries.iter().filter(|it| it.1.depends_on.contains(&address)).map(|it| it.0).collect();
    let snapshot =
        Snapshot { entries: entries.clone(), ..Snapshot::empty(&ledger.workspace.name, ledger.workspace.mode) };
    let protected_by = snapshot.protectors(&address);
    let derived = ledger.derived()?.remove(&address);
    if args.format == PlanFormat::Json {
        let column = |it: &(String, String)| json!({ "name": it.0, "dtype": it.1 });
        context.ui.json(&json!({
            "address": address,
            "derived_schema": derived.map(|it| it.iter().map(column).collect::<Vec<_>>()),
            "workspace": ledger.workspace.name,
            "serial": ledger.workspace.serial,
            "id": entry.id,
            "declaration": resource.to_json(),
            "canonical": resource.canonical(&catalog),
            "depends_on": entry.depends_on,
            "read_by": read_by,
            "protected_by": protected_by,
            "wire_order": entry.wire_order,
        }))?;
        return Ok(Exit::Done);
    }
    let mut out = declaration(resource);
    let item = |it: &str| shown::item(it, shown::Form::Plain).into_owned();
    let mut line = |title: &str, items: Vec<String>| {
        if !items.is_empty() {
            out.push_str(&format!("# {title}: {}\n", items.join(", ")));
        }
    };
    line("reads", entry.depends_on.iter().map(ToString::to_string).collect());
    line("read by", read_by.iter().map(ToString::to_string).collect());
    line("protected by", protected_by.iter().map(ToString::to_string).collect());
    line("on the wire", entry.wire_order.iter().map(|it| item(it)).collect());
    line("columns by its data", derived.into_iter().flatten().map(|it| format!("{}: {}", item(&it.0), it.1)).collect());
    context.ui.data(&out)?;
    Ok(Exit::Done)
}

fn show_at(context: &Context, args: &ShowArgs, serial: Serial) -> Result<Exit, Stop> {
    let session = context.session()?;
    let ledger = session.ledger(&session.site_or_folder()?, Missing::Error)?;
    let specs = ledger.specs_at(serial)?;
    let address = find(&args.address, specs.keys())?;
    let resource = registry::decode(&address, &specs[&address], Vec::new()).map_err(|error| ledger.fail(error))?;
    match args.format {
        PlanFormat::Json => context.ui.json(&json!({
            "address": address,
            "workspace": ledger.workspace.name,
            "serial": serial,
            "declaration": resource.to_json(),
        }))?,
        _ => context.ui.data(&declaration(&resource))?,
    }
    Ok(Exit::Done)
}

/// Returns the declaration as YAML.
fn declaration(resource: &Resource) -> String {
    let mut members = serde_json::Map::new();
    members.insert("kind".to_owned(), json!(resource.address.kind.as_str()));
    members.insert("name".to_owned(), json!(&*resource.address.name));
    if let Value::Object(declared) = resource.to_json() {
        members.extend(declared);
    }
    yaml(&Value::Object(members))
}

/// Returns YAML in which hidden characters are escapes. Such texts are in double quotes, where YAML reads escapes.
fn yaml(value: &Value) -> String {
    let mut hidden = Vec::new();
    let plain = crate::load::to_yaml(value);
    let mark = std::iter::successors(Some("escaped".to_owned()), |it| Some(format!("{it}-")))
        .find(|it| !plain.contains(it.as_str()))
        .unwrap_or_default();
    let marked = mark_hidden(value, &mark, &mut hidden);
    if hidden.is_empty() {
        return plain;
    }
    let mut parts = crate::load::to_yaml(&marked);
    for (index, text) in hidden.iter().enumerate() {
        parts = parts.replacen(&format!("{mark}{index}{mark}"), &shown::yaml(text), 1);
    }
    parts
}

/// Replaces each text that hides something by a mark.
fn mark_hidden(value: &Value, mark: &str, hidden: &mut Vec<String>) -> Value {
    let mut text = |it: &str| {
        if !shown::hides(&it.replace('\n', "")) && !it.lines().any(|it| it.trim_start().starts_with("::")) {
            return it.to_owned();
        }
        hidden.push(it.to_owned());
        format!("{mark}{}{mark}", hidden.len() - 1)
    };
    match value {
        Value::String(it) => Value::String(text(it)),
        Value::Array(items) => items.iter().map(|it| mark_hidden(it, mark, hidden)).collect(),
        Value::Object(members) => {
            let keys: Vec<String> = members.keys().map(|it| text(it)).collect();
            keys.into_iter().zip(members.values().map(|it| mark_hidden(it, mark, hidden))).collect()
        }
        other => other.clone(),
    }
}
