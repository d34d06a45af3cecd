//! Files one after the other, each a part of the scan below: whoever reads them knows which file a fault is in.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use crate::engine::place::shape;
use crate::engine::{panics, words};

/// A scan whose parts are files, as one part.
#[derive(Debug)]
pub struct InOrder {
    scan: Arc<dyn ExecutionPlan>,
    /// What a person calls the file of each part.
    names: Arc<[String]>,
    properties: Arc<PlanProperties>,
}

impl InOrder {
    pub fn new(scan: Arc<dyn ExecutionPlan>, names: Arc<[String]>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(scan.schema()),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { scan, names, properties: Arc::new(properties) }
    }
}

impl DisplayAs for InOrder {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InOrder: files={}", self.names.len())
    }
}

impl ExecutionPlan for InOrder {
    fn name(&self) -> &'static str {
        "InOrder"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.scan]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut children = children.into_iter();
        let scan = children.next().unwrap_or_else(|| self.scan.clone());
        Ok(Arc::new(Self::new(scan, self.names.clone())))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    /// What a file's statistics rule out is not read: filters go on to the scan.
    fn gather_filters_for_pushdown(
        &self,
        _: FilterPushdownPhase,
        filters: Vec<Arc<dyn PhysicalExpr>>,
        _: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(result))
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (scan, names) = (self.scan.clone(), self.names.clone());
        let parts = (0..names.len()).map(move |part| rows_of(&scan, part, names[part].clone(), context.clone()));
        let rows = stream::iter(parts).flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// Returns the rows of one file, which is opened once somebody asks for them; a fault names it.
fn rows_of(
    scan: &Arc<dyn ExecutionPlan>,
    part: usize,
    name: String,
    context: Arc<TaskContext>,
) -> BoxStream<'static, Result<RecordBatch>> {
    let scan = scan.clone();
    let opened = stream::once(async move { scan.execute(part, context) });
    let rows = opened.try_flatten();
    let next = |(mut rows, name): (BoxStream<'static, Result<RecordBatch>>, String)| async move {
        let said = match panics::caught(rows.next()).await {
            Ok(Some(Err(error))) => shape::words(&words::plain(&error)),
            Ok(batch) => return batch.map(|it| (it, (rows, name))),
            Err(said) => said,
        };
        // Nothing of a file that is damaged is looked at afterwards.
        let fault = DataFusionError::Execution(format!("`{name}`: {said}"));
        Some((Err(fault), (stream::empty().boxed(), name)))
    };
    stream::unfold((rows.boxed(), name), next).boxed()
}
