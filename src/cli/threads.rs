//! The threads of weir. SQL trees are deep, and walking one needs more stack than the system's threads have.

use std::process::ExitCode;

use super::asked::Asked;
use super::global::Color;
use super::stop::Stop;
use super::ui;
use crate::diagnostic::{Code, Diagnostic};
use crate::sql;

/// Runs `run` on a thread with a large stack, over a pool of such threads. Fails when the system gives none.
pub fn with_room(run: impl FnOnce() -> ExitCode + Send + 'static) -> Result<ExitCode, String> {
    let parallel = std::thread::available_parallelism().map_or(1, usize::from);
    // The running thread comes on top of the pool's threads.
    let fits = |it: &usize| sql::has_room(it + 1, REST);
    let threads = [parallel, 1].into_iter().find(fits).ok_or("there is too little memory for its stack")?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(sql::STACK);
    pool.build_global().map_err(|it| it.to_string())?;
    let thread = std::thread::Builder::new().stack_size(sql::STACK).spawn(run).map_err(|it| it.to_string())?;
    thread.join().map_err(|panic| std::panic::resume_unwind(panic))
}

/// The bytes left for everything else. The allocator alone takes up to 64 MB for each busy thread.
const REST: usize = 512 * 1024 * 1024;

/// Reports why nothing was done, in the requested format.
pub fn say_none(reason: &str) -> ExitCode {
    let summary = format!("the system gives weir no thread to run on: {reason}");
    let hint = "allow more processes (`ulimit -u`), or 4 GB of address space (`ulimit -v`), of which little is used";
    let diagnostic = Diagnostic::error(Code::C002, summary).hint(hint);
    let ui = ui::Ui::new(Color::Auto, false, false);
    if let Some(document) = Asked::of(std::env::args_os()).failure(None, std::slice::from_ref(&diagnostic)) {
        // When writing fails too, the exit code and stderr still report the failure.
        let _ = ui.data(&document);
    }
    ExitCode::from(Stop::diagnostic(diagnostic).report(&ui) as u8)
}
