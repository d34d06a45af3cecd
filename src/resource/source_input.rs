//! The way a view names a source: by name, with an offset before the window, or unfiltered.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use super::duration::Duration;
use super::text::{Named, named};

/// A source and which of its rows are read: those of the window (Tecton's FilteredSource), or all.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum SourceInput {
    Name(String),
    Filtered(FilteredSource),
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilteredSource {
    /// The source's name
    #[serde(deserialize_with = "crate::resource::text")]
    pub source: String,
    /// How far before the window to read; zero or negative
    pub start_time_offset: Option<Duration>,
    /// Whether all of it is read, whatever the window: a dimension table (default: false)
    pub unfiltered: Option<bool>,
}

impl FilteredSource {
    pub fn is_unfiltered(&self) -> bool {
        self.unfiltered == Some(true)
    }
}

impl SourceInput {
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Filtered(filtered) => &filtered.source,
        }
    }

    pub fn name_mut(&mut self) -> &mut String {
        match self {
            Self::Name(name) => name,
            Self::Filtered(filtered) => &mut filtered.source,
        }
    }

    pub fn path(&self, index: usize) -> String {
        match self {
            Self::Name(_) => format!("sources[{index}]"),
            Self::Filtered(_) => format!("sources[{index}].source"),
        }
    }

    pub fn canonical(&self) -> Value {
        match self {
            Self::Filtered(filtered) if filtered.is_unfiltered() => {
                json!({ "source": filtered.source, "unfiltered": true })
            }
            Self::Filtered(FilteredSource { source, start_time_offset: Some(offset), .. }) if offset.secs != 0 => {
                json!({ "source": source, "start_time_offset": offset })
            }
            plain => json!({ "source": plain.name() }),
        }
    }
}

impl Named for SourceInput {
    const EXPECTED: &'static str = "a source's name, `{ source, start_time_offset }` or `{ source, unfiltered: true }`";

    fn from_name(name: &str) -> Result<Self, String> {
        Ok(Self::Name(name.to_owned()))
    }
}

impl<'de> Deserialize<'de> for SourceInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(deserializer, Self::Filtered)
    }
}

impl Serialize for SourceInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Filtered(filtered) if filtered.start_time_offset.is_some() || filtered.unfiltered.is_some() => {
                filtered.serialize(serializer)
            }
            plain => serializer.serialize_str(plain.name()),
        }
    }
}
