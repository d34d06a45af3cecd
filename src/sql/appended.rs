//! Moves the new items of a query's outermost SELECT list behind the old ones.

use sqlparser::ast::{SelectItem, SetExpr};

use super::dialect::Dialect;
use super::normal_form;
use super::parse::parse;

/// Returns `after` with the items of `before`'s outermost SELECT list first, in their order, and the names of the
/// others. Returns `None` when it lacks one of them, or when either is no plain SELECT.
pub fn appended(dialect: Dialect, before: &str, after: &str) -> Option<(String, Vec<String>)> {
    let tree = |text| parse(&normal_form(dialect, text)).ok();
    let (before, mut after) = (tree(before)?, tree(after)?);
    let (SetExpr::Select(old), SetExpr::Select(new)) = (before.body.as_ref(), after.body.as_mut()) else { return None };
    let mut rest = std::mem::take(&mut new.projection);
    for item in &old.projection {
        let at = rest.iter().position(|it| it == item)?;
        new.projection.push(rest.remove(at));
    }
    let name = |it: &SelectItem| match it {
        SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
        other => other.to_string(),
    };
    let names = rest.iter().map(name).collect();
    new.projection.extend(rest);
    Some((after.to_string(), names))
}
