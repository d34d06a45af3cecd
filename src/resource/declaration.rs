//! The questions that a kind answers about itself. Everything else is generic.

use std::fmt;

use serde_json::Value;

use super::{Address, Catalog, Column, Contents, Dtype, FeatureService, FeatureView, Field, Kind, Resource};
use crate::batch_config::BatchConfig;
use crate::diagnostic::{Diagnostic, DocumentId};
use crate::sql::Dialect;

/// What a kind says about one of its declarations.
pub trait Declaration: Send + Sync {
    /// Returns the change class of every field; a field that is not listed recreates.
    fn rules(&self) -> &'static [(&'static str, Rule)];

    /// Returns what this declaration refers to by name, as written.
    fn references(&self) -> Vec<Reference>;

    /// Returns the comparable form of `json`, this declaration as JSON: defaults written out, and what the
    /// catalog says of unset fields. SQL stays as it is written.
    fn canonical(&self, _name: &str, json: Value, _catalog: &Catalog) -> Value {
        json
    }

    /// Returns the defaults that depend on other resources, as text: they belong to the digest.
    fn defaults(&self, _catalog: &Catalog) -> String {
        String::new()
    }

    /// Reports mistakes that this declaration shows on its own.
    fn check(&self, _me: &Resource, _report: &mut Report) {}

    /// Reports mistakes that show only together with what it refers to.
    fn check_with(&self, _me: &Resource, _catalog: &Catalog, _report: &mut Report) {}

    /// Returns the SQL that this declaration holds, with the path of its field.
    fn queries(&self) -> Vec<Query<'_>> {
        Vec::new()
    }

    /// Replaces the text of every query, and forgets from which file it came.
    fn map_queries(&mut self, _map: &MapQuery) {}

    /// Returns the files that this declaration names and that are stored with it.
    fn files(&mut self) -> Vec<FileSlot<'_>> {
        Vec::new()
    }

    /// Writes out what is left unset and comes from `name`: a rename must not change it unseen.
    fn pin_name(&mut self, _name: &str) {}

    /// Follows the rename of something this declaration refers to. Says whether its query, which is this dialect's
    /// where it is the engine's, surely followed.
    fn follow_rename(&mut self, _kind: Kind, _old: &str, _new: &str, _dialect: Dialect) -> bool {
        true
    }

    /// Returns what this brings to its readers; `data` is what its data says of its columns, where it was opened.
    fn contents(&self, name: &str, catalog: &Catalog, data: Option<Vec<Column>>) -> Contents;

    /// Returns the columns that a reader sees, as far as they are known without opening a source.
    fn columns(&self, _catalog: &Catalog) -> Option<Vec<Field>> {
        None
    }

    /// Returns the names of those columns, which may be known where their types are not.
    fn column_names(&self, catalog: &Catalog) -> Option<Vec<String>> {
        Some(self.columns(catalog)?.into_iter().map(|it| it.name).collect())
    }

    /// Returns how rows come in, when this is a source.
    fn source(&self) -> Option<SourceTraits<'_>> {
        None
    }

    /// Returns the service, when this is one.
    fn service(&self) -> Option<&FeatureService> {
        None
    }

    /// Returns the view, when this is one.
    fn view(&self) -> Option<&FeatureView> {
        None
    }

    /// Returns the names of the columns that identify, when this is an entity called `name`.
    fn join_keys(&self, _name: &str) -> Option<Vec<String>> {
        None
    }

    /// Returns those columns with the types that the entity says.
    fn key_columns(&self, _name: &str) -> Option<Vec<Column>> {
        None
    }

    /// Returns what goes over the wire when this is a service, in alphabetical order, with those types that are known.
    fn wire_features(&self, _catalog: &Catalog) -> Option<Vec<(String, Option<Dtype>)>> {
        None
    }

    /// Returns the order on the wire: what `recorded` holds keeps its position, additions follow.
    fn wire_order(&self, catalog: &Catalog, recorded: &[String]) -> Option<Vec<String>> {
        let mut order = recorded.to_vec();
        let additions = self.wire_features(catalog)?.into_iter().map(|it| it.0).filter(|it| !recorded.contains(it));
        order.extend(additions);
        Some(order)
    }
}

/// How the rows of a source come in.
#[derive(Debug, Clone, Copy)]
pub struct SourceTraits<'a> {
    /// Whether events are pushed.
    pub pushed: bool,
    /// Where rows lie at rest.
    pub batch: Option<&'a BatchConfig>,
}

/// A name as written in a declaration, and what it may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub path: String,
    pub name: String,
    pub accepts: &'static [Kind],
    /// An optional reference that finds nothing is no mistake (an input that is a plain table).
    pub optional: bool,
}

/// SQL text inside a declaration.
#[derive(Debug, Clone)]
pub struct Query<'a> {
    pub path: &'static str,
    pub text: &'a str,
    /// The tables that the text may read; `None` when any.
    pub tables: Option<Vec<String>>,
    /// Whose SQL it is, whatever the engine: of what runs in a warehouse.
    pub dialect: Option<Dialect>,
}

/// Takes the dialect of a query, unless it is the engine's, and its text; returns another text.
pub type MapQuery<'a> = dyn Fn(Option<Dialect>, &str) -> String + 'a;

/// A file that a declaration names: its text is stored and compared, not its path.
pub struct FileSlot<'a> {
    /// The field that names the file.
    pub path: &'static str,
    /// As written, relative to the declaring file.
    pub file: String,
    pub text: &'a mut Option<String>,
}

/// The change class of a field (spec 1; `facts 2.1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `=` in place.
    InPlace,
    /// `+` in place when the old list is an equal, strict prefix of the new one, else recreate.
    Append,
    /// `~` recreate, may be suppressed.
    Suppressible,
    /// `~` as well, of a list in another order of which nobody could tell.
    Unordered,
    /// `!` recreate, never suppressible.
    Recreate,
    /// `=`, and `=!` when it becomes false.
    GuardedWhenFalse,
    /// `=` when earlier, `=!` when later: what is unset begins with the first event.
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

/// How much a change of one field destroys. Ordered: the strongest field decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    InPlace,
    /// In place, but it takes serving or history away: the guard treats it as a recreate.
    InPlaceGuarded,
    RecreateUnlessSuppressed,
    Recreate,
}

/// One field that differs: dotted path of the canonical form; `Null` stands for unset.
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
                (Value::String(before), Value::String(after))
                    if crate::sql::only_appends(Dialect::Embedded, before, after) =>
                {
                    Effect::InPlace
                }
                _ => Effect::RecreateUnlessSuppressed,
            },
        }
    }

    /// Says whether two values that are written otherwise mean the same.
    pub fn means_same(self, before: &Value, after: &Value) -> bool {
        match (self, before, after) {
            (Self::Unordered, Value::Array(before), Value::Array(after)) => {
                before.len() == after.len() && before.iter().all(|it| after.contains(it))
            }
            _ => before == after,
        }
    }

    /// Returns the rule for a member of a field with this rule: what is lenient about setting the whole field for the
    /// first time is not so about setting one more member of it.
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
        // Nothing was promised yet: an absent list grows like an empty one does not, because readers saw other columns.
        _ => false,
    }
}

fn is_later(before: &Value, after: &Value) -> bool {
    let instant = |it: &Value| it.as_str().and_then(|it| it.parse::<super::Instant>().ok());
    match (instant(before), instant(after)) {
        (Some(before), Some(after)) => after > before,
        // Without one it begins with the first event, which no date that is written can be before for sure.
        (None, _) | (Some(_), None) => true,
    }
}

fn grows(before: &Value, after: &Value) -> bool {
    let secs = |it: &Value| it.as_str().and_then(|it| it.parse::<super::Duration>().ok()).map(|it| it.secs);
    match (secs(before), secs(after)) {
        (Some(before), Some(after)) => after > before,
        // Unset means forever, which nothing outgrows.
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

/// Returns the rule for a dotted path: that of its nearest listed ancestor, else the loud default.
pub fn rule_for(rules: &[(&'static str, Rule)], path: &str) -> Rule {
    const META: &[&str] = &["description", "owner", "tags", "prevent_destroy"];
    let top = path.split(['.', '[']).next().unwrap_or(path);
    if META.contains(&top) {
        return Rule::InPlace;
    }
    // The text stands, and another engine reads it: the same as another text.
    if top == super::ENGINE {
        return Rule::Suppressible;
    }
    let listed = |path: &str| rules.iter().find(|it| it.0 == path).map(|it| it.1);
    listed(path).or_else(|| listed(top).map(Rule::of_member)).unwrap_or(Rule::Recreate)
}

/// Collects the mistakes of one declaration.
pub struct Report<'a> {
    pub document: DocumentId,
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

impl Report<'_> {
    /// Adds an error at a field.
    pub fn error(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        summary: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Diagnostic::error(code, summary).at(self.document, path))
    }

    /// Adds a warning at a field.
    pub fn warning(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        summary: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(Diagnostic::warning(code, summary).at(self.document, path))
    }

    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.diagnostics.push(diagnostic);
        self.diagnostics.last_mut().expect("a diagnostic was pushed just now")
    }
}

impl Reference {
    pub fn new(path: impl Into<String>, name: &str, accepts: &'static [Kind]) -> Self {
        Self { path: path.into(), name: name.to_owned(), accepts, optional: false }
    }

    /// Returns the addresses that this name could mean.
    pub fn candidates(&self) -> impl Iterator<Item = Address> + '_ {
        self.accepts.iter().map(|kind| Address::new(*kind, self.name.as_str()))
    }
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
