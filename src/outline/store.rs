//! Where an outline is kept: one text file beside the parse cache, written whole. What does not check out is not used.

use std::path::PathBuf;

use rayon::prelude::*;

use super::{File, Line, Outline};
use crate::absent::read_text;
use crate::load::write_new;
use crate::resource::{Digest, hex};

/// The file of one repo, as one build of weir and one weir.toml write it.
pub struct Store {
    path: PathBuf,
    header: String,
}

/// A line as it is written: address, file, both digests, protection, dependencies, then what few lines have.
type Stored<'a, Text> = (&'a str, usize, &'a str, &'a str, bool, Vec<usize>, Vec<Text>, Vec<Text>, Vec<(Text, Text)>);

impl Store {
    /// Keeps the outline in `folder`; another `build` or other `defaults` start afresh.
    pub fn new(folder: PathBuf, build: &str, defaults: &[u8; 32]) -> Self {
        let header = format!("weir outline 1, {build}, {}\n", hex(defaults));
        Self { path: folder.join("outline.cache"), header }
    }

    /// Says whether anything is kept.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Returns what was kept last.
    pub fn read(&self) -> Option<Outline> {
        let text = read_text(&self.path, u64::MAX - 1).ok()?;
        let (check, rest) = text.strip_prefix(&self.header)?.split_once('\n')?;
        if check != blake3::hash(rest.as_bytes()).to_hex().as_str() {
            return None;
        }
        let (files, lines) = rest.split_once("\n\n")?;
        let files = files.par_lines().map(file).collect::<Option<_>>()?;
        let lines = lines.par_lines().map(line).collect::<Option<_>>()?;
        Some(Outline { files, lines })
    }

    /// Keeps `outline`, or with `None` nothing. Failing is no fault: the next run takes longer.
    pub fn write(&self, outline: Option<&Outline>) {
        let Some(outline) = outline else {
            let _ = std::fs::remove_file(&self.path);
            return;
        };
        let parts = parts(outline);
        let mut hasher = blake3::Hasher::new();
        for part in &parts {
            hasher.update(part.as_bytes());
        }
        let header = format!("{}{}\n", self.header, hasher.finalize().to_hex());
        let _ = write_new(&self.path, &header, &parts);
    }
}

/// How many lines are one part of the text: the whole of it is in memory once.
const LINES: usize = 512;

fn parts(outline: &Outline) -> Vec<String> {
    let files = outline.files.par_chunks(LINES).map(|it| it.iter().map(|it| json(&(&*it.path, &*it.hash))).collect());
    let lines = outline.lines.par_chunks(LINES).map(|it| it.iter().map(to_text).collect());
    files.chain(rayon::iter::once("\n".to_owned())).chain(lines).collect()
}

fn json(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string(value).expect("names and numbers can be written");
    text.push('\n');
    text
}

fn file(text: &str) -> Option<File> {
    let (path, hash): (String, &str) = serde_json::from_str(text).ok()?;
    Some(File { path: path.into(), hash: hash.into() })
}

fn to_text(line: &Line) -> String {
    let texts = |it: &[Box<str>]| it.iter().map(ToString::to_string).collect();
    let stored: Stored<String> = (
        &line.address.to_string(),
        line.file,
        &line.local.to_string(),
        &line.digest.to_string(),
        line.prevent_destroy,
        line.depends_on.clone(),
        texts(&line.unbound),
        texts(&line.warnings),
        line.externals.iter().map(|it| (it.path.to_string(), it.hash.to_string())).collect(),
    );
    json(&stored)
}

fn line(text: &str) -> Option<Line> {
    let stored: Stored<String> = serde_json::from_str(text).ok()?;
    let (address, file, local, digest, prevent_destroy, depends_on, unbound, warnings, externals) = stored;
    let digest_of = |it: &str| it.parse::<Digest>().ok();
    Some(Line {
        address: address.parse().ok()?,
        file,
        local: digest_of(local)?,
        digest: digest_of(digest)?,
        prevent_destroy,
        depends_on,
        unbound: unbound.into_iter().map(Into::into).collect(),
        warnings: warnings.into_iter().map(Into::into).collect(),
        externals: externals.into_iter().map(|it| File { path: it.0.into(), hash: it.1.into() }).collect(),
    })
}
