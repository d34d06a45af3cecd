//! What is not there, told apart from what cannot be read.

use std::io::{self, ErrorKind};
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

/// Returns the operating system's reason, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    // A path keeps its capitals.
    if text.contains('`') { text.to_owned() } else { text.to_lowercase() }
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
}
