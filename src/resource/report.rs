//! The collection of one declaration's mistakes.

use crate::diagnostic::{Code, Diagnostic, DocumentId, Label, Place};

/// The list that the rules add their findings to, for one declaration.
pub struct Report<'a> {
    pub document: DocumentId,
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

/// A finding that was just added, so that hints and labels can be added to it.
pub struct Finding<'a> {
    document: DocumentId,
    diagnostic: &'a mut Diagnostic,
}

impl Report<'_> {
    /// Adds an error at a field.
    pub fn error(&mut self, code: Code, path: impl Into<String>, summary: impl Into<String>) -> Finding<'_> {
        self.push(Diagnostic::error(code, summary).at(self.document, path))
    }

    /// Adds a warning at a field.
    pub fn warning(&mut self, code: Code, path: impl Into<String>, summary: impl Into<String>) -> Finding<'_> {
        self.push(Diagnostic::warning(code, summary).at(self.document, path))
    }

    /// Adds a finding that has its place already.
    pub fn push(&mut self, diagnostic: Diagnostic) -> Finding<'_> {
        self.diagnostics.push(diagnostic);
        let diagnostic = self.diagnostics.last_mut().expect("a diagnostic was pushed just now");
        Finding { document: self.document, diagnostic }
    }
}

impl Finding<'_> {
    /// Adds a hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.diagnostic.hints.push(hint.into());
        self
    }

    /// Adds a hint when there is one.
    pub fn hint_if(self, hint: Option<String>) -> Self {
        self.diagnostic.hints.extend(hint);
        self
    }

    /// Adds a label at a second field of the same declaration.
    pub fn also(self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.diagnostic
            .labels
            .push(Label { place: Place::Field { document: self.document, path: path.into() }, text: text.into() });
        self
    }
}
