//! The last output of a run that ends early.

use super::stop::{Exit, Stop};
use super::ui::Ui;
use crate::render::{diagnostics, shown, style, words};
use crate::secret::mask;

impl Stop {
    /// Reports the reason, and returns the exit code.
    pub fn report(self, ui: &Ui) -> Exit {
        match self.hidden() {
            Self::Diagnostics(list) => {
                ui.complain(diagnostics::all(&list).trim_end());
                Exit::Error
            }
            Self::Usage(diagnostic) => {
                ui.complain(diagnostics::all(&[diagnostic]).trim_end());
                Exit::Usage
            }
            Self::Mistakes { errors, documents } => {
                ui.complain(diagnostics::all(&errors).trim_end());
                let (errors, documents) = (words::count(errors.len(), "error"), words::count(documents, "declaration"));
                ui.complain(&format!("\n{errors} in {documents}."));
                Exit::Error
            }
            Self::Hinted { error, hint } => {
                Self::World(error).report(ui);
                ui.complain(&format!("{} {hint}", style::hint("hint:")));
                Exit::Error
            }
            Self::World(error) => {
                let mut text = format!("{} {}", style::error("error:"), shown::line(&error.to_string()));
                for cause in error.chain().skip(1) {
                    text.push_str(&format!("\n  caused by: {}", shown::line(&cause.to_string())));
                }
                ui.complain(&mask(&text));
                Exit::Error
            }
            Self::Said(exit) => exit,
        }
    }

    /// Adds the last line of a command that writes. After [`Stop::Said`], that line has been printed already.
    pub fn nothing_applied(self, ui: &Ui) -> Self {
        match self {
            Self::Said(exit) => Self::Said(exit),
            other => other.then_say(ui, "Nothing was applied."),
        }
    }

    /// Reports the reason, then prints `line`.
    pub fn then_say(self, ui: &Ui, line: &str) -> Self {
        let exit = self.report(ui);
        ui.complain(line);
        Self::Said(exit)
    }
}
