//! How long weir takes on a large repo: prints the table of spec 2, "Speed". Run it with `cargo bench --bench speed`.
//!
//! Each run goes through all steps once, so that what else the machine does at a moment touches all of them alike.
//! Under `cargo test --benches` it goes once through a small repo, to show that it works.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its results")]

mod generate;
mod measure;
mod report;
mod team;
mod view;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use weir::render::words;

use generate::{Layout, Repo, generate};
use measure::Step;
use report::{Column, Samples, Table};

/// Measure weir on generated repos
///
/// TMPDIR chooses the disk that the repos are made on. Exits 1 when a command fails, never for a missed budget.
#[derive(Debug, Parser)]
#[command(name = "speed", max_term_width = 100)]
struct Options {
    /// How many declarations a repo has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..))]
    count: Option<u32>,

    /// How often each step is measured
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,

    /// How declarations are spread over files (repeatable; default: one and hundred)
    #[arg(long, value_enum)]
    layout: Vec<Layout>,

    /// Measure how cost grows instead: with the number of declarations, and with the length of the history
    #[arg(long)]
    grow: bool,

    /// Put the repos under git, which apply asks for the commit
    #[arg(long)]
    git: bool,

    /// Print Markdown
    #[arg(long)]
    markdown: bool,

    /// Only write a repo to this folder
    #[arg(long, value_name = "DIR", conflicts_with = "grow")]
    generate: Option<PathBuf>,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn count(&self) -> usize {
        self.count.unwrap_or(if self.bench { 10_000 } else { 100 }) as usize
    }

    fn runs(&self) -> usize {
        self.runs.unwrap_or(if self.bench { 5 } else { 1 }) as usize
    }

    fn layouts(&self) -> Vec<Layout> {
        if self.layout.is_empty() { vec![Layout::One, Layout::Hundred] } else { self.layout.clone() }
    }

    fn print(&self, title: &str, table: &Table) {
        if self.markdown {
            println!("{title}\n\n{}", table.markdown());
        } else {
            println!("{title}\n\n{}", table.text());
        }
    }
}

/// The samples of each step, and the peak memory in KB where it can be told.
type Rounds = (Vec<(Step, Samples)>, Option<u64>);

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if let Some(folder) = &options.generate {
        let layout = options.layouts()[0];
        let repo = generate(folder, options.count(), layout).context("the repo cannot be written")?;
        println!("{}: {}", folder.display(), size(&repo));
        return Ok(());
    }
    let bench = Bench::new(options)?;
    let before = report::load_average();
    println!("{}, load average {before}", report::machine());
    if cfg!(debug_assertions) {
        println!("This is a debug build: its times say nothing.");
    }
    println!();
    let done = if options.grow { grow(&bench) } else { table(&bench) };
    println!("The load average was {before} before, and is {} now.", report::load_average());
    done
}

/// Prints the table of the budgets.
fn table(bench: &Bench) -> Result<()> {
    let options = bench.options;
    let columns = options.layouts().into_iter().map(|it| bench.column(it)).collect::<Result<Vec<_>>>()?;
    let title = format!(
        "{}, {}: median (min) in ms, times the floor, budget; `!` is over budget",
        words::count(options.count(), "declaration"),
        words::count(options.runs(), "run")
    );
    options.print(&title, &report::budgets(&columns));
    if let Some(verdict) = report::verdict(&columns) {
        println!("{verdict}");
    }
    Ok(())
}

/// Prints how cost grows: linear in the declarations, not at all with the history.
fn grow(bench: &Bench) -> Result<()> {
    let options = bench.options;
    let counts = if options.bench { [1_000, 10_000, 100_000] } else { [10, 100, 1_000] };
    let header = ["declarations", "first apply", "each, µs", "plan, nothing to do", "each, µs", "peak memory, MB"];
    let mut growth = Table { header: header.map(str::to_owned).to_vec(), rows: Vec::new() };
    for count in counts {
        growth.rows.push(bench.growth(count)?);
    }
    options.print("By the number of declarations, 100 a file: median (min) in ms", &growth);

    let edits = if options.bench { 200 } else { 5 };
    let header = ["applies in the history", "plan, nothing to do", "apply of one edit"];
    let history = Table { header: header.map(str::to_owned).to_vec(), rows: bench.history(edits)? };
    let declarations = words::count(options.count(), "declaration");
    options.print(&format!("By the history of {declarations}, 100 a file: median (min) in ms"), &history);
    Ok(())
}

/// A folder for repos that goes away with it.
struct Bench<'a> {
    options: &'a Options,
    folder: PathBuf,
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        // What is left in the temporary folder harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl<'a> Bench<'a> {
    fn new(options: &'a Options) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("weir-speed-{}", std::process::id()));
        std::fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Self { options, folder })
    }

    fn repo(&self, name: &str, count: usize, layout: Layout) -> Result<Repo> {
        say(&format!("generating {}, {}", words::count(count, "declaration"), layout.title()));
        let repo = generate(&self.folder.join(name), count, layout).context("the repo cannot be written")?;
        if self.options.git {
            measure::commit_to_git(&repo)?;
        }
        measure::settle();
        say(&format!("measuring {}", size(&repo)));
        Ok(repo)
    }

    fn column(&self, layout: Layout) -> Result<Column> {
        let repo = self.repo(&layout.title().replace(' ', "-"), self.options.count(), layout)?;
        let (samples, peak_kb) = self.rounds(&repo, &Step::ALL)?;
        Ok(Column { layout, count: repo.count, samples, peak_kb })
    }

    /// Goes through the steps, run after run, and once more for their memory.
    fn rounds(&self, repo: &Repo, steps: &[Step]) -> Result<Rounds> {
        let runs = self.options.runs();
        let mut samples: Vec<(Step, Samples)> = steps.iter().map(|it| (*it, Samples::default())).collect();
        for nth in 0..runs {
            for (step, samples) in &mut samples {
                samples.push(step.measure(repo, nth)?);
            }
        }
        let mut peak_kb = None;
        if measure::tells_memory() {
            for step in steps {
                peak_kb = peak_kb.max(step.peak_memory_kb(repo, runs)?);
            }
        }
        Ok((samples, peak_kb))
    }

    fn growth(&self, count: usize) -> Result<Vec<String>> {
        let repo = self.repo(&format!("grow-{count}"), count, Layout::Hundred)?;
        let (samples, peak_kb) = self.rounds(&repo, &[Step::FirstApply, Step::Plan])?;
        let mut row = vec![count.to_string()];
        for (_, samples) in &samples {
            row.push(samples.median_and_min());
            row.push(format!("{:.1}", samples.median_ms() * 1000.0 / count as f64));
        }
        row.push(peak_kb.map_or("n/a".to_owned(), |it| format!("{:.1}", it as f64 * 1024.0 / 1e6)));
        Ok(row)
    }

    /// Measures plan and edit in a short history, and again after `edits` more.
    fn history(&self, edits: usize) -> Result<Vec<Vec<String>>> {
        let repo = self.repo("history", self.options.count(), Layout::Hundred)?;
        Step::FirstApply.measure(&repo, 0)?;
        let mut applied = 0;
        let mut rows = Vec::new();
        for more in [0, edits] {
            for _ in 0..more {
                Step::Edit.measure(&repo, applied)?;
                applied += 1;
            }
            let before = applied + 1;
            let (mut plan, mut edit) = (Samples::default(), Samples::default());
            for _ in 0..self.options.runs() {
                plan.push(Step::Plan.measure(&repo, applied)?);
                edit.push(Step::Edit.measure(&repo, applied)?);
                applied += 1;
            }
            rows.push(vec![before.to_string(), plan.median_and_min(), edit.median_and_min()]);
        }
        Ok(rows)
    }
}

fn size(repo: &Repo) -> String {
    format!(
        "{} in {}, {} lines, {:.1} MB",
        words::count(repo.count, "declaration"),
        words::count(repo.files, "file"),
        repo.lines,
        repo.bytes as f64 / 1e6
    )
}

/// Says what takes so long, to whoever waits at a terminal.
fn say(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}
