//! Any bytes are a repo that loads, or mistakes that say where they are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir::settings::Settings;
use weir::{load, session};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.yaml"), bytes).expect("a file");
    let (files, mut diagnostics) = load::read_files(folder.path());
    diagnostics.extend(session::check_files(files, &Settings::default()).diagnostics);
    for diagnostic in &diagnostics {
        assert!(diagnostic.span().is_some_and(|it| it.line > 0), "{diagnostic} has no place");
    }
});
