//! Arithmetic of whole numbers that is an error where the result overflows, as in Spark's ANSI mode.

use std::sync::Arc;

use datafusion::arrow::compute::kernels::numeric::{add, mul, neg, sub};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, WindowFunctionDefinition,
};

use super::checked_sum::SUM;

/// The rewrite that replaces arithmetic that wraps around by arithmetic that returns an error.
#[derive(Debug)]
pub struct Checked;

impl FunctionRewrite for Checked {
    fn name(&self) -> &str {
        "checked_arithmetic"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let name = match &expr {
            Expr::BinaryExpr(BinaryExpr { op: Operator::Plus, .. }) => "checked_add",
            Expr::BinaryExpr(BinaryExpr { op: Operator::Minus, .. }) => "checked_subtract",
            Expr::BinaryExpr(BinaryExpr { op: Operator::Multiply, .. }) => "checked_multiply",
            Expr::Negative(_) => "checked_negate",
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => return sum(expr, schema),
            _ => return Ok(Transformed::no(expr)),
        };
        let operands = match &expr {
            Expr::BinaryExpr(BinaryExpr { left, right, .. }) => vec![left.as_ref(), right.as_ref()],
            Expr::Negative(inner) => vec![inner.as_ref()],
            _ => Vec::new(),
        };
        let types = operands.iter().map(|it| type_of(it, schema)).collect::<Result<Vec<_>>>()?;
        let dtype = match types.as_slice() {
            [one] if one.is_integer() => one.clone(),
            [one, other] if one.is_integer() && one == other => one.clone(),
            _ => return Ok(Transformed::no(expr)),
        };
        let signature = Signature::any(types.len(), Volatility::Immutable);
        let operation = ScalarUDF::new_from_impl(Operation { name, dtype, signature });
        let arguments = match expr {
            Expr::BinaryExpr(BinaryExpr { left, right, .. }) => vec![*left, *right],
            Expr::Negative(inner) => vec![*inner],
            other => return Ok(Transformed::no(other)),
        };
        let call = ScalarFunction::new_udf(Arc::new(operation), arguments);
        Ok(Transformed::yes(Expr::ScalarFunction(call)))
    }
}

/// Returns the type of an operand. It does not walk down a long sum, as it is called at every level of one: what is
/// below has been rewritten already, and both sides of an operator have one type by now.
fn type_of(expr: &Expr, schema: &DFSchema) -> Result<DataType> {
    match expr {
        Expr::Alias(alias) => type_of(&alias.expr, schema),
        // Arithmetic that was not rewritten is not of whole numbers, but of floats, or of a time and a span.
        Expr::BinaryExpr(BinaryExpr { op: Operator::Plus | Operator::Minus | Operator::Multiply, .. }) => {
            Ok(DataType::Null)
        }
        Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<Operation>() {
            Some(operation) => Ok(operation.dtype.clone()),
            None => expr.get_type(schema),
        },
        _ => expr.get_type(schema),
    }
}

/// Replaces a sum that wraps around by one that returns an error.
fn sum(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let (function, arguments, is_distinct) = match &mut expr {
        Expr::AggregateFunction(call) => (&mut call.func, &call.params.args, call.params.distinct),
        Expr::WindowFunction(call) => match &mut call.fun {
            WindowFunctionDefinition::AggregateUDF(function) => (function, &call.params.args, call.params.distinct),
            _ => return Ok(Transformed::no(expr)),
        },
        _ => return Ok(Transformed::no(expr)),
    };
    let is_whole = match arguments.as_slice() {
        [one] if function.name() == "sum" && !is_distinct => one.get_type(schema)? == DataType::Int64,
        _ => false,
    };
    if !is_whole {
        return Ok(Transformed::no(expr));
    }
    *function = SUM.clone();
    Ok(Transformed::yes(expr))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    name: &'static str,
    dtype: DataType,
    signature: Signature,
}

impl ScalarUDFImpl for Operation {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.dtype.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = arguments.args.iter().all(|it| matches!(it, ColumnarValue::Scalar(_)));
        let values = ColumnarValue::values_to_arrays(&arguments.args)?;
        let result = match (self.name, values.as_slice()) {
            ("checked_add", [a, b]) => add(a, b),
            ("checked_subtract", [a, b]) => sub(a, b),
            ("checked_multiply", [a, b]) => mul(a, b),
            ("checked_negate", [a]) => neg(a),
            _ => Err(ArrowError::InvalidArgumentError(format!("`{}` takes whole numbers", self.name))),
        };
        let result = result.map_err(|it| match it {
            // The message would show values of the row.
            ArrowError::ArithmeticOverflow(_) => {
                let dtype = super::types::name_of(&self.dtype);
                DataFusionError::Execution(format!("a sum, a difference or a product is more than {dtype} holds"))
            }
            other => other.into(),
        })?;
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&result, 0)?)),
            false => Ok(ColumnarValue::Array(result)),
        }
    }
}
