//! A real Spark for the tests of one binary: started when the first of them asks, gone when the process is.
#![allow(dead_code, reason = "two binaries have it, and each uses its part")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// What clients have to show.
pub const TOKEN: &str = "let-me-in";

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/spark_server.py");

/// A Spark that listens.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    /// The Python that has PySpark.
    pub python: String,
    /// Where its tables lie.
    pub warehouse: std::path::PathBuf,
    /// It ends when its standard input does, and so with this process, however that ends.
    _process: Mutex<Child>,
}

impl Server {
    pub fn url(&self) -> String {
        format!("sc://127.0.0.1:{}/;token={TOKEN}", self.port)
    }
}

/// Returns the Spark of this process. Without PySpark the test says so and is skipped; in CI it fails.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

fn start() -> Option<Server> {
    let python = std::env::var("WEIR_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = Command::new(&python).args(["-c", "import pyspark, grpc, pandas"]).stderr(Stdio::null()).status();
    if !probe.is_ok_and(|it| it.success()) {
        assert!(std::env::var("CI").is_err(), "`{python}` has no `pyspark[connect]`, and in CI it has to");
        eprintln!("SKIPPED: `{python}` has no `pyspark[connect]`; WEIR_TEST_PYTHON names one that has");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut process = Command::new(&python)
        .arg(PROGRAM)
        .args([folder.path().as_os_str(), TOKEN.as_ref()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).find_map(|it| it.strip_prefix("ready ")?.parse().ok());
    let said = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    let port = ready.unwrap_or_else(|| panic!("Spark did not start:\n{}", said()));
    // A static is never dropped: the program takes the folder with it.
    Some(Server { port, python, warehouse: folder.keep().join("warehouse"), _process: Mutex::new(process) })
}
