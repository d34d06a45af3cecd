//! Prints warnings.

use super::context::Context;
use crate::diagnostic::Diagnostic;
use crate::render::diagnostics;
use crate::session::SHOWN_IN_PLANS;

/// Prints one by one the warnings about data that a plan was made without.
pub fn say_shown_in_plans(context: &Context, warnings: &[Diagnostic]) {
    if !context.ui.verbose {
        warnings.iter().filter(|it| SHOWN_IN_PLANS.contains(&it.code)).for_each(|it| context.ui.warn(it));
    }
}

/// Prints the warnings: counted by kind, or one by one with `-v`.
pub fn say(context: &Context, warnings: &[Diagnostic], counts: &[(String, usize)]) {
    if context.ui.verbose && !warnings.is_empty() {
        context.ui.say(diagnostics::all(warnings).trim_end());
    }
    context.ui.note_warnings(counts.iter().map(|it| it.1).sum());
    if let Some(line) = diagnostics::warning_line(counts, if context.ui.verbose { "" } else { " (-v lists them)" }) {
        context.ui.say(&line);
    }
}
