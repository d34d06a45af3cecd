//! FileConfig: Parquet, CSV and JSON files; one, a folder of them, or those that a glob matches.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::FileFormat as Format;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::execution::context::SessionContext;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::OnceCell;

use super::file_schema::{self, Found};
use super::file_table::FileTable;
use super::relation::{Closed, Ground, Relation, Window};
use super::{panics, s3, shape, types, words};
use crate::batch_config::{FileConfig, FileFormat};
use crate::diagnostic::{closest, did_you_mean};
use crate::resource::Field;

/// How many files are opened at once to see their columns.
const OPEN_AT_ONCE: usize = 16;

/// How the message ends of an address whose scheme the rules have refused already.
pub const NOT_A_PLACE: &str = " is not a place that weir reads";

/// Files that make one data set.
pub struct FileSet {
    session: SessionContext,
    store: Arc<dyn ObjectStore>,
    /// As declared.
    uri: String,
    /// The field that says so.
    field: &'static str,
    /// The folder or the file; with a glob, the folder that it starts in.
    base: ListingTableUrl,
    glob: Option<glob::Pattern>,
    format: FileFormat,
    /// What the files of a folder are called by.
    pub extension: &'static str,
    schema_override: Option<Vec<Field>>,
    /// What is there, looked at once.
    files: OnceCell<Vec<ObjectMeta>>,
    found: OnceCell<Found>,
}

impl std::fmt::Debug for FileSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSet({})", self.uri)
    }
}

/// Returns the files that `config` names.
pub fn relation(ground: &Ground, config: &FileConfig) -> Result<Arc<dyn Relation>, Closed> {
    let mut set = FileSet::new(ground, "uri", &config.uri, config.file_format)?;
    set.schema_override = config.schema_override.clone();
    Ok(Arc::new(set))
}

impl FileSet {
    /// Finds out where `uri`, which is what `field` says, lies. Relative paths are relative to the repo.
    pub fn new(ground: &Ground, field: &'static str, uri: &str, format: FileFormat) -> Result<Self, Closed> {
        let whole = match uri.split_once("://") {
            None => ground.root.join(uri).to_string_lossy().into_owned(),
            Some(("file", path)) => ground.root.join(path).to_string_lossy().into_owned(),
            Some(("s3" | "s3a", path)) => format!("s3://{path}"),
            Some((scheme, _)) => {
                let fault = Closed::fault(field, format!("`{scheme}://`{NOT_A_PLACE}"));
                return Err(fault.hint(Some("write a path, file:// or s3://".to_owned())));
            }
        };
        let is_local = !whole.starts_with("s3://");
        let (mut base, glob) = split_glob(&whole);
        let glob = glob.map(glob::Pattern::new).transpose();
        let glob = glob.map_err(|it| {
            let hint = "`*` stands for a part of a name, `**` for folders, and `[[]` for a bracket".to_owned();
            Closed::fault(field, format!("`{uri}` is not a glob: {}", it.msg)).hint(Some(hint))
        })?;
        if glob.is_none() && is_local && is_folder(Path::new(&base), field, uri)? && !base.ends_with('/') {
            base.push('/');
        }
        let parsed = ListingTableUrl::parse(&base);
        let base =
            parsed.map_err(|it| Closed::fault(field, format!("`{uri}` is not a path: {}", it.strip_backtrace())))?;
        if !is_local {
            s3::register(ground, &base, field)?;
        }
        let store = ground.session.runtime_env().object_store(&base);
        let store = store.map_err(|it| Closed::fault(field, it.strip_backtrace()))?;
        let session = ground.session.clone();
        let extension = match format {
            FileFormat::Parquet => ".parquet",
            FileFormat::Csv => ".csv",
            FileFormat::Json => ".json",
        };
        let (files, found) = Default::default();
        let uri = uri.to_owned();
        Ok(Self { session, store, uri, field, base, glob, format, extension, schema_override: None, files, found })
    }

    fn fault(&self, message: String) -> Closed {
        Closed::fault(self.field, message)
    }

    /// Returns the files, by path.
    async fn files(&self) -> Result<&[ObjectMeta], Closed> {
        self.files.get_or_try_init(|| self.list()).await.map(Vec::as_slice)
    }

    async fn list(&self) -> Result<Vec<ObjectMeta>, Closed> {
        let extension = self.extension();
        let state = self.session.state();
        let listed = async { self.base.list_all_files(&state, &*self.store, extension).await?.try_collect().await };
        let mut files: Vec<ObjectMeta> = listed.await.map_err(|it| self.why(&it))?;
        files.retain(|it| self.takes(it));
        files.sort_by(|a, b| a.location.cmp(&b.location));
        if files.is_empty() {
            let none = match &self.glob {
                Some(_) => format!("`{}` matches no file", self.uri),
                None if extension.is_empty() && self.base.is_collection() => format!("`{}` holds no file", self.uri),
                None if extension.is_empty() => format!("`{}` does not exist", self.uri),
                None => format!("`{}` holds no `*{extension}` file", self.uri),
            };
            return Err(self.fault(none));
        }
        Ok(files)
    }

    /// Says whether a listed file belongs: what starts with `_` or `.` is a writer's own, as for Spark.
    fn takes(&self, file: &ObjectMeta) -> bool {
        let Some(segments) = self.base.strip_prefix(&file.location) else { return false };
        let segments: Vec<&str> = segments.collect();
        if !self.base.is_collection() && segments.is_empty() {
            return true;
        }
        let own = |it: &&str| it.starts_with('.') || it.starts_with('_') && !it.contains('=');
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::default() };
        !segments.iter().any(own) && self.glob.as_ref().is_none_or(|it| it.matches_with(&segments.join("/"), options))
    }

    /// Returns what counts. A file that is named may be called anything; of a folder only what looks like the format.
    fn extension(&self) -> &'static str {
        if self.base.is_collection() && self.glob.is_none() { self.extension } else { "" }
    }

    fn reader(&self) -> Arc<dyn Format> {
        match self.format {
            FileFormat::Parquet => Arc::new(ParquetFormat::default()),
            // A line break inside quotes is a part of the value, which a file cut in pieces would not show.
            FileFormat::Csv => Arc::new(CsvFormat::default().with_has_header(true).with_newlines_in_values(true)),
            FileFormat::Json => Arc::new(JsonFormat::default()),
        }
    }

    /// Returns the name of a file as a person would write it, from where the data set starts.
    fn name(&self, file: &ObjectMeta) -> String {
        let inner: Vec<&str> = self.base.strip_prefix(&file.location).into_iter().flatten().collect();
        let (start, _) = split_glob(&self.uri);
        match inner.as_slice() {
            [] => start,
            inner => format!("{}/{}", start.trim_end_matches('/'), inner.join("/")),
        }
    }

    /// Returns the folders `column=value` that a file lies in, below where the data set starts.
    fn folders(&self, file: &ObjectMeta) -> impl Iterator<Item = (String, String)> {
        // A glob has chosen among the folders itself.
        let segments = self.base.strip_prefix(&file.location).filter(|_| self.glob.is_none()).into_iter().flatten();
        let pair = |it: &str| it.split_once('=').map(|(name, value)| (name.to_owned(), decoded(value)));
        segments.filter_map(pair).collect::<Vec<_>>().into_iter()
    }

    /// Opens every file and returns what all of them hold, with the folders' columns.
    async fn found(&self) -> Result<&Found, Closed> {
        self.found.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Found, Closed> {
        let files = self.files().await?;
        let reader = self.reader();
        let state = self.session.state();
        let open = |file: ObjectMeta| {
            let (reader, state) = (&reader, &state);
            async move {
                self.looks_right(&file).await?;
                let opened = reader.infer_schema(state, &self.store, std::slice::from_ref(&file));
                let schema = panics::caught(opened).await.map_err(|it| self.not_read(&file, &it))?;
                schema.map(|it| (self.name(&file), it)).map_err(|it| self.unreadable(&file, &it))
            }
        };
        let opened: Vec<(String, SchemaRef)> =
            futures::stream::iter(files.to_vec()).map(open).buffered(OPEN_AT_ONCE).try_collect().await?;
        let schema = file_schema::merge(self.format, &opened).map_err(|it| {
            self.fault(format!("the files of `{}` do not fit together: {}", self.uri, it.message)).hint(it.hint)
        })?;
        let is_unknown = |it: &Arc<ArrowField>| *it.data_type() == DataType::Null;
        if self.schema_override.is_none() && !schema.fields().is_empty() && schema.fields().iter().all(is_unknown) {
            let fault = self.fault(format!("`{}` holds no value, so nothing tells the types of its columns", self.uri));
            return Err(fault.hint(Some("say them in `schema_override`".to_owned())));
        }
        if schema.fields().is_empty() {
            let empty = files.iter().all(|it| it.size == 0);
            return Err(self.fault(format!("`{}` {}", self.uri, if empty { "is empty" } else { "has no columns" })));
        }
        let folders = file_schema::folders(files.iter().map(|it| self.folders(it)))
            .map_err(|it| self.fault(format!("the folders of `{}` do not fit together: {it}", self.uri)))?;
        let found = Found { schema, folders };
        if let Some(twice) = found.named_twice() {
            let message = format!("`{twice}` is a column of the files of `{}` and the name of a folder", self.uri);
            return Err(self.fault(message).hint(Some("rename the folders, or leave the column out".to_owned())));
        }
        Ok(found)
    }

    /// Looks at the few bytes that a reader would trust, or would not look at.
    async fn looks_right(&self, file: &ObjectMeta) -> Result<(), Closed> {
        let range = match self.format {
            FileFormat::Parquet => file.size.saturating_sub(shape::PARQUET_END)..file.size,
            FileFormat::Csv => 0..file.size.min(shape::HEADER_MAX),
            FileFormat::Json => return Ok(()),
        };
        let bytes = match range.is_empty() {
            true => Default::default(),
            false => {
                let read = self.store.get_range(&file.location, range).await;
                read.map_err(|it| self.why(&DataFusionError::ObjectStore(Box::new(it))))?
            }
        };
        let fault = match self.format {
            FileFormat::Parquet => shape::parquet_end(&bytes, file.size),
            _ => shape::csv_header(&bytes),
        };
        match fault {
            Some(fault) => Err(self.not_read(file, &fault)),
            None => Ok(()),
        }
    }

    fn unreadable(&self, file: &ObjectMeta, error: &DataFusionError) -> Closed {
        match self.why(error) {
            Closed::Fault { .. } => self.not_read(file, &shape::words(&words::plain(error))),
            other => other,
        }
    }

    fn not_read(&self, file: &ObjectMeta, reason: &str) -> Closed {
        let (name, format) = (self.name(file), format!("{:?}", self.format).to_lowercase());
        let ending = name.rsplit('.').next().unwrap_or_default();
        let other = ["parquet", "csv", "json"].into_iter().find(|it| *it == ending && *it != format);
        let hint = match other {
            Some(other) => Some(format!("write `file_format: {other}`")),
            None if reason == shape::AN_ARRAY => Some("write one object a line, as `jq -c '.[]'` does".to_owned()),
            None => None,
        };
        self.fault(format!("`{name}` cannot be read as {format}: {reason}")).hint(hint)
    }

    /// Tells a store that does not answer from one that answers no.
    fn why(&self, error: &DataFusionError) -> Closed {
        match error.find_root() {
            // A disk that says no does answer.
            DataFusionError::ObjectStore(error) if self.base.scheme() == "file" => {
                self.fault(format!("`{}` cannot be read: {}", self.uri, s3::root(error)))
            }
            DataFusionError::ObjectStore(error) => s3::why(&self.uri, self.field, error),
            _ => self.fault(format!("`{}` cannot be listed: {}", self.uri, words::plain(error))),
        }
    }

    /// Returns the columns that the declaration says, which the files must have under these names.
    fn overridden(&self, found: &Schema, fields: &[Field]) -> Result<(), Closed> {
        let names: Vec<&str> = found.fields().iter().map(|it| it.name().as_str()).collect();
        let missing: Vec<_> = fields.iter().filter(|it| !names.contains(&it.name.as_str())).collect();
        let Some(first) = missing.first() else { return Ok(()) };
        let list = missing.iter().map(|it| format!("`{}`", it.name)).collect::<Vec<_>>().join(", ");
        let has = names.join(", ");
        let message = format!("`{}` has no {list} of the schema_override (has: {has})", self.uri);
        Err(Closed::fault("schema_override", message).hint(did_you_mean(&first.name, names)))
    }
}

#[async_trait]
impl Relation for FileSet {
    async fn version(&self) -> Result<Option<String>, Closed> {
        let mut hasher = blake3::Hasher::new();
        for file in self.files().await? {
            let modified = file.last_modified.timestamp_nanos_opt();
            let tag = file.e_tag.as_deref().unwrap_or_default();
            hasher.update(format!("{}\0{}\0{modified:?}\0{tag}\0", file.location, file.size).as_bytes());
        }
        Ok(Some(hasher.finalize().to_string()))
    }

    async fn schema(&self) -> Result<SchemaRef, Closed> {
        let found = self.found().await?;
        let Some(fields) = &self.schema_override else { return Ok(found.whole()) };
        self.overridden(&found.whole(), fields)?;
        Ok(types::schema(fields))
    }

    async fn table(&self, _: SchemaRef, _: Window) -> Result<Arc<dyn TableProvider>, Closed> {
        let (files, found) = (self.files().await?, self.found().await?);
        let wrong = |it: DataFusionError| self.fault(it.strip_backtrace());
        // Of a CSV file columns are read by position: an override says their types, and what is left out is left out
        // afterwards.
        let overridden = self.schema_override.as_deref().unwrap_or_default();
        let schema = file_schema::with_types(&found.schema, overridden);
        let store = self.base.object_store();
        let located = files.iter().map(|it| (it.clone(), self.folders(it).map(|it| it.1).collect()));
        let table = FileTable::new(self.reader(), store, found, schema, located).map_err(wrong)?;
        let table: Arc<dyn TableProvider> = Arc::new(table);
        let Some(fields) = &self.schema_override else { return Ok(table) };
        self.overridden(&table.schema(), fields)?;
        let names: Vec<&str> = fields.iter().map(|it| it.name.as_str()).collect();
        let chosen = self.session.read_table(table).and_then(|it| it.select_columns(&names)).map_err(wrong)?;
        Ok(chosen.into_view())
    }
}

/// Returns a folder's value as it was before Hive escaped it.
fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8().map_or_else(|_| value.to_owned(), |it| it.into_owned())
}

/// Splits a path into the folder above its first glob, with `/` at its end, and the rest.
fn split_glob(path: &str) -> (String, Option<&str>) {
    let Some(first) = path.find(['*', '?', '[']) else { return (path.to_owned(), None) };
    let folder = path[..first].rfind('/').map_or(0, |it| it + 1);
    (path[..folder].to_owned(), Some(&path[folder..]))
}

/// Says whether the path is a folder; what is neither folder nor file, or not there, is an error.
fn is_folder(path: &Path, field: &'static str, uri: &str) -> Result<bool, Closed> {
    match std::fs::metadata(path) {
        // A pipe would be waited for without end.
        Ok(metadata) if !metadata.is_dir() && !metadata.is_file() => {
            Err(Closed::fault(field, format!("`{uri}` is neither a file nor a folder")))
        }
        Ok(metadata) => Ok(metadata.is_dir()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Closed::fault(field, format!("`{uri}` does not exist")).hint(neighbour(path, uri)))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            let fault = Closed::fault(field, format!("`{uri}` goes through a file as if it were a folder"));
            Err(fault.hint(uri.strip_suffix('/').map(|it| format!("write `{it}`"))))
        }
        Err(error) => Err(Closed::fault(field, format!("`{uri}` cannot be read: {error}"))),
    }
}

/// Suggests what lies beside the first part of the path that is missing.
fn neighbour(path: &Path, uri: &str) -> Option<String> {
    let path = path.ancestors().take_while(|it| !it.exists()).last()?;
    let name = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let names: Vec<String> = entries.filter_map(|it| it.ok()?.file_name().into_string().ok()).collect();
    let near = closest(name, names.iter().map(String::as_str))?;
    did_you_mean(uri, [uri.replace(name, near).as_str()])
}
