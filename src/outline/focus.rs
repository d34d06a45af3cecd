//! The short way from files to a plan: what changed since the last check, what that can reach, and nothing else.
//!
//! It ends with `None` wherever anything is unusual (a mistake, a rename, more touched than the limit allows), and then
//! the whole way is gone, which starts from the files. Both ways make the same plan.

use std::collections::{HashMap, HashSet};

use super::{Difference, Outline, digests};
use crate::diagnostic::Diagnostic;
use crate::load::{self, Cache, Files, Project, Repo, Wanted};
use crate::plan::{self, Data, Declared, Plan, Suppress};
use crate::recorded::Snapshot;
use crate::resource::{Address, Instant, Resource};

/// A repo without a mistake, by its outline; decoded only where it has to be.
pub struct Focus<'a> {
    pub outline: Outline,
    reader: Reader<'a>,
    repo: Repo,
    limit: usize,
}

/// From where declarations are decoded.
pub struct Reader<'a> {
    pub files: &'a Files,
    pub project: &'a Project,
    pub cache: &'a mut Cache,
}

/// What a plan has to look at, on both sides.
pub struct View {
    pub declared: Vec<Declared>,
    pub recorded: Snapshot,
}

impl Reader<'_> {
    /// Adds declarations to `repo`; nothing when there is a mistake or a warning that the cache does not know.
    fn read<'a>(&mut self, repo: &mut Repo, wanted: impl Fn(usize) -> Wanted<'a> + Sync) -> Option<()> {
        repo.read(&self.files.bounds, self.project, self.cache, wanted).is_empty().then_some(())
    }
}

impl<'a> Focus<'a> {
    /// Checks what changed since `before`, as long as that reaches at most `limit` declarations.
    pub fn check(before: Outline, mut reader: Reader<'a>, limit: usize) -> Option<Self> {
        let files = reader.files.files.clone();
        let bounds = &reader.files.bounds;
        let mut draft = before.draft(&files, |it| load::is_unchanged(bounds, &it.path, &it.hash));
        let unchanged = files.iter().enumerate().filter(|it| !draft.is_changed(it.0));
        unchanged.for_each(|it| reader.cache.keep(it.1, reader.project));

        let mut repo = Repo { files, ..Repo::default() };
        reader.read(&mut repo, |it| if draft.is_changed(it) { Wanted::Everything } else { Wanted::Nothing })?;
        let wanted = draft.reach(&mut repo)?;
        let count = repo.declared.len() + wanted.len();
        if count > limit {
            return None;
        }
        reader.read(&mut repo, |it| if draft.is_changed(it) { Wanted::Nothing } else { Wanted::Only(&wanted) })?;
        let mut found = crate::resolve::resolve(&mut repo);
        let catalog = repo.catalog();
        found.extend(crate::check::with_what_they_name(&repo, &catalog));
        if repo.declared.len() != count || found.iter().any(Diagnostic::is_error) {
            return None;
        }
        let outline = draft.finish(&repo, &digests(&repo, &catalog), &found)?;
        Some(Self { outline, reader, repo, limit })
    }

    /// Returns what a plan against `recorded` has to look at; on that side still without specs.
    pub fn view(&mut self, recorded: &Snapshot) -> Option<View> {
        let difference = self.outline.against(&recorded.entries);
        if difference.reach.len() + difference.gone.len() > self.limit {
            return None;
        }
        let declared = self.declared(&difference)?;
        let addresses = declared.iter().map(|it| &it.resource.address).chain(&difference.gone);
        let entry = |it: &Address| Some((it.clone(), recorded.entries.get(it)?.clone()));
        let entries = addresses.filter_map(entry).collect();
        Some(View { declared, recorded: Snapshot { entries, ..recorded.head() } })
    }

    /// Decodes what the plan has to look at.
    fn declared(&mut self, difference: &Difference) -> Option<Vec<Declared>> {
        let Self { outline: Outline { lines, .. }, reader, repo, .. } = self;
        let here: HashSet<&Address> = repo.declared.iter().map(|it| &it.resource.address).collect();
        let reach = || difference.reach.iter().map(|it| &lines[*it]);
        let missing: HashSet<Address> =
            reach().map(|it| &it.address).filter(|it| !here.contains(it)).cloned().collect();
        let files: HashSet<usize> = reach().filter(|it| missing.contains(&it.address)).map(|it| it.file).collect();
        reader.read(repo, |it| if files.contains(&it) { Wanted::Only(&missing) } else { Wanted::Nothing })?;
        let found: HashMap<&Address, &load::Declared> =
            repo.declared.iter().map(|it| (&it.resource.address, it)).collect();
        let declared = reach().map(|line| {
            let found = found.get(&line.address)?;
            let depends_on = line.depends_on.iter().map(|it| lines[*it].address.clone()).collect();
            let resource = Resource { depends_on, ..found.resource.clone() };
            Some(Declared { resource: resource.into(), digest: line.digest, source: Some(repo.source(found.document)) })
        });
        declared.collect()
    }

    /// Returns the plan, from a view that by now has the specs of what differs.
    pub fn plan(&self, view: &View, data: &Data, now: Instant) -> Option<Plan> {
        let plan = plan::diff_knowing(&view.recorded, &view.declared, &Suppress::None, data, now).ok()?;
        // What a refusal advises depends on all that is recorded and declared: which names are free.
        if plan.changes.iter().any(|it| !it.harmless.is_empty()) {
            return None;
        }
        let changed = plan.changes.iter().filter(|it| it.action.after().is_some()).count();
        Some(Plan { unchanged: self.outline.lines.len() - changed, state: self.outline.state(), ..plan })
    }
}
