//! Children of tests: each has a time limit and the system's own way with signals. A test fails; it never hangs.

use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once, mpsc};
use std::time::Duration;

/// Longer than any command of a test takes, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs a command to its end, with nothing on stdin unless the command says otherwise, and returns what it wrote.
#[track_caller]
pub fn output(command: &mut Command) -> Output {
    output_within(command, PATIENCE)
}

/// The same, within a time that is part of the promise.
#[track_caller]
pub fn output_within(command: &mut Command, limit: Duration) -> Output {
    start_within(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()), limit).finish()
}

/// Runs a command that has to succeed.
#[track_caller]
pub fn succeed(command: &mut Command) {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Starts a command, and kills it with all that it started when it takes too long.
#[track_caller]
pub fn start(command: &mut Command) -> Running {
    start_within(command, PATIENCE)
}

#[track_caller]
fn start_within(command: &mut Command, limit: Duration) -> Running {
    default_signals();
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = command.spawn().unwrap_or_else(|it| panic!("{command:?} cannot be started: {it}"));
    let late = Arc::new(AtomicBool::new(false));
    let (ended, wait) = mpsc::channel::<()>();
    std::thread::spawn({
        let (id, late) = (child.id(), late.clone());
        move || {
            if wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                late.store(true, Ordering::SeqCst);
                kill(id);
            }
        }
    });
    Running { child: Some(child), what: format!("{command:?}"), limit, late, _ended: ended }
}

/// A command that runs. What is left of it ends with this value.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    what: String,
    limit: Duration,
    late: Arc<AtomicBool>,
    _ended: mpsc::Sender<()>,
}

impl Running {
    /// Waits for its end, and returns what it wrote. Stops the test when the limit passed first.
    #[track_caller]
    pub fn finish(mut self) -> Output {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        assert!(!self.late.load(Ordering::SeqCst), "{} did not end within {:?}", self.what, self.limit);
        output
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.child.as_ref().unwrap()
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child
            && child.try_wait().is_ok_and(|it| it.is_none())
        {
            kill(child.id());
            let _ = child.wait();
        }
    }
}

/// Kills a command and all that it started: they are one process group.
fn kill(id: u32) {
    let _ = Command::new("kill").args(["-9", "--", &format!("-{id}")]).stderr(Stdio::null()).status();
}

/// Takes back that signals are ignored, as they are below `nohup` and in the background of a script.
///
/// What is ignored stays ignored in every child. What is handled is not: this handles each, and does what the system
/// would do.
fn default_signals() {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
                signal_hook::flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true))).unwrap();
            }
        });
    }
}

/// Which of the signals that a shell may ignore are ignored by a child, as bits: 0 when none.
#[cfg(target_os = "linux")]
fn ignored_by_a_child() -> u64 {
    let said = output(Command::new("grep").args(["SigIgn", "/proc/self/status"]));
    let said = String::from_utf8(said.stdout).unwrap();
    let bits = u64::from_str_radix(said.split_whitespace().nth(1).unwrap(), 16).unwrap();
    // SIGHUP, SIGINT, SIGQUIT and SIGTERM are 1, 2, 3 and 15.
    bits & 0b100_0000_0000_0111
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_ignores_no_signal() {
    assert_eq!(ignored_by_a_child(), 0);
}

/// Runs the test above where every signal is ignored, as below `nohup`.
#[cfg(target_os = "linux")]
#[test]
fn a_child_ignores_no_signal_even_where_its_parent_does() {
    let mut shell = Command::new("sh");
    let script = "trap '' HUP INT QUIT TERM; exec \"$0\" --exact child::a_child_ignores_no_signal";
    let run = output(shell.args(["-c", script]).arg(std::env::current_exe().unwrap()));
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(said.contains("test result: ok. 1 passed;"), "{said}");
}

#[test]
#[should_panic(expected = "did not end within 50ms")]
fn a_child_that_takes_too_long_is_killed_with_all_that_it_started() {
    output_within(Command::new("sh").args(["-c", "sleep 1000 & sleep 1000"]), Duration::from_millis(50));
}
