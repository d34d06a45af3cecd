//! The sum of whole numbers, which is an error where it is more than its type holds.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Int64Type, UInt64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// The function that replaces `sum` over `Int64`.
pub static SUM: LazyLock<Arc<AggregateUDF>> = LazyLock::new(|| {
    let signature = Signature::exact(vec![DataType::Int64], Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(CheckedSum { signature }))
});

/// The type of the running sum, which cannot overflow it.
const WIDE: DataType = DataType::Decimal128(38, 0);

#[derive(Debug, PartialEq, Eq, Hash)]
struct CheckedSum {
    signature: Signature,
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn accumulator(&self, _: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sum::default()))
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |part: &str, dtype| Arc::new(Field::new(format!("{}[{part}]", arguments.name), dtype, true));
        Ok(vec![field("sum", WIDE), field("count", DataType::UInt64)])
    }
}

#[derive(Debug, Default)]
struct Sum {
    sum: i128,
    /// The count of added numbers: the sum of none is null.
    count: u64,
}

impl Sum {
    fn add(&mut self, values: &[ArrayRef], sign: i128) -> u64 {
        let numbers = values.iter().flat_map(|it| it.as_primitive::<Int64Type>().iter().flatten());
        let mut count = 0;
        for number in numbers {
            self.sum += sign * i128::from(number);
            count += 1;
        }
        count
    }
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count += self.add(values, 1);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count -= self.add(values, -1);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.count == 0 {
            return Ok(ScalarValue::Int64(None));
        }
        let sum = i64::try_from(self.sum);
        let sum = sum.map_err(|_| DataFusionError::Execution("a sum is more than Int64 holds".to_owned()))?;
        Ok(ScalarValue::Int64(Some(sum)))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128(Some(self.sum), 38, 0), ScalarValue::UInt64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if let [sums, counts] = states {
            self.sum += sums.as_primitive::<Decimal128Type>().iter().flatten().sum::<i128>();
            self.count += counts.as_primitive::<UInt64Type>().iter().flatten().sum::<u64>();
        }
        Ok(())
    }
}
