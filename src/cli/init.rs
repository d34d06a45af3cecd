//! `weir init`

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::Context;
use super::stop::{Exit, Stop};
use crate::absent::or_absent;
use crate::diagnostic::Diagnostic;

/// Start a feature repo
///
/// Writes a small, commented repo that validates, plans and applies as it is. Overwrites nothing.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The folder to start it in (default: this one)
    dir: Option<PathBuf>,
}

const FILES: &[(&str, &str)] = &[
    ("weir.toml", include_str!("init/weir.toml")),
    ("entities/user.yaml", include_str!("init/user.yaml")),
    ("sources/click_events.yaml", include_str!("init/click_events.yaml")),
    ("views/user_clicks.yaml", include_str!("init/user_clicks.yaml")),
    ("services/ads_ranking.yaml", include_str!("init/ads_ranking.yaml")),
];

pub fn run(context: &Context, args: &InitArgs) -> Result<Exit, Stop> {
    let here = context.directory()?;
    let folder = args.dir.as_ref().map_or(here.clone(), |it| here.join(it));
    let shown = args.dir.as_deref().unwrap_or(Path::new("."));
    for (file, _) in FILES {
        let path = folder.join(file);
        // A link that leads nowhere is there too: writing would follow it.
        let taken = or_absent(&path, path.symlink_metadata());
        if taken.with_context(|| format!("`{}` cannot be looked at", path.display()))?.is_some() {
            let diagnostic = Diagnostic::error("L015", format!("`{}` exists already", shown.join(file).display()));
            return Err(Stop::diagnostic(diagnostic.hint("choose an empty folder: `weir init` overwrites nothing")));
        }
    }
    for (file, text) in FILES {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("`{}` cannot be made", parent.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("`{}` cannot be written", path.display()))?;
        context.ui.data(&format!("wrote {}\n", shown.join(file).display()))?;
    }
    let change = if args.dir.is_some() { format!("weir -C {} plan", shown.display()) } else { "weir plan".to_owned() };
    context.ui.say(&format!("Now `{change}` shows what apply would record."));
    Ok(Exit::Done)
}
