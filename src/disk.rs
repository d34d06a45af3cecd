//! Files: a missing file is told apart from an unreadable one, and a file is written whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Returns the result of reading `path`, or `None` where nothing has that name.
///
/// Every other error stays an error, and so does a link that leads nowhere, at `path` or above it: a volume that is
/// not mounted, or a folder without permission, must not look like a beginning.
pub fn or_absent<T>(path: &Path, result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind() == ErrorKind::NotFound => match dangling(path)? {
            Some(link) => {
                let text = format!("the link `{}` leads to nothing", link.display());
                Err(io::Error::new(ErrorKind::NotFound, text))
            }
            None => Ok(None),
        },
        Err(error) => Err(error),
    }
}

/// The largest file of settings, in bytes: a larger one is something else.
pub const SETTINGS_MAX: u64 = 1024 * 1024;

/// Reads a file of at most `most` bytes, whole.
///
/// A pipe or a device is an error, as reading it may never end. So is a larger file.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let found = path.metadata()?;
    if found.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    read_up_to(path, most)
}

/// Reads `path` to its end. More than `most` bytes are an error.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    // The length is checked first, so that a large file is not read in vain.
    if file.metadata()?.len() <= most {
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 <= most {
            return Ok(bytes);
        }
    }
    let unit = if most < 1024 * 1024 { (1024, "KiB") } else { (1024 * 1024, "MiB") };
    Err(io::Error::other(format!("it has more than {} {}", most / unit.0, unit.1)))
}

/// Reads a text file as `read_file` does.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_file(path, most)?).map_err(|_| ErrorKind::InvalidData.into())
}

/// Returns the operating system's reason, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    // A sentence of ours stays as it is.
    if error.get_ref().is_some() { text.to_owned() } else { text.to_lowercase() }
}

/// Returns the operating system's reason in our words.
pub fn describe(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => reason(error),
    }
}

/// Returns the first link on the way up from `path` that leads nowhere.
fn dangling(path: &Path) -> io::Result<Option<&Path>> {
    for at in path.ancestors().filter(|it| !it.as_os_str().is_empty()) {
        match at.symlink_metadata() {
            // The folders above exist: what failed was at this name, or below it.
            Ok(found) if found.is_symlink() && missing(&at.metadata()) => return Ok(Some(at)),
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn missing<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == ErrorKind::NotFound)
}

/// A file that gets its name when it is finished. Readers find the old file or all of the new one. Dropped unfinished,
/// it leaves no file behind.
///
/// A link stays a link, and its target is written. A pipe or a device is written directly, as it must not be replaced.
pub struct Draft {
    out: BufWriter<Out>,
    path: PathBuf,
}

enum Out {
    Beside(NamedTempFile),
    Straight(File),
}

impl Draft {
    /// Begins a file that will be at `path`. Errors when its folder takes no files.
    pub fn new(path: &Path) -> io::Result<Self> {
        let path = or_absent(path, path.canonicalize())?.unwrap_or_else(|| path.to_owned());
        let before = or_absent(&path, path.metadata())?;
        if before.as_ref().is_some_and(|it| !it.is_file()) {
            let file = File::options().write(true).open(&path)?;
            return Ok(Self { out: BufWriter::new(Out::Straight(file)), path });
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // An error has the system's reason, without the name of the temporary file.
        let mut number = None;
        let create = |path: &Path| {
            let file = File::options().write(true).create_new(true).open(path);
            file.inspect_err(|it| number = it.raw_os_error())
        };
        let file = tempfile::Builder::new().make_in(folder, create);
        let file = file.map_err(|it| number.map_or(it, io::Error::from_raw_os_error))?;
        // The file keeps its permissions.
        if let Some(before) = before {
            file.as_file().set_permissions(before.permissions())?;
        }
        Ok(Self { out: BufWriter::with_capacity(1 << 16, Out::Beside(file)), path })
    }

    /// Gives the file its name.
    pub fn finish(self) -> io::Result<()> {
        match self.out.into_inner().map_err(io::IntoInnerError::into_error)? {
            Out::Beside(file) => file.persist(&self.path).map(drop).map_err(|it| it.error),
            Out::Straight(_) => Ok(()),
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::Straight(file) => file.flush(),
        }
    }
}

/// Writes a file of these parts as a [`Draft`].
pub fn write_whole<'a>(path: &Path, parts: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    let mut draft = Draft::new(path)?;
    parts.into_iter().try_for_each(|it| draft.write_all(it.as_bytes()))?;
    draft.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn only_what_is_not_there_is_absent() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("circle", at("circle")).unwrap();
        let check = |name: &str| {
            let path = at(name);
            match or_absent(&path, std::fs::read_to_string(&path)) {
                Ok(found) => format!("{found:?}"),
                Err(error) => error.to_string().replace(folder.path().to_str().unwrap(), "DIR"),
            }
        };
        assert_eq!(check("file"), "Some(\"text\")");
        assert_eq!(check("none"), "None");
        assert_eq!(check("none/below"), "None");
        assert_eq!(check("dangling"), "the link `DIR/dangling` leads to nothing");
        assert_eq!(check("dangling/below"), "the link `DIR/dangling` leads to nothing");
        assert_eq!(check("circle"), "Too many levels of symbolic links (os error 40)");
        assert_eq!(check("file/below"), "Not a directory (os error 20)");
        assert_eq!(check("."), "Is a directory (os error 21)");
    }

    #[cfg(unix)]
    #[test]
    fn a_draft_is_there_whole_or_not_at_all() {
        use std::fs::Permissions;
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let names = || {
            let names = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name());
            let mut names: Vec<_> = names.map(|it| it.into_string().unwrap()).collect();
            names.sort();
            names
        };
        std::fs::write(at("old"), "before").unwrap();
        std::fs::set_permissions(at("old"), Permissions::from_mode(0o640)).unwrap();
        symlink("old", at("link")).unwrap();
        let mut draft = Draft::new(&at("link")).unwrap();
        draft.write_all(b"half").unwrap();
        drop(draft);
        assert_eq!(
            (names(), std::fs::read_to_string(at("old")).unwrap().as_str()),
            (vec!["link".into(), "old".into()], "before")
        );
        write_whole(&at("link"), ["wh", "ole"]).unwrap();
        assert_eq!(
            (names(), std::fs::read_to_string(at("old")).unwrap().as_str()),
            (vec!["link".into(), "old".into()], "whole")
        );
        assert!(at("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(at("old").metadata().unwrap().permissions().mode() & 0o777, 0o640);
        write_whole(&at("new"), ["text"]).unwrap();
        std::fs::write(at("plain"), "text").unwrap();
        assert_eq!(at("new").metadata().unwrap().permissions(), at("plain").metadata().unwrap().permissions());
        write_whole(Path::new("/dev/null"), ["text"]).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        assert!(write_whole(&at("dangling"), ["text"]).is_err());
        let said = write_whole(&at("none/new"), ["text"]).unwrap_err().to_string();
        assert_eq!(said, "No such file or directory (os error 2)");
    }

    #[cfg(unix)]
    #[test]
    fn only_a_file_of_its_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("small"), "text").unwrap();
        std::fs::File::create(at("endless")).unwrap().set_len(30 << 30).unwrap();
        let check = |path: &Path, most: u64| match read_text(path, most) {
            Ok(text) => text,
            Err(error) => reason(&error),
        };
        assert_eq!(check(&at("small"), 4), "text");
        assert_eq!(check(&at("small"), 3), "it has more than 0 KiB");
        assert_eq!(check(&at("endless"), SETTINGS_MAX), "it has more than 1 MiB");
        assert_eq!(check(folder.path(), 4), "is a directory");
        assert_eq!(check(Path::new("/dev/zero"), 4), "it is not a file");
        assert_eq!(
            read_up_to(Path::new("/dev/zero"), 4).map_err(|it| reason(&it)),
            Err("it has more than 0 KiB".to_owned())
        );
        assert_eq!(read_file(&at("none"), 4).map_err(|it| it.kind()), Err(ErrorKind::NotFound));
    }
}
