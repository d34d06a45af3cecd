//! The columns that earlier runs found for files and queries, kept beside the parse cache. A key names everything that
//! they depend on. A damaged cache is ignored, and the columns are found again.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::reader::StreamReader;
use datafusion::arrow::ipc::writer::StreamWriter;
use tokio::runtime::Handle;

use super::core::Core;
use super::query::{Planner, Refused, Sql, Table};
use super::spark;
use crate::disk::{read_text, write_whole};
use crate::settings::EngineKind;

/// Columns, with a hash of them that goes into the keys of what is derived from them.
#[derive(Debug, Clone)]
pub struct Known {
    pub schema: SchemaRef,
    hash: blake3::Hash,
    text: Arc<str>,
}

impl Known {
    /// Takes the columns of a schema, without the schema's own metadata.
    pub fn new(schema: &Schema) -> Self {
        let schema = Arc::new(Schema::new(schema.fields().clone()));
        let mut bytes = Vec::new();
        let written = StreamWriter::try_new(&mut bytes, &schema).and_then(|mut it| it.finish());
        written.expect("columns without rows are always written to memory");
        let text: Arc<str> = BASE64.encode(bytes).into();
        Self { schema, hash: blake3::hash(text.as_bytes()), text }
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text).ok()?;
        let schema = StreamReader::try_new(bytes.as_slice(), None).ok()?.schema();
        Some(Self { schema, hash: blake3::hash(text.as_bytes()), text: text.into() })
    }
}

/// The entries of the last run, and those that this run used or added. The rest is forgotten.
pub struct Cache {
    path: Option<PathBuf>,
    header: String,
    before: HashMap<String, String>,
    used: Mutex<BTreeMap<String, Arc<str>>>,
}

impl Cache {
    /// Opens what the last run left in the folder. Entries of another build are ignored: its engine may differ.
    pub fn open(folder: Option<PathBuf>, build: &str) -> Self {
        let path = folder.map(|it| it.join("sources.cache"));
        let header = format!("weir sources 1 {build}");
        let text = path.as_ref().and_then(|it| read_text(it, u64::MAX - 1).ok()).unwrap_or_default();
        let before = match text.split_once('\n').filter(|it| it.0.strip_suffix(&check(it.1)) == Some(&header)) {
            Some((_, lines)) => lines.lines().filter_map(|it| it.split_once(' ')).map(owned).collect(),
            None => HashMap::new(),
        };
        Self { path, header, before, used: Mutex::default() }
    }

    pub fn get(&self, key: blake3::Hash) -> Option<Known> {
        let key = key.to_hex().to_string();
        let known = Known::read(self.before.get(&key)?)?;
        self.keep(key, &known);
        Some(known)
    }

    pub fn put(&self, key: blake3::Hash, known: &Known) {
        self.keep(key.to_hex().to_string(), known);
    }

    fn keep(&self, key: String, known: &Known) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key, known.text.clone());
    }

    /// Writes the entries that were used, unless the file has the same ones.
    pub fn close(self) {
        let used = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        let as_before = used.len() == self.before.len() && used.keys().all(|it| self.before.contains_key(it));
        let Some(path) = self.path.filter(|_| !as_before) else { return };
        let lines: String = used.iter().map(|(key, text)| format!("{key} {text}\n")).collect();
        // Errors are ignored: the next run finds the columns again.
        let _ = write_whole(&path, [format!("{}{}\n", self.header, check(&lines)).as_str(), lines.as_str()]);
    }
}

fn owned((key, text): (&str, &str)) -> (String, String) {
    (key.to_owned(), text.to_owned())
}

fn check(lines: &str) -> String {
    format!(" {}", blake3::hash(lines.as_bytes()))
}

/// Returns the key of something that depends on these parts.
pub fn key(parts: &[&[u8]]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

/// Checks queries, each once for the columns that it reads.
pub struct Checker<'a> {
    pub judge: Judge,
    pub cache: &'a Cache,
}

/// The engine that checks queries: the one that will run them.
pub enum Judge {
    Embedded(Box<Planner>),
    /// The threads that check queries wait on this runtime.
    Spark(Core, Handle),
}

impl Judge {
    /// Returns the engine that weir.toml names.
    pub fn new(core: &Core, runtime: &Handle) -> Self {
        match core.services.engine.kind {
            EngineKind::Datafusion => Self::Embedded(Box::new(Planner::new(&core.session))),
            EngineKind::Spark => Self::Spark(core.clone(), runtime.clone()),
        }
    }
}

impl Sql for Checker<'_> {
    type Table = Known;

    fn query(&self, text: &str, tables: &[(String, Known)]) -> Result<Known, Refused> {
        let named = |it: &(String, Known)| Table { name: it.0.clone(), schema: it.1.schema.clone() };
        let named = || tables.iter().map(named).collect::<Vec<_>>();
        let planner = match &self.judge {
            Judge::Embedded(planner) => planner,
            // Another Spark may know other functions: it is asked every time.
            Judge::Spark(core, runtime) => {
                let yields = runtime.block_on(spark::output(core, text, &named()))?;
                return Ok(Known::new(&yields));
            }
        };
        let mut parts: Vec<&[u8]> = vec![b"query", text.as_bytes()];
        for (name, known) in tables {
            parts.extend([name.as_bytes(), known.hash.as_bytes()]);
        }
        let key = key(&parts);
        if let Some(known) = self.cache.get(key) {
            return Ok(known);
        }
        let known = Known::new(&*planner.output(text, &named()).map_err(Refused::Fault)?);
        self.cache.put(key, &known);
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::super::types;
    use super::*;
    use crate::resource::Field;

    fn known(name: &str) -> Known {
        Known::new(&types::schema(&[Field { name: name.to_owned(), dtype: "Map<String, Int64>".parse().unwrap() }]))
    }

    #[test]
    fn what_was_used_is_there_the_next_time_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let open = |build: &str| Cache::open(Some(folder.path().to_owned()), build);
        let (a, b) = (key(&[b"a"]), key(&[b"b"]));
        let first = open("1");
        first.put(a, &known("a"));
        first.put(b, &known("b"));
        first.close();
        let second = open("1");
        assert_eq!(second.get(a).unwrap().schema, known("a").schema);
        second.close();
        assert!(open("1").get(a).is_some());
        assert!(open("1").get(b).is_none());
        assert!(open("2").get(a).is_none(), "another build trusts nothing");
    }

    #[test]
    fn a_damaged_file_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Cache::open(Some(folder.path().to_owned()), "1");
        let cache = open();
        cache.put(key(&[b"a"]), &known("a"));
        cache.close();
        let path = folder.path().join("sources.cache");
        let whole = std::fs::read(&path).unwrap();
        for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(open().get(key(&[b"a"])).is_none(), "cut at {cut}");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            let found = open().get(key(&[b"a"]));
            assert!(found.is_none(), "changed at {at}");
        }
    }
}
