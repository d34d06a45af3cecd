//! Output and questions: stdout for results, stderr for messages.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anstream::{AutoStream, ColorChoice};

use super::global::Color;
use super::stop::Stop;
use crate::diagnostic::Diagnostic;
use crate::render::shown;

/// The output streams of a run.
pub struct Ui {
    color: ColorChoice,
    quiet: bool,
    pub verbose: bool,
    has_printed: AtomicBool,
    warnings: AtomicUsize,
}

impl Ui {
    pub fn new(color: Color, quiet: bool, verbose: bool) -> Self {
        let color = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self { color, quiet, verbose, has_printed: AtomicBool::new(false), warnings: AtomicUsize::new(0) }
    }

    /// Writes a result. A reader that went away (`| head -1`) is no fault, but a full disk is.
    pub fn data(&self, text: &str) -> Result<(), Stop> {
        self.note_printed();
        let mut out = AutoStream::new(io::stdout(), self.color);
        match out.write_all(shown::sieve(text).as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(anyhow::Error::new(error).context("the output cannot be written").into()),
            Ok(()) => Ok(()),
        }
    }

    /// Says whether anything went to stdout, since a document is printed once.
    pub fn has_printed(&self) -> bool {
        self.has_printed.load(Ordering::Relaxed)
    }

    /// Records that something went to stdout by another way.
    pub fn note_printed(&self) {
        self.has_printed.store(true, Ordering::Relaxed);
    }

    /// Writes a result as indented JSON, for `jq` and for people.
    pub fn json(&self, value: &impl serde::Serialize) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|it| anyhow::Error::new(it).context("the result cannot be written as JSON"))?;
        self.data(&format!("{}\n", shown::json(&text)))
    }

    /// Prints a message that `-q` silences.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Counts warnings that are not shown one by one.
    pub fn note_warnings(&self, count: usize) {
        self.warnings.fetch_add(count, Ordering::Relaxed);
    }

    /// Prints why a run with warnings only fails.
    pub fn deny_warnings(&self) {
        let hint = if self.verbose { "" } else { "; -v lists them" };
        self.complain(&format!("Warnings are denied (--deny-warnings){hint}."));
    }

    /// Says whether there was any warning.
    pub fn has_warned(&self) -> bool {
        self.warnings.load(Ordering::Relaxed) > 0
    }

    /// Prints and counts a warning.
    pub fn warn(&self, diagnostic: &Diagnostic) {
        self.note_warnings(1);
        self.complain(crate::render::diagnostics::one(diagnostic).trim_end());
    }

    /// Prints a message that `-q` does not silence. A failure to print is ignored.
    pub fn complain(&self, text: &str) {
        let _ = writeln!(AutoStream::new(io::stderr(), self.color), "{}", shown::sieve(text));
    }

    /// Asks a question. Any answer but `y` or `yes` means no. Without a terminal it asks nothing and fails.
    pub fn confirm(&self, question: &str) -> Result<bool, Stop> {
        if !io::stdin().is_terminal() {
            return Err(Stop::Hinted {
                error: anyhow::anyhow!("there is no terminal to ask on"),
                hint: "add --yes to go on without a question",
            });
        }
        let mut err = AutoStream::new(io::stderr(), self.color);
        write!(err, "{} [y/N] ", shown::sieve(question))?;
        err.flush()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer)? == 0 {
            // At the end of input, the cursor is still on the line of the question.
            writeln!(err)?;
        }
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}
