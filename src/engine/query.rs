//! Plans and type-checks queries against the tables they read, without running them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{DataFusionError, SchemaError, TableReference, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::context::{SessionContext, SessionState};
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use datafusion::sql::sqlparser::ast::Statement;

use super::relation::Closed;
use crate::diagnostic::did_you_mean;
use crate::sql;

/// How deep expressions may nest: what the engine can walk with the stack that its threads have.
const DEPTH_MAX: usize = 1_000;

/// Something that SQL can be put over: the columns alone, to check it, or the rows, to show them.
pub trait Sql {
    /// What a query reads, and what it yields.
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

/// What is wrong with a query, with its place inside the text; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub line: usize,
    pub column: usize,
    pub hint: Option<String>,
    /// Whether the rules that need no data have said so already (L014, R005).
    pub is_known: bool,
}

/// Why nobody knows what a query yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The query is wrong.
    Fault(Fault),
    /// The engine that would know is not there.
    Closed(Closed),
}

/// Knows the functions and types of the embedded engine.
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

    /// Returns how `text` is carried out over `tables`, with its types checked; nothing is.
    pub fn plan(&self, text: &str, tables: &[(String, Arc<dyn TableSource>)]) -> Result<LogicalPlan, Fault> {
        let query = sql::parse(text).map_err(|it| Fault {
            message: it.message,
            line: it.line,
            column: it.column,
            hint: None,
            is_known: true,
        })?;
        let depth = sql::depth(&query);
        if depth > DEPTH_MAX {
            let message = format!("its expressions nest {depth} deep, and weir reads up to {DEPTH_MAX}");
            let hint = Some("write long chains of OR as IN (…), or split the query with WITH".to_owned());
            return Err(Fault { message, line: 1, column: 1, hint, is_known: false });
        }
        let provider = Provider { state: &self.state, tables };
        let options = ParserOptions { collect_spans: true, ..ParserOptions::default() };
        let planned = SqlToRel::new_with_options(&provider, options)
            .sql_statement_to_plan(Statement::Query(Box::new(query)))
            .and_then(|it| self.state.analyzer().execute_and_check(it, provider.options(), |_, _| {}));
        planned.map_err(|it| fault(&it, text, &provider))
    }
}

/// How the message ends of a query that reads what it was not given.
pub const NOT_GIVEN: &str = " is not one that the query was given";

/// Gives one query its tables.
struct Provider<'a> {
    state: &'a SessionState,
    tables: &'a [(String, Arc<dyn TableSource>)],
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>, DataFusionError> {
        match self.tables.iter().find(|it| sql::same_table(name.table(), &it.0)) {
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

/// Returns the engine's error in our words, where it is, and what to type instead.
fn fault(error: &DataFusionError, text: &str, provider: &Provider) -> Fault {
    if let Some(fault) = types_fault(error, text) {
        return fault;
    }
    let start = error.diagnostic().and_then(|it| it.span).map(|it| it.start);
    let (line, column) = start.map_or((1, 1), |it| (it.line as usize, it.column as usize));
    let (message, hint) = words(error, provider);
    let is_known = message.ends_with(NOT_GIVEN);
    Fault { message, line: line.max(1), column: column.max(1), hint, is_known }
}

/// Types that a function does not take: the engine says so in a page, and not where.
fn types_fault(error: &DataFusionError, text: &str) -> Option<Fault> {
    let said = error.strip_backtrace();
    let (_, rest) = said.split_once("given name and argument types '")?;
    let (call, _) = rest.split_once("'.")?;
    let (name, types) = call.split_once('(')?;
    let (line, column) = sql::place_of(text, name).unwrap_or((1, 1));
    let message = format!("function `{name}` does not take ({}", types.trim_end());
    Some(Fault {
        message,
        line,
        column,
        hint: Some("cast its arguments, as in CAST(a AS DOUBLE)".to_owned()),
        is_known: false,
    })
}

fn words(error: &DataFusionError, provider: &Provider) -> (String, Option<String>) {
    let schemas: Vec<SchemaRef> = provider.tables.iter().map(|it| it.1.schema()).collect();
    let columns: Vec<&str> = schemas.iter().flat_map(|it| it.fields().iter().map(|it| it.name().as_str())).collect();
    if let DataFusionError::SchemaError(inner, _) = error.find_root()
        && let SchemaError::FieldNotFound { field, .. } = inner.as_ref()
    {
        let near = did_you_mean(&field.name, columns.iter().copied());
        let hint = near.unwrap_or_else(|| format!("the columns are {}", columns.join(", ")));
        return (format!("column `{}` does not exist", field.name), Some(hint));
    }
    let said = plain(error.find_root());
    if let Some((name, _)) = said.strip_prefix("Invalid function '").and_then(|it| it.split_once('\'')) {
        let known = [provider.udf_names(), provider.udaf_names(), provider.udwf_names()].concat();
        let near = did_you_mean(name, known.iter().map(String::as_str));
        return (format!("function `{name}` does not exist"), near);
    }
    let text = error.diagnostic().map_or(said, |it| it.message.clone());
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let hint = rest.lines().map(str::trim).find(|it| !it.is_empty());
    (sql::lower_first(first.trim_end_matches('.')), hint.map(sql::lower_first))
}

/// The message without the engine's name for its sort of error.
fn plain(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let prefixes = ["Error during planning: ", "This feature is not implemented: ", "SQL error: ", "Schema error: "];
    prefixes.iter().find_map(|it| text.strip_prefix(it)).unwrap_or(&text).to_owned()
}
