//! `weir preview`

use std::collections::{HashMap, HashSet};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use comfy_table::Table;

use super::context::Context;
use super::find::{Among, find_among};
use super::stop::{Exit, Stop};
use super::table::lines;
use crate::diagnostic::{Diagnostic, DocumentId, Place as At, Span};
use crate::disk::Draft;
use crate::engine::{self, Engine, Format, Found, Request, Scan, Seen};
use crate::load::{self, Repo};
use crate::render::{shown, words};
use crate::resource::graph::Reach;
use crate::resource::{Address, Instant, Resource};
use crate::session::{Session, Site, placed, surroundings};

/// Show the rows of a source or a view
///
/// Reads the rows as the repo declares them, applied or not: of a source after its post_processor, of a view what its
/// query yields, before any aggregation. With times, the rows with start <= timestamp_field < end. Writes nothing to
/// the registry.
#[derive(Debug, clap::Args)]
pub struct PreviewArgs {
    /// Kind.name, or the name alone where that is enough
    address: String,

    /// The first time to show, as 2024-01-31 or 2024-01-31T12:00:00Z; UTC unless it says otherwise
    #[arg(long, value_name = "TIME", value_parser = instant)]
    start: Option<Instant>,

    /// The time before which to show
    #[arg(long, value_name = "TIME", value_parser = instant)]
    end: Option<Instant>,

    /// Leave the post_processor out
    #[arg(long)]
    raw: bool,

    /// How many rows at most; of a table 20 unless given
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// How to print them; with --out, what the file's name ends with
    #[arg(long, value_enum)]
    format: Option<PreviewFormat>,

    /// Write them to a file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PreviewFormat {
    Table,
    Csv,
    /// An array of one object a row
    Json,
    Parquet,
}

/// The number of rows in a table by default.
const TABLE_ROWS: usize = 20;

/// Parses a time. One without a zone is UTC (seed: get_dataframe).
fn instant(text: &str) -> Result<Instant, String> {
    text.parse().or_else(|fault| format!("{}Z", text.trim()).parse().map_err(|_| fault))
}

pub fn run(context: &Context, args: &PreviewArgs) -> Result<Exit, Stop> {
    if !engine::AVAILABLE {
        return Err(
            anyhow::anyhow!("this build has no engine to read rows with: install weir with `--features data`").into()
        );
    }
    let session = context.session()?;
    let site = session.sound_site()?;
    let (repo, address) = find(session, &site, &args.address)?;
    let declared = repo.declared.iter().find(|it| it.resource.address == address);
    let declared = declared.with_context(|| format!("{address} was declared a moment ago"))?;
    let format = args.format();
    // One row more than shown tells whether there are more.
    let limit = match (format, args.limit) {
        (PreviewFormat::Table, limit) => Some(limit.unwrap_or(TABLE_ROWS).saturating_add(1)),
        (_, limit) => limit,
    };
    let resources: Vec<&Resource> = repo.declared.iter().map(|it| &it.resource).collect();
    let (asked, raw) = (&declared.resource, args.raw);
    let request = Request { resources: &resources, asked, start: args.start, end: args.end, raw, limit };
    let engine = Engine::new(&surroundings(&site, None, ""));
    let rows = Rows { engine: engine.map_err(|it| faulty(&repo, vec![it]))?, repo: &repo, request };
    let seen = match &args.out {
        Some(path) => to_file(context, &rows, format, path)?,
        None => to_stdout(context, &rows, format)?,
    };
    if context.ui.verbose {
        context.ui.say(&scan_line(seen.scan));
    }
    Ok(Exit::Done)
}

/// The request for rows, with the engine that reads them.
struct Rows<'a> {
    engine: Engine,
    repo: &'a Repo,
    request: Request<'a>,
}

fn faulty(repo: &Repo, found: Vec<Found>) -> Stop {
    let mut faults = placed(repo, found);
    repo.locate(&mut faults);
    Stop::Diagnostics(faults)
}

impl PreviewArgs {
    fn format(&self) -> PreviewFormat {
        let ending = self.out.as_deref().and_then(Path::extension).and_then(|it| it.to_str());
        let by_name = ending.and_then(|it| PreviewFormat::from_str(it, true).ok());
        self.format.or(by_name).unwrap_or(PreviewFormat::Table)
    }
}

/// Reads the repo and finds the resource that `text` means. Only mistakes in it and in its dependencies are errors.
fn find(session: &Session, site: &Site, text: &str) -> Result<(Repo, Address), Stop> {
    let (repo, errors) = session.resolve(site, session.read(site));
    let addresses = repo.declared.iter().map(|it| &it.resource.address);
    let name = text.split_once('.').map_or(text, |it| it.1);
    let address = match find_among(Among::Declared, text, addresses) {
        Ok(address) => address,
        // The resource is declared, with a mistake.
        Err(_) if repo.broken.contains_key(name) => return Err(mistakes(&repo, errors)),
        Err(stop) => return Err(stop),
    };
    let concerned = reached(&repo, &address);
    let errors: Vec<Diagnostic> = errors.into_iter().filter(|it| concerns(it, &repo, &concerned)).collect();
    if errors.is_empty() { Ok((repo, address)) } else { Err(mistakes(&repo, errors)) }
}

fn mistakes(repo: &Repo, mut errors: Vec<Diagnostic>) -> Stop {
    repo.locate(&mut errors);
    Stop::Mistakes { errors, documents: repo.documents.len() }
}

/// Returns the documents of `address` and of all its dependencies.
fn reached(repo: &Repo, address: &Address) -> HashSet<DocumentId> {
    // A repo with mistakes may declare one address twice.
    let mut declared: HashMap<&Address, Vec<&load::Declared>> = HashMap::new();
    repo.declared.iter().for_each(|it| declared.entry(&it.resource.address).or_default().push(it));
    let of = |at| declared.get(at).into_iter().flatten();
    let reach = Reach::new([address], |at| of(at).flat_map(|it| &it.resource.depends_on));
    reach.nodes().flat_map(of).map(|it| it.document).collect()
}

fn concerns(diagnostic: &Diagnostic, repo: &Repo, documents: &HashSet<DocumentId>) -> bool {
    // A dependency of one of them may be a declaration with a mistake.
    let read = repo.declared.iter().filter(|it| documents.contains(&it.document));
    let refers_to_broken =
        read.flat_map(|it| it.resource.spec.declaration().references()).any(|it| repo.broken.contains_key(&it.name));
    diagnostic.labels.iter().any(|it| match &it.place {
        At::Field { document, .. } | At::Query { document, .. } => documents.contains(document),
        At::Span(span) => refers_to_broken || document_at(repo, span).is_some_and(|it| documents.contains(&it)),
    })
}

/// Returns the document that a mistake is in, if its file has any.
fn document_at(repo: &Repo, span: &Span) -> Option<DocumentId> {
    let here = repo.documents.iter().enumerate().filter(|it| repo.files[it.1.file].path == span.file);
    here.filter(|it| it.1.place.line <= span.line).map(|it| DocumentId(it.0)).next_back()
}

fn to_stdout(context: &Context, rows: &Rows, format: PreviewFormat) -> Result<Seen, Stop> {
    if format == PreviewFormat::Table {
        let (seen, more) = few(rows)?;
        context.ui.data(&table(&seen))?;
        context.ui.say(&format!("{}{more}.", words::count(seen.rows, "row")));
        return Ok(seen);
    }
    let out = std::io::stdout();
    if format == PreviewFormat::Parquet && out.is_terminal() {
        return Err(anyhow::anyhow!("Parquet is not for a terminal: name a file with --out").into());
    }
    let mut pipe = Pipe { out, is_gone: false };
    match show(rows, format.plain(), &mut pipe) {
        // A reader that stops early (`| head`) is no fault.
        Err(_) if pipe.is_gone => Ok(Seen::default()),
        shown => shown,
    }
}

/// Returns the rows of a table, and a note when there are more.
fn few(rows: &Rows) -> Result<(Seen, &'static str), Stop> {
    let mut seen = show(rows, Format::Table, &mut std::io::sink())?;
    let more = rows.request.limit.is_some_and(|it| seen.rows == it);
    if more {
        seen.rows -= 1;
        seen.cells.pop();
    }
    Ok((seen, if more { ", and there are more: --limit N shows N" } else { "" }))
}

/// stdout, with a flag that tells whether its reader went away.
struct Pipe {
    out: std::io::Stdout,
    is_gone: bool,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes).inspect_err(|it| self.is_gone |= it.kind() == std::io::ErrorKind::BrokenPipe)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush().inspect_err(|it| self.is_gone |= it.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// Writes to a new file, which replaces the old one when complete.
fn to_file(context: &Context, rows: &Rows, format: PreviewFormat, path: &Path) -> Result<Seen, Stop> {
    let path = context.directory()?.join(path);
    let cannot = || format!("`{}` cannot be written", path.display());
    let folder = path.parent().filter(|it| matches!(it.metadata(), Ok(metadata) if metadata.is_dir()));
    folder.with_context(|| format!("`{}` is not in a folder that exists", path.display()))?;
    path.file_name().with_context(|| format!("`{}` is not a file's name", path.display()))?;
    let mut draft = Draft::new(&path).with_context(cannot)?;
    let (seen, more) = write_all(rows, format, &mut draft, &path)?;
    draft.finish().with_context(cannot)?;
    context.ui.say(&format!("Wrote {} to {}{more}.", words::count(seen.rows, "row"), shown::path(&path)));
    Ok(seen)
}

fn write_all(
    rows: &Rows,
    format: PreviewFormat,
    file: &mut (dyn Write + Send),
    path: &Path,
) -> Result<(Seen, &'static str), Stop> {
    let cannot = || format!("`{}` cannot be written", path.display());
    let written = match format {
        PreviewFormat::Table => {
            let few = few(rows)?;
            file.write_all(table(&few.0).as_bytes()).with_context(cannot)?;
            few
        }
        other => (show(rows, other.plain(), file)?, ""),
    };
    file.flush().with_context(cannot)?;
    Ok(written)
}

impl PreviewFormat {
    fn plain(self) -> Format {
        match self {
            Self::Table => Format::Table,
            Self::Csv => Format::Csv,
            Self::Json => Format::Json,
            Self::Parquet => Format::Parquet,
        }
    }
}

fn show(rows: &Rows, format: Format, out: &mut (dyn Write + Send)) -> Result<Seen, Stop> {
    rows.engine.preview(&rows.request, format, out).map_err(|it| faulty(rows.repo, it))
}

fn table(seen: &Seen) -> String {
    let mut table: Table = super::table::table::<0>([]);
    table.set_header(seen.columns.iter().map(|it| shown::line(it)));
    for row in &seen.cells {
        table.add_row(row.iter().map(|it| shown::line(it)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    lines(&table)
}

/// Returns a line about the amount that was read, which shows what a filter saved.
fn scan_line(scan: Scan) -> String {
    let groups = match scan.row_groups {
        0 => String::new(),
        all => format!("{} of {}, ", all - scan.row_groups_left_out, words::count(all, "row group")),
    };
    // Bytes are counted for Parquet files only.
    let bytes = if scan.bytes == 0 { String::new() } else { format!(", {} bytes", scan.bytes) };
    format!("Read {groups}{}{bytes}.", words::count(scan.rows, "row"))
}
