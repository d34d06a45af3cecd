//! Plans and type-checks queries against the tables they read, without running them.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{DataFusionError, TableReference, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::context::{SessionContext, SessionState};
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use datafusion::sql::sqlparser::ast::Statement;

use super::fault::Fault;
use super::relation::Closed;
use super::words::{self, Known};
use crate::sql;

/// An engine that takes SQL: over the columns alone, to check it, or over the rows, to show them.
pub trait Sql {
    /// A table that a query reads or yields.
    type Table: Clone + Send + Sync;

    /// Returns what `text` yields over these tables, or what is wrong with it.
    fn query(&self, text: &str, tables: &[(String, Self::Table)]) -> Result<Self::Table, Refused>;
}

/// A table that a query may read.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: String,
    pub schema: SchemaRef,
}

/// The reason why the output of a query is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The query is wrong.
    Fault(Fault),
    /// The engine that checks it is not available.
    Closed(Closed),
}

/// A planner with the functions and types of the embedded engine.
pub struct Planner {
    state: SessionState,
}

impl Planner {
    pub fn new(session: &SessionContext) -> Self {
        Self { state: session.state() }
    }

    /// Returns the columns that `text` yields over `tables`, or what is wrong with it.
    pub fn output(&self, text: &str, tables: &[Table]) -> Result<SchemaRef, Fault> {
        let empty = |it: &Table| -> (String, Arc<dyn TableSource>) {
            (it.name.clone(), Arc::new(LogicalTableSource::new(it.schema.clone())))
        };
        let plan = self.plan(text, &tables.iter().map(empty).collect::<Vec<_>>())?;
        Ok(Arc::new(Schema::clone(plan.schema().as_arrow())))
    }

    /// Returns the plan of `text` over `tables`, with its types checked. It is not carried out.
    pub fn plan(&self, text: &str, tables: &[(String, Arc<dyn TableSource>)]) -> Result<LogicalPlan, Fault> {
        let query = sql::parse(text).map_err(|it| Fault {
            hint: it.hint().map(str::to_owned),
            message: it.message,
            line: it.line,
            column: it.column,
        })?;
        let provider = Provider { state: &self.state, tables };
        let options = ParserOptions { collect_spans: true, ..ParserOptions::default() };
        if let Some((parameter, line, column)) = sql::parameter(&query) {
            let message = format!("nothing fills in the parameter `{parameter}`");
            let hint = Some("write the value in its place".to_owned());
            return Err(Fault { message, line, column, hint });
        }
        let planned = SqlToRel::new_with_options(&provider, options)
            .sql_statement_to_plan(Statement::Query(Box::new(query)))
            .and_then(|it| self.state.analyzer().execute_and_check(it, provider.options(), |_, _| {}));
        let plan = planned.map_err(|it| words::of_query(&it, text, &provider.known()))?;
        // Two columns of one name cannot be told apart by readers of the result.
        let names: Vec<&str> = plan.schema().fields().iter().map(|it| it.name().as_str()).collect();
        let mut seen = HashSet::new();
        match names.into_iter().find(|it| !seen.insert(*it)) {
            Some(name) => Err(words::twice(name, text)),
            None => Ok(plan),
        }
    }
}

/// The end of the message about a query that reads a table it was not given.
pub const NOT_GIVEN: &str = " is not one that the query was given";

/// The tables of one query.
struct Provider<'a> {
    state: &'a SessionState,
    tables: &'a [(String, Arc<dyn TableSource>)],
}

impl Provider<'_> {
    fn known(&self) -> Known {
        let columns = self
            .tables
            .iter()
            .flat_map(|it| it.1.schema().fields().clone().iter().map(|it| it.name().clone()).collect::<Vec<_>>());
        let functions = [self.udf_names(), self.udaf_names(), self.udwf_names()].concat();
        Known { columns: columns.collect(), functions }
    }
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>, DataFusionError> {
        match self.tables.iter().find(|it| sql::same_table(sql::Dialect::Embedded, name.table(), &it.0)) {
            Some((_, table)) => Ok(table.clone()),
            None => plan_err!("table `{}`{NOT_GIVEN}", name.table()),
        }
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.state.expr_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        None
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.state.scalar_functions().get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.state.aggregate_functions().get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.state.scalar_functions().keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.state.aggregate_functions().keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.state.window_functions().keys().cloned().collect()
    }
}
