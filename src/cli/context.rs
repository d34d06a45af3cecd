//! What a command finds itself in: the repo, the registry, the workspace, the time.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;

use super::Global;
use super::stop::Stop;
use super::ui::Ui;
use super::workspace;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::disk::write_whole;
use crate::disk::{SETTINGS_MAX, or_absent, read_text, reason};
use crate::load::local_folder;
use crate::registry::{self, Access, Location, Migrated, Recorded, Registry, Workspace};
use crate::render::shown as safe;
use crate::resource::Instant;
use crate::settings::{self, Settings, find_root};

/// The surroundings of one run.
pub struct Context {
    pub ui: Ui,
    global: Global,
    runtime: tokio::runtime::Runtime,
    aside: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Context {
    fn drop(&mut self) {
        // What goes on aside is of use to the next run only: nothing of this one depends on how it ends.
        let aside = self.aside.get_mut().unwrap_or_else(PoisonError::into_inner);
        aside.take().map(JoinHandle::join);
    }
}

/// Where a choice came from, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub value: String,
    pub from: &'static str,
}

/// The registry of a repo when nobody names one.
const DEFAULT_URL: &str = "sqlite://.weir/registry.db";

/// Where a registry's url came from when nobody named one.
const UNNAMED: &str = "the default";

/// What becomes of a registry that is not there, when something is about to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Made,
    Error,
}

/// Says whether somebody named the registry whose url came from there.
pub fn is_named(from: &str) -> bool {
    from != UNNAMED
}

/// A repo, or the folder from which a registry is found without one.
pub struct Place {
    pub root: PathBuf,
    pub settings: Settings,
    /// What is wrong with weir.toml: shown with what is wrong with the declarations.
    pub mistakes: Vec<Diagnostic>,
    /// Whether what earlier runs remember is of use: in CI it may have come with the change that is checked.
    pub remembers: bool,
    /// Against what relative paths of flags and environment are read.
    pub base: PathBuf,
}

impl Context {
    pub fn new(global: &Global) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without timers and sockets needs nothing from the system");
        Self {
            ui: Ui::new(global.color, global.quiet, global.verbose),
            global: global.clone(),
            runtime,
            aside: Mutex::default(),
        }
    }

    /// Writes down what the next run can use, one thing after the other, while the command goes on. The process waits
    /// for it at its end. Where the system has no thread for it, the next run finds less, and is slower.
    pub fn aside(&self, work: impl FnOnce() + Send + 'static) {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        let before = aside.take();
        let after = move || {
            before.map(JoinHandle::join);
            work();
        };
        *aside = std::thread::Builder::new().spawn(after).ok();
    }

    /// Waits for what the registry does.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
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

    /// Returns the repo at or above the folder that the command runs in. A mistake in weir.toml ends it.
    pub fn place(&self) -> Result<Place, Stop> {
        let place = self.place_with_mistakes()?;
        if place.mistakes.is_empty() { Ok(place) } else { Err(Stop::Diagnostics(place.mistakes)) }
    }

    /// Returns the repo at or above the folder that the command runs in, for who shows its mistakes with others.
    pub fn place_with_mistakes(&self) -> Result<Place, Stop> {
        let base = self.directory()?;
        let Some(root) = find_root(&base).map_err(Stop::diagnostic)? else {
            let diagnostic = Diagnostic::error(
                Code::L015,
                format!("no weir.toml in `{}` or above: this is not a feature repo", base.display()),
            );
            return Err(Stop::diagnostic(diagnostic.hint("run `weir init` to start one, or name its folder with -C")));
        };
        let (settings, mistakes) = settings::read(&root, &|it| environment(it).unwrap_or_default());
        Ok(Place { root, settings, mistakes, remembers: !self.in_ci(), base })
    }

    /// Returns the moment of this run. `WEIR_NOW` sets it, so that a plan can be made again to the byte.
    pub fn now(&self) -> Result<Instant, Stop> {
        match environment("WEIR_NOW")? {
            Some(text) => text.parse().map_err(|fault: String| Stop::from(anyhow::anyhow!("WEIR_NOW: {fault}"))),
            None => Ok(Instant { secs: jiff::Timestamp::now().as_second() }),
        }
    }

    /// Returns the registry's location and where it came from: flag, environment, weir.toml, default.
    pub fn location(&self, place: &Place) -> Result<(Location, &'static str), Stop> {
        let (url, base, from) = if let Some(url) = &self.global.registry {
            (url.clone(), &place.base, "--registry")
        } else if let Some(url) = environment("WEIR_REGISTRY_URL")? {
            (url, &place.base, "WEIR_REGISTRY_URL")
        } else if let Some(url) = &place.settings.registry_url {
            let url = url.as_ref().map_err(|it| Stop::diagnostic(it.as_ref().clone()))?.reveal();
            // Whoever writes down the default has named no other place: nothing could be mounted there.
            (url.to_owned(), &place.root, if url == DEFAULT_URL { UNNAMED } else { "weir.toml" })
        } else {
            (DEFAULT_URL.to_owned(), &place.root, UNNAMED)
        };
        let location = Location::parse(&url, base)
            .map_err(|it| Stop::diagnostic(Diagnostic::error(Code::G001, it.summary).hint(it.hint)))?;
        Ok((location, from))
    }

    /// Returns the workspace that a flag or the environment names.
    pub fn workspace_named(&self) -> Result<Option<String>, Stop> {
        match &self.global.workspace {
            Some(name) => Ok(Some(name.clone())),
            None => environment("WEIR_WORKSPACE"),
        }
    }

    /// Returns the workspace's name and where it came from: flag, environment, selection, weir.toml, default.
    pub fn workspace_name(&self, place: &Place) -> Result<Chosen, Stop> {
        let chosen = |value: String, from| Ok(Chosen { value, from });
        if let Some(name) = &self.global.workspace {
            return chosen(name.clone(), "from --workspace");
        }
        if let Some(name) = environment("WEIR_WORKSPACE")? {
            return chosen(name, "from WEIR_WORKSPACE");
        }
        if let Some(name) = selected_workspace(&place.root)? {
            return chosen(name, "selected");
        }
        match &place.settings.workspace {
            Some(name) => chosen(name.clone(), "from weir.toml"),
            None => chosen("prod".to_owned(), "the default"),
        }
    }

    /// Opens the registry to read; `None` when there is none yet, and nobody named one.
    pub fn read_registry(&self, location: &Location, from: &'static str) -> Result<Option<Box<dyn Registry>>, Stop> {
        match self.registry_if_any(location)? {
            None if from != UNNAMED => Err(not_there(location, from)),
            found => Ok(found),
        }
    }

    /// Opens the registry to read; `None` when there is none yet.
    pub fn registry_if_any(&self, location: &Location) -> Result<Option<Box<dyn Registry>>, Stop> {
        self.wait(registry::connect(location, Access::Read)).map_err(|error| Stop::registry(&error, &shown(location)))
    }

    /// Opens the registry to read, and stops when there is none.
    pub fn existing_registry(&self, location: &Location) -> Result<Box<dyn Registry>, Stop> {
        self.registry_if_any(location)?.ok_or_else(|| {
            let diagnostic = Diagnostic::error(
                Code::G010,
                format!("there is no registry at `{}`: nothing is recorded yet", shown(location)),
            );
            Stop::diagnostic(diagnostic.hint("run `weir apply` to record what is declared"))
        })
    }

    /// Opens the registry to write: makes a new one if that is meant, brings an older one up to date after a backup copy.
    pub fn writable_registry(&self, location: &Location, missing: Missing) -> Result<Box<dyn Registry>, Stop> {
        let at = self.now()?.to_string();
        let fail = |error: registry::Error| Stop::registry(&error, &shown(location));
        self.bring_up_to_date(location)?;
        match self.wait(registry::connect(location, Access::Write)).map_err(fail)? {
            Some(registry) => Ok(registry),
            None if missing == Missing::Made => self.wait(registry::create(location, &at)).map_err(fail),
            None => Err(fail(registry::Error::Unreachable("it is not there any more".to_owned()))),
        }
    }

    /// Migrates an older registry, after a backup copy. For commands that write, before they read.
    pub fn bring_up_to_date(&self, location: &Location) -> Result<(), Stop> {
        let fail = |error: registry::Error| Stop::registry(&error, &shown(location));
        // Whatever else is wrong with it is said by who opens it.
        let Err(registry::Error::Older { .. }) = self.wait(registry::connect(location, Access::Read)) else {
            return Ok(());
        };
        let at = self.now()?.to_string();
        if let Some(Migrated { found, backup, .. }) = self.wait(registry::migrate(location, &at)).map_err(fail)? {
            self.ui.say(&format!(
                "migrated the registry from format {found} to {}; the copy before is {}",
                registry::FORMAT,
                backup.display()
            ));
        }
        Ok(())
    }

    /// Returns the chosen workspace as recorded. Where there is no registry yet, there is only `prod`.
    pub fn workspace(
        &self,
        registry: Option<&dyn Recorded>,
        location: &Location,
        chosen: &Chosen,
    ) -> Result<Workspace, Stop> {
        let workspaces = match registry {
            Some(registry) => {
                self.wait(registry.workspaces()).map_err(|error| Stop::registry(&error, &shown(location)))?
            }
            None => vec![Workspace::first()],
        };
        if let Some(workspace) = workspaces.iter().find(|it| it.name == chosen.value) {
            return Ok(workspace.clone());
        }
        let names: Vec<&str> = workspaces.iter().map(|it| it.name.as_str()).collect();
        let near = did_you_mean(&chosen.value, names.iter().copied());
        let summary = match chosen.value.as_str() {
            "" => format!("the name of the workspace is empty ({})", chosen.from),
            name => format!("workspace `{name}` does not exist ({})", chosen.from),
        };
        let diagnostic = Diagnostic::error(Code::G005, summary);
        let names = names.join(", ");
        // What cannot be created is nothing to type next.
        let hint = near.unwrap_or_else(|| match workspace::is_name(&chosen.value) {
            true => format!("run `weir workspace create {}`, or choose one of {names}", chosen.value),
            false => format!("choose one of {names}"),
        });
        Err(Stop::diagnostic(diagnostic.hint(hint)))
    }

    /// Says whether this runs in CI with no registry named: what is recorded then dies with the machine.
    pub fn in_ci(&self) -> bool {
        std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false" && it != "0")
    }

    /// Returns who applies, for the history.
    pub fn actor(&self) -> String {
        ACTORS
            .iter()
            .copied()
            .find_map(|it| environment(it).unwrap_or_default())
            .unwrap_or_else(|| "unknown".to_owned())
    }
}

/// Who applies: what is said to weir, then what each CI says of who started it, then the user of the machine.
const ACTORS: &[&str] = &[
    "WEIR_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "BUILD_USER_ID",
    "CHANGE_AUTHOR",
    "BUILDKITE_BUILD_CREATOR",
    "CIRCLE_USERNAME",
    "BUILD_REQUESTEDFOR",
    "USER",
    "LOGNAME",
];

/// Returns a path as a person would name it from here.
pub fn shown(location: &Location) -> String {
    let from_here = std::env::current_dir().ok().and_then(|it| location.path.strip_prefix(it).ok().map(Path::to_owned));
    let path = from_here.filter(|it| !it.as_os_str().is_empty()).unwrap_or_else(|| location.path.clone());
    safe::path(&path)
}

/// Returns a variable; an empty one counts as unset, and one that is no text is an error.
pub fn environment(name: &str) -> Result<Option<String>, Stop> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|it| !it.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            let diagnostic = Diagnostic::error(Code::G012, format!("environment variable `{name}` is not UTF-8"));
            Err(Stop::diagnostic(diagnostic.hint(format!("set `{name}` anew, or unset it"))))
        }
    }
}

/// Returns the workspace that was selected on this machine. A file that is there and names none is an error: nobody
/// should work on another workspace than the one that they chose.
fn selected_workspace(root: &Path) -> Result<Option<String>, Stop> {
    let path = root.join(".weir/workspace");
    let fault = |reason: &str| {
        let summary = format!("the selected workspace cannot be read from `{}`: {reason}", path.display());
        let hint = "run `weir workspace select NAME` again, or remove the file";
        Stop::diagnostic(Diagnostic::error(Code::G012, summary).hint(hint))
    };
    let text = or_absent(&path, read_text(&path, SETTINGS_MAX)).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => fault("it is not UTF-8"),
        _ => fault(&reason(&error)),
    })?;
    let Some(text) = text else { return Ok(None) };
    match text.trim() {
        "" => Err(fault("it is empty")),
        name if workspace::is_name(name) => Ok(Some(name.to_owned())),
        _ => Err(fault("it does not hold the name of a workspace")),
    }
}

/// A registry that somebody named, and that is not there.
pub fn not_there(location: &Location, from: &str) -> Stop {
    let summary = format!(
        "the registry `{}` ({from}) does not exist: with nothing recorded, nothing would be protected",
        shown(location)
    );
    Stop::diagnostic(
        Diagnostic::error(Code::G010, summary).hint("mount its volume; or make it once with `weir registry init`"),
    )
}

/// Remembers the selected workspace on this machine; `None` forgets it.
pub fn select_workspace(root: &Path, name: Option<&str>) -> Result<(), Stop> {
    let path = local_folder(root).context("the folder .weir cannot be made")?.join("workspace");
    match name {
        Some(name) => write_whole(&path, [name, "\n"]).context("the selection cannot be written")?,
        None => {
            or_absent(&path, std::fs::remove_file(&path)).context("the selection cannot be removed")?;
        }
    }
    Ok(())
}
