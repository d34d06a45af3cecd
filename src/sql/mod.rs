//! SQL text: its dialect, its faults, its normal form, the tables it reads, the columns it yields.

mod append;
mod appended;
mod depth;
mod dialect;
mod fault;
mod names;
mod normal;
mod otherwise;
mod parse;
mod pieces;
mod reads;
mod rename;
mod scope;
mod sees;
mod token;
mod word;

pub use append::only_appends;
pub use appended::appended;
pub use depth::{STACK, has_room};
pub use dialect::Dialect;
pub use fault::{Fault, Holds, lower_first};
pub use names::{Column, output_columns, parameter, place_of, place_of_second, same_table, tables};
pub use normal::normal_form;
pub use otherwise::{not_ours, reads_otherwise, yields_twice};
pub use parse::{Query, Read, WINDOW, parse, read};
pub use reads::{AsksWindow, asks_window, more_than_reads};
pub use rename::rename_table;
pub use sees::sees_gained;
pub use word::quoted;
