//! The `weir` command: arguments, run, exit code.

fn main() -> std::process::ExitCode {
    weir::cli::main()
}
