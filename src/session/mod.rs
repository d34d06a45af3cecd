//! One run over a repo and a registry: check, plan, commit. It returns values and typed errors. Nothing here prints,
//! asks, or reads the environment of the process.
//!
//! A repo is planned and applied in a few lines:
//!
//! ```
//! use weir::apply::Occasion;
//! use weir::session::{Environment, How, Missing, Session};
//!
//! # let folder = std::env::temp_dir().join(format!("weir-session-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # std::fs::write(folder.join("weir.toml"), "")?;
//! # std::fs::write(folder.join("user.yaml"), "kind: Entity\nname: user\njoin_keys: [user_id]\n")?;
//! let now = "2026-11-28T09:00:00Z".parse()?;
//! let session = Session::new(Environment::new(&folder));
//! let site = session.site()?;
//! let mut ledger = session.ledger(&site, Missing::Made)?;
//! let made = ledger.plan(&site, session.read(&site), &How::default(), now)?;
//! let approved = made.planned.approve()?;
//! let occasion = Occasion::new(now, "me");
//! let serial = ledger.commit(&approved, &occasion, now)?;
//! # std::fs::remove_dir_all(&folder)?;
//! # assert_eq!(serial.to_string(), "1");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod back;
mod check;
mod commit;
mod environment;
mod error;
mod ledger;
mod plan;
mod saved;
mod select;
mod site;

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

pub use back::Beside;
pub use check::{
    Checked, DATA_WARNINGS, Opened, Reading, SHOWN_IN_PLANS, Shown, Sources, check_files, counts, placed, surroundings,
};
pub use environment::{Chosen, Environment, Variables};
pub use error::Error;
pub use ledger::{Ledger, Missing};
pub use plan::{How, Made, Planned};
pub use select::is_name;
pub use site::{Named, Site};

pub type Result<T> = std::result::Result<T, Error>;

/// The shared parts of a run: its environment, the runtime that waits for the registry, and the background work.
pub struct Session {
    pub environment: Environment,
    runtime: tokio::runtime::Runtime,
    aside: Mutex<Option<JoinHandle<()>>>,
}

impl Session {
    pub fn new(environment: Environment) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without timers and sockets needs nothing from the system");
        Self { environment, runtime, aside: Mutex::default() }
    }

    /// Waits for a future of the registry.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Runs `work` in the background, after earlier work. It writes data for the next run, and dropping the session
    /// waits for it. Without a thread for it, the work is skipped, and the next run is slower.
    fn aside(&self, work: impl FnOnce() + Send + 'static) {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        let before = aside.take();
        let after = move || {
            before.map(JoinHandle::join);
            work();
        };
        *aside = std::thread::Builder::new().spawn(after).ok();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Background work serves the next run only, so its result does not matter.
        let aside = self.aside.get_mut().unwrap_or_else(PoisonError::into_inner);
        aside.take().map(JoinHandle::join);
    }
}
