//! Where the files of a data set lie: what `uri` says, made out against the disk.

use std::path::Path;

use datafusion::datasource::listing::ListingTableUrl;
use reqwest::Url;

use crate::diagnostic::{closest, did_you_mean};
use crate::engine::relation::Closed;

/// How the message ends of an address whose scheme the rules have refused already.
pub const NOT_A_PLACE: &str = " is not a place that weir reads";

/// How files of data are called, by whoever writes them.
const DATA: &[&str] = &["parquet", "csv", "tsv", "json", "jsonl", "ndjson"];

/// How they are called when they are packed.
const PACKED: &[&str] = &["gz", "zst", "bz2", "xz", "lz4", "snappy", "zip"];

/// Where a data set starts, and which of what is below belongs to it.
pub struct Located {
    /// The folder or the file; with a glob, the folder that it starts in.
    pub base: ListingTableUrl,
    pub glob: Option<glob::Pattern>,
    pub is_local: bool,
}

/// Finds out where `uri`, which is what `field` says, lies. Relative paths are relative to `root`.
pub fn locate(root: &Path, field: &'static str, uri: &str) -> Result<Located, Closed> {
    let whole = match uri.split_once("://") {
        None => root.join(uri).to_string_lossy().into_owned(),
        Some(("file", path)) => root.join(path).to_string_lossy().into_owned(),
        Some(("s3" | "s3a", path)) => format!("s3://{path}"),
        Some((scheme, _)) => {
            let fault = Closed::fault(field, format!("`{scheme}://`{NOT_A_PLACE}"));
            return Err(fault.hint(Some("write a path, file:// or s3://".to_owned())));
        }
    };
    let is_local = !whole.starts_with("s3://");
    // A path that is there is that file, whatever its name looks like.
    let is_there = is_local && is_there(Path::new(&whole), field, uri)?;
    let (mut base, glob) = if is_there { (whole, None) } else { split_glob(&whole) };
    let glob = glob.map(glob::Pattern::new).transpose();
    let glob = glob.map_err(|it| {
        let hint = "`*` stands for a part of a name, `**` for folders, and `[[]` for a bracket".to_owned();
        Closed::fault(field, format!("`{uri}` is not a glob: {}", it.msg)).hint(Some(hint))
    })?;
    if glob.is_none() && is_local && is_folder(Path::new(&base), field, uri)? && !base.ends_with('/') {
        base.push('/');
    }
    let no_path = |reason: String| Closed::fault(field, format!("`{uri}` is not a path: {reason}"));
    let base = match is_local {
        true => {
            let path = std::path::absolute(&base).map_err(|it| no_path(it.to_string()))?;
            let url = if base.ends_with('/') { Url::from_directory_path(path) } else { Url::from_file_path(path) };
            let url = url.map_err(|()| no_path("it is not absolute".to_owned()))?;
            // Read once more, `..` is gone from it.
            let url = Url::parse(url.as_str()).map_err(|it| no_path(it.to_string()))?;
            ListingTableUrl::try_new(url, None)
        }
        false => ListingTableUrl::parse(&base),
    };
    let base = base.map_err(|it| no_path(it.strip_backtrace()))?;
    Ok(Located { base, glob, is_local })
}

/// Says whether a file is called as files of data are, in whatever case, packed or not.
pub fn looks_like_data(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ending = |name: &str| name.rsplit_once('.').map(|it| (it.0.to_owned(), it.1.to_owned()));
    match ending(&name) {
        Some((name, packed)) if PACKED.contains(&packed.as_str()) => {
            ending(&name).is_some_and(|it| DATA.contains(&it.1.as_str()))
        }
        Some((_, ending)) => DATA.contains(&ending.as_str()),
        None => false,
    }
}

/// Returns a folder's value as it was before Hive escaped it.
pub fn decoded(value: &str) -> String {
    percent_encoding::percent_decode_str(value).decode_utf8().map_or_else(|_| value.to_owned(), |it| it.into_owned())
}

/// Splits a path into the folder above its first glob, with `/` at its end, and the rest.
pub fn split_glob(path: &str) -> (String, Option<&str>) {
    let Some(first) = path.find(['*', '?', '[']) else { return (path.to_owned(), None) };
    let folder = path[..first].rfind('/').map_or(0, |it| it + 1);
    (path[..folder].to_owned(), Some(&path[folder..]))
}

/// Says whether something lies at the path. That nobody can look is no answer.
fn is_there(path: &Path, field: &'static str, uri: &str) -> Result<bool, Closed> {
    use std::io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        // What cannot be a name can be a glob.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidFilename) => Ok(false),
        Err(error) => Err(Closed::fault(field, format!("`{uri}` cannot be read: {error}"))),
    }
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
