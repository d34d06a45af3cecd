//! Plans and type-checks queries against the tables they read, without running them.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{DataFusionError, SchemaError, TableReference, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::context::SessionState;
use datafusion::logical_expr::logical_plan::builder::LogicalTableSource;
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion::sql::planner::{ParserOptions, SqlToRel};
use datafusion::sql::sqlparser::ast::Statement;
use tokio::runtime::Handle;

use super::relation::{Closed, Ground};
use super::spark;
use crate::diagnostic::did_you_mean;
use crate::load::EngineKind;
use crate::sql;

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

/// Knows what queries yield: the engine on which they will run.
pub enum Planner {
    Embedded(Box<Embedded>),
    /// The threads that check queries wait on this runtime.
    Spark(Ground, Handle),
}

impl Planner {
    /// Returns the planner of the engine that weir.toml names.
    pub fn new(ground: &Ground, runtime: &Handle) -> Self {
        match ground.services.engine.kind {
            EngineKind::Datafusion => Self::Embedded(Box::new(Embedded { state: ground.session.state() })),
            EngineKind::Spark => Self::Spark(ground.clone(), runtime.clone()),
        }
    }

    /// Returns the columns that `text` yields over `tables`, or why they are not known.
    pub fn output(&self, text: &str, tables: &[Table]) -> Result<SchemaRef, Refused> {
        match self {
            Self::Embedded(engine) => engine.output(text, tables).map_err(Refused::Fault),
            Self::Spark(ground, runtime) => runtime.block_on(spark::output(ground, text, tables)),
        }
    }
}

/// Knows the functions and types of the embedded engine.
pub struct Embedded {
    state: SessionState,
}

impl Embedded {
    /// Returns the columns that `text` yields over `tables`, or what is wrong with it.
    fn output(&self, text: &str, tables: &[Table]) -> Result<SchemaRef, Fault> {
        let query = sql::parse(text).map_err(|it| Fault {
            message: it.message,
            line: it.line,
            column: it.column,
            hint: None,
            is_known: true,
        })?;
        let provider = Provider { state: &self.state, tables };
        let options = ParserOptions { collect_spans: true, ..ParserOptions::default() };
        let planned = SqlToRel::new_with_options(&provider, options)
            .sql_statement_to_plan(Statement::Query(Box::new(query)))
            .and_then(|it| self.state.analyzer().execute_and_check(it, provider.options(), |_, _| {}));
        match planned {
            Ok(plan) => Ok(Arc::new(Schema::clone(plan.schema().as_arrow()))),
            Err(error) => Err(fault(&error, text, &provider)),
        }
    }
}

/// How the message ends of a query that reads what it was not given.
pub const NOT_GIVEN: &str = " is not one that the query was given";

/// Gives one query its tables.
struct Provider<'a> {
    state: &'a SessionState,
    tables: &'a [Table],
}

impl ContextProvider for Provider<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>, DataFusionError> {
        match self.tables.iter().find(|it| sql::same_table(name.table(), &it.name)) {
            Some(table) => Ok(Arc::new(LogicalTableSource::new(table.schema.clone()))),
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
    let columns: Vec<&str> =
        provider.tables.iter().flat_map(|it| it.schema.fields().iter().map(|it| it.name().as_str())).collect();
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
