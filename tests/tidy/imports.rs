//! Which file imports which, read from the paths in the text.

use std::collections::{BTreeMap, BTreeSet};

/// A path of a module, from the root of the crate.
type Module = Vec<String>;

/// The files of a crate: their modules, and what each hands on.
pub struct House {
    files: BTreeMap<Module, String>,
    texts: BTreeMap<String, String>,
    /// By module, the names that it hands on, and whose they are.
    handed_on: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl House {
    /// Reads files by their path below `src/`; comments and texts say nothing here.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let texts: BTreeMap<String, String> = files.into_iter().map(|it| (it.0, plain(&it.1))).collect();
        let files = texts.keys().filter_map(|path| Some((module(path)?, path.clone()))).collect();
        let mut house = Self { files, texts, handed_on: BTreeMap::new() };
        for (path, text) in &house.texts {
            let Some(own) = module(path) else { continue };
            let mut names = BTreeMap::new();
            for statement in uses(text).filter(|it| it.is_public) {
                for written in paths(statement.text, 0).0 {
                    let (Some(name), Some(whole)) = (written.name(), house.whole(&written.segments, &own)) else {
                        continue;
                    };
                    names.insert(name, whole);
                }
            }
            house.handed_on.insert(own, names);
        }
        house
    }

    /// Returns the files that each file imports. What a file hands on it does not import.
    pub fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (path, text) in &self.texts {
            let found = imports.entry(path).or_default();
            let Some(own) = module(path) else { continue };
            let text = uses(text).filter(|it| it.is_public).fold(text.clone(), |rest, it| rest.replace(it.text, ""));
            for at in self.starts(&text, &own) {
                for written in paths(&text, at).0 {
                    let file = self.whole(&written.segments, &own).and_then(|it| self.file_of(&it, 0));
                    found.extend(file.filter(|it| it != path && *it != "lib.rs"));
                }
            }
        }
        imports
    }

    /// Returns the circles among the files: each file that reaches itself, by way of which.
    pub fn circles(&self) -> Vec<Vec<&str>> {
        let imports = self.imports();
        let reach = |from: &str| {
            let (mut seen, mut left) = (BTreeSet::new(), vec![from.to_owned()]);
            while let Some(at) = left.pop() {
                for next in imports.get(at.as_str()).into_iter().flatten() {
                    if seen.insert(*next) {
                        left.push((*next).to_owned());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<&str, BTreeSet<&str>> = imports.keys().map(|it| (*it, reach(it))).collect();
        let mut circles: Vec<Vec<&str>> = Vec::new();
        for (path, reach) in reached.iter().filter(|it| it.1.contains(it.0)) {
            let circle: Vec<&str> = reach.iter().copied().filter(|it| reached[it].contains(path)).collect();
            if !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles
    }

    /// Returns where in the text a path begins that says where it starts from.
    fn starts(&self, text: &str, own: &Module) -> Vec<usize> {
        let children = self.files.keys().filter(|it| it.len() == own.len() + 1 && it.starts_with(own));
        let children: Vec<&str> = children.filter_map(|it| it.last().map(String::as_str)).collect();
        let words = ["crate", "super", "self"].into_iter().chain(children);
        let mut starts = Vec::new();
        for word in words {
            let begins = |it: &(usize, &str)| {
                let before = text[..it.0].chars().next_back();
                !before.is_some_and(|it| it.is_alphanumeric() || matches!(it, '_' | ':' | '.'))
            };
            starts.extend(text.match_indices(&format!("{word}::")).filter(begins).map(|it| it.0));
        }
        starts
    }

    /// Returns a path from the root of the crate, when it is one of this crate.
    fn whole(&self, segments: &[String], own: &Module) -> Option<Module> {
        let mut base = own.clone();
        let mut rest = segments;
        match rest.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|it| it == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                base.push(child.to_owned());
                if !self.files.contains_key(&base) {
                    return None;
                }
                rest = &rest[1..];
            }
        }
        base.extend(rest.iter().filter(|it| *it != "self").cloned());
        Some(base)
    }

    /// Returns the file that defines what a path names.
    fn file_of(&self, path: &Module, depth: usize) -> Option<&str> {
        let length = (1..=path.len()).rev().find(|it| self.files.contains_key(&path[..*it]))?;
        let (module, rest) = path.split_at(length);
        let next = rest.first().and_then(|it| self.handed_on.get(module)?.get(it));
        match next.filter(|_| depth < 8) {
            Some(next) => self.file_of(&next.iter().chain(&rest[1..]).cloned().collect(), depth + 1),
            None => self.files.get(module).map(String::as_str),
        }
    }
}

/// Returns the module of a file below `src/`; the program itself is none.
fn module(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs").filter(|it| *it != "main")?;
    let path = path.strip_suffix("/mod").unwrap_or(path);
    Some(if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() })
}

/// Blanks comments and texts.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|it| it.split("//").next().unwrap_or_default());
    let mut parts = String::new();
    let mut inside = false;
    for line in lines {
        for part in line.replace("\\\"", "").replace("'\"'", "").split_inclusive('"') {
            if !inside {
                parts.push_str(part);
            }
            inside ^= part.ends_with('"');
        }
        parts.push('\n');
    }
    parts
}

struct Use<'a> {
    text: &'a str,
    is_public: bool,
}

/// Returns the `use` statements, from the path on.
fn uses(text: &str) -> impl Iterator<Item = Use<'_>> {
    text.match_indices("use ").filter_map(|(at, _)| {
        let before = text[..at].rsplit('\n').next().unwrap_or_default().trim();
        let is_public = before.starts_with("pub");
        let rest = &text[at + "use ".len()..];
        (before.is_empty() || is_public).then(|| Use { text: &rest[..rest.find(';').unwrap_or(0)], is_public })
    })
}

/// One path as it is written, and the name that it goes by.
struct Written {
    segments: Vec<String>,
    called: Option<String>,
}

impl Written {
    fn name(&self) -> Option<String> {
        self.called.clone().or_else(|| self.segments.iter().rev().find(|it| *it != "self").cloned())
    }
}

/// Reads the paths that begin at `at`: one, or as many as its braces hold. Returns where they end.
fn paths(text: &str, at: usize) -> (Vec<Written>, usize) {
    let length = text[at..].find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len() - at);
    let (word, mut at) = (text[at..at + length].to_owned(), at + length);
    let one = |at| (vec![Written { segments: vec![word.clone()], called: None }], at);
    if word.is_empty() {
        return (Vec::new(), at);
    }
    let Some(rest) = text[at..].strip_prefix("::") else {
        let called = text[at..].strip_prefix(" as ").map(|it| it.split(|it: char| !it.is_alphanumeric() && it != '_'));
        let called = called.and_then(|mut it| it.next()).map(str::to_owned);
        return (vec![Written { segments: vec![word], called }], at);
    };
    at += 2;
    let mut found = Vec::new();
    if rest.starts_with('{') {
        at += 1;
        while let Some(sign) = text[at..].chars().next() {
            if sign == '}' {
                at += 1;
                break;
            }
            let (inner, end) = paths(text, at);
            at = if end > at { end } else { at + sign.len_utf8() };
            found.extend(inner);
        }
    } else {
        (found, at) = paths(text, at);
    }
    if found.is_empty() {
        return one(at);
    }
    found.iter_mut().for_each(|it| it.segments.insert(0, word.clone()));
    (found, at)
}
