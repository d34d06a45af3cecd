//! Finds the resource or the kind that a word of the command line means.

use std::collections::BTreeMap;

use super::context::Context;
use super::stop::Stop;
use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::recorded::Entry;
use crate::resource::{Address, Kind};
use crate::session::{Ledger, Missing};

/// The set in which a resource is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    Recorded,
    Declared,
}

/// Finds the recorded resource that `text` means.
pub fn find<'a>(text: &str, recorded: impl Iterator<Item = &'a Address> + Clone) -> Result<Address, Stop> {
    find_among(Among::Recorded, text, recorded)
}

/// Finds the resource that `text` means among the recorded or the declared ones.
pub fn find_among<'a>(
    among: Among,
    text: &str,
    recorded: impl Iterator<Item = &'a Address> + Clone,
) -> Result<Address, Stop> {
    let (code, is, lists) = match among {
        Among::Recorded => (Code::G010, "recorded", "`weir list` lists what is"),
        Among::Declared => (Code::R001, "declared", "write it as Kind.name, or the name alone"),
    };
    let matching: Vec<&Address> = match text.split_once('.') {
        Some((of, name)) => {
            let kind = kind(of, code)?;
            recorded.clone().filter(|it| it.kind == kind && *it.name == *name).collect()
        }
        None => recorded.clone().filter(|it| *it.name == *text).collect(),
    };
    match matching.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let names: Vec<String> =
                recorded.map(|it| if text.contains('.') { it.to_string() } else { it.name.to_string() }).collect();
            // The same name under another kind is a better guess than another name under the same kind.
            let name = text.split_once('.').map(|it| it.1);
            let same = names.iter().find(|it| name.is_some() && it.split_once('.').map(|it| it.1) == name);
            let near = same.map(|it| format!("did you mean `{it}`?"));
            let near = near.or_else(|| did_you_mean(text, names.iter().map(String::as_str)));
            let diagnostic = Diagnostic::error(code, format!("`{text}` is not {is}"));
            Err(Stop::diagnostic(diagnostic.hint(near.unwrap_or_else(|| lists.to_owned()))))
        }
        several => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            Err(Stop::diagnostic(
                Diagnostic::error(code, format!("`{text}` is the name of {}", crate::render::words::list(&names)))
                    .hint("write the kind too, as Kind.name"),
            ))
        }
    }
}

/// Parses a kind from the command line. An unknown one is a usage error.
pub fn kind(text: &str, code: Code) -> Result<Kind, Stop> {
    let names = Kind::ALL.iter().map(|it| it.as_str());
    Kind::ALL.iter().find(|it| it.as_str() == text).copied().ok_or_else(|| {
        let near = did_you_mean(text, names.clone());
        let hint = near.unwrap_or_else(|| format!("the kinds are {}", names.collect::<Vec<_>>().join(", ")));
        Stop::Usage(Diagnostic::error(code, format!("`{text}` is not a kind")).hint(hint))
    })
}

/// Returns the opened workspace, and all its recorded resources, decoded.
pub fn recorded(context: &Context) -> Result<(Ledger<'_>, BTreeMap<Address, Entry>), Stop> {
    let session = context.session()?;
    let mut ledger = session.ledger(&session.site_or_folder()?, Missing::Error)?;
    if ledger.registry.is_none() {
        session.existing_registry(&ledger.named.location)?;
    }
    let snapshot = ledger.snapshot_with(|_, _| true)?;
    Ok((ledger, snapshot.entries))
}
