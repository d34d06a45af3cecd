//! The `weir` command: arguments, run, exit code.

/// Reading 10,000 declarations makes a million small allocations on two threads. The system's allocator would take a
/// third of the time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    weir::cli::main()
}
