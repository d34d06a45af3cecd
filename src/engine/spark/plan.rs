//! What Spark is asked for, as a value: tables, files and views at the leaves, queries, filters and limits above them.
//!
//! A plan is made without Spark and touches nothing there. Queries get their tables with them, so that two queries at
//! once may both read a table `input`, and neither is in the catalogue.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use spark_connect_proto::expression::{ExprType, ExpressionString};
use spark_connect_proto::read::{DataSource, NamedTable, ReadType};
use spark_connect_proto::relation::RelType;
use spark_connect_proto::{
    Expression, Filter, Limit, LocalRelation, Read, Relation, Sql, SubqueryAlias, WithRelations,
};

use super::quote::quoted;
use super::types;
use crate::engine::relation::Window;
use crate::resource::batch_config::FileFormat;

/// Rows on Spark, not yet computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan(Box<Node>);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Leaf(RelType),
    Query { text: String, tables: Vec<(String, Plan)> },
    Filter { rows: Plan, expression: String },
    Limit { rows: Plan, count: usize },
}

impl Plan {
    fn new(node: Node) -> Self {
        Self(Box::new(node))
    }

    /// A table of the catalogue.
    pub fn table(database: &str, table: &str) -> Self {
        Self::named(format!("{}.{}", quoted(database), quoted(table)))
    }

    /// A view of this session.
    pub fn view(name: &str) -> Self {
        Self::named(quoted(name))
    }

    fn named(unparsed_identifier: String) -> Self {
        let table = NamedTable { unparsed_identifier, options: HashMap::new() };
        Self::read(ReadType::NamedTable(table))
    }

    fn read(what: ReadType) -> Self {
        Self::new(Node::Leaf(RelType::Read(Read { is_streaming: false, read_type: Some(what) })))
    }

    /// Files, at a path or a URI as Spark's own machines see it. Parquet says its types; the others are read as
    /// `schema` has them, because Spark guesses types from text in its own way.
    pub fn files(format: FileFormat, path: &str, schema: &Schema) -> Self {
        // What does not fit its type is an error: Spark would otherwise make a null of it.
        let strict = ("mode", "FAILFAST");
        let (name, written) = match format {
            FileFormat::Parquet => ("parquet", Vec::new()),
            FileFormat::Csv => ("csv", vec![strict, ("header", "true"), ("multiLine", "true"), ("escape", "\"")]),
            FileFormat::Json => ("json", vec![strict]),
        };
        let source = DataSource {
            format: Some(name.to_owned()),
            schema: (format != FileFormat::Parquet).then(|| types::ddl(&with_instants(schema))),
            options: written.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect(),
            paths: vec![path.to_owned()],
            ..DataSource::default()
        };
        Self::read(ReadType::DataSource(source))
    }

    /// A table without rows.
    pub fn empty(schema: &Schema) -> Self {
        Self::new(Node::Leaf(RelType::LocalRelation(LocalRelation { data: None, schema: Some(types::ddl(schema)) })))
    }

    /// What a query yields over these tables, each under the name that the text gives it.
    pub fn query(text: &str, tables: impl IntoIterator<Item = (String, Plan)>) -> Self {
        let text = text.trim_end().trim_end_matches(';').to_owned();
        Self::new(Node::Query { text, tables: tables.into_iter().collect() })
    }

    /// A statement of weir's own, run as it stands.
    pub(super) fn statement(text: &str) -> Self {
        Self::new(Node::Leaf(sql(text.to_owned())))
    }

    /// The rows for which an expression of Spark's SQL is true.
    pub fn filter(self, expression: impl Into<String>) -> Self {
        Self::new(Node::Filter { rows: self, expression: expression.into() })
    }

    /// The rows whose time lies in the window.
    pub fn within(self, timestamp_field: &str, window: Window) -> Self {
        let field = quoted(timestamp_field);
        let start = window.start.map(|it| format!("{field} >= TIMESTAMP '{it}'"));
        let end = window.end.map(|it| format!("{field} < TIMESTAMP '{it}'"));
        start.into_iter().chain(end).fold(self, Self::filter)
    }

    /// At most this many rows.
    pub fn limit(self, rows: usize) -> Self {
        Self::new(Node::Limit { rows: self, count: rows })
    }

    /// Returns the plan as the protocol has it. `name` gives names that no other request of the session has: Spark
    /// keeps the tables of a query as views of the session while it reads the text, and takes them away afterwards.
    pub(super) fn relation(&self, name: &mut dyn FnMut() -> String) -> Relation {
        let relation = match self.0.as_ref() {
            Node::Leaf(relation) => relation.clone(),
            Node::Query { text, tables } => query(text, tables, name),
            Node::Filter { rows, expression } => {
                let text = ExpressionString { expression: expression.clone() };
                let condition = Expression { common: None, expr_type: Some(ExprType::ExpressionString(text)) };
                let input = Some(Box::new(rows.relation(name)));
                RelType::Filter(Box::new(Filter { input, condition: Some(condition) }))
            }
            Node::Limit { rows, count } => {
                let limit = i32::try_from(*count).unwrap_or(i32::MAX);
                RelType::Limit(Box::new(Limit { input: Some(Box::new(rows.relation(name))), limit }))
            }
        };
        wrapped(relation)
    }
}

/// Returns a query whose tables are called by names of their own, which a WITH clause makes those of the text: what a
/// WITH clause names holds inside this one statement.
fn query(text: &str, tables: &[(String, Plan)], name: &mut dyn FnMut() -> String) -> RelType {
    let (mut names, mut references) = (Vec::new(), Vec::new());
    for (table, plan) in tables {
        let (input, alias) = (Some(Box::new(plan.relation(name))), name());
        names.push(format!("{} AS (SELECT * FROM {})", quoted(table), quoted(&alias)));
        let reference = SubqueryAlias { input, alias, qualifier: Vec::new() };
        references.push(wrapped(RelType::SubqueryAlias(Box::new(reference))));
    }
    let with = if names.is_empty() { String::new() } else { format!("WITH {} ", names.join(", ")) };
    // Inside brackets nothing but a query is SQL: what has a side effect (`DROP TABLE t`) would otherwise be carried out
    // as soon as Spark looks at it. The text has lines of its own, so that columns are counted as in the file, and so
    // that a comment at its end does not swallow the bracket.
    let root = wrapped(sql(format!("{with}SELECT * FROM (\n{text}\n)")));
    RelType::WithRelations(Box::new(WithRelations { root: Some(Box::new(root)), references }))
}

fn sql(query: String) -> RelType {
    RelType::Sql(Sql { query, ..Sql::default() })
}

fn wrapped(relation: RelType) -> Relation {
    Relation { common: None, rel_type: Some(relation) }
}

/// Returns the columns with every time an instant: a text may say its zone, and without one it is UTC.
fn with_instants(schema: &Schema) -> Schema {
    let field = |it: &std::sync::Arc<Field>| match it.data_type() {
        DataType::Timestamp(..) => {
            let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            Field::clone(it).with_data_type(instant)
        }
        _ => Field::clone(it),
    };
    Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_names_are_written_as_spark_reads_them() {
        let window = Window { start: "2024-01-01".parse().ok(), end: "2024-01-02T12:00:00Z".parse().ok() };
        let plan = format!("{:?}", Plan::table("ads", "odd`name").within("at", window));
        for part in
            ["`ads`.`odd``name`", "`at` >= TIMESTAMP '2024-01-01T00:00:00Z'", "`at` < TIMESTAMP '2024-01-02T12:00:00Z'"]
        {
            assert!(plan.contains(part), "{plan}");
        }
    }

    #[test]
    fn no_two_requests_have_a_name_in_common() {
        let input = Plan::query("SELECT a FROM input", [("input".to_owned(), Plan::table("ads", "taps"))]);
        let plan = Plan::query("SELECT * FROM a, b", [("a".to_owned(), input.clone()), ("b".to_owned(), input)]);
        let mut count = 0;
        let mut sent = || {
            let mut name = || {
                count += 1;
                format!("t{count}")
            };
            format!("{:?}", plan.relation(&mut name))
        };
        let (first, second) = (sent(), sent());
        assert!(first.contains("WITH `a` AS (SELECT * FROM `t2`), `b` AS (SELECT * FROM `t4`)"), "{first}");
        assert!(second.contains("WITH `a` AS (SELECT * FROM `t6`), `b` AS (SELECT * FROM `t8`)"), "{second}");
    }
}
