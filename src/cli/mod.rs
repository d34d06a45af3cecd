//! The shell: the only module that prints, prompts and reads the environment. One file per command.

mod apply;
mod asked;
mod columns;
mod completions;
mod context;
mod destroy;
mod diff;
mod find;
mod git;
mod global;
mod graph;
mod init;
mod list;
mod log;
mod plan;
mod planning;
mod preview;
mod registry;
mod report;
mod restore;
mod saved;
mod schema;
mod show;
mod stop;
mod table;
mod threads;
mod ui;
mod validate;
mod warnings;
mod workspace;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use asked::Asked;
use context::Context;
use global::{Color, Global};
use stop::{Exit, Stop};

use crate::diagnostic::{Code, Diagnostic};
use crate::render::shown;

/// Plan and apply for ML feature repositories
///
/// weir reads data sources, entities, feature views and feature services from YAML, shows what would change
/// against a registry, applies it in one transaction, and refuses whatever would destroy what production protects.
#[derive(Debug, Parser)]
#[command(
    name = "weir",
    disable_version_flag = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, or nothing to do; 1 error; 2 changes (plan --detailed-exitcode); 3 refused by\nprevent_destroy; 64 usage."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,

    /// Print the version, with -v the features of this build
    #[arg(short = 'V', long)]
    version: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Preview(preview::PreviewArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Destroy(destroy::DestroyArgs),
    Workspace(workspace::WorkspaceArgs),
    Registry(registry::RegistryArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Columns(columns::ColumnsArgs),
    Graph(graph::GraphArgs),
    Log(log::LogArgs),
    Diff(diff::DiffArgs),
    Restore(restore::RestoreArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs weir with the arguments of this process.
pub fn main() -> ExitCode {
    match threads::with_room(run_arguments) {
        Ok(exit) => exit,
        Err(reason) => threads::say_none(&reason),
    }
}

fn run_arguments() -> ExitCode {
    hush();
    let asked = Asked::of(std::env::args_os());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(refuse(&asked, &error) as u8),
    };
    let context = Context::new(&cli.global);
    match run(cli, &context) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(stop) => {
            asked::say_failure(&asked, &context, &stop);
            ExitCode::from(stop.report(&context.ui) as u8)
        }
    }
}

/// Reports a fault in the arguments, or prints the help, which is no fault.
fn refuse(asked: &Asked, error: &clap::Error) -> Exit {
    let ui = ui::Ui::new(Color::Auto, false, false);
    let text = error.render();
    if !error.use_stderr() {
        // A closed pipe means that nobody waits for the help.
        let _ = ui.data(&text.ansi().to_string());
        return Exit::Done;
    }
    let plain = without_hidden(text.to_string());
    let mut said = plain.lines().map(str::trim).filter(|it| !it.is_empty());
    let summary = said.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let diagnostic = Diagnostic::error(Code::C001, summary);
    let diagnostic = said.take_while(|it| !it.starts_with("Usage:")).fold(diagnostic, Diagnostic::note);
    if let Some(document) = asked.failure(None, &[diagnostic.hint("`--help` lists what there is")]) {
        let _ = ui.data(&document);
    }
    ui.complain(without_hidden(text.ansi().to_string()).trim_end());
    Exit::Usage
}

/// Escapes hidden characters and line ends in the words of the command line, which clap repeats as they are.
fn without_hidden(said: String) -> String {
    let words: Vec<String> = std::env::args_os().map(|it| it.to_string_lossy().into_owned()).collect();
    let parts = words.iter().flat_map(|it| [it.as_str(), it.split_once('=').map_or("", |it| it.1)]);
    parts.filter(|it| shown::hides(it)).fold(said, |said, it| said.replace(it, &shown::line(it)))
}

/// Silences a panic that the engine catches and reports as an error, so that it is not reported twice.
fn hush() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|it| crate::engine::is_caught(it.file())) {
            told(panic);
        }
    }));
}

fn run(cli: Cli, context: &Context) -> Result<Exit, Stop> {
    if cli.version {
        return version(context);
    }
    let Some(command) = cli.command else {
        context.ui.data(&Cli::command().render_long_help().ansi().to_string())?;
        return Ok(Exit::Done);
    };
    match command {
        Command::Init(args) => init::run(context, &args),
        Command::Validate(args) => validate::run(context, &args),
        Command::Preview(args) => preview::run(context, &args),
        Command::Plan(args) => plan::run(context, &args),
        Command::Apply(args) => apply::run(context, &args),
        Command::Destroy(args) => destroy::run(context, &args),
        Command::Workspace(args) => workspace::run(context, &args),
        Command::Registry(args) => registry::run(context, &args),
        Command::List(args) => list::run(context, &args),
        Command::Show(args) => show::run(context, &args),
        Command::Columns(args) => columns::run(context, &args),
        Command::Graph(args) => graph::run(context, &args),
        Command::Log(args) => log::run(context, &args),
        Command::Diff(args) => diff::run(context, &args),
        Command::Restore(args) => restore::run(context, &args),
        Command::Schema(args) => schema::run(context, &args),
        Command::Completions(args) => completions::run(context, &args, Cli::command()),
    }
}

fn version(context: &Context) -> Result<Exit, Stop> {
    let mut text = format!("weir {}\n", env!("CARGO_PKG_VERSION"));
    if context.ui.verbose {
        text.push_str(&format!("features: {}\n", crate::engine::FEATURES));
    }
    context.ui.data(&text)?;
    Ok(Exit::Done)
}

/// Returns the help texts of every command as one Markdown page.
pub fn command_reference() -> String {
    schema::command_reference(Cli::command())
}
