//! `weir log`

use serde_json::{Value, json};

use super::context::Context;
use super::global::Format;
use super::stop::{Exit, Stop};
use super::table::{lines, table};
use crate::recorded::Serial;
use crate::registry::LogEntry;
use crate::render::shown;
use crate::session::Missing;

/// List the applies, newest first
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// How many to list
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,

    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(context: &Context, args: &LogArgs) -> Result<Exit, Stop> {
    let session = context.session()?;
    let ledger = session.ledger(&session.site_or_folder()?, Missing::Error)?;
    let entries = match &ledger.registry {
        Some(registry) => session.wait(registry.log(&ledger.workspace.name, Some(args.limit))),
        None => Ok(Vec::new()),
    };
    let entries = entries.map_err(|error| ledger.fail(error))?;
    if args.format == Format::Json {
        context.ui.json(&entries.iter().map(wire).collect::<Vec<_>>())?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() && ledger.workspace.serial == Serial(0) {
        context.ui.say("Nothing has been applied yet.");
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        return Ok(Exit::Done);
    }
    let mut table = table(["SERIAL", "APPLIED AT", "ACTOR", "COMMIT", "CHANGES", "MESSAGE"]);
    for entry in &entries {
        let mut commit: String = entry.git_commit.as_deref().unwrap_or_default().chars().take(10).collect();
        if entry.git_dirty == Some(true) {
            // git marks a commit with changes in the same way.
            commit.push('+');
        }
        table.add_row([
            entry.serial.to_string().as_str(),
            &shown::line(&entry.at),
            &shown::line(&entry.actor),
            &shown::line(&commit),
            &changes(&entry.summary),
            &shown::line(entry.message.as_deref().unwrap_or_default()),
        ]);
    }
    context.ui.data(&lines(&table))?;
    Ok(Exit::Done)
}

/// Returns `+3 ~1 ±0 -2`, without the zeros.
fn changes(summary: &str) -> String {
    let summary: Value = serde_json::from_str(summary).unwrap_or_default();
    let signs = [("create", "+"), ("update", "~"), ("recreate", "±"), ("delete", "-")];
    let counts = signs
        .iter()
        .filter_map(|(key, sign)| summary[key].as_u64().filter(|it| *it > 0).map(|it| format!("{sign}{it}")));
    let suppressed = summary["suppressed"].as_u64().filter(|it| *it > 0).map(|it| format!("({it} suppressed)"));
    counts.chain(suppressed).collect::<Vec<_>>().join(" ")
}

fn wire(entry: &LogEntry) -> Value {
    let summary: Value = serde_json::from_str(&entry.summary).unwrap_or_default();
    json!({
        "serial": entry.serial,
        "applied_at": entry.at,
        "actor": entry.actor,
        "git_commit": entry.git_commit,
        "dirty": entry.git_dirty,
        "message": entry.message,
        "summary": summary,
        "restores": entry.restores,
        "weir": entry.weir,
    })
}
