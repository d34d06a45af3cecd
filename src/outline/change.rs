//! From one outline to the next: what files that changed can reach, and what differs from what is recorded.

use std::collections::{BTreeMap, HashSet};

use super::{File, Line, Loose, Outline, bind, externals, lines};
use crate::diagnostic::Diagnostic;
use crate::load::{Declared, Repo, SourceFile};
use crate::recorded::Entry;
use crate::resource::{Address, Digest, Kind};

/// An outline whose files are being read again.
pub struct Draft {
    before: Outline,
    files: Vec<File>,
    /// For each file of `files`: whether it is new, or other than it was.
    changed: Vec<bool>,
    /// For each file of before: where it stands now, unless it is gone or other than it was.
    as_now: Vec<Option<usize>>,
    /// For each line of before: what has to be known anew, once that is known.
    needed: Vec<bool>,
    /// For each line of before in a changed file: the file that declares the very same now.
    moved_to: Vec<Option<usize>>,
}

impl Outline {
    /// Compares the outline with `files` as they are; `external` says whether a file that declarations name is as it was.
    pub fn draft(self, files: &[SourceFile], external: impl Fn(&File) -> bool) -> Draft {
        let files: Vec<File> = files.iter().map(|it| File::new(&it.path, it.hash)).collect();
        let mut as_now = vec![None; self.files.len()];
        let mut changed = vec![true; files.len()];
        let mut old = self.files.iter().enumerate().peekable();
        for (index, file) in files.iter().enumerate() {
            while old.next_if(|it| it.1.path < file.path).is_some() {}
            if let Some((before, _)) = old.next_if(|it| it.1 == file) {
                as_now[before] = Some(index);
                changed[index] = false;
            }
        }
        for line in self.lines.iter().filter(|it| !it.externals.iter().all(&external)) {
            if let Some(index) = as_now[line.file].take() {
                changed[index] = true;
            }
        }
        let count = self.lines.len();
        Draft { before: self, files, changed, as_now, needed: vec![false; count], moved_to: vec![None; count] }
    }
}

impl Draft {
    /// Says whether the file at `index` has to be read whole.
    pub fn is_changed(&self, index: usize) -> bool {
        self.changed[index]
    }

    /// Finds what the declarations of the changed files, which are all that `repo` holds, can reach: it takes out of
    /// `repo` what they do not, and returns what has to be read besides.
    ///
    /// Nothing when names are about to change, or when one is declared twice.
    pub fn reach(&mut self, repo: &mut Repo) -> Option<HashSet<Address>> {
        if repo.declared.iter().any(|it| it.resource.renamed_from.is_some()) {
            return None;
        }
        let now: BTreeMap<&Address, &Declared> = repo.declared.iter().map(|it| (&it.resource.address, it)).collect();
        let before = &self.before;
        let elsewhere =
            |it: &Address| before.position(it).is_some_and(|at| self.as_now[before.lines[at].file].is_some());
        if now.len() < repo.declared.len() || now.keys().any(|it| elsewhere(it)) {
            return None;
        }
        let externals = externals(repo);
        let mut marked = vec![false; before.lines.len()];
        for (index, line) in before.lines.iter().enumerate().filter(|it| self.as_now[it.1.file].is_none()) {
            // The digest knows the text of a file that is named, and not the file: the next change may come from there.
            let same = now
                .get(&line.address)
                .filter(|it| Digest::of(&it.local_digest) == line.local && externals[it.document.0] == line.externals);
            self.moved_to[index] = same.map(|it| repo.documents[it.document.0].file);
            marked[index] = same.is_none();
        }
        // A new name may be meant by whoever mentioned it as a plain table, and collide with whoever has it already.
        let added: HashSet<&str> = now.keys().filter(|it| before.position(it).is_none()).map(|it| &*it.name).collect();
        if !added.is_empty() {
            for (index, line) in before.lines.iter().enumerate() {
                marked[index] |=
                    added.contains(&*line.address.name) || line.unbound.iter().any(|it| added.contains(&**it));
            }
        }
        before.mark_readers(&mut marked);
        let fresh = |it: &Address| before.position(it).is_none_or(|at| marked[at]);
        let mentioned: Vec<usize> = repo
            .declared
            .iter()
            .filter(|it| fresh(&it.resource.address))
            .flat_map(|it| it.resource.spec.declaration().references())
            .flat_map(|it| {
                Kind::ALL.iter().filter_map(move |kind| before.position(&Address::new(*kind, it.name.as_str())))
            })
            .collect();
        mentioned.into_iter().for_each(|it| marked[it] = true);
        before.mark_dependencies(&mut marked);
        let wanted = before.lines.iter().enumerate().filter(|it| marked[it.0] && self.as_now[it.1.file].is_some());
        let wanted = wanted.map(|it| it.1.address.clone()).collect();
        repo.declared.retain(|it| before.position(&it.resource.address).is_none_or(|at| marked[at]));
        self.needed = marked;
        Some(wanted)
    }

    /// Returns the next outline: `repo` holds what was found anew, with these digests and warnings.
    pub fn finish(self, repo: &Repo, digests: &[Digest], warnings: &[Diagnostic]) -> Option<Outline> {
        let count = self.before.lines.len();
        let mut loose = lines(repo, digests, warnings)?;
        for it in &mut loose {
            it.before = self.before.position(&it.line.address);
        }
        for (index, mut line) in self.before.lines.into_iter().enumerate().filter(|it| !self.needed[it.0]) {
            let Some(file) = self.as_now[line.file].or(self.moved_to[index]) else { continue };
            line.file = file;
            loose.push(Loose { line, before: Some(index), depends_on: None });
        }
        Some(Outline { files: self.files, lines: bind(count, loose)? })
    }
}

/// What differs between what is declared and what is recorded.
pub struct Difference {
    /// The declarations that a plan has to look at: those that differ, what refers to them, and what all of these
    /// refer to.
    pub reach: Vec<usize>,
    /// What is recorded and not declared.
    pub gone: Vec<Address>,
}

impl Outline {
    /// Compares what is declared with what is recorded.
    ///
    /// Where digests agree, dependencies do: among what does not differ, who refers to what is the same on both sides.
    pub fn against(&self, recorded: &BTreeMap<Address, Entry>) -> Difference {
        let mut marked = vec![false; self.lines.len()];
        let mut gone = Vec::new();
        let mut entries = recorded.iter().peekable();
        for (index, line) in self.lines.iter().enumerate() {
            while let Some((address, _)) = entries.next_if(|it| *it.0 < line.address) {
                gone.push(address.clone());
            }
            let entry = entries.next_if(|it| *it.0 == line.address).map(|it| it.1);
            marked[index] = entry.is_none_or(|it| !is_same(it, line));
        }
        gone.extend(entries.map(|it| it.0.clone()));
        let differing: Vec<&Address> =
            self.lines.iter().enumerate().filter(|it| marked[it.0]).map(|it| &it.1.address).chain(&gone).collect();
        self.mark_readers(&mut marked);
        // What they referred to when they were applied is part of what they were.
        for dependency in differing.iter().filter_map(|it| recorded.get(*it)).flat_map(|it| &it.depends_on) {
            self.position(dependency).into_iter().for_each(|it| marked[it] = true);
        }
        self.mark_dependencies(&mut marked);
        Difference { reach: (0..marked.len()).filter(|it| marked[*it]).collect(), gone }
    }
}

fn is_same(entry: &Entry, line: &Line) -> bool {
    entry.digest == line.digest && entry.prevent_destroy == line.prevent_destroy
}
