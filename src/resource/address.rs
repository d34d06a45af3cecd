//! The address of a resource: its kind and its name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::diagnostic::closest;

/// Passes the closed set of kinds, each with its module and its type, to the macro `$then`. All code that has to know
/// every kind is made from this list.
macro_rules! with_kinds {
    ($then:ident) => {
        $then! {
            Entity(entity::Entity),
            PushSource(push_source::PushSource),
            BatchSource(batch_source::BatchSource),
            Transformation(transformation::Transformation),
            BatchFeatureView(feature_view::FeatureView),
            StreamFeatureView(feature_view::FeatureView),
            FeatureService(feature_service::FeatureService),
        }
    };
}
pub(super) use with_kinds;

/// Makes `Kind` from the list of kinds.
macro_rules! kinds {
    ($($kind:ident($module:ident::$spec:ident)),* $(,)?) => {
        /// The type of a resource, in the order in which plans list them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($kind),* }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => stringify!($kind)),* }
            }
        }
    };
}
with_kinds!(kinds);

/// The kinds that share one name space as sources.
pub const SOURCES: &[Kind] = &[Kind::PushSource, Kind::BatchSource];
/// The kinds that share one name space as views.
pub const VIEWS: &[Kind] = &[Kind::BatchFeatureView, Kind::StreamFeatureView];

/// The kinds whose names may end in a variant, as `fraud_score:v2`.
pub const VARIANTS: &[Kind] = &[Kind::BatchFeatureView, Kind::StreamFeatureView, Kind::FeatureService];
/// The kinds that no other resource refers to: models read them.
pub const FINAL: &[Kind] = &[Kind::FeatureService];

/// The kind and the name of a resource, unique in a workspace. Prints as `StreamFeatureView.user_clicks`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    pub kind: Kind,
    pub name: Arc<str>,
}

impl Address {
    pub fn new(kind: Kind, name: impl Into<Arc<str>>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only messages show this: a declaration without a name is a mistake.
        if self.name.is_empty() {
            return write!(f, "{} without a name", self.kind);
        }
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) =
            text.split_once('.').ok_or_else(|| format!("`{text}` is not an address; write it as Kind.name"))?;
        Ok(Self::new(kind.parse()?, name))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|it| it.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.iter().map(|it| it.as_str());
            match closest(text, names.clone()) {
                Some(hint) => format!("`{text}` is not a kind, did you mean `{hint}`?"),
                None => format!("`{text}` is not a kind; the kinds are {}", names.collect::<Vec<_>>().join(", ")),
            }
        })
    }
}
