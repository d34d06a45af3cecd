//! Transformation: a query that several views can use.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with::skip_serializing_none;

use super::address::{Address, Kind};
use super::contents::{Column, Contents};
use super::declaration::{Declaration, HoldsSql, Reference};
use super::query::{FileSlot, MapQuery, Query, rename_in_query, sql_file_slot};
use super::report::Report;
use super::rule::Rule;
use super::view::{KnownColumns, Lookup};
use crate::diagnostic::Code;
use crate::sql::Dialect;

/// A reusable query over named tables.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transformation {
    /// The language of the query
    pub mode: Mode,
    /// The tables that the query reads: another transformation's name, or a table that the view supplies
    #[serde(deserialize_with = "crate::resource::texts")]
    pub inputs: Vec<String>,
    /// The query itself
    pub sql: Option<String>,
    /// A file with the query, relative to this file
    pub sql_file: Option<String>,
}

/// How a transformation is written (spec 1; Tecton has more modes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Sql,
}

impl Declaration for Transformation {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        &[("mode", Rule::Suppressible), ("inputs", Rule::Suppressible), ("sql", Rule::Query)]
    }

    fn references(&self) -> Vec<Reference> {
        let reference = |(index, name): (usize, &String)| Reference {
            optional: true,
            ..Reference::new(format!("inputs[{index}]"), name, &[Kind::Transformation])
        };
        self.inputs.iter().enumerate().map(reference).collect()
    }

    fn canonical(&self, _: &Address, mut json: Value, others: &dyn Lookup) -> Value {
        // An input that becomes the name of another transformation is another input, even under the same name.
        let input = |name: &String| match others.inputs(name) {
            Some(_) => Address::new(Kind::Transformation, name.as_str()).to_string(),
            None => name.clone(),
        };
        json["inputs"] = self.inputs.iter().map(input).collect();
        json["sql_file"] = Value::Null;
        json
    }

    fn check(&self, me: &Address, report: &mut Report) {
        check_one_query(me, &self.sql, &self.sql_file, true, report);
        for (index, name) in self.inputs.iter().enumerate() {
            if self.inputs[..index].contains(name) {
                report
                    .error(Code::V003, format!("inputs[{index}]"), format!("input `{name}` of `{me}` is named twice"))
                    .hint("remove one of them");
            }
        }
        if self.inputs.is_empty() {
            report
                .error(Code::V016, "inputs", format!("`{me}` has no inputs"))
                .hint("name the tables that its query reads");
        }
    }

    fn contents(&self, me: &Address, others: &dyn Lookup, data: Option<Vec<Column>>) -> Contents {
        let columns = data.or_else(|| self.columns(me, others).map(|it| Column::all(it.iter())));
        Contents::Transformation { inputs: self.inputs.clone(), columns }
    }

    fn columns(&self, _: &Address, _: &dyn Lookup) -> Option<KnownColumns> {
        let columns = crate::sql::output_columns(self.sql.as_deref()?, &|_| None)?;
        Some(columns.into_iter().map(|it| (it.name, None)).collect())
    }

    fn sql(&self) -> Option<&dyn HoldsSql> {
        Some(self)
    }

    fn sql_mut(&mut self) -> Option<&mut dyn HoldsSql> {
        Some(self)
    }

    fn files(&mut self) -> Vec<FileSlot<'_>> {
        sql_file_slot(&self.sql_file, &mut self.sql)
    }

    fn follow_rename(&mut self, kind: Kind, old: &str, new: &str, dialect: Dialect) -> bool {
        kind != Kind::Transformation || rename_in_query(&mut self.inputs, &mut self.sql, old, new, dialect)
    }
}

impl HoldsSql for Transformation {
    fn queries(&self) -> Vec<Query<'_>> {
        self.sql
            .iter()
            .map(|text| Query { path: "sql", text, tables: Some(self.inputs.clone()), dialect: None })
            .collect()
    }

    fn map_queries(&mut self, map: &MapQuery) {
        self.sql = self.sql.as_deref().map(|it| map(None, it));
        self.sql_file = None;
    }
}

impl Transformation {
    /// Returns the inputs that a view has to supply, each once. A transformation's own inputs take its place.
    pub fn open_inputs(&self, others: &dyn Lookup) -> Vec<String> {
        let (mut seen, mut open) = (HashSet::new(), Vec::new());
        let mut left: Vec<&str> = self.inputs.iter().rev().map(String::as_str).collect();
        while let Some(input) = left.pop() {
            if !seen.insert(input) {
                continue;
            }
            match others.inputs(input) {
                Some(inner) => left.extend(inner.iter().rev().map(String::as_str)),
                None => open.push(input.to_owned()),
            }
        }
        open
    }
}

/// Reports a query that is written twice, or is `needed` and missing. Runs before `sql_file` is read.
pub fn check_one_query(
    me: &Address,
    sql: &Option<String>,
    sql_file: &Option<String>,
    needed: bool,
    report: &mut Report,
) {
    if sql.is_some() && sql_file.is_some() {
        report.error(Code::V008, "sql_file", format!("`{me}` has both `sql` and `sql_file`")).hint("keep one of them");
    }
    if needed && sql.is_none() && sql_file.is_none() {
        report
            .error(Code::V008, "name", format!("`{me}` has neither `sql` nor `sql_file`"))
            .hint("write the query in one of them");
    }
}
