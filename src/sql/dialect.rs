//! Whose SQL a text is.

use super::fault::{Fault, Holds};

/// Whose SQL a text is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded engine's, which is the one that we read.
    #[default]
    Embedded,
    /// Spark's: what we cannot read of it is left to Spark, which says whether it is right.
    Spark,
    /// A warehouse's own, of a query that runs there: the same holds.
    Snowflake,
    Redshift,
}

impl Dialect {
    /// Returns what weir.toml calls the engine whose SQL this is, or the warehouse's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "datafusion",
            Self::Spark => "spark",
            Self::Snowflake => "snowflake",
            Self::Redshift => "redshift",
        }
    }

    /// Says whether a text with this fault may be right all the same.
    pub fn may_know_better(self, fault: &Fault) -> bool {
        self != Self::Embedded && fault.holds == Holds::InOurs
    }
}
