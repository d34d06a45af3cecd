//! Change classes: how much a change of a field destroys, from the field's rule and its two values.

use std::fmt;

use serde_json::Value;

use super::duration::{Duration, Instant};
use crate::sql::{Dialect, only_appends};

/// The field of a record that names the engine that reads its queries.
pub const ENGINE: &str = "engine";

/// The change class of a field (spec 1; `facts 2.1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `=` in place.
    InPlace,
    /// `+` in place when the old list is an equal, strict prefix of the new one, else recreate.
    Append,
    /// `~` recreate, may be suppressed.
    Suppressible,
    /// `~` as well, for a list whose order means nothing.
    Unordered,
    /// `!` recreate, never suppressible.
    Recreate,
    /// `=`, and `=!` when it becomes false.
    GuardedWhenFalse,
    /// `=` when earlier, `=!` when later. An unset time is that of the first event.
    GuardedWhenLater,
    /// `~` when it shrinks, `!` when it grows.
    Ttl,
    /// `!`, but giving an untyped key its type is `=`.
    JoinKeys,
    /// `~`, but in place when it goes from unset to set.
    InPlaceWhenSet,
    /// `~`, but in place when items are only appended to the outermost SELECT list.
    Query,
}

/// How much a change of one field destroys. The order counts: the strongest field decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    InPlace,
    /// In place, but it takes away serving or history, so the guard treats it as a recreate.
    InPlaceGuarded,
    RecreateUnlessSuppressed,
    Recreate,
}

/// A field that differs: its dotted path in the canonical form, and both values. `Null` stands for unset.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub path: String,
    pub before: Value,
    pub after: Value,
    pub effect: Effect,
}

impl Rule {
    /// Returns the effect of changing the field from `before` to `after`.
    pub fn effect(self, before: &Value, after: &Value) -> Effect {
        let guarded = |it: bool| if it { Effect::InPlaceGuarded } else { Effect::InPlace };
        match self {
            Self::InPlace => Effect::InPlace,
            Self::Append if is_prefix(before, after) => Effect::InPlace,
            Self::Append | Self::Recreate => Effect::Recreate,
            Self::Suppressible | Self::Unordered => Effect::RecreateUnlessSuppressed,
            Self::GuardedWhenFalse => guarded(after != &Value::Bool(true)),
            Self::GuardedWhenLater => guarded(is_later(before, after)),
            Self::Ttl if grows(before, after) => Effect::Recreate,
            Self::Ttl => Effect::RecreateUnlessSuppressed,
            Self::JoinKeys if only_gains_types(before, after) => Effect::InPlace,
            Self::JoinKeys => Effect::Recreate,
            Self::InPlaceWhenSet if before.is_null() => Effect::InPlace,
            Self::InPlaceWhenSet => Effect::RecreateUnlessSuppressed,
            Self::Query => match (before, after) {
                (Value::String(before), Value::String(after)) if only_appends(Dialect::Embedded, before, after) => {
                    Effect::InPlace
                }
                _ => Effect::RecreateUnlessSuppressed,
            },
        }
    }

    /// Says whether two values mean the same although they are written differently.
    pub fn means_same(self, before: &Value, after: &Value) -> bool {
        match (self, before, after) {
            (Self::Unordered, Value::Array(before), Value::Array(after)) => {
                before.len() == after.len() && before.iter().all(|it| after.contains(it))
            }
            _ => before == after,
        }
    }

    /// Returns the rule for a member of a field with this rule. Setting the whole field for the first time is lenient;
    /// setting one more member of it is not.
    fn of_member(self) -> Self {
        match self {
            Self::InPlaceWhenSet => Self::Suppressible,
            rule => rule,
        }
    }

    /// Returns the sign that the reference uses for this class.
    pub fn sign(self) -> &'static str {
        match self {
            Self::InPlace => "=",
            Self::Append => "+",
            Self::Suppressible | Self::Unordered => "~",
            Self::Recreate => "!",
            Self::GuardedWhenFalse => "=, to false =!",
            Self::GuardedWhenLater => "earlier =, later and from unset =!",
            Self::Ttl => "shrink ~, grow !",
            Self::JoinKeys => "!, typing a key =",
            Self::InPlaceWhenSet => "~, from unset to set =",
            Self::Query => "~, appended columns =",
        }
    }
}

fn is_prefix(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Array(before), Value::Array(after)) => {
            !before.is_empty() && after.len() > before.len() && after.starts_with(before)
        }
        // Without a list, readers saw other columns than those listed now. So an unset or empty list is not a prefix.
        _ => false,
    }
}

fn is_later(before: &Value, after: &Value) -> bool {
    let instant = |it: &Value| it.as_str().and_then(|it| it.parse::<Instant>().ok());
    match (instant(before), instant(after)) {
        (Some(before), Some(after)) => after > before,
        // Unset means the first event, and no written date is surely before that.
        (None, _) | (Some(_), None) => true,
    }
}

fn grows(before: &Value, after: &Value) -> bool {
    let secs = |it: &Value| it.as_str().and_then(|it| it.parse::<Duration>().ok()).map(|it| it.secs);
    match (secs(before), secs(after)) {
        (Some(before), Some(after)) => after > before,
        // Unset means forever, so nothing grows beyond it.
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn only_gains_types(before: &Value, after: &Value) -> bool {
    let (Value::Array(before), Value::Array(after)) = (before, after) else { return false };
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            before["name"] == after["name"] && (before["dtype"] == after["dtype"] || before["dtype"].is_null())
        })
}

/// Returns the rule for a dotted path: that of the listed field or its top-level field, else `Recreate`.
pub fn rule_for(rules: &[(&'static str, Rule)], path: &str) -> Rule {
    const META: &[&str] = &["description", "owner", "tags", "prevent_destroy"];
    let top = path.split(['.', '[']).next().unwrap_or(path);
    if META.contains(&top) {
        return Rule::InPlace;
    }
    // The same text under another engine counts as another text.
    if top == ENGINE {
        return Rule::Suppressible;
    }
    let listed = |path: &str| rules.iter().find(|it| it.0 == path).map(|it| it.1);
    listed(path).or_else(|| listed(top).map(Rule::of_member)).unwrap_or(Rule::Recreate)
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InPlace => "in_place",
            Self::InPlaceGuarded => "in_place_guarded",
            Self::RecreateUnlessSuppressed => "recreate_unless_suppressed",
            Self::Recreate => "recreate",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn effects_follow_the_table_of_the_spec() {
        use Effect::{InPlace, InPlaceGuarded, Recreate, RecreateUnlessSuppressed};
        for (rule, before, after, expected) in [
            (Rule::Append, json!([1]), json!([1, 2]), InPlace),
            (Rule::Append, json!([1, 2]), json!([1]), Recreate),
            (Rule::Append, json!([1, 2]), json!([2, 1, 3]), Recreate),
            (Rule::Append, json!(null), json!([1]), Recreate),
            (Rule::GuardedWhenFalse, json!(false), json!(true), InPlace),
            (Rule::GuardedWhenFalse, json!(true), json!(false), InPlaceGuarded),
            (Rule::GuardedWhenFalse, json!(true), json!(null), InPlaceGuarded),
            (Rule::GuardedWhenLater, json!("2024-01-02T00:00:00Z"), json!("2024-01-01T00:00:00Z"), InPlace),
            (Rule::GuardedWhenLater, json!("2024-01-01T00:00:00Z"), json!("2024-01-02T00:00:00Z"), InPlaceGuarded),
            (Rule::GuardedWhenLater, json!("2024-01-01T00:00:00Z"), json!(null), InPlaceGuarded),
            (Rule::GuardedWhenLater, json!(null), json!("2024-01-01T00:00:00Z"), InPlaceGuarded),
            (Rule::Ttl, json!("2d"), json!("1d"), RecreateUnlessSuppressed),
            (Rule::Ttl, json!("1d"), json!("2d"), Recreate),
            (Rule::Ttl, json!("1d"), json!(null), Recreate),
            (Rule::Ttl, json!(null), json!("1d"), RecreateUnlessSuppressed),
            (Rule::JoinKeys, json!([{"name": "a"}]), json!([{"name": "a", "dtype": "Int64"}]), InPlace),
            (Rule::JoinKeys, json!([{"name": "a", "dtype": "Int64"}]), json!([{"name": "a"}]), Recreate),
            (Rule::JoinKeys, json!([{"name": "a"}]), json!([{"name": "b"}]), Recreate),
            (Rule::InPlaceWhenSet, json!(null), json!({}), InPlace),
            (Rule::InPlaceWhenSet, json!({}), json!(null), RecreateUnlessSuppressed),
            (Rule::Query, json!("SELECT a FROM t"), json!("select a, b from t"), InPlace),
            (Rule::Query, json!("SELECT a FROM t"), json!("SELECT b FROM t"), RecreateUnlessSuppressed),
        ] {
            assert_eq!(rule.effect(&before, &after), expected, "{rule:?}: {before} -> {after}");
        }
    }

    #[test]
    fn a_field_that_no_table_lists_recreates() {
        assert_eq!(rule_for(&[("online", Rule::InPlace)], "onlin"), Rule::Recreate);
        assert_eq!(rule_for(&[("batch_config", Rule::Suppressible)], "batch_config.table"), Rule::Suppressible);
        assert_eq!(
            rule_for(&[("batch_config", Rule::InPlaceWhenSet)], "batch_config.post_processor"),
            Rule::Suppressible
        );
        assert_eq!(rule_for(&[("batch_config", Rule::InPlaceWhenSet)], "batch_config"), Rule::InPlaceWhenSet);
        assert_eq!(rule_for(&[], "tags.team"), Rule::InPlace);
    }
}
