//! The styles of texts, by meaning. The shell decides whether they are shown.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

const CREATE: Style = AnsiColor::Green.on_default();
pub(super) const UPDATE: Style = AnsiColor::Yellow.on_default();
const DESTROY: Style = AnsiColor::Red.on_default();
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();

fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Styles the symbol of an action.
pub fn symbol(symbol: &str) -> String {
    match symbol {
        "+" => paint(CREATE, symbol),
        "~" => paint(UPDATE, symbol),
        _ => paint(DESTROY, symbol),
    }
}

pub fn added(text: impl Display) -> String {
    paint(CREATE, text)
}

pub fn removed(text: impl Display) -> String {
    paint(DESTROY, text)
}

pub fn warning(text: impl Display) -> String {
    paint(UPDATE, text)
}

pub fn error(text: impl Display) -> String {
    paint(ERROR, text)
}

pub fn hint(text: impl Display) -> String {
    paint(HINT, text)
}

pub fn dim(text: impl Display) -> String {
    paint(DIM, text)
}

pub fn strong(text: impl Display) -> String {
    paint(STRONG, text)
}
