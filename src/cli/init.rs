//! `weir init`

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::context::Context;
use super::stop::{Exit, Stop};
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::or_absent;
use crate::render::shown as safe;
use crate::settings::find_root;

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
        // A broken link counts as existing: writing would follow it.
        let taken = or_absent(&path, path.symlink_metadata());
        if taken.with_context(|| format!("`{}` cannot be looked at", path.display()))?.is_some() {
            let diagnostic = Diagnostic::error(Code::L015, format!("`{}` exists already", shown.join(file).display()));
            return Err(Stop::diagnostic(diagnostic.hint("choose an empty folder: `weir init` overwrites nothing")));
        }
    }
    if let Some(outer) = outer(&folder)? {
        let summary = format!("`{}` lies in the feature repo `{}`", folder.display(), outer.display());
        let hint = "write declarations there, or choose a folder outside of it: a repo inside a repo is read by both";
        return Err(Stop::diagnostic(Diagnostic::error(Code::L015, summary).hint(hint)));
    }
    for (file, text) in FILES {
        let path = folder.join(file);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("`{}` cannot be made", parent.display()))?;
        }
        crate::disk::write_whole(&path, [*text]).with_context(|| format!("`{}` cannot be written", path.display()))?;
        context.ui.data(&format!("wrote {}\n", safe::path(&shown.join(file))))?;
    }
    let change =
        if args.dir.is_some() { format!("weir -C {} plan", safe::path(shown)) } else { "weir plan".to_owned() };
    context.ui.say(&format!("Now `{change}` shows what apply would record."));
    Ok(Exit::Done)
}

/// Returns the feature repo that contains `folder`, which may not exist yet.
fn outer(folder: &Path) -> Result<Option<PathBuf>, Stop> {
    for above in folder.ancestors() {
        let found = or_absent(above, above.canonicalize());
        if let Some(real) = found.with_context(|| format!("`{}` cannot be read", above.display()))? {
            return find_root(&real).map_err(Stop::diagnostic);
        }
    }
    Ok(None)
}
