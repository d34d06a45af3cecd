//! The context of a command: its arguments, the process, and the session of the run.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::Context as _;

use super::global::Global;
use super::stop::Stop;
use super::ui::Ui;
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::reason;
use crate::registry::{self, Location, Migrated};
use crate::render::{json::RepoJson, style};
use crate::resource::Instant;
use crate::session::{Environment, Ledger, Missing, Session, Site, Variables};

/// The arguments, the output and the session of one run.
pub struct Context {
    pub ui: Ui,
    global: Global,
    session: OnceCell<Session>,
}

impl Context {
    pub fn new(global: &Global) -> Self {
        let ui = Ui::new(global.color, global.quiet, global.verbose);
        Self { ui, global: global.clone(), session: OnceCell::new() }
    }

    /// Returns the session of this run, made from the arguments and the environment.
    pub fn session(&self) -> Result<&Session, Stop> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let environment = Environment {
            directory: self.directory()?,
            here: std::env::current_dir().context("the current folder cannot be read")?,
            registry: self.global.registry.clone(),
            workspace: self.global.workspace.clone(),
            variables: variables(),
            program: std::env::current_exe().ok(),
        };
        Ok(self.session.get_or_init(|| Session::new(environment)))
    }

    /// Returns the folder that the command runs in.
    pub fn directory(&self) -> Result<PathBuf, Stop> {
        let current = std::env::current_dir().context("the current folder cannot be read")?;
        let Some(directory) = &self.global.directory else { return Ok(current) };
        let directory = current.join(directory);
        let what = match std::fs::metadata(&directory) {
            Ok(metadata) if metadata.is_dir() => return Ok(directory),
            Ok(_) => "is not a folder".to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "is not a folder".to_owned(),
            Err(error) => format!("cannot be read: {}", reason(&error)),
        };
        Err(Stop::diagnostic(
            Diagnostic::error(Code::L015, format!("`{}` {what}", directory.display()))
                .hint("name an existing folder after -C"),
        ))
    }

    /// Returns the time of this run. `WEIR_NOW` sets it, so that a plan can be reproduced byte for byte.
    pub fn now(&self) -> Result<Instant, Stop> {
        match variables().get("WEIR_NOW")? {
            Some(text) => text.parse().map_err(|fault: String| Stop::from(anyhow::anyhow!("WEIR_NOW: {fault}"))),
            None => Ok(Instant { secs: jiff::Timestamp::now().as_second() }),
        }
    }

    /// Opens the chosen workspace for a command that will write. An older registry is migrated first.
    pub fn ledger_to_write(&self, site: &Site, missing: Missing) -> Result<Ledger<'_>, Stop> {
        let session = self.session()?;
        self.bring_up_to_date(&session.location(site)?.location)?;
        Ok(session.ledger(site, missing)?)
    }

    /// Migrates an older registry, after a backup copy, and reports that. For commands that write, before they read.
    pub fn bring_up_to_date(&self, location: &Location) -> Result<(), Stop> {
        let migrated = self.session()?.bring_up_to_date(location, self.now()?)?;
        if let Some(Migrated { found, backup, .. }) = migrated {
            self.ui.say(&format!(
                "migrated the registry from format {found} to {}; the copy before is {}",
                registry::FORMAT,
                backup.display()
            ));
        }
        Ok(())
    }

    /// Returns the actor, time and reason of an apply, for the history.
    pub fn occasion(
        &self,
        now: Instant,
        message: Option<String>,
        repo: RepoJson,
    ) -> Result<crate::apply::Occasion, Stop> {
        let occasion = crate::apply::Occasion::new(now, self.session()?.environment.actor());
        Ok(crate::apply::Occasion { message, git_commit: repo.commit, git_dirty: repo.dirty, ..occasion })
    }
}

/// Returns the environment variables of this process.
fn variables() -> Variables {
    Variables(std::env::vars_os().collect())
}

/// Returns the first lines of a plan: the workspace and the registry that it is compared with.
pub fn header(ledger: &Ledger) -> String {
    let registry::Workspace { name, mode, serial, .. } = &ledger.workspace;
    let new = match ledger.registry {
        Some(_) => String::new(),
        None => format!("{}\n", ledger.place().is_new()),
    };
    let name = style::strong(crate::render::shown::line(name));
    format!("{new}Workspace {name} ({mode}), {}, at serial {serial}\n\n", ledger.chosen.from)
}

/// Warns when a plan in CI uses a registry that is new and unnamed.
pub fn warn_if_lost(context: &Context, ledger: &Ledger) {
    let environment = &ledger.session.environment;
    if ledger.registry.is_none() && !ledger.named.is_named() && environment.in_ci() {
        let place = environment.shown(&ledger.named.location);
        let summary =
            format!("CI is set, and no registry is named: `{place}` is new and will be lost with this machine");
        let hint = "set WEIR_REGISTRY_URL, or `url` under [registry] in weir.toml";
        context.ui.warn(&Diagnostic::warning(Code::G010, summary).hint(hint));
    }
}
