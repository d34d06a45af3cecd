//! What is not there, told apart from what cannot be read.

use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Returns what was read at `path`, or `None` where nothing has that name.
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
/// What is no file is an error: a pipe would be waited for without end. So is one that is larger, which may have no end.
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

/// Reads what stands at `path` to its end; more than `most` bytes are an error.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    // What it is to hold is asked first: as much would be read in vain.
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
    // A sentence of ours stands as it is.
    if error.get_ref().is_some() { text.to_owned() } else { text.to_lowercase() }
}

/// Returns the first link on the way up from `path` that leads nowhere.
fn dangling(path: &Path) -> io::Result<Option<&Path>> {
    for at in path.ancestors().filter(|it| !it.as_os_str().is_empty()) {
        match at.symlink_metadata() {
            // The way from here up is there: what failed was at this name, or below it.
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
