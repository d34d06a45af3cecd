//! The arguments of every command.

use clap::ValueEnum;

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// Run as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<std::path::PathBuf>,

    /// The workspace [env: WEIR_WORKSPACE]
    #[arg(short, long, value_name = "NAME", global = true)]
    pub workspace: Option<String>,

    /// The registry, as sqlite://path [env: WEIR_REGISTRY_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub registry: Option<String>,

    /// When to use colour; NO_COLOR counts too
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, global = true)]
    pub color: Color,

    /// Say less: only results, warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    /// Say everything: all warnings, all changes
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}
