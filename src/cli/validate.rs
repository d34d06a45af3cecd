//! `weir validate`

use anyhow::Context as _;
use clap::ValueEnum;

use super::context::Context;
use super::stop::{Exit, Stop};
use super::{git, warnings};
use crate::render::{diagnostics, github, json, markdown, sarif, words};
use crate::session::{DATA_WARNINGS, Opened, Reading, Shown, counts};

/// Check the repo
///
/// Reads every declaration and reports all mistakes in one run, each with its place and what to type next. Reads no
/// registry, so it needs no credentials: for pull requests and pre-commit. Exits 1 when there is a mistake.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Open no source: check only what the files say
    #[arg(long)]
    offline: bool,

    /// Exit 1 when there is a warning, too
    #[arg(long)]
    deny_warnings: bool,

    /// How to print the mistakes
    #[arg(long, value_enum, default_value_t = ValidateFormat::Text)]
    format: ValidateFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ValidateFormat {
    Text,
    Json,
    /// GitHub annotations at the lines at fault
    Github,
    /// A pull-request comment
    Markdown,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

pub fn run(context: &Context, args: &ValidateArgs) -> Result<Exit, Stop> {
    let session = context.session()?;
    let site = session.site()?;
    say_unchecked(context, args.offline);
    let sources = session.read(&site);
    // With mistakes in weir.toml, the credentials for sources are not known.
    let opened = Opened::unless(args.offline || !site.mistakes.is_empty());
    // The cache holds results for files only, not for the data of sources.
    if opened == Opened::No
        && let Some(known) = sources.remembered()
        && args.format == ValidateFormat::Text
        && !context.ui.verbose
    {
        let count = known.warnings.iter().map(|it| it.1).sum();
        warnings::say(context, &[], &known.warnings);
        context.ui.data(&format!("Valid: {}.\n", words::count(known.count, "declaration")))?;
        return Ok(exit(context, args, 0, count));
    }
    let brief = args.format == ValidateFormat::Text && !context.ui.verbose;
    let shown = if brief { Shown::Errors } else { Shown::All };
    let reading = session.check(&site, sources, shown, opened);
    let errors = reading.diagnostics.iter().filter(|it| it.is_error()).count();
    let warnings = reading.diagnostics.len() - errors;
    let folder = git::folder(&site.root);
    let unchecked = if opened == Opened::Yes { Vec::new() } else { unchecked_queries(&reading) };
    match args.format {
        ValidateFormat::Text => text(context, &reading, errors, &unchecked)?,
        ValidateFormat::Json => {
            let report = json::validate(reading.documents, &reading.diagnostics, &folder);
            context.ui.json(&json::ValidateJson { unchecked_queries: unchecked, ..report })?;
        }
        ValidateFormat::Sarif => context.ui.json(&sarif::log(&reading.diagnostics, &folder))?,
        ValidateFormat::Github => context.ui.data(&github::diagnostics(&reading.diagnostics, &folder))?,
        ValidateFormat::Markdown => {
            let mut out = String::new();
            let about = markdown::About::Validate;
            markdown::diagnostics(&mut out, &about, &reading.diagnostics, Some(reading.declared.len()), &folder)
                .and_then(|()| markdown::unchecked(&mut out, &unchecked))
                .context("the result cannot be written")?;
            context.ui.data(&out)?;
        }
    }
    // The process ends soon, and freeing 10,000 declarations would only take time.
    std::mem::forget(reading);
    Ok(exit(context, args, errors, warnings))
}

fn exit(context: &Context, args: &ValidateArgs, errors: usize, warnings: usize) -> Exit {
    if errors > 0 {
        return Exit::Error;
    }
    if args.deny_warnings && warnings > 0 {
        context.ui.deny_warnings();
        return Exit::Error;
    }
    Exit::Done
}

/// Returns the queries that are not checked against columns because no source is opened.
fn unchecked_queries(reading: &Reading) -> Vec<json::QueryJson> {
    let declared = reading.declared.iter().map(|it| &it.resource);
    let queries = declared.flat_map(|it| {
        it.spec
            .declaration()
            .queries()
            .into_iter()
            .map(|query| json::QueryJson { address: it.address.to_string(), field: query.path.to_owned() })
    });
    queries.collect()
}

fn text(context: &Context, reading: &Reading, errors: usize, unchecked: &[json::QueryJson]) -> Result<(), Stop> {
    if context.ui.verbose && !unchecked.is_empty() {
        let names = unchecked.iter().map(|it| format!("  {} of {}\n", it.field, it.address));
        context.ui.say(format!("Not checked against columns:\n{}", names.collect::<String>()).trim_end());
    }
    if errors > 0 {
        let shown = reading.diagnostics.iter().filter(|it| it.is_error() || context.ui.verbose);
        context.ui.complain(diagnostics::all(shown).trim_end());
        context.ui.complain(&format!(
            "\n{} in {}.",
            words::count(errors, "error"),
            words::count(reading.documents, "declaration")
        ));
        return Ok(());
    }
    if !context.ui.verbose {
        let of_data = reading.diagnostics.iter().filter(|it| DATA_WARNINGS.contains(&it.code));
        let of_data = diagnostics::all(of_data);
        if !of_data.is_empty() {
            context.ui.say(of_data.trim_end());
        }
    }
    warnings::say(context, &reading.diagnostics, &counts(&reading.diagnostics));
    context.ui.data(&format!("Valid: {}.\n", words::count(reading.declared.len(), "declaration")))
}

/// Prints which checks are skipped, so that a skipped check does not look like a passed one.
pub fn say_unchecked(context: &Context, offline: bool) {
    if offline {
        context.ui.say("--offline: sources were not opened, and queries were not checked against their columns.");
    } else if !crate::engine::AVAILABLE {
        context.ui.say(
            "This build has no engine: sources were not opened, and queries were not checked against their columns.",
        );
    }
}
