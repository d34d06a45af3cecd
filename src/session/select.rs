//! The workspace selected on this machine.

use std::path::Path;

use super::{Error, Result, Session};
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::{SETTINGS_MAX, or_absent, read_text, reason, write_whole};
use crate::load::local_folder;

/// Says whether `name` is allowed for a workspace.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.len() <= 64
        && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '-' || it == '_')
}

impl Session {
    /// Stores the selected workspace on this machine. `None` removes the selection.
    pub fn select_workspace(&self, root: &Path, name: Option<&str>) -> Result<()> {
        let folder = local_folder(root).map_err(Error::system("the folder .weir cannot be made"))?;
        let path = folder.join("workspace");
        match name {
            Some(name) => {
                write_whole(&path, [name, "\n"]).map_err(Error::system("the selection cannot be written"))?;
            }
            None => {
                let removed = or_absent(&path, std::fs::remove_file(&path));
                removed.map_err(Error::system("the selection cannot be removed"))?;
            }
        }
        Ok(())
    }
}

/// Returns the workspace selected on this machine. A file that names none is an error, so that nobody works on a
/// workspace that they did not choose.
pub fn selected(root: &Path) -> Result<Option<String>> {
    let path = root.join(".weir/workspace");
    let fault = |reason: &str| {
        let summary = format!("the selected workspace cannot be read from `{}`: {reason}", path.display());
        let hint = "run `weir workspace select NAME` again, or remove the file";
        Error::found(Diagnostic::error(Code::G012, summary).hint(hint))
    };
    let text = or_absent(&path, read_text(&path, SETTINGS_MAX)).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => fault("it is not UTF-8"),
        _ => fault(&reason(&error)),
    })?;
    let Some(text) = text else { return Ok(None) };
    match text.trim() {
        "" => Err(fault("it is empty")),
        name if is_name(name) => Ok(Some(name.to_owned())),
        _ => Err(fault("it does not hold the name of a workspace")),
    }
}
