//! The output format that a run is asked for, read from its arguments alone, so that any failure is reported in it.

use std::ffi::OsString;

use super::context::Context;
use super::{git, stop::Stop};
use crate::diagnostic::Diagnostic;
use crate::render::markdown::{self, About};
use crate::render::{diagnostics, github, json, sarif};

/// The command and the format in the arguments, which may be invalid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    command: Option<String>,
    format: Option<String>,
    workspace: Option<String>,
}

impl Asked {
    /// Reads the arguments without parsing them fully.
    pub fn of(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut asked = Self::default();
        let mut to_file = false;
        let mut arguments = arguments.into_iter().skip(1).map(|it| it.to_string_lossy().into_owned());
        while let Some(argument) = arguments.next() {
            let (flag, value) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let mut value = || value.clone().or_else(|| arguments.next());
            match flag {
                "--" => break,
                "--format" => asked.format = value(),
                "--workspace" | "-w" => asked.workspace = value(),
                "-C" | "--registry" | "--color" => drop(value()),
                "--out" => {
                    to_file = true;
                    value();
                }
                _ if flag.starts_with('-') || asked.command.is_some() => {}
                _ => asked.command = Some(argument),
            }
        }
        // A preview writes its rows to the file, and `--format` is the format of that file.
        if to_file && asked.command.as_deref() == Some("preview") {
            asked.format = None;
        }
        asked
    }

    /// Returns the document that reports a failed run, or `None` for text, which goes to stderr.
    pub fn failure(&self, context: Option<&Context>, found: &[Diagnostic]) -> Option<String> {
        let folder = context.map(Context::folder_in_git).unwrap_or_default();
        let is_validate = self.command.as_deref() == Some("validate");
        let document = match self.format.as_deref()? {
            "json" if is_validate => serde_json::to_string_pretty(&json::validate(0, found, &folder)),
            "json" => serde_json::to_string_pretty(&json::failure(found, &folder)),
            "sarif" => serde_json::to_string_pretty(&sarif::log(found, &folder)),
            "github" => return Some(github::diagnostics(found, &folder)),
            "markdown" => {
                let workspace = || context.map(Context::workspace_to_name).or(self.workspace.clone());
                let about = match is_validate {
                    true => About::Validate,
                    false => About::Plan { workspace: workspace().unwrap_or_else(|| "prod".to_owned()) },
                };
                let mut out = String::new();
                markdown::diagnostics(&mut out, &about, found, None, &folder).ok()?;
                return Some(out);
            }
            "dot" => return Some(format!("digraph weir {{\n{}}}\n", commented("  // ", found))),
            "mermaid" => return Some(format!("flowchart LR\n{}", commented("  %% ", found))),
            _ => return None,
        };
        document.ok().map(|it| format!("{it}\n"))
    }
}

/// Returns the mistakes as comments of a graph.
fn commented(mark: &str, found: &[Diagnostic]) -> String {
    let text: String = found.iter().map(diagnostics::one).collect();
    let text = anstream::adapter::strip_str(&text).to_string();
    text.lines().filter(|it| !it.trim().is_empty()).map(|it| format!("{mark}{it}\n")).collect()
}

impl Context {
    /// Returns the place of the feature repo in its git repository, or an empty text.
    fn folder_in_git(&self) -> String {
        match self.directory().map(|it| crate::settings::find_root(&it)) {
            Ok(Ok(Some(root))) => git::folder(&root),
            // Without a repo, no file of it is named.
            Ok(Ok(None) | Err(_)) | Err(_) => String::new(),
        }
    }

    /// Returns the workspace for a failure report, even when little of the repo could be read.
    fn workspace_to_name(&self) -> String {
        let chosen = || {
            let session = self.session().ok()?;
            let chosen = session.site_or_folder().and_then(|site| session.workspace_name(&site));
            let named = || session.workspace_named().ok().flatten();
            chosen.ok().map(|it| it.value).or_else(named)
        };
        chosen().unwrap_or_else(|| "prod".to_owned())
    }
}

/// Prints the failure in the requested format, unless something was printed already.
pub fn say_failure(asked: &Asked, context: &Context, stop: &Stop) {
    let found = stop.diagnostics();
    if let (false, false, Some(document)) =
        (found.is_empty(), context.ui.has_printed(), asked.failure(Some(context), &found))
    {
        // When writing fails too, the exit code and stderr still report the failure.
        let _ = context.ui.data(&document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_found_wherever_it_stands() {
        let of = |line: &str| Asked::of(line.split(' ').map(OsString::from));
        let cases = [
            ("weir plan --format json", Some("plan"), Some("json")),
            ("weir -C plan validate --format=sarif --nonsense", Some("validate"), Some("sarif")),
            ("weir --format markdown -w x plan extra", Some("plan"), Some("markdown")),
            ("weir workspace list --format json", Some("workspace"), Some("json")),
            ("weir preview v --format json --out rows.json", Some("preview"), None),
            ("weir plan --out p.plan --format github", Some("plan"), Some("github")),
            ("weir show -- --format json", Some("show"), None),
            ("weir plan --format", Some("plan"), None),
        ];
        for (line, command, format) in cases {
            let asked = of(line);
            assert_eq!((asked.command.as_deref(), asked.format.as_deref()), (command, format), "{line}");
        }
    }
}
