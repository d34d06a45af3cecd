//! Turns the path of a field into its line and column, by reading that document again with places.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::node::{self, Mark, Node, Shape};
use super::origin::Origin;
use super::repo::Repo;
use crate::diagnostic::{Diagnostic, DocumentId, Place, Span};

impl Repo {
    /// Gives the labels of one diagnostic their lines and columns.
    pub fn locate_one(&self, diagnostic: &mut Diagnostic) {
        locate(self, diagnostic);
    }

    /// Gives every label its line and column, by reading the documents again, and sorts the diagnostics.
    pub fn locate(&self, diagnostics: &mut [Diagnostic]) {
        diagnostics.par_iter_mut().for_each(|it| locate(self, it));
        diagnostics.par_sort_by(order);
    }
}

/// Turns every label of `diagnostic` into a span.
pub fn locate(repo: &Repo, diagnostic: &mut Diagnostic) {
    for label in &mut diagnostic.labels {
        let span = match &label.place {
            Place::Field { document, path } => field(repo, *document, path),
            Place::Query { document, path, line, column } => query(repo, *document, path, *line, *column),
            Place::Span(_) => continue,
        };
        label.place = span;
    }
}

/// Compares diagnostics in the order for readers: errors before warnings, each by file and line.
pub fn order(a: &Diagnostic, b: &Diagnostic) -> Ordering {
    let place = |it: &Diagnostic| it.span().map(|it| (it.file.clone(), it.line, it.column));
    let severity = a.severity.cmp(&b.severity);
    severity.then_with(|| place(a).cmp(&place(b))).then_with(|| (a.code, &a.summary).cmp(&(b.code, &b.summary)))
}

fn field(repo: &Repo, document: DocumentId, path: &str) -> Place {
    with_document(repo, document, |origin, root| origin.node(nearest(root, path)))
}

fn with_document(repo: &Repo, document: DocumentId, place: impl FnOnce(&Origin, &Node) -> Place) -> Place {
    let at = repo.documents[document.0];
    let file = &repo.files[at.file];
    let text = &file.text[at.place.start..at.place.end];
    let origin = Origin { file: &file.path, text, line: at.place.line };
    match node::parse(text) {
        Ok(Some(root)) => place(&origin, &root),
        _ => origin.span(Mark { line: 1, column: 1 }, 1),
    }
}

/// Follows `path` as far as the document goes. A default or an absent field is placed at what holds it.
fn nearest<'a>(root: &'a Node, path: &str) -> &'a Node {
    let mut node = root;
    let mut key_node = None;
    for step in steps(path) {
        let next = match (&step, &node.value) {
            (Step::Key(key), Shape::Map(entries)) => entries.iter().find(|it| it.0.text() == Some(key)),
            (Step::Index(index), Shape::Seq(items)) => match items.get(*index) {
                Some(item) => {
                    node = item;
                    key_node = None;
                    continue;
                }
                None => break,
            },
            _ => None,
        };
        let Some((key, value)) = next else { break };
        key_node = Some(key);
        node = value;
    }
    // The place of a multi-line value is its key, and that of a document is its name.
    match key_node {
        Some(key) if node.end.line > node.start.line || node.is_null() => key,
        Some(_) => node,
        None if node.id == root.id => {
            root.get("name").or_else(|| root.entries().first().map(|it| &it.0)).unwrap_or(root)
        }
        None => match &node.value {
            Shape::Map(entries) if node.end.line > node.start.line => entries.first().map_or(node, |it| &it.1),
            _ => node,
        },
    }
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn steps(path: &str) -> Vec<Step<'_>> {
    let parts = path.split('.').flat_map(|part| {
        let (key, rest) = part.split_once('[').map_or((part, ""), |it| it);
        let indices = rest.split(['[', ']']).filter_map(|it| it.parse().ok()).map(Step::Index);
        (!key.is_empty()).then_some(Step::Key(key)).into_iter().chain(indices)
    });
    parts.collect()
}

/// Finds the line and column of a query in the YAML text that holds it, or in the named file.
fn query(repo: &Repo, document: DocumentId, path: &str, line: usize, column: usize) -> Place {
    if let Some(external) = repo.externals.get(&(document, path.to_owned())) {
        let text = external.text.lines().nth(line - 1).unwrap_or_default();
        let length = word_length(text, column);
        return Place::Span(Span { file: external.file.clone(), line, column, length, text: text.into() });
    }
    with_document(repo, document, |origin, root| {
        let node = nearest_value(root, path).unwrap_or(root);
        let mark = inside(origin.text, node, line, column).unwrap_or(node.start);
        let text = origin.text.lines().nth(mark.line - 1).unwrap_or_default();
        origin.span(mark, word_length(text, mark.column))
    })
}

fn nearest_value<'a>(root: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(root, |node, key| node.get(key))
}

/// Returns the place in the document's text of a line and column in a scalar's value.
fn inside(text: &str, node: &Node, line: usize, column: usize) -> Option<Mark> {
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.get(node.start.line - 1)?;
    let rest: String = first.chars().skip(node.start.column - 1).collect();
    // Some parsers mark a block at its `|`, others at its first line of text.
    let header = first.trim_end().rsplit([' ', ':']).next().is_some_and(|it| it.starts_with(['|', '>']));
    let block_start = if header { Some(node.start.line + 1) } else { None };
    let above = node
        .start
        .line
        .checked_sub(2)
        .and_then(|it| lines.get(it))
        .is_some_and(|it| it.trim_end().rsplit([' ', ':']).next().is_some_and(|it| it.starts_with(['|', '>'])));
    let block_start = block_start.or((above && !rest.starts_with(['"', '\''])).then_some(node.start.line));
    let folded = block_start.is_none_or(|it| lines.get(it - 2).is_some_and(|it| it.contains('>')));
    if let (true, Shape::Scalar { text: value, .. }) = (folded, &node.value) {
        let start = Mark { line: block_start.unwrap_or(node.start.line), column: 1 };
        let start = if block_start.is_some() { start } else { node.start };
        return unfolded(&lines, start, value, line, column);
    }
    if let Some(start) = block_start {
        let body = lines.get(start - 1..)?;
        let skipped = body.iter().take_while(|it| it.trim().is_empty()).count();
        let blanks = |it: &str| it.chars().take_while(|it| *it == ' ').count();
        // A block whose header gives its indentation (`|2`) keeps the deeper indentation.
        let kept = match &node.value {
            Shape::Scalar { text, .. } => text.lines().find(|it| !it.trim().is_empty()).map_or(0, blanks),
            _ => 0,
        };
        let indent = blanks(body.get(skipped)?).saturating_sub(kept);
        return Some(Mark { line: start + line - 1, column: indent + column });
    }
    None
}

/// Returns the place of a line and column of `value` in the folded or quoted text that it was made from. The two
/// differ in blanks and escapes only, so other characters are counted.
fn unfolded(lines: &[&str], start: Mark, value: &str, line: usize, column: usize) -> Option<Mark> {
    let before = value.split('\n').take(line - 1).map(|it| it.chars().count() + 1).sum::<usize>() + column - 1;
    let mut wanted = value.chars().take(before).filter(|it| !it.is_whitespace()).count();
    let quote = lines.get(start.line - 1)?.chars().nth(start.column - 1).filter(|it| matches!(it, '"' | '\''));
    let mut column = start.column + usize::from(quote.is_some());
    for (index, text) in lines.iter().enumerate().skip(start.line - 1) {
        let signs: Vec<char> = text.chars().collect();
        while let Some(sign) = signs.get(column - 1) {
            let (shows, width) = match (quote, sign, signs.get(column)) {
                (Some('\''), '\'', Some('\'')) => (true, 2),
                (Some('"'), '\\', Some('n' | 't' | 'r' | ' ')) => (false, 2),
                (Some('"'), '\\', Some('"' | '\\' | '/')) => (true, 2),
                // A line continuation, or an escape by number.
                (Some('"'), '\\', None) => (false, 1),
                (Some('"'), '\\', Some(_)) => return None,
                (_, sign, _) => (!sign.is_whitespace(), 1),
            };
            if shows && wanted == 0 {
                return Some(Mark { line: index + 1, column });
            }
            wanted -= usize::from(shows);
            column += width;
        }
        column = 1;
    }
    None
}

fn word_length(line: &str, column: usize) -> usize {
    line.chars().skip(column - 1).take_while(|it| it.is_alphanumeric() || *it == '_').count().max(1)
}
