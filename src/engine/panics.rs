//! Turns panics of file readers at unexpected bytes into errors about the file.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// Says whether a panic in this source file is caught here, so that its own message is noise.
pub fn is_caught(file: &str) -> bool {
    let file = file.replace('\\', "/");
    ["/parquet-", "/arrow-", "/blocking/pool.rs"].iter().any(|it| file.contains(it))
}

/// Runs a function that starts threads. Returns the reason where it panics because the system gives none.
pub fn with_threads<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        match said.split_once("OS can't spawn worker thread: ") {
            Some((_, reason)) => reason.to_owned(),
            None => std::panic::resume_unwind(panic),
        }
    })
}

/// Waits for `reading`. Returns that the data is damaged where it panics; nothing of it is used then.
pub async fn caught<T>(reading: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(reading).catch_unwind().await.map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it cannot be made sense of");
        format!("it is damaged: {said}")
    })
}
