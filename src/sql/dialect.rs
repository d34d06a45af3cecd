//! The dialect of a SQL text.

use super::fault::{Fault, Holds};

/// The dialect of a SQL text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded engine's, which weir itself reads.
    #[default]
    Embedded,
    /// Spark's. A text that weir cannot read is left to Spark to check.
    Spark,
    /// A warehouse's own, of a query that runs there. It is left to the warehouse likewise.
    Snowflake,
    Redshift,
}

impl Dialect {
    /// Returns the name of the engine in weir.toml, or of the warehouse.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "datafusion",
            Self::Spark => "spark",
            Self::Snowflake => "snowflake",
            Self::Redshift => "redshift",
        }
    }

    /// Says whether a text with this fault may be right in this dialect.
    pub fn may_know_better(self, fault: &Fault) -> bool {
        self != Self::Embedded && fault.holds == Holds::InOurs
    }
}
