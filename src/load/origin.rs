//! The place of a document in its file.

use super::node::{Mark, Node};
use crate::diagnostic::{Place, Span};

/// A document in its file. It turns the document's own lines into spans of the file.
pub struct Origin<'a> {
    pub file: &'a std::sync::Arc<str>,
    pub text: &'a str,
    /// The line of the file on which the document's text starts, from 1.
    pub line: usize,
}

impl Origin<'_> {
    /// Returns the place of a node. For a node of several lines, that is its first line.
    pub fn node(&self, node: &Node) -> Place {
        let length = if node.end.line == node.start.line {
            node.end.column.saturating_sub(node.start.column)
        } else {
            usize::MAX
        };
        self.span(node.start, length)
    }

    /// Returns the span of `length` characters from `at`, cut at the end of the line.
    pub fn span(&self, at: Mark, length: usize) -> Place {
        let text = self.text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
        let rest = text.trim_end().chars().count().saturating_sub(at.column - 1);
        Place::Span(Span {
            file: self.file.clone(),
            line: self.line + at.line.max(1) - 1,
            column: at.column.max(1),
            length: length.min(rest).max(1),
            text: text.into(),
        })
    }
}
