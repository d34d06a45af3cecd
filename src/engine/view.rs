//! Views: what their queries yield over the tables they read, against what they declare.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Schema};
use rayon::prelude::*;

use super::cache::{Checker, Known};
use super::query::Sql;
use super::shown::Found;
use super::source::refusal;
use super::types;
use crate::diagnostic::{Code, Diagnostic};
use crate::resource::{Address, Catalog, FeatureView, Field, Resource, Spec, View};

/// What the queries of views look at.
pub struct Views<'a, S: Sql> {
    catalog: &'a Catalog<'a>,
    /// Of every source that is known, what queries read.
    tables: &'a HashMap<Address, S::Table>,
    sql: &'a S,
}

impl<'a, S: Sql> Views<'a, S> {
    pub fn new(catalog: &'a Catalog<'a>, tables: &'a HashMap<Address, S::Table>, sql: &'a S) -> Self {
        Self { catalog, tables, sql }
    }
}

/// Returns the column that holds the time of a row, when only one can.
pub fn only_timestamp(schema: &Schema) -> Option<String> {
    let mut found = schema.fields().iter().filter(|it| matches!(it.data_type(), DataType::Timestamp(..)));
    found.next().filter(|_| found.next().is_none()).map(|it| it.name().clone())
}

/// Returns the columns of every view whose sources are known.
pub fn derive_all(
    resources: &[&Resource],
    catalog: &Catalog,
    tables: &HashMap<Address, Known>,
    checker: &Checker,
    found: &mut Vec<Found>,
) -> HashMap<Address, Vec<Field>> {
    let views_of = Views::new(catalog, tables, checker);
    let derived: Vec<_> = resources
        .par_iter()
        .filter_map(|it| Some((it, it.view(catalog)?)))
        .map(|(resource, view)| {
            let mut faults = Vec::new();
            let columns = views_of.derive(&resource.address, &view, &mut faults);
            (&resource.address, columns, faults)
        })
        .collect();
    let mut views = HashMap::new();
    let mut shared: Vec<Found> = Vec::new();
    for (address, columns, faults) in derived {
        views.extend(columns.map(|it| (address.clone(), it)));
        for fault in faults {
            // A transformation that several views use has its fault once.
            if fault.at.as_ref().is_some_and(|it| it.address == *address) {
                found.push(fault);
            } else if !shared.contains(&fault) {
                shared.push(fault);
            }
        }
    }
    found.extend(shared);
    views
}

impl Views<'_, Checker<'_>> {
    /// Returns the columns of one view, declared or derived; reports where its query or its schema is wrong.
    fn derive(&self, address: &Address, known: &View, faults: &mut Vec<Found>) -> Option<Vec<Field>> {
        let view = known.spec;
        let output = self.output(address, view, faults)?;
        let columns = types::fields(&output.schema);
        if let Some(schema) = &view.schema {
            // Without a query the schema is what chooses among the columns.
            let chooses = view.sql.is_none() && view.transformation.is_none();
            let columns: Vec<_> =
                columns.into_iter().filter(|it| !chooses || schema.iter().any(|field| field.name == it.0)).collect();
            check_declared(address, schema, &columns, faults);
            return Some(schema.clone());
        }
        let mut fields = Vec::new();
        let mut count = columns.len();
        for (name, dtype) in columns {
            match dtype {
                Ok(dtype) => fields.push(Field { name, dtype }),
                // What is aggregated from has columns beside those that are features.
                Err(_) if !known.uses(&name) => count -= 1,
                Err(unsupported) => {
                    let path = if view.sql.is_some() { "sql" } else { "name" };
                    let summary =
                        format!("column `{name}` of `{address}` is {}, which no feature can be", unsupported.found);
                    let cast = unsupported.cast.map(|it| format!("write `{it}`, or leave the column out"));
                    let hint = cast.unwrap_or_else(|| "leave the column out of the query".to_owned());
                    faults.push(Found::at(address, path, Diagnostic::error(Code::D004, summary).hint(hint)));
                }
            }
        }
        // Of half a view, rules would say what is wrong with the other half.
        (fields.len() == count).then_some(fields)
    }
}

impl<S: Sql> Views<'_, S> {
    /// Returns what the view's query yields; nothing where a source is not known, or where a query has a fault.
    pub fn output(&self, address: &Address, view: &FeatureView, faults: &mut Vec<Found>) -> Option<S::Table> {
        // A file that cannot be read has been reported.
        if view.sql_file.is_some() && view.sql.is_none() {
            return None;
        }
        let source = |name: &str| self.tables.get(&self.catalog.source(name)?.address).cloned();
        let tables = view.sources.iter().map(|it| Some((it.name().to_owned(), source(it.name())?)));
        let tables: Vec<(String, S::Table)> = tables.collect::<Option<_>>()?;
        if let Some(text) = &view.sql {
            return self.run(text, &tables, address, faults);
        }
        let Some(call) = &view.transformation else {
            return match tables.as_slice() {
                [only] => Some(only.1.clone()),
                _ => None,
            };
        };
        let given: Vec<S::Table> = match &call.inputs {
            // What is no source of the view has been reported.
            Some(inputs) => {
                let given = |input: &String| tables.iter().find(|it| it.0 == *input).map(|it| it.1.clone());
                inputs.iter().map(given).collect::<Option<_>>()?
            }
            None => tables.into_iter().map(|it| it.1).collect(),
        };
        let Spec::Transformation(transformation) = &self.catalog.transformation(&call.name)?.spec else { return None };
        let open = transformation.open_inputs(self.catalog);
        if open.len() != given.len() {
            return None;
        }
        self.transform(&call.name, &open.into_iter().zip(given).collect(), faults)
    }

    /// Returns what a transformation yields when its open inputs are these tables. There are no circles by now.
    fn transform(&self, name: &str, given: &HashMap<String, S::Table>, faults: &mut Vec<Found>) -> Option<S::Table> {
        let resource = self.catalog.transformation(name)?;
        let Spec::Transformation(transformation) = &resource.spec else { return None };
        let mut tables = Vec::new();
        for input in &transformation.inputs {
            let table = match self.catalog.transformation(input) {
                Some(_) => self.transform(input, given, faults)?,
                None => given.get(input)?.clone(),
            };
            tables.push((input.clone(), table));
        }
        self.run(transformation.sql.as_deref()?, &tables, &resource.address, faults)
    }

    /// Puts one query over its tables; a fault is reported unless it has been.
    fn run(
        &self,
        text: &str,
        tables: &[(String, S::Table)],
        address: &Address,
        faults: &mut Vec<Found>,
    ) -> Option<S::Table> {
        match self.sql.query(text, tables) {
            Ok(yields) => Some(yields),
            Err(refused) => {
                faults.extend(refusal(address, "sql", refused));
                None
            }
        }
    }
}

type Columns = [(String, Result<crate::resource::Dtype, types::Unsupported>)];

/// Reports every column that is missing, superfluous or of another type.
fn check_declared(address: &Address, schema: &[Field], columns: &Columns, faults: &mut Vec<Found>) {
    let mut differences = Vec::new();
    for field in schema {
        match columns.iter().find(|it| it.0 == field.name) {
            None => differences.push(format!("`{}` is missing", field.name)),
            Some((_, Ok(dtype))) if *dtype == field.dtype => {}
            Some((_, Ok(dtype))) => differences.push(format!("`{}` is {dtype}, not {}", field.name, field.dtype)),
            Some((_, Err(found))) => {
                differences.push(format!("`{}` is {}, not {}", field.name, found.found, field.dtype));
            }
        }
    }
    let extra = columns.iter().filter(|it| !schema.iter().any(|field| field.name == it.0));
    differences.extend(extra.map(|it| format!("`{}` is not declared", it.0)));
    if !differences.is_empty() {
        let summary = format!("the schema of `{address}` is not what its query yields: {}", differences.join(", "));
        let hint = "write the schema as the query yields it, or leave `schema` out";
        faults.push(Found::at(address, "schema", Diagnostic::error(Code::D003, summary).hint(hint)));
    }
}
