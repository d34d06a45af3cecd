//! Diagnostics: the fault, its place and the hints, as a value. `render` prints it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A mistake, refusal or warning, complete on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    /// One sentence, lower case, no full stop, addresses in backticks.
    pub summary: String,
    /// The place of the fault first, then the places that it collides with.
    pub labels: Vec<Label>,
    /// Explanations, one line each: causes, paths, lists of what exists.
    pub notes: Vec<String>,
    /// The next command or the exact edit.
    pub hints: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Error,
    Warning,
}

/// A place with a text, which is often empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub place: Place,
    pub text: String,
}

/// The place of a label, before or after the file is read again for line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A field of a declaration, by dotted path (`aggregations[1].function`). `load` turns it into a span.
    Field {
        document: DocumentId,
        path: String,
    },
    /// A position inside the SQL text of a field. Line and column count from 1.
    Query {
        document: DocumentId,
        path: String,
        line: usize,
        column: usize,
    },
    Span(Span),
}

/// The number of a document in the repo, in the order in which files and documents were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentId(pub usize);

/// A part of one line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Relative to the repo, with `/` on every platform.
    pub file: Arc<str>,
    /// From 1; 0 when only the file is known.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In characters, at least 1.
    pub length: usize,
    /// The line itself, without its end.
    pub text: Arc<str>,
}

impl Diagnostic {
    /// Returns an error without a place.
    pub fn error(code: Code, summary: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, summary)
    }

    /// Returns a warning without a place. Warnings are shown and counted, and stop nothing.
    pub fn warning(code: Code, summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, summary)
    }

    fn new(severity: Severity, code: Code, summary: impl Into<String>) -> Self {
        Self { severity, code, summary: summary.into(), labels: vec![], notes: vec![], hints: vec![] }
    }

    /// Adds a label at a field of a declaration.
    pub fn at(self, document: DocumentId, path: impl Into<String>) -> Self {
        self.place(Place::Field { document, path: path.into() })
    }

    /// Adds a label at `place`.
    pub fn place(mut self, place: Place) -> Self {
        self.labels.push(Label { place, text: String::new() });
        self
    }

    /// Adds a label with a text at a second place.
    pub fn also(mut self, document: DocumentId, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.labels.push(Label { place: Place::Field { document, path: path.into() }, text: text.into() });
        self
    }

    /// Adds a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a hint when there is one.
    pub fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hints.extend(hint);
        self
    }

    /// Returns the span of the fault, once it is known.
    pub fn span(&self) -> Option<&Span> {
        self.labels.iter().find_map(|it| match &it.place {
            Place::Span(span) => Some(span),
            _ => None,
        })
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

impl std::error::Error for Diagnostic {}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Sorts codes by letter and number.
impl Ord for Code {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Returns the noun with its article: `an Entity`.
pub fn article(noun: &str) -> String {
    let article = if noun.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// Returns `did you mean …?` when one of `candidates` is close to `name`.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(name, candidates).map(|it| format!("did you mean `{it}`?"))
}

/// Returns the candidate closest to `name`, when it is close enough to be a typing mistake.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    candidates
        .into_iter()
        .filter(|it| *it != name)
        .map(|it| {
            let candidate = it.to_lowercase();
            let containing =
                candidate.len() > 3 && lower.len() > 3 && (candidate.contains(&lower) || lower.contains(&candidate));
            let likeness = strsim::jaro_winkler(&lower, &candidate);
            (if containing { likeness.max(0.9) } else { likeness }, strsim::damerau_levenshtein(&lower, &candidate), it)
        })
        .filter(|(likeness, edits, it)| {
            *likeness >= 0.86 || (*edits <= 2 && it.len() > 3) || (*edits <= 1 && it.len() == 3)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.2.cmp(a.2)))
        .map(|it| it.2)
}

/// Makes `Code` and the list of all codes with their titles.
macro_rules! codes {
    ($($code:ident $title:literal),* $(,)?) => {
        /// A stable code such as `R001`; every one has a section in `docs/reference/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $code),*
        }

        /// Every code with its title, in the order of `docs/reference/errors.md`.
        pub const CODES: &[(&str, &str)] = &[$((stringify!($code), $title)),*];

        impl Code {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code)),* }
            }

            /// Returns the code with this text.
            pub fn of(text: &str) -> Option<Self> {
                [$(Self::$code),*].into_iter().find(|it| it.as_str() == text)
            }
        }
    };
}

codes! {
    C001 "the command line is wrong",
    C002 "the command cannot be carried out",
    L001 "a file cannot be read",
    L002 "a file is not UTF-8 text",
    L003 "a file or a declaration is too large",
    L004 "the YAML is not well formed",
    L005 "the YAML is nested too deeply or its aliases explode",
    L006 "a key is written twice",
    L007 "a document is not a declaration",
    L008 "a kind does not exist",
    L009 "a field does not exist",
    L010 "a field is missing",
    L011 "a value is not what the field takes",
    L012 "weir.toml is wrong",
    L013 "a file that a declaration names cannot be read",
    L014 "a query is not SQL",
    L015 "this is not a feature repo",
    L016 "a file is not read because of its ending (warning)",
    R001 "a reference names nothing",
    R002 "a reference names the wrong kind",
    R003 "two declarations have one name",
    R004 "declarations depend on each other in a circle",
    R005 "a query reads a table that it was not given",
    V001 "a name is not allowed",
    V002 "a column or feature name is not allowed",
    V003 "a column, feature or entry is named twice",
    V004 "a column is not there",
    V005 "the timestamp field is not clear",
    V006 "an aggregation does not fit its column or its parameters",
    V007 "durations do not fit together",
    V008 "fields exclude each other, or one of them is needed",
    V009 "a service serves online what its view does not",
    V010 "the source cannot serve this batch_trigger",
    V011 "a field is needed because of another",
    V012 "a view has the wrong sources",
    V013 "namespaces collide",
    V014 "a batch config does not yield the push source's schema",
    V015 "a join_key_map does not fit",
    V016 "a value is out of range",
    V017 "a join key has another type than its column",
    V101 "an online view has no monitoring (warning)",
    V102 "nothing uses a resource (warning)",
    V103 "history starts at the first push (warning)",
    V104 "not checked (warning)",
    D001 "a source cannot be opened",
    D002 "a query does not fit its tables",
    D003 "a declared schema is not what its query yields",
    D004 "a type that no feature can have",
    D005 "a source cannot be reached",
    D006 "data has changed under a column in use",
    D007 "there are no such rows to show",
    D008 "rows cannot be read",
    D009 "data is left out (warning)",
    D010 "nothing tells a column's type (warning)",
    D011 "SQL that others read otherwise (warning)",
    P001 "the plan would delete what is protected",
    P002 "the plan would recreate what is protected",
    P003 "the plan would destroy what something protected depends on",
    P004 "the plan would take serving or history from what is protected",
    P005 "a recreate cannot be suppressed",
    P006 "a rename is not clear",
    P007 "a saved plan cannot be applied",
    P008 "looks like a rename (warning)",
    P009 "a window is complete only later (warning)",
    P010 "the plan deletes everything (warning)",
    P011 "the history does not say an order (warning)",
    P012 "the repo is not as a commit has it",
    P013 "git does not say what the repo is at (warning)",
    P014 "features begin in the future (warning)",
    P015 "a rename finds nothing (warning)",
    G001 "the registry cannot be opened",
    G002 "the registry was written by a newer weir",
    G003 "the registry has an older format",
    G004 "the registry changed since the plan",
    G005 "a workspace does not exist",
    G006 "the registry is damaged",
    G007 "the registry is locked",
    G008 "the registry cannot be written",
    G009 "the registry itself refuses",
    G010 "nothing is recorded there",
    G011 "a workspace cannot be created, selected or deleted",
    G012 "what is chosen cannot be read",
}
