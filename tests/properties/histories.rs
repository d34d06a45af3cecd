//! Random histories with the real binary and real registries, against an oracle that follows the identities of rows.
//!
//! Two registries with three workspaces each share one repo folder and its caches. Applies, suppressed recreates,
//! renames, restores, saved plans, destroys, and backups that are put back follow each other by chance. After every
//! command the oracle reads the tables itself and says whether something was lost, made up or left behind.
//!
//! `WEIR_HISTORY_SECONDS=3600 cargo test histories -- --nocapture` goes on for an hour, each time from another seed.

mod oracle;
mod rows;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::child;
use crate::support::{Repo as Folder, Run, weir};
use oracle::Tally;
use rows::{Rows, rows};

/// The workspaces of each registry; the last is a development workspace.
const WORKSPACES: [&str; 3] = ["prod", "eu", "dev"];

/// How many commands one history has.
const STEPS: usize = 60;

#[test]
fn nothing_is_lost_and_nothing_is_made_up_in_random_histories() {
    let asked = std::env::var("WEIR_HISTORY_SECONDS").ok().map(|it| it.parse().expect("a number of seconds"));
    let first = if asked.is_some() { u64::from(std::process::id()) << 20 } else { 1 };
    // A seed that failed is played again alone.
    if let Ok(seed) = std::env::var("WEIR_HISTORY_SEED") {
        return History::new(seed.parse().expect("a number")).play(&mut Tally::default());
    }
    let (start, limit) = (Instant::now(), Duration::from_secs(asked.unwrap_or(0)));
    let mut tally = Tally::default();
    for seed in first.. {
        History::new(seed).play(&mut tally);
        if start.elapsed() >= limit && (asked.is_some() || seed == 3) {
            break;
        }
    }
    eprintln!("random histories in {} s: {tally:?}", start.elapsed().as_secs());
    assert!(tally.applied > 20 && tally.refused > 3 && tally.restored > 2 && tally.saved_applied > 2, "{tally:?}");
}

/// One workspace of one registry, as the walk knows it.
struct Site {
    registry: usize,
    workspace: &'static str,
    /// What was declared last: edits start from here.
    world: World,
    /// What was recorded after each serial of this line of history.
    line: Vec<Rows>,
}

/// A plan that waits to be applied.
struct Waiting {
    file: PathBuf,
    site: usize,
    rows: Rows,
    serial: i64,
    refused: bool,
    world: World,
}

/// A copy of a registry, with what the walk knew when it was made.
struct Backup {
    file: PathBuf,
    registry: usize,
    lines: Vec<Vec<Rows>>,
}

/// One random history: a repo, its registries, and what is known of them.
struct History {
    seed: u64,
    runner: TestRunner,
    repo: Folder,
    /// The same files without caches: what a fresh clone plans.
    fresh: Folder,
    sites: Vec<Site>,
    waiting: Vec<Waiting>,
    backups: Vec<Backup>,
    /// The commands so far, for whoever reads a failure.
    told: Vec<String>,
    minute: u32,
}

impl History {
    fn new(seed: u64) -> Self {
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let sites = (0..2).flat_map(|registry| WORKSPACES.map(|workspace| (registry, workspace)));
        let sites = sites.map(|(registry, workspace)| {
            let world = world().new_tree(&mut runner).unwrap().current();
            Site { registry, workspace, world, line: vec![Rows::default()] }
        });
        let sites = sites.collect();
        let mut history = Self {
            seed,
            runner,
            repo: Folder::new(&[]),
            fresh: Folder::new(&[]),
            sites,
            waiting: Vec::new(),
            backups: Vec::new(),
            told: Vec::new(),
            minute: 0,
        };
        history.begin();
        history
    }

    /// Makes both registries with their workspaces.
    fn begin(&mut self) {
        for site in [0, 3] {
            self.write(&[]);
            self.run(site, &["registry", "init"]).exits(0);
            self.run(site, &["workspace", "create", "eu", "--live"]).exits(0);
            self.run(site, &["workspace", "create", "dev"]).exits(0);
        }
    }

    fn play(mut self, tally: &mut Tally) {
        for _ in 0..STEPS {
            self.minute += 1;
            let site = self.below(self.sites.len());
            match self.below(20) {
                0..=9 => self.edit_and_apply(site, tally),
                10 | 11 => self.save_a_plan(site),
                12 | 13 => self.apply_a_saved_plan(tally),
                14 | 15 => self.restore(site, tally),
                16 => self.back_up(site),
                17 => self.put_back(tally),
                18 if self.below(3) == 0 => self.destroy(site, tally),
                _ => self.plan_again(site, tally),
            }
        }
    }

    fn below(&mut self, end: usize) -> usize {
        (0..end).new_tree(&mut self.runner).unwrap().current()
    }

    fn registry(&self, site: usize) -> PathBuf {
        self.repo.path().join(format!("registries/{}.db", self.sites[site].registry))
    }

    /// Runs weir on a site; the clock goes on by a minute a step.
    fn run(&mut self, site: usize, arguments: &[&str]) -> Run {
        let folder = self.repo.path().to_owned();
        self.run_in(&folder, site, arguments)
    }

    fn run_in(&mut self, folder: &Path, site: usize, arguments: &[&str]) -> Run {
        let url = format!("sqlite://{}", self.registry(site).display());
        let now = format!("2026-11-21T{:02}:{:02}:00Z", self.minute / 60, self.minute % 60);
        let mut command = weir(folder);
        command.env("WEIR_NOW", now).args(["--registry", &url, "-q"]);
        if arguments[0] != "workspace" && arguments[0] != "registry" {
            command.args(["-w", self.sites[site].workspace]);
        }
        let run = Run::from(child::output(command.args(arguments)));
        let site = &self.sites[site];
        let said = run.stderr.lines().next().unwrap_or_default().to_owned();
        self.told.push(format!(
            "{}/{}: weir {} [{:?}] {said}",
            site.registry,
            site.workspace,
            arguments.join(" "),
            run.code
        ));
        run
    }

    /// Writes declarations, one a file; files that do not change are not touched.
    fn write(&self, stated: &[(Address, Value)]) {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for (at, (address, spec)) in stated.iter().enumerate() {
            let mut spec = spec.clone();
            spec["kind"] = json!(address.kind.to_string());
            spec["name"] = json!(address.name.to_string());
            files.insert(format!("{}-{}.yaml", at % 7, address.name.to_string().replace(':', "_")), spec.to_string());
        }
        for folder in [self.repo.path(), self.fresh.path()] {
            let folder = folder.join("declared");
            std::fs::create_dir_all(&folder).unwrap();
            let known = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
            for gone in known.filter(|it| !files.contains_key(it)).collect::<Vec<_>>() {
                std::fs::remove_file(folder.join(gone)).unwrap();
            }
            for (name, text) in &files {
                let path = folder.join(name);
                if std::fs::read_to_string(&path).is_ok_and(|it| it == *text) {
                    continue;
                }
                std::fs::write(path, text).unwrap();
            }
        }
    }

    /// Reads the tables of the site's registry: the workspaces of all, as rows.
    fn rows(&self, site: usize) -> BTreeMap<String, (i64, Rows)> {
        rows(&self.registry(site))
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let declared = std::fs::read_dir(self.repo.path().join("declared")).unwrap().map(|it| {
            let path = it.unwrap().path();
            format!("{}: {}", path.file_name().unwrap().display(), std::fs::read_to_string(&path).unwrap())
        });
        let declared: Vec<String> = declared.collect();
        panic!("seed {}: {what}\n\n{}\n\n{}", self.seed, self.told.join("\n"), declared.join("\n"));
    }
}
