//! Prints what was measured, and on what machine: as text for eyes or as Markdown for a page.

use std::time::Duration;

use crate::generate::Layout;
use crate::measure::Step;

/// How long one step took, run after run.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    pub fn push(&mut self, elapsed: Duration) {
        self.0.push(elapsed);
    }

    pub fn median_ms(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        let middle = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2;
        ms(middle)
    }

    pub fn min_ms(&self) -> f64 {
        ms(self.0.iter().copied().min().unwrap_or_default())
    }

    /// Returns `421.3 (400.1)`.
    pub fn median_and_min(&self) -> String {
        format!("{:.1} ({:.1})", self.median_ms(), self.min_ms())
    }
}

fn ms(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1000.0
}

/// Rows of text below a header.
#[derive(Debug)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Returns the table in aligned columns, the first to the left and the others to the right.
    pub fn text(&self) -> String {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let width = |column: usize| lines().map(|it| it[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let mut text = String::new();
        for line in lines() {
            let mut cells = format!("{:<1$}", line[0], widths[0]);
            for (cell, width) in line.iter().zip(&widths).skip(1) {
                cells += &format!("  {cell:>width$}");
            }
            text += cells.trim_end();
            text.push('\n');
        }
        text
    }

    /// Returns the table as Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<String> =
                cells.iter().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = format!("|---|{}\n", "---:|".repeat(self.header.len() - 1));
        line(&self.header) + &rule + &self.rows.iter().map(|it| line(it)).collect::<String>()
    }
}

/// What one layout gave.
#[derive(Debug)]
pub struct Column {
    pub layout: Layout,
    pub count: usize,
    pub samples: Vec<(Step, Samples)>,
    /// The most memory that any step needed, where this machine tells.
    pub peak_kb: Option<u64>,
}

/// The order of the budgets, which is not the order in which the steps run.
const ROWS: [(Step, &str); 7] = [
    (Step::StartUp, "start-up"),
    (Step::Validate, "validate, no cache"),
    (Step::Plan, "plan, nothing to do"),
    (Step::Edit, "apply of one edit"),
    (Step::FirstApply, "first apply"),
    (Step::Floor, "floor: read and hash"),
    (Step::Parse, "floor: parse, one core"),
];

const MEMORY: &str = "peak memory, MB";

/// The number of declarations that the budgets are for.
const BUDGETED: usize = 10_000;
const MEMORY_MB_MAX: f64 = 100.0;

/// Returns the budget in ms (spec 2, "Speed").
fn budget_ms(step: Step, layout: Layout, count: usize) -> Option<f64> {
    let (one, hundred) = match step {
        Step::StartUp => (5.0, 5.0),
        Step::Validate => (500.0, 400.0),
        Step::Plan => (200.0, 60.0),
        Step::Edit => (400.0, 400.0),
        Step::FirstApply => (1000.0, 800.0),
        Step::Floor | Step::Parse => return None,
    };
    match layout {
        Layout::One => Some(one),
        Layout::Hundred => Some(hundred),
        Layout::Big => None,
    }
    .filter(|_| count == BUDGETED)
}

impl Column {
    fn samples(&self, step: Step) -> &Samples {
        let found = self.samples.iter().find(|it| it.0 == step);
        &found.expect("every step of every row is measured").1
    }

    fn memory_mb(&self) -> Option<f64> {
        self.peak_kb.map(|it| it as f64 * 1024.0 / 1e6)
    }

    fn memory_budget(&self) -> Option<f64> {
        Some(MEMORY_MB_MAX).filter(|_| self.count == BUDGETED && self.layout != Layout::Big)
    }

    fn cell(&self, step: Step) -> String {
        let samples = self.samples(step);
        let min = format!("({:.1})", samples.min_ms());
        let ratio = match step {
            // A start reads nothing: the floor says nothing of it.
            Step::StartUp => String::new(),
            _ => format!("{:.1}x", samples.median_ms() / self.samples(Step::Floor).median_ms()),
        };
        let budget = budget_ms(step, self.layout, self.count);
        cell(samples.median_ms(), &min, &ratio, budget)
    }
}

fn cell(value: f64, min: &str, ratio: &str, budget: Option<f64>) -> String {
    let mark = if over(value, budget) { "!" } else { "" };
    let budget = budget.map(|it| format!("< {it}")).unwrap_or_default();
    format!("{value:.1} {min:>9} {ratio:>6} {budget:>6} {mark:1}")
}

fn over(value: f64, budget: Option<f64>) -> bool {
    budget.is_some_and(|it| value >= it)
}

/// Returns the table of the budgets: a column for each layout.
pub fn budgets(columns: &[Column]) -> Table {
    let mut header = vec![String::new()];
    header.extend(columns.iter().map(|it| it.layout.title().to_owned()));
    let mut rows: Vec<Vec<String>> = ROWS
        .iter()
        .map(|(step, name)| {
            let cells = columns.iter().map(|it| it.cell(*step));
            std::iter::once((*name).to_owned()).chain(cells).collect()
        })
        .collect();
    let mut memory = vec![MEMORY.to_owned()];
    memory.extend(columns.iter().map(|it| match it.memory_mb() {
        Some(mb) => cell(mb, "", "", it.memory_budget()),
        None => "n/a".to_owned(),
    }));
    rows.insert(rows.len() - 1, memory);
    Table { header, rows }
}

/// Returns one sentence on the budgets, or nothing where none holds.
pub fn verdict(columns: &[Column]) -> Option<String> {
    let mut missed = Vec::new();
    let mut held = 0;
    for column in columns {
        let steps = ROWS.iter().map(|(step, name)| {
            (*name, column.samples(*step).median_ms(), budget_ms(*step, column.layout, column.count))
        });
        let memory = column.memory_mb().map(|it| (MEMORY, it, column.memory_budget()));
        for (name, value, budget) in steps.chain(memory).filter(|it| it.2.is_some()) {
            if over(value, budget) {
                missed.push(format!("{name} ({})", column.layout.title()));
            } else {
                held += 1;
            }
        }
    }
    match (missed.len(), held) {
        (0, 0) => None,
        (0, held) => Some(format!("All {held} budgets are met.")),
        (count, held) => Some(format!("{count} of {} budgets missed: {}.", count + held, missed.join(", "))),
    }
}

/// Returns one line on the machine.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or_else(|_| "unknown".to_owned(), |it| it.to_string());
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|it| it.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown CPU", |it| it.1);
    format!("{} {}, {cores} cores, {model}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Returns the load averages over 1, 5 and 15 minutes: how much others take from what is measured.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let loads: Vec<&str> = text.split(' ').take(3).collect();
    if loads.len() == 3 { loads.join(" ") } else { "unknown".to_owned() }
}
