//! `weir schema`, and the command reference of the docs.

use clap::ValueEnum;

use super::context::Context;
use super::stop::{Exit, Stop};

/// Print the JSON Schema of the declarations, for editors
///
/// Editors that take JSON Schema complete fields and underline mistakes with it. With `plan`, prints the schema of
/// `weir plan --format json`.
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Which schema
    #[arg(value_enum, default_value_t = Subject::Declarations)]
    subject: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    Declarations,
    Plan,
}

pub fn run(context: &Context, args: &SchemaArgs) -> Result<Exit, Stop> {
    let schema = match args.subject {
        Subject::Declarations => crate::resource::repo_schema(),
        Subject::Plan => crate::render::json::plan_schema(),
    };
    context.ui.json(&schema)?;
    Ok(Exit::Done)
}

/// Returns the help texts of every command as one Markdown page.
pub fn command_reference(command: clap::Command) -> String {
    let mut page = String::from("# Commands\n\nThis page is `weir COMMAND --help`, word for word.\n");
    let mut root = command.term_width(100);
    root.build();
    let text = |command: &mut clap::Command| {
        command.render_long_help().to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    page.push_str(&format!("\n## weir\n\n```text\n{}\n```\n", text(&mut root.clone()).trim_end()));
    for command in root.get_subcommands() {
        write_command(&mut page, command.clone(), &text);
    }
    page
}

fn write_command(page: &mut String, mut command: clap::Command, text: &impl Fn(&mut clap::Command) -> String) {
    // The arguments of every command are listed once, at the top.
    for id in ["directory", "workspace", "registry", "color", "quiet", "verbose", "help"] {
        if command.get_arguments().any(|it| it.get_id() == id) {
            command = command.mut_arg(id, |it| it.hide(true));
        }
    }
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    page.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", text(&mut command).trim_end()));
    for inner in command.get_subcommands() {
        write_command(page, inner.clone(), text);
    }
}
