//! Reads a saved plan from a file.

use std::path::Path;

use anyhow::Context as _;

use super::stop::Stop;
use crate::diagnostic::{Code, Diagnostic};
use crate::disk::read_up_to;
use crate::plan::{Saved, SavedFault};

/// The largest plan file that is read, in bytes.
const PLAN_MAX: u64 = 1024 * 1024 * 1024;

/// Reads a saved plan. Its claims are not checked here.
pub fn read(path: &Path) -> Result<Saved, Stop> {
    // The path may be a pipe: `weir apply <(...)`.
    let text = read_up_to(path, PLAN_MAX).with_context(|| format!("the plan `{}` cannot be read", path.display()))?;
    let fault = |reason: String, hint: &str| {
        Stop::diagnostic(Diagnostic::error(Code::P007, format!("`{}` {reason}", path.display())).hint(hint))
    };
    Saved::from_text(&String::from_utf8_lossy(&text)).map_err(|error| match error {
        SavedFault::NotAPlan(_) => {
            fault("is not a saved plan, or only a part of one".to_owned(), "make one with `weir plan --out FILE`")
        }
        SavedFault::Edited => {
            fault("was edited after it was saved".to_owned(), "plan again: what is applied is what was shown")
        }
        SavedFault::OtherVersion(found) => {
            fault(format!("was saved as `{found}`, which this weir does not read"), "plan again with this weir")
        }
    })
}
