//! Makes feature repos of any size. The same count and layout give the same bytes: nothing here is random.
//!
//! A repo is made of teams, of 13 declarations each: an entity, a source, nine views of that source and two services
//! over those views. Teams lean on each other: some views join the source, or describe the entity, of an earlier team.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::team::{Service, TEAM_SIZE, Team};

/// How declarations are spread over files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// A file for each declaration
    One,
    /// 100 declarations a file
    Hundred,
    /// All declarations in one file
    Big,
}

/// A generated feature repo.
#[derive(Debug)]
pub struct Repo {
    pub folder: PathBuf,
    pub count: usize,
    pub files: usize,
    pub lines: usize,
    pub bytes: usize,
    /// The files that declare a view, for edits.
    views: Vec<PathBuf>,
}

impl Layout {
    /// Returns what stands above its column.
    pub fn title(self) -> &'static str {
        match self {
            Self::One => "one file each",
            Self::Hundred => "100 a file",
            Self::Big => "one big file",
        }
    }
}

const PROJECT: &str = r#"workspace = "prod"

[registry]
url = "sqlite://.weir/registry.db"

# What is streamed is what models are trained on.
[defaults.StreamFeatureView]
offline = true
"#;

/// Generates a repo of `count` declarations in `folder`, which it makes.
pub fn generate(folder: &Path, count: usize, layout: Layout) -> io::Result<Repo> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("weir.toml"), PROJECT)?;
    let mut repo = Repo { folder: folder.to_owned(), count, files: 0, lines: 0, bytes: 0, views: Vec::new() };
    let declarations: Vec<Declaration> = (0..count).map(declaration).collect();
    match layout {
        Layout::One => {
            for it in &declarations {
                repo.write(&it.path, it.text.clone())?;
            }
        }
        Layout::Hundred => {
            for (index, chunk) in declarations.chunks(100).enumerate() {
                repo.write(&format!("declarations/part_{index:04}.yaml"), documents(chunk))?;
            }
        }
        Layout::Big => repo.write("declarations.yaml", documents(&declarations))?,
    }
    Ok(repo)
}

impl Repo {
    fn write(&mut self, path: &str, text: String) -> io::Result<()> {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("every file lies in the repo"))?;
        self.files += 1;
        self.lines += text.lines().count();
        self.bytes += text.len();
        if text.contains(VIEW) {
            self.views.push(path.clone());
        }
        fs::write(&path, text)
    }

    /// Gives one view another description. Successive edits go to files that lie far apart.
    pub fn edit(&self, nth: usize) -> io::Result<()> {
        let path = &self.views[nth * 37 % self.views.len()];
        let text = fs::read_to_string(path)?;
        let view = text.find(VIEW).expect("`views` lists files with a view");
        let start = view + text[view..].find("\ndescription: ").expect("every view is described") + 1;
        let end = start + text[start..].find('\n').expect("a description is one line");
        fs::write(path, format!("{}description: As of edit {nth}{}", &text[..start], &text[end..]))
    }

    /// Removes what weir keeps beside the declarations: the registry and the parse cache.
    pub fn forget(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.folder.join(".weir")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// What ends the line with the kind of a view.
const VIEW: &str = "FeatureView\n";

struct Declaration {
    /// Where it lies in a repo of one file each.
    path: String,
    text: String,
}

fn documents(declarations: &[Declaration]) -> String {
    declarations.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("---\n")
}

/// Makes the declaration at `index` of the repo. What it refers to comes before it.
fn declaration(index: usize) -> Declaration {
    let team = Team { index: index / TEAM_SIZE };
    let (folder, name, text) = match index % TEAM_SIZE {
        0 => ("entities", team.entity(), team.entity_text()),
        1 => ("sources", team.source(), team.source_text()),
        place @ 2..=6 => ("features", team.view(place - 2), team.view_text(place - 2)),
        7 => ("services", team.service(Service::Serving), team.service_text(Service::Serving)),
        place @ 8..=11 => ("features", team.view(place - 3), team.view_text(place - 3)),
        _ => ("services", team.service(Service::Second), team.service_text(Service::Second)),
    };
    Declaration { path: format!("domain_{:03}/{folder}/{name}.yaml", team.index / 10), text }
}
