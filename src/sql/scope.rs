//! Resolves the names in a query: a table from outside, or something that the query itself defines.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Spanned, TableAlias, TableFactor, TableWithJoins, Visit, Visitor,
};
use sqlparser::tokenizer::Location;

use super::dialect::Dialect;

/// The meaning of one word of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A table that the query was given.
    Outside,
    /// A column, an alias, or a table that the query defines.
    Own,
}

/// The names of a query.
#[derive(Debug, Default)]
pub struct Names {
    /// The tables from outside in the order of their use, each with its place.
    pub outside: Vec<(String, Location)>,
    /// The words that are names, by their line and column. A word that is not here is not understood.
    pub words: BTreeMap<(u64, u64), Meaning>,
}

/// Looks up what the names in `query` mean.
pub fn names(dialect: Dialect, query: &Query) -> Names {
    let mut scopes = Scopes { dialect, frames: Vec::new(), blind: BTreeSet::new(), names: Names::default() };
    let _ = query.visit(&mut scopes);
    scopes.names
}

/// Returns a name as the dialect compares it.
pub fn folded(dialect: Dialect, name: &Ident) -> String {
    match dialect {
        Dialect::Spark => name.value.to_lowercase(),
        _ => super::word::identifier(name),
    }
}

/// A table of a FROM, by the name that qualifies its columns.
struct Binding {
    name: String,
    meaning: Meaning,
}

/// The names that a query or one of its SELECTs makes visible to its parts.
#[derive(Default)]
struct Frame {
    /// The tables of WITH, each with the address of its query.
    defined: Vec<(String, usize)>,
    recursive: bool,
    /// The index of this query among the tables of the WITH around it.
    defines: Option<usize>,
    /// True for a derived table, which does not see the tables beside it.
    is_blind: bool,
    bindings: Vec<Binding>,
}

struct Scopes {
    dialect: Dialect,
    frames: Vec<Frame>,
    blind: BTreeSet<usize>,
    names: Names,
}

fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

fn place(name: &Ident) -> (u64, u64) {
    (name.span.start.line, name.span.start.column)
}

impl Scopes {
    /// Notes the meaning of a word, unless it has one.
    fn note(&mut self, name: &Ident, meaning: Meaning) {
        self.names.words.entry(place(name)).or_insert(meaning);
    }

    fn note_alias(&mut self, alias: &TableAlias) {
        self.note(&alias.name, Meaning::Own);
        for column in &alias.columns {
            self.note(&column.name, Meaning::Own);
        }
    }

    /// Returns the meaning of a table's name here, where it is sure.
    fn table(&self, name: &str) -> Option<Meaning> {
        let mut through = None;
        for frame in self.frames.iter().rev() {
            let found = frame.defined.iter().position(|it| it.0 == name);
            match (found, through) {
                (Some(_), None) => return Some(Meaning::Own),
                (Some(found), Some(within)) if found < within => return Some(Meaning::Own),
                (Some(found), Some(within)) if frame.recursive => return (found == within).then_some(Meaning::Own),
                _ => {}
            }
            // Frames of SELECTs are in no WITH.
            through = frame.defines;
        }
        Some(Meaning::Outside)
    }

    /// Returns the meaning of a column's qualifier here, where it is sure.
    fn qualifier(&self, name: &str) -> Option<Meaning> {
        let mut is_hidden = false;
        for frame in self.frames.iter().rev() {
            if !is_hidden {
                let mut found = frame.bindings.iter().filter(|it| it.name == name);
                if let Some(first) = found.next() {
                    return found.next().is_none().then_some(first.meaning);
                }
            }
            if frame.is_blind {
                return None;
            }
            is_hidden = frame.defines.is_some();
        }
        None
    }

    fn qualifies(&mut self, name: &Ident) {
        if let Some(meaning) = self.qualifier(&folded(self.dialect, name)) {
            self.note(name, meaning);
        }
    }

    fn bindings(&mut self, from: &[TableWithJoins], into: &mut Vec<Binding>) {
        for table in from {
            self.bind(&table.relation, into);
            for join in &table.joins {
                self.bind(&join.relation, into);
                if let Some(JoinConstraint::Using(columns)) = constraint(&join.join_operator) {
                    for column in columns.iter().flat_map(|it| &it.0).filter_map(|it| it.as_ident()) {
                        self.note(column, Meaning::Own);
                    }
                }
            }
        }
    }

    fn bind(&mut self, factor: &TableFactor, into: &mut Vec<Binding>) {
        let own = |name: String| Binding { name, meaning: Meaning::Own };
        match factor {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::TableFunction { alias: Some(alias), .. }
            | TableFactor::Function { alias: Some(alias), .. }
            | TableFactor::UNNEST { alias: Some(alias), .. }
            | TableFactor::NestedJoin { alias: Some(alias), .. } => {
                self.note_alias(alias);
                into.push(own(folded(self.dialect, &alias.name)));
            }
            TableFactor::Table { name, args, .. } => {
                let Some(last) = name.0.last().and_then(|it| it.as_ident()) else { return };
                let folded = folded(self.dialect, last);
                let meaning =
                    if name.0.len() == 1 && args.is_none() { self.table(&folded) } else { Some(Meaning::Own) };
                // A name that is not sure hides the ones around it.
                let unsure = meaning.is_none().then(|| own(folded.clone()));
                into.extend(unsure);
                into.push(Binding { name: folded, meaning: meaning.unwrap_or(Meaning::Own) });
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.bindings(std::slice::from_ref(table_with_joins), into);
            }
            _ => {}
        }
        if let TableFactor::NestedJoin { table_with_joins, alias: Some(_) } = factor {
            // Tables behind an alias are visible to their own ON only. Listed here, a name that occurs twice is unsure.
            self.bindings(std::slice::from_ref(table_with_joins), into);
        }
    }
}

pub fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    use JoinOperator as Is;
    match operator {
        Is::Join(it)
        | Is::Inner(it)
        | Is::Left(it)
        | Is::LeftOuter(it)
        | Is::Right(it)
        | Is::RightOuter(it)
        | Is::FullOuter(it)
        | Is::CrossJoin(it)
        | Is::Semi(it)
        | Is::LeftSemi(it)
        | Is::RightSemi(it)
        | Is::Anti(it)
        | Is::LeftAnti(it)
        | Is::RightAnti(it) => Some(it),
        _ => None,
    }
}

impl Visitor for Scopes {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let address_here = address(query);
        let around = self.frames.last().map(|it| it.defined.as_slice()).unwrap_or_default();
        let defines = around.iter().position(|it| it.1 == address_here);
        let mut frame = Frame { defines, is_blind: self.blind.remove(&address_here), ..Frame::default() };
        if let Some(with) = &query.with {
            frame.recursive = with.recursive;
            for table in &with.cte_tables {
                self.note_alias(&table.alias);
                frame.defined.push((folded(self.dialect, &table.alias.name), address(&table.query)));
            }
        }
        self.frames.push(frame);
        // ORDER BY sees the tables of the SELECT before it.
        if let SetExpr::Select(select) = query.body.as_ref() {
            let mut bindings = Vec::new();
            self.bindings(&select.from, &mut bindings);
            if let Some(frame) = self.frames.last_mut() {
                frame.bindings = bindings;
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.frames.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let mut bindings = Vec::new();
        self.bindings(&select.from, &mut bindings);
        self.frames.push(Frame { bindings, ..Frame::default() });
        for item in &select.projection {
            match item {
                SelectItem::ExprWithAlias { alias, .. } => self.note(alias, Meaning::Own),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    if let [only] = name.0.as_slice()
                        && let Some(only) = only.as_ident()
                    {
                        self.qualifies(only);
                    }
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.frames.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Derived { lateral: false, subquery, .. } => {
                self.blind.insert(address(subquery));
            }
            // A function, not a table of that name.
            TableFactor::Table { name, args: Some(_), .. } => {
                name.0.iter().filter_map(|it| it.as_ident()).for_each(|it| self.note(it, Meaning::Own));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let names =
            relation.0.iter().map(|it| it.as_ident().map_or_else(|| it.to_string(), |it| folded(self.dialect, it)));
        let name = names.collect::<Vec<_>>().join(".");
        let only = match relation.0.as_slice() {
            [only] => only.as_ident(),
            _ => None,
        };
        let meaning = if relation.0.len() == 1 { self.table(&name) } else { Some(Meaning::Outside) };
        if let (Some(only), Some(meaning)) = (only, meaning) {
            self.note(only, meaning);
        }
        if meaning != Some(Meaning::Own) && !self.names.outside.iter().any(|it| it.0 == name) {
            self.names.outside.push((name, relation.span().start));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => self.note(name, Meaning::Own),
            Expr::CompoundIdentifier(path) => {
                if let [first, rest @ ..] = path.as_slice() {
                    self.qualifies(first);
                    rest.iter().for_each(|it| self.note(it, Meaning::Own));
                }
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                if let (Expr::Identifier(first), Some(AccessExpr::Dot(_))) = (root.as_ref(), access_chain.first()) {
                    self.qualifies(first);
                }
            }
            Expr::QualifiedWildcard(name, _) => {
                if let [only] = name.0.as_slice()
                    && let Some(only) = only.as_ident()
                {
                    self.qualifies(only);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
