//! The folder for files that are local to one machine.

use std::path::{Path, PathBuf};

/// Returns the folder for files local to this machine, and makes it such that git ignores it.
pub fn local_folder(root: &Path) -> std::io::Result<PathBuf> {
    let folder = root.join(".weir");
    if !folder.join(".gitignore").exists() {
        std::fs::create_dir_all(&folder)?;
        crate::disk::write_whole(&folder.join(".gitignore"), ["*\n"])?;
    }
    Ok(folder)
}
