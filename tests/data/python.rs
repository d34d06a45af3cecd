//! The Python of the tests, for what only lies in its packages: `tests/requirements.txt` lists them.

use std::process::Command;

/// Returns a command that runs `script` of tests/data, if Python and its package are there. In CI they have to be.
pub fn script(script: &str, package: &str) -> Option<Command> {
    let python = std::env::var("WEIR_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", &format!("import {package}")]).output();
    if !found.is_ok_and(|it| it.status.success()) {
        let missing =
            format!("`{python}` has no {package}: install tests/requirements.txt, and name it in WEIR_TEST_PYTHON");
        assert!(std::env::var("CI").is_err(), "{missing}");
        eprintln!("SKIPPED: {missing}");
        return None;
    }
    let mut command = Command::new(python);
    command.arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(script));
    Some(command)
}
