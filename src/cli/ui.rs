//! stdout for data, stderr for speech; questions.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anstream::{AutoStream, ColorChoice};

use super::global::Color;
use super::stop::Stop;
use crate::diagnostic::Diagnostic;
use crate::render::shown;

/// The terminal, or whatever stands in its place.
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

    /// Writes a result. A reader that has gone away (`| head -1`) is no fault; a full disk is.
    pub fn data(&self, text: &str) -> Result<(), Stop> {
        self.note_printed();
        let mut out = AutoStream::new(io::stdout(), self.color);
        match out.write_all(shown::sieve(text).as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(anyhow::Error::new(error).context("the output cannot be written").into()),
            Ok(()) => Ok(()),
        }
    }

    /// Says whether anything went to stdout: a document is printed once.
    pub fn has_printed(&self) -> bool {
        self.has_printed.load(Ordering::Relaxed)
    }

    /// Remembers what went to stdout by another way.
    pub fn note_printed(&self) {
        self.has_printed.store(true, Ordering::Relaxed);
    }

    /// Writes a result as JSON, indented: for `jq` and for eyes.
    pub fn json(&self, value: &impl serde::Serialize) -> Result<(), Stop> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|it| anyhow::Error::new(it).context("the result cannot be written as JSON"))?;
        self.data(&format!("{}\n", shown::json(&text)))
    }

    /// Says something that `-q` silences.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Counts warnings that are shown in another way than one by one.
    pub fn note_warnings(&self, count: usize) {
        self.warnings.fetch_add(count, Ordering::Relaxed);
    }

    /// Says why a run with nothing but warnings fails.
    pub fn deny_warnings(&self) {
        let hint = if self.verbose { "" } else { "; -v lists them" };
        self.complain(&format!("Warnings are denied (--deny-warnings){hint}."));
    }

    /// Says whether anybody was warned.
    pub fn has_warned(&self) -> bool {
        self.warnings.load(Ordering::Relaxed) > 0
    }

    /// Warns.
    pub fn warn(&self, diagnostic: &Diagnostic) {
        self.note_warnings(1);
        self.complain(crate::render::diagnostics::one(diagnostic).trim_end());
    }

    /// Says something that has to be heard. Where even that fails, there is nobody to tell.
    pub fn complain(&self, text: &str) {
        let _ = writeln!(AutoStream::new(io::stderr(), self.color), "{}", shown::sieve(text));
    }

    /// Asks; anything but `y` or `yes` is No. Without a terminal nobody can answer: an error, before the question.
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
            // Nobody typed a line end, so the question is still on its line.
            writeln!(err)?;
        }
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}
