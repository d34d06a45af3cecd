//! The parse cache: the declarations of each file, by the hash of its content. Deleting it costs only time.
//!
//! The cache is one text file that grows at its end only, so that an apply of one edit writes one entry. An entry is a
//! line `F <key> <bytes>` and that many bytes: a line for each declaration. An entry that does not check out is
//! ignored.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::document::{DocumentPlace, External, Parsed};
use super::files::{self, SourceFile};
use super::walk::Bounds;
use crate::disk::{Draft, read_text, write_whole};
use crate::resource::{Address, Meta, Resource, Spec, hex, unhex};
use crate::settings::Settings;
use crate::sql::Dialect;

/// The entries of earlier runs, and those that this run adds.
#[derive(Default)]
pub struct Cache {
    path: Option<PathBuf>,
    /// The first line, which names the build. Another build may have other rules, so it starts an empty cache.
    header: String,
    text: String,
    /// The place of each key's payload in `text`.
    entries: HashMap<[u8; 32], (usize, usize)>,
    /// The entries that this run adds.
    added: Mutex<Added>,
    whole: Option<Remembered>,
    whole_changed: bool,
    /// Whether the cache file exists, so that entries can be appended.
    exists: bool,
    used: std::sync::atomic::AtomicUsize,
}

/// The result for a whole repo, valid while no byte of it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The hash of all files, their paths and the defaults of weir.toml.
    pub key: [u8; 32],
    /// The digest over all resources.
    pub state: String,
    pub count: usize,
    /// Codes of warnings with their counts.
    pub warnings: Vec<(String, usize)>,
    /// The files that declarations name, with the hash of each.
    pub externals: Vec<(String, String)>,
}

impl Cache {
    /// Opens the cache in `folder` that `build` wrote. An unusable cache counts as empty.
    pub fn open(folder: Option<PathBuf>, build: &str) -> Self {
        let header = format!("weir parse cache 2, {build}\n");
        let path = folder.map(|it| it.join("parse.cache"));
        let text = path
            .as_ref()
            .and_then(|it| read_text(it, u64::MAX - 1).ok())
            .filter(|it| it.starts_with(&header))
            .unwrap_or_default();
        let mut cache = Self {
            exists: !text.is_empty(),
            path,
            header,
            text,
            entries: HashMap::new(),
            added: Mutex::default(),
            whole: None,
            whole_changed: false,
            used: 0.into(),
        };
        cache.index();
        cache
    }

    fn index(&mut self) {
        let mut at = self.header.len().min(self.text.len());
        while let Some(line) = self.text[at..].lines().next() {
            if let Some(rest) = line.strip_prefix("W ") {
                self.whole = decode_whole(rest);
                at += line.len() + 1;
                if at > self.text.len() {
                    break;
                }
                continue;
            }
            let mut parts = line.splitn(3, ' ');
            let (Some("F"), Some(key), Some(bytes)) =
                (parts.next(), parts.next().and_then(unhex), parts.next().and_then(|it| it.parse::<usize>().ok()))
            else {
                break;
            };
            let start = at + line.len() + 1;
            let Some(end) = start.checked_add(bytes) else { break };
            if end > self.text.len() || !self.text.is_char_boundary(end) {
                break;
            }
            self.entries.insert(key, (start, end));
            at = end;
        }
    }

    /// Returns the remembered result for the whole repo.
    pub fn whole(&self) -> Option<&Remembered> {
        self.whole.as_ref()
    }

    pub fn remember_whole(&mut self, whole: Remembered) {
        if self.whole.as_ref() != Some(&whole) {
            self.whole = Some(whole);
            self.whole_changed = true;
        }
    }

    /// Returns the declarations of `file`, when its content is known.
    pub(super) fn recall(
        &self,
        bounds: &Bounds,
        file: &SourceFile,
        settings: &Settings,
    ) -> Option<Vec<(DocumentPlace, Option<Parsed>)>> {
        let (start, end) = *self.entries.get(&key(file, settings))?;
        let engine = settings.services.engine.kind.dialect();
        let documents =
            self.text[start..end].lines().map(|line| decode(bounds, line, engine)).collect::<Option<Vec<_>>>()?;
        self.used.fetch_add(end - start, std::sync::atomic::Ordering::Relaxed);
        Some(documents.into_iter().map(|(place, parsed)| (place, Some(parsed))).collect())
    }

    /// Adds the declarations of `file`. On a first run, large amounts go to the disk while reading goes on.
    pub(super) fn remember(&self, file: &SourceFile, settings: &Settings, entry: String) {
        let Some(path) = &self.path else { return };
        let mut added = self.added.lock().unwrap_or_else(PoisonError::into_inner);
        added.push(format!("F {} {}\n", hex(&key(file, settings)), entry.len()));
        added.push(entry);
        if !self.exists && added.bytes > SPILL {
            added.spill(path, &self.header);
        }
    }

    /// Drops the entries of earlier runs, and returns a function that writes those of this run. A failed write is no
    /// fault: the next run parses again.
    pub fn close(&mut self) -> impl FnOnce() + Send + use<> {
        let used = self.used.load(std::sync::atomic::Ordering::Relaxed);
        let known = std::mem::take(&mut self.text).len();
        self.entries = HashMap::new();
        let mut added = std::mem::take(self.added.get_mut().unwrap_or_else(PoisonError::into_inner));
        // When more than half of the file is unused, it starts afresh, and missing entries are parsed again. The extra
        // 64 KiB keep a small file from starting afresh all the time.
        let stale = known > 2 * used + added.bytes + (1 << 16);
        if std::mem::take(&mut self.whole_changed)
            && let Some(whole) = &self.whole
        {
            added.push(format!("W {}\n", encode_whole(whole)));
        }
        let afresh = !self.exists || stale;
        self.exists |= !added.is_empty();
        let (path, header) = (self.path.clone(), self.header.clone());
        move || {
            if let Some(path) = path.filter(|_| !added.is_empty()) {
                let _ = if added.spilled.is_some() {
                    added.finish()
                } else if afresh {
                    write_whole(&path, [header.as_str()].into_iter().chain(added.parts.iter().map(String::as_str)))
                } else {
                    append(&path, &added.parts)
                };
            }
        }
    }
}

/// The number of bytes of new entries that are kept in memory before they go to the disk.
const SPILL: usize = 1 << 20;

/// New entries, in the order in which they were read.
#[derive(Default)]
struct Added {
    parts: Vec<String>,
    bytes: usize,
    /// The new cache file, which holds the entries before these.
    spilled: Option<Spilled>,
}

/// A cache file that will replace the present one.
struct Spilled {
    draft: Draft,
    /// Whether every byte so far was written. A cache with a gap is dropped.
    whole: bool,
}

impl Added {
    fn push(&mut self, part: String) {
        self.bytes += part.len();
        self.parts.push(part);
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.spilled.is_none()
    }

    /// Writes the entries in memory to a file that will replace the one at `path`.
    fn spill(&mut self, path: &Path, header: &str) {
        if self.spilled.is_none() {
            self.spilled = Draft::new(path).ok().map(|mut draft| {
                let whole = draft.write_all(header.as_bytes()).is_ok();
                Spilled { draft, whole }
            });
        }
        let Some(Spilled { draft, whole }) = &mut self.spilled else { return };
        *whole &= self.parts.drain(..).try_for_each(|it| draft.write_all(it.as_bytes())).is_ok();
        self.bytes = 0;
    }

    /// Writes the rest, and replaces the cache with the file.
    fn finish(self) -> std::io::Result<()> {
        let Some(Spilled { mut draft, .. }) = self.spilled.filter(|it| it.whole) else { return Ok(()) };
        self.parts.iter().try_for_each(|it| draft.write_all(it.as_bytes()))?;
        draft.finish()
    }
}

fn append(path: &Path, parts: &[String]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::options().append(true).open(path)?);
    parts.iter().try_for_each(|it| out.write_all(it.as_bytes()))?;
    out.flush()
}

fn key(file: &SourceFile, settings: &Settings) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(file.hash.as_bytes());
    hasher.update(&settings.defaults_hash);
    // Named files are found from the declaring file's folder, so the folder is a part of the key.
    hasher.update(file.path.rsplit_once('/').map_or("", |it| it.0).as_bytes());
    *hasher.finalize().as_bytes()
}

/// Returns the line that stores one declaration, with its own checksum.
pub(super) fn entry(place: DocumentPlace, parsed: &Parsed, spec: &str) -> String {
    let Parsed { resource, local_digest, externals } = parsed;
    let DocumentPlace { line, first_key, start, end } = place;
    let header = serde_json::to_string(&(&*resource.meta, &resource.renamed_from)).expect("texts are plain data");
    let externals: Vec<_> = externals
        .iter()
        .map(|(field, it)| serde_json::json!([field, &*it.file, hex(blake3::hash(it.text.as_bytes()).as_bytes())]))
        .collect();
    let payload = format!(
        "{line} {first_key} {start} {end}\t{}\t{}\t{}\t{header}\t{spec}",
        resource.address,
        hex(local_digest),
        serde_json::Value::from(externals)
    );
    format!("{}\t{payload}\n", check(&payload))
}

fn check(payload: &str) -> String {
    hex(&blake3::hash(payload.as_bytes()).as_bytes()[..8])
}

fn decode(bounds: &Bounds, line: &str, engine: Dialect) -> Option<(DocumentPlace, Parsed)> {
    let (stored, payload) = line.split_once('\t')?;
    if check(payload) != stored {
        return None;
    }
    let mut parts = payload.splitn(6, '\t');
    let mut numbers = parts.next()?.split(' ').map(|it| it.parse().ok());
    let mut number = || numbers.next().flatten();
    let place = DocumentPlace { line: number()?, first_key: number()?, start: number()?, end: number()? };
    let address: Address = parts.next()?.parse().ok()?;
    let local_digest = unhex(parts.next()?)?;
    let externals = recall_externals(bounds, parts.next()?)?;
    let (meta, renamed_from): (Meta, _) = serde_json::from_str(parts.next()?).ok()?;
    let mut json = serde_json::Deserializer::from_str(parts.next()?);
    let spec = Spec::deserialize(address.kind, &mut json).ok()?;
    let resource = Resource {
        address,
        meta: meta.into(),
        renamed_from,
        spec,
        depends_on: Vec::new(),
        engine: Some(engine),
        is_unsure: false,
    };
    Some((place, Parsed { resource, local_digest, externals }))
}

/// Reads the named files again. If one has changed, the whole entry is useless.
fn recall_externals(bounds: &Bounds, json: &str) -> Option<Vec<(String, External)>> {
    if json == "[]" {
        return Some(Vec::new());
    }
    let stored: Vec<(String, String, String)> = serde_json::from_str(json).ok()?;
    stored
        .into_iter()
        .map(|(field, file, hash)| {
            let external = files::read_external(bounds, "", &file).ok()?;
            (hex(blake3::hash(external.text.as_bytes()).as_bytes()) == hash).then_some((field, external))
        })
        .collect()
}

fn encode_whole(whole: &Remembered) -> String {
    let json =
        serde_json::json!([hex(&whole.key), whole.state, whole.count, whole.warnings, whole.externals]).to_string();
    format!("{} {json}", check(&json))
}

fn decode_whole(text: &str) -> Option<Remembered> {
    let (stored, json) = text.split_once(' ')?;
    if check(json) != stored {
        return None;
    }
    let (key, state, count, warnings, externals): (String, _, _, _, _) = serde_json::from_str(json).ok()?;
    Some(Remembered { key: unhex(&key)?, state, count, warnings, externals })
}
