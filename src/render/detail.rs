//! The level of detail of a plan.

/// The level of detail at which a long plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    Brief,
    Full,
}
