//! Readers of files that panic at bytes they did not expect: an error about the file, as any other.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// Says whether a panic at `file` of the sources is caught here: what it says of itself is then noise.
pub fn is_caught(file: &str) -> bool {
    let file = file.replace('\\', "/");
    ["/parquet-", "/arrow-", "/blocking/pool.rs"].iter().any(|it| file.contains(it))
}

/// Runs what starts threads as it goes, or returns why the system gives none: their maker panics then.
pub fn with_threads<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        match said.split_once("OS can't spawn worker thread: ") {
            Some((_, reason)) => reason.to_owned(),
            None => std::panic::resume_unwind(panic),
        }
    })
}

/// Waits for `reading`, or returns that what is read is damaged. Nothing of it is looked at afterwards.
pub async fn caught<T>(reading: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(reading).catch_unwind().await.map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it cannot be made sense of");
        format!("it is damaged: {said}")
    })
}
