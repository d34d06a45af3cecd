//! FileConfig: Parquet, CSV and JSON files; one, a folder of them, or those that a glob matches.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field as ArrowField, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::FileFormat as _;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::ListingTableUrl;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::execution::context::SessionContext;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::sync::OnceCell;

use crate::diagnostic::did_you_mean;
use crate::engine::core::Core;
use crate::engine::place::file_schema::{self, Found};
use crate::engine::place::file_table::{FileTable, Reader};
use crate::engine::place::locate::{Located, decoded, locate, looks_like_data, split_glob};
use crate::engine::place::{s3, shape, text};
use crate::engine::relation::{Closed, Relation, Window};
use crate::engine::{panics, types, words};
use crate::resource::batch_config::{FileConfig, FileFormat};
use crate::resource::{Dtype, Field};

/// How many files are opened at once to see their columns.
const OPEN_AT_ONCE: usize = 16;

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
    /// The column whose `timestamp_format` is declared: text that is read as that format says, and as nothing else.
    formatted: Option<String>,
    /// What is there, looked at once.
    files: OnceCell<Listed>,
    found: OnceCell<Found>,
}

/// What a data set holds.
struct Listed {
    /// By path.
    files: Vec<ObjectMeta>,
    /// What looks like data beside them, and is called otherwise.
    others: Vec<ObjectMeta>,
}

impl std::fmt::Debug for FileSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileSet({})", self.uri)
    }
}

/// Returns the files that `config` names.
pub fn relation(core: &Core, config: &FileConfig) -> Result<Arc<dyn Relation>, Closed> {
    let mut set = FileSet::new(core, "uri", &config.uri, config.file_format)?;
    set.schema_override = config.schema_override.clone();
    set.formatted = config.timestamp_format.as_ref().and(config.timestamp_field.clone());
    Ok(Arc::new(set))
}

impl FileSet {
    /// Finds out where `uri`, which is what `field` says, lies. Relative paths are relative to the repo.
    pub fn new(core: &Core, field: &'static str, uri: &str, format: FileFormat) -> Result<Self, Closed> {
        let Located { base, glob, is_local } = locate(&core.root, field, uri)?;
        if !is_local {
            s3::register(core, &base, field)?;
        }
        let store = core.session.runtime_env().object_store(&base);
        let store = store.map_err(|it| Closed::fault(field, it.strip_backtrace()))?;
        let session = core.session.clone();
        let extension = match format {
            FileFormat::Parquet => ".parquet",
            FileFormat::Csv => ".csv",
            FileFormat::Json => ".json",
        };
        let (files, found) = Default::default();
        let uri = uri.to_owned();
        Ok(Self {
            session,
            store,
            uri,
            field,
            base,
            glob,
            format,
            extension,
            schema_override: None,
            formatted: None,
            files,
            found,
        })
    }

    fn fault(&self, message: String) -> Closed {
        Closed::fault(self.field, message)
    }

    /// Returns the files, by path.
    async fn files(&self) -> Result<&[ObjectMeta], Closed> {
        self.files.get_or_try_init(|| self.list()).await.map(|it| it.files.as_slice())
    }

    async fn list(&self) -> Result<Listed, Closed> {
        let extension = self.extension();
        let state = self.session.state();
        let listed = async { self.base.list_all_files(&state, &*self.store, "").await?.try_collect().await };
        let mut files: Vec<ObjectMeta> = listed.await.map_err(|it| self.why(&it))?;
        files.retain(|it| self.takes(it));
        files.sort_by(|a, b| a.location.cmp(&b.location));
        let (files, mut others): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|it| it.location.as_ref().ends_with(extension));
        others.retain(|it| it.size > 0 && looks_like_data(it.location.filename().unwrap_or_default()));
        if files.is_empty() {
            let none = match &self.glob {
                Some(_) => format!("`{}` matches no file", self.uri),
                None if extension.is_empty() && self.base.is_collection() => format!("`{}` holds no file", self.uri),
                None if extension.is_empty() => format!("`{}` does not exist", self.uri),
                None => format!("`{}` holds no `*{extension}` file", self.uri),
            };
            let hint = others.first().map(|it| format!("`{}` looks like data: call it `*{extension}`", self.name(it)));
            return Err(self.fault(none).hint(hint));
        }
        Ok(Listed { files, others })
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

    /// Returns what reads the files as text, if that is what they are.
    fn text(&self) -> Option<text::Format> {
        match self.format {
            FileFormat::Parquet => None,
            FileFormat::Csv => Some(text::Format::Csv),
            FileFormat::Json => Some(text::Format::Json),
        }
    }

    /// Returns where the data set starts, as declared: with a glob, the folder before it.
    fn start(&self) -> String {
        if self.glob.is_some() { split_glob(&self.uri).0 } else { self.uri.clone() }
    }

    /// Returns the name of a file as a person would write it, from where the data set starts.
    fn name(&self, file: &ObjectMeta) -> String {
        let inner: Vec<&str> = self.base.strip_prefix(&file.location).into_iter().flatten().collect();
        let start = self.start();
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
        let open = |file: ObjectMeta| async move {
            self.looks_right(&file).await?;
            let schema = panics::caught(self.columns(&file)).await.map_err(|it| self.not_read(&file, &it))??;
            Ok((self.name(&file), schema))
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
        // A Parquet file says that a column holds nothing. A text file cannot.
        let schema = if self.text().is_some() { file_schema::unknown_as_text(&schema) } else { schema };
        let folders = file_schema::folders(files.iter().map(|it| self.folders(it)))
            .map_err(|it| self.fault(format!("the folders of `{}` do not fit together: {it}", self.uri)))?;
        let found = Found { schema, folders };
        if let Some(twice) = found.named_twice() {
            let message = format!("`{twice}` is a column of the files of `{}` and the name of a folder", self.uri);
            return Err(self.fault(message).hint(Some("rename the folders, or leave the column out".to_owned())));
        }
        Ok(found)
    }

    /// Returns the columns of one file. Those whose types nobody needs to guess are text at first.
    async fn columns(&self, file: &ObjectMeta) -> Result<SchemaRef, Closed> {
        let Some(format) = self.text() else {
            let state = self.session.state();
            let parquet = ParquetFormat::default();
            let schema = parquet.infer_schema(&state, &self.store, std::slice::from_ref(file)).await;
            let schema = schema.map_err(|it| self.unreadable(file, &it))?;
            let twice = self.twice(file).await.map_err(|it| self.unreadable(file, &it))?;
            return match twice {
                Some(name) => Err(self.not_read(file, &format!("two of its columns are called `{name}`"))),
                None => Ok(schema),
            };
        };
        // A file of size 0 has no rows, even where something can be read, as in /proc.
        if file.size == 0 {
            return Ok(Arc::new(Schema::empty()));
        }
        let schema = text::infer(format, &*self.store, file).await.map_err(|it| self.unreadable(file, &it))?;
        let schema = schema.map_err(|it| self.not_read(file, &it.to_string()))?;
        Ok(match &self.formatted {
            Some(column) => file_schema::as_text(&schema, column),
            None => schema,
        })
    }

    /// Looks at the few bytes that a reader would trust, or would not look at.
    async fn looks_right(&self, file: &ObjectMeta) -> Result<(), Closed> {
        let range = match self.format {
            FileFormat::Parquet => file.size.saturating_sub(shape::PARQUET_END)..file.size,
            FileFormat::Csv => 0..file.size.min(shape::HEADER_MAX),
            FileFormat::Json => 0..file.size.min(shape::MARK_MAX),
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
            FileFormat::Csv => shape::packed(&bytes).or_else(|| shape::csv_header(&bytes)),
            FileFormat::Json => shape::packed(&bytes),
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
            None if reason.ends_with(shape::AN_ARRAY) => {
                Some("write one object a line, as `jq -c '.[]'` does".to_owned())
            }
            None => None,
        };
        self.fault(format!("`{name}` cannot be read as {format}: {reason}")).hint(hint)
    }

    /// Tells a store that does not answer from one that answers no.
    fn why(&self, error: &DataFusionError) -> Closed {
        match error.find_root() {
            // A disk that says no does answer.
            DataFusionError::ObjectStore(error) if self.base.scheme() == "file" => {
                let said = s3::root(error).to_string();
                // A path is one of this machine's; a person knows it from where the data set starts.
                let base = self.base.get_url().to_file_path().unwrap_or_default();
                let base = base.to_string_lossy();
                let said = said.replace(base.trim_end_matches('/'), self.start().trim_end_matches('/'));
                let hint = said.contains("File system loop").then(|| "take the link out of the folder".to_owned());
                let said =
                    match said.split_once("File system loop found: ").and_then(|it| it.1.split_once(" points to")) {
                        Some((link, _)) => format!("the link `{link}` leads to a folder that it lies in"),
                        None => said,
                    };
                self.fault(format!("`{}` cannot be read: {said}", self.uri)).hint(hint)
            }
            DataFusionError::ObjectStore(error) => s3::why(&self.uri, self.field, error),
            _ => self.fault(format!("`{}` cannot be listed: {}", self.uri, words::plain(error))),
        }
    }

    /// Returns the columns that the declaration says, which the files must have under these names.
    fn overridden(&self, found: &Schema, fields: &[Field]) -> Result<(), Closed> {
        let names: Vec<&str> = found.fields().iter().map(|it| it.name().as_str()).collect();
        let missing: Vec<_> = fields.iter().filter(|it| !names.contains(&it.name.as_str())).collect();
        let Some(first) = missing.first() else { return self.convertible(found, fields) };
        let list = missing.iter().map(|it| format!("`{}`", it.name)).collect::<Vec<_>>().join(", ");
        let has = names.join(", ");
        let message = format!("`{}` has no {list} of the schema_override (has: {has})", self.uri);
        Err(Closed::fault("schema_override", message).hint(did_you_mean(&first.name, names)))
    }

    /// Refuses a declared type that the values of a column cannot become without becoming others.
    fn convertible(&self, found: &Schema, fields: &[Field]) -> Result<(), Closed> {
        for field in fields {
            let Ok(column) = found.field_with_name(&field.name) else { continue };
            let (is, wanted) = (column.data_type(), types::arrow(&field.dtype));
            if self.text().is_some() && !text::is_readable(&wanted) || !file_schema::converts(is, &wanted) {
                let (name, is) = (&field.name, types::name_of(is));
                let message = format!("`{name}` of `{}` is {is}, which does not become {}", self.uri, field.dtype);
                let hint = types::instant_hint(column.data_type(), &wanted, name);
                let hint = hint
                    .unwrap_or_else(|| format!("write `dtype: {is}`, and convert the column in the post_processor"));
                return Err(Closed::fault("schema_override", message).hint(Some(hint)));
            }
        }
        Ok(())
    }

    /// Returns the declared columns; one whose `timestamp_format` is declared as well is text until that is applied.
    fn overrides(&self) -> Vec<Field> {
        let mut fields = self.schema_override.clone().unwrap_or_default();
        for field in &mut fields {
            if self.text().is_some() && self.formatted.as_ref() == Some(&field.name) {
                field.dtype = Dtype::String;
            }
        }
        fields
    }

    /// Returns the name of two columns of a Parquet file, which a table would take for one.
    async fn twice(&self, file: &ObjectMeta) -> Result<Option<String>, DataFusionError> {
        let metadata = DFParquetMetadata::new(&*self.store, file).fetch_metadata().await?;
        let fields = metadata.file_metadata().schema_descr().root_schema().get_fields().to_vec();
        let mut seen = std::collections::HashSet::new();
        Ok(fields.iter().find(|it| !seen.insert(it.name())).map(|it| it.name().to_owned()))
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

    async fn left_out(&self) -> Result<Option<String>, Closed> {
        self.files().await?;
        let others = self.files.get().map(|it| it.others.as_slice()).unwrap_or_default();
        let Some(first) = others.first() else { return Ok(None) };
        let name = self.name(first);
        let which = match others.len() {
            1 => format!("1 file that looks like data is not read: `{name}`"),
            count => format!("{count} files that look like data are not read, such as `{name}`"),
        };
        Ok(Some(format!("{which} (only `*{}` of `{}` is)", self.extension, self.uri)))
    }

    async fn schema(&self) -> Result<SchemaRef, Closed> {
        let found = self.found().await?;
        if self.schema_override.is_none() {
            return Ok(found.whole());
        }
        let fields = self.overrides();
        self.overridden(&found.whole(), &fields)?;
        Ok(types::schema(&fields))
    }

    async fn table(&self, _: SchemaRef, _: Window) -> Result<Arc<dyn TableProvider>, Closed> {
        let (files, found) = (self.files().await?, self.found().await?);
        let wrong = |it: DataFusionError| self.fault(it.strip_backtrace());
        // CSV columns are read by position, so all of them are read. Overrides give their types, and the query leaves out
        // what is not wanted.
        let overridden = self.overrides();
        let schema = file_schema::with_types(&found.schema, &overridden);
        let store = self.base.object_store();
        let located = files.iter().map(|it| (it.clone(), self.name(it), self.folders(it).map(|it| it.1).collect()));
        let reader = match self.text() {
            None => Reader::Parquet,
            Some(format) => Reader::Text(
                format,
                overridden.iter().map(|it| it.name.clone()).chain(self.formatted.clone()).collect(),
            ),
        };
        let table = FileTable::new(reader, store, found, schema, located).map_err(wrong)?;
        let table: Arc<dyn TableProvider> = Arc::new(table);
        if self.schema_override.is_none() {
            return Ok(table);
        }
        self.overridden(&found.whole(), &overridden)?;
        let names: Vec<&str> = overridden.iter().map(|it| it.name.as_str()).collect();
        let chosen = self.session.read_table(table).and_then(|it| it.select_columns(&names)).map_err(wrong)?;
        Ok(chosen.into_view())
    }
}
