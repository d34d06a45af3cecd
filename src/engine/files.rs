//! FileConfig: opens Parquet, CSV and JSON files to see their columns.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::datasource::file_format::FileFormat as Format;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTableUrl};
use datafusion::execution::context::SessionContext;

use super::{Closed, types};
use crate::batch_config::{FileConfig, FileFormat};
use crate::diagnostic::did_you_mean;
use crate::resource::Field;

/// Returns the columns of the files, before any post_processor. `root` is the folder of the repo.
pub async fn open(session: &SessionContext, root: &Path, config: &FileConfig) -> Result<SchemaRef, Closed> {
    let place = Place::of(root, &config.uri)?;
    let url = ListingTableUrl::parse(&place.path)
        .map_err(|it| Closed::fault(format!("`{}` is not a path: {}", config.uri, it.strip_backtrace())))?;
    let (format, extension): (Arc<dyn Format>, &str) = match config.file_format {
        FileFormat::Parquet => (Arc::new(ParquetFormat::default()), ".parquet"),
        FileFormat::Csv => (Arc::new(CsvFormat::default().with_has_header(true)), ".csv"),
        FileFormat::Json => (Arc::new(JsonFormat::default()), ".json"),
    };
    // A file that is named may be called anything; of a folder only what looks like the format counts.
    let counts = if place.shape == Shape::Folder { extension } else { "" };
    let options = ListingOptions::new(format).with_file_extension(counts);
    let wrong = |reason: String| {
        let name = format!("{:?}", config.file_format).to_lowercase();
        Closed::fault(format!("`{}` cannot be read as {name}: {reason}", config.uri))
    };
    let schema = match options.infer_schema(&session.state(), &url).await {
        Ok(schema) if schema.fields().is_empty() => return Err(wrong("it has no columns".to_owned())),
        Ok(schema) => schema,
        Err(error) => {
            let reason = cause(&error);
            return Err(match place.shape {
                Shape::Folder if reason.contains("No files found") => {
                    Closed::fault(format!("`{}` holds no `*{extension}` file", config.uri))
                }
                Shape::Glob if reason.contains("No files found") => {
                    Closed::fault(format!("`{}` matches no file", config.uri))
                }
                _ => wrong(reason),
            });
        }
    };
    match &config.schema_override {
        None => Ok(schema),
        Some(fields) => overridden(&config.uri, &schema, fields),
    }
}

/// Returns what is at the root of an error, without the names of those who passed it on.
fn cause(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let last = text.rsplit("caused by").next().unwrap_or(&text).trim();
    let words = last.strip_prefix("Arrow error: ").unwrap_or(last);
    words.split_once("error: ").map_or(words, |it| it.1).to_owned()
}

/// Returns the columns that the declaration says, which the files must have under these names.
fn overridden(uri: &str, found: &SchemaRef, fields: &[Field]) -> Result<SchemaRef, Closed> {
    let names: Vec<&str> = found.fields().iter().map(|it| it.name().as_str()).collect();
    let missing: Vec<_> = fields.iter().filter(|it| !names.contains(&it.name.as_str())).collect();
    let Some(first) = missing.first() else { return Ok(types::schema(fields)) };
    let list = missing.iter().map(|it| format!("`{}`", it.name)).collect::<Vec<_>>().join(", ");
    let fault = Closed::fault(format!("`{uri}` has no {list} of the schema_override (has: {})", names.join(", ")));
    Err(fault.hint(did_you_mean(&first.name, names)))
}

/// Where the files lie.
struct Place {
    /// Absolute, or with a glob in it.
    path: String,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    File,
    Folder,
    Glob,
}

impl Place {
    fn of(root: &Path, uri: &str) -> Result<Self, Closed> {
        if let Some((scheme, _)) = uri.split_once("://").filter(|it| it.0 != "file") {
            return Err(Closed::NotChecked(format!("this build cannot open `{scheme}://` yet")));
        }
        let path = root.join(uri.strip_prefix("file://").unwrap_or(uri));
        let text = path.to_string_lossy().into_owned();
        if text.contains(['*', '?', '[']) {
            return Ok(Self { path: text, shape: Shape::Glob });
        }
        match std::fs::metadata(&path) {
            // A pipe would be waited for without end.
            Ok(metadata) if !metadata.is_dir() && !metadata.is_file() => {
                Err(Closed::fault(format!("`{uri}` is neither a file nor a folder")))
            }
            Ok(metadata) => Ok(Self { path: text, shape: if metadata.is_dir() { Shape::Folder } else { Shape::File } }),
            Err(_) => {
                let fault = Closed::fault(format!("`{uri}` does not exist"));
                Err(fault.hint(neighbour(&path, uri)))
            }
        }
    }
}

/// Suggests what lies beside the path that is missing.
fn neighbour(path: &Path, uri: &str) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let names: Vec<String> = entries.filter_map(|it| it.ok()?.file_name().into_string().ok()).collect();
    let near = crate::diagnostic::closest(name, names.iter().map(String::as_str))?;
    did_you_mean(uri, [uri.replace(name, near).as_str()])
}
