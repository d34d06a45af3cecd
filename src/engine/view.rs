//! Derives what the queries of views yield over the tables they read.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Schema};
use rayon::prelude::*;

use super::cache::{Checker, Known};
use super::query::Sql;
use super::shown::{Found, Unread};
use super::source::refusal;
use super::types;
use crate::resource::{Address, Catalog, FeatureView, OpenedColumns, Resource, Spec};

/// The context of the queries of views.
pub struct Views<'a, S: Sql> {
    catalog: &'a Catalog<'a>,
    /// The tables that queries read, of every known source.
    tables: &'a HashMap<Address, S::Table>,
    sql: &'a S,
    /// Queries that are known to be wrong.
    unread: Option<&'a Unread>,
}

impl<'a, S: Sql> Views<'a, S> {
    pub fn new(catalog: &'a Catalog<'a>, tables: &'a HashMap<Address, S::Table>, sql: &'a S) -> Self {
        Self { catalog, tables, sql, unread: None }
    }
}

/// Returns the column that holds the time of a row, when only one can.
pub fn only_timestamp(schema: &Schema) -> Option<String> {
    let mut found = schema.fields().iter().filter(|it| matches!(it.data_type(), DataType::Timestamp(..)));
    found.next().filter(|_| found.next().is_none()).map(|it| it.name().clone())
}

/// Returns the columns of every view's query, where its sources are known.
pub fn derive_all(
    resources: &[&Resource],
    catalog: &Catalog,
    tables: &HashMap<Address, Known>,
    checker: &Checker,
    unread: &Unread,
    found: &mut Vec<Found>,
) -> HashMap<Address, OpenedColumns> {
    let views_of = Views { catalog, tables, sql: checker, unread: Some(unread) };
    let derived: Vec<_> = resources
        .par_iter()
        .filter_map(|it| Some((&it.address, it.spec.declaration().view()?)))
        .map(|(address, view)| {
            let mut faults = Vec::new();
            let columns = views_of.output(address, view, &mut faults).map(|it| types::opened(&it.schema));
            (address, columns, faults)
        })
        .collect();
    let mut views = HashMap::new();
    let mut shared: Vec<Found> = Vec::new();
    for (address, columns, faults) in derived {
        views.extend(columns.map(|it| (address.clone(), it)));
        for fault in faults {
            // The fault of a transformation that several views use is reported once.
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
            // An input that is no source of the view has been reported.
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

    /// Returns what a transformation yields when its open inputs are these tables. Cycles are ruled out by now.
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

    /// Applies one query to its tables. Reports a fault, unless it has been reported.
    fn run(
        &self,
        text: &str,
        tables: &[(String, S::Table)],
        address: &Address,
        faults: &mut Vec<Found>,
    ) -> Option<S::Table> {
        if self.unread.is_some_and(|it| it.contains(&(address.clone(), "sql".to_owned()))) {
            return None;
        }
        match self.sql.query(text, tables) {
            Ok(yields) => Some(yields),
            Err(refused) => {
                faults.push(refusal(address, "sql", refused));
                None
            }
        }
    }
}
