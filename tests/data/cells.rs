//! Random CSV, JSON and Parquet files, every cell of which weir and pyarrow read alike: `cells.py` says how.

use super::python;
use crate::child;

/// How many data sets; `WEIR_CELL_SEEDS` takes more.
const SEEDS: u64 = 25;

#[test]
fn every_cell_is_the_one_that_stands_in_the_file() {
    let Some(_) = python::script("cells.py", "pyarrow") else { return };
    let seeds = std::env::var("WEIR_CELL_SEEDS").map_or(SEEDS, |it| it.parse().expect("a number"));
    let (mut cells, mut said) = (0, 0);
    for seed in 0..seeds {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weir.toml"), "").unwrap();
        let mut script = python::script("cells.py", "pyarrow").unwrap();
        let run = child::output(script.arg(env!("CARGO_BIN_EXE_weir")).arg(folder.path()).arg(seed.to_string()));
        let (out, error) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8_lossy(&run.stderr).into_owned());
        assert!(run.status.success(), "{error}");
        let counts: Vec<u64> = out.split_whitespace().map(|it| it.parse().unwrap()).collect();
        (cells, said) = (cells + counts[0], said + counts[1]);
    }
    eprintln!("{cells} cells of {seeds} data sets, and {said} files with a value that does not fit");
    assert!(cells > 200 * seeds && said < seeds, "{cells} cells, {said} files refused");
}
