//! The place of a run: a repo, or a folder without one.

use std::path::PathBuf;

use super::{Chosen, Error, Result, Session, select};
use crate::diagnostic::{Code, Diagnostic};
use crate::registry::Location;
use crate::settings::{self, Settings, find_root};

/// A repo, or the folder from which a registry is found without a repo.
pub struct Site {
    pub root: PathBuf,
    pub settings: Settings,
    /// The mistakes in weir.toml, shown together with those of the declarations.
    pub mistakes: Vec<Diagnostic>,
    /// Whether the cache may be used. In CI, it may come with the change that is checked.
    pub remembers: bool,
    /// The folder that relative paths of flags and environment start from.
    pub base: PathBuf,
}

/// The registry of a repo when none is named.
const DEFAULT_URL: &str = "sqlite://.weir/registry.db";

/// The origin of the default registry's url.
const UNNAMED: &str = "the default";

/// The location of a registry, with the origin of its url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub location: Location,
    pub from: &'static str,
}

impl Named {
    /// Says whether the user named the registry.
    pub fn is_named(&self) -> bool {
        self.from != UNNAMED
    }
}

impl Session {
    /// Returns the repo at or above the starting folder, with the mistakes of its weir.toml.
    pub fn site(&self) -> Result<Site> {
        let base = self.environment.directory.clone();
        let Some(root) = find_root(&base).map_err(Error::found)? else {
            let summary = format!("no weir.toml in `{}` or above: this is not a feature repo", base.display());
            let hint = "run `weir init` to start one, or name its folder with -C";
            return Err(Error::found(Diagnostic::error(Code::L015, summary).hint(hint)));
        };
        let variables = &self.environment.variables;
        // A variable that is not UTF-8 counts as unset there, which is an error.
        let (settings, mistakes) = settings::read(&root, &|it| variables.get(it).unwrap_or_default());
        Ok(Site { root, settings, mistakes, remembers: !self.environment.in_ci(), base })
    }

    /// Returns the repo at or above the starting folder. A mistake in weir.toml is an error.
    pub fn sound_site(&self) -> Result<Site> {
        let site = self.site()?;
        if site.mistakes.is_empty() { Ok(site) } else { Err(Error::Found(site.mistakes)) }
    }

    /// Returns the repo at or above the starting folder, or that folder when there is no repo.
    pub fn site_or_folder(&self) -> Result<Site> {
        let base = self.environment.directory.clone();
        if find_root(&base).map_err(Error::found)?.is_some() {
            return self.sound_site();
        }
        let (settings, remembers) = (Settings::default(), !self.environment.in_ci());
        Ok(Site { root: base.clone(), settings, mistakes: Vec::new(), remembers, base })
    }

    /// Returns the registry's location: from flag, environment, weir.toml, or default.
    pub fn location(&self, site: &Site) -> Result<Named> {
        let (url, base, from) = if let Some(url) = &self.environment.registry {
            (url.clone(), &site.base, "--registry")
        } else if let Some(url) = self.environment.variables.get("WEIR_REGISTRY_URL")? {
            (url, &site.base, "WEIR_REGISTRY_URL")
        } else if let Some(url) = &site.settings.registry_url {
            let url = url.as_ref().map_err(|it| Error::found(it.as_ref().clone()))?.reveal();
            // Writing the default down names no other place, so there is no volume that could be missing.
            (url.to_owned(), &site.root, if url == DEFAULT_URL { UNNAMED } else { "weir.toml" })
        } else {
            (DEFAULT_URL.to_owned(), &site.root, UNNAMED)
        };
        let malformed =
            |it: crate::registry::Malformed| Error::found(Diagnostic::error(Code::G001, it.summary).hint(it.hint));
        Ok(Named { location: Location::parse(&url, base).map_err(malformed)?, from })
    }

    /// Returns the workspace from a flag or the environment.
    pub fn workspace_named(&self) -> Result<Option<String>> {
        match &self.environment.workspace {
            Some(name) => Ok(Some(name.clone())),
            None => self.environment.variables.get("WEIR_WORKSPACE"),
        }
    }

    /// Returns the workspace's name and its origin: flag, environment, selection, weir.toml, default.
    pub fn workspace_name(&self, site: &Site) -> Result<Chosen> {
        let chosen = |value: String, from| Ok(Chosen { value, from });
        if let Some(name) = &self.environment.workspace {
            return chosen(name.clone(), "from --workspace");
        }
        if let Some(name) = self.environment.variables.get("WEIR_WORKSPACE")? {
            return chosen(name, "from WEIR_WORKSPACE");
        }
        if let Some(name) = select::selected(&site.root)? {
            return chosen(name, "selected");
        }
        match &site.settings.workspace {
            Some(name) => chosen(name.clone(), "from weir.toml"),
            None => chosen("prod".to_owned(), "the default"),
        }
    }
}
