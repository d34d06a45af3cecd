//! The plan: the difference between declared and recorded resources. Pure.

mod brings;
mod change;
mod cost;
mod data;
mod declared;
mod diff;
mod drift;
mod fields;
mod gains;
mod guard;
mod harmless;
mod inputs;
mod job;
mod order;
mod refusal;
mod rename;
mod renames;
mod saved;
mod target;
mod wire;
mod work;
mod written;

pub use change::{Action, Brings, Cause, Change, Meanwhile, Plan, RegistryPlace, Tally};
pub use data::{Data, Learned, opened};
pub use declared::Declared;
pub use diff::{Carried, Suppress, diff, diff_carried_out, diff_knowing};
pub use drift::drift;
pub use guard::{Approved, Refused, approve, is_harmless, recheck, refusals};
pub use job::{JobAction, JobChange};
pub use refusal::Refusal;
pub use saved::{Saved, SavedFault};
pub use target::Targets;
pub use wire::{Orders, arranged, restore_orders, show_orders};

pub use crate::recorded::{Base, Columns, Entry, Mode, Row, RowId, Serial, Snapshot, Target, Write, state};
pub use crate::resource::{Job, JobKind, JobState, Range, RecordedJob};
