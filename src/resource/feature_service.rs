//! FeatureService: the features that a model asks for. Their order on the wire stays when features are added.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::skip_serializing_none;

use super::address::Address;
use super::dtype::Dtype;
use super::rule::Effect;
use super::text::{Named, Texts, named};
use super::view::Lookup;

/// Features of several views, served together.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureService {
    /// The features: view names, or `{view, features, namespace, join_key_map}`
    #[schemars(length(min = 1))]
    pub features: Vec<FeatureReference>,
    /// Whether the service answers online (default: true)
    pub online_serving_enabled: Option<bool>,
}

/// A view, or a choice of its features.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum FeatureReference {
    View(String),
    Chosen(ChosenFeatures),
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChosenFeatures {
    /// The view's name
    #[serde(deserialize_with = "crate::resource::text")]
    pub view: String,
    /// The features to serve (default: all)
    #[serde(default, deserialize_with = "crate::resource::texts_if_any")]
    pub features: Option<Vec<String>>,
    /// What stands before the features' names (default: the view's name)
    pub namespace: Option<String>,
    /// Which key of the request stands for which join key of the view
    pub join_key_map: Option<Texts>,
}

impl FeatureReference {
    pub(super) fn view(&self) -> &str {
        match self {
            Self::View(view) => view,
            Self::Chosen(chosen) => &chosen.view,
        }
    }

    pub(super) fn chosen(&self) -> Option<&ChosenFeatures> {
        match self {
            Self::View(_) => None,
            Self::Chosen(chosen) => Some(chosen),
        }
    }

    pub(super) fn namespace(&self) -> &str {
        self.chosen().and_then(|it| it.namespace.as_deref()).unwrap_or(self.view())
    }

    pub(super) fn features(&self) -> Option<&[String]> {
        self.chosen()?.features.as_deref()
    }

    /// Returns the join keys that have another name in the request.
    pub(super) fn other_keys(&self) -> BTreeMap<&str, &str> {
        let map = self.chosen().and_then(|it| it.join_key_map.as_ref());
        let keys = map.into_iter().flat_map(Texts::iter);
        keys.filter(|it| it.0 != it.1).collect()
    }

    /// Returns the names of the features that are served, where they are known.
    fn served(&self, others: &dyn Lookup) -> Option<Vec<String>> {
        if let Some(features) = self.features() {
            return Some(features.to_vec());
        }
        Some(others.view(self.view())?.features()?.into_iter().map(|it| it.0).collect())
    }

    pub(super) fn path(&self, index: usize) -> String {
        match self {
            Self::View(_) => format!("features[{index}]"),
            Self::Chosen(_) => format!("features[{index}].view"),
        }
    }
}

impl FeatureService {
    /// Returns the effect on what is served when this becomes `after`, or `None` when that stays the same.
    ///
    /// The recorded order on the wire counts, not the order of the list: a new feature goes to the end, wherever it is
    /// written (spec 2, "prevent_destroy, exactly"). Writing out all features of a view is not a change.
    pub fn compare(&self, others: &dyn Lookup, after: &Self, others_after: &dyn Lookup) -> Option<Effect> {
        let mut grows = after.features.len() > self.features.len();
        for old in &self.features {
            let Some(new) = after.features.iter().find(|it| it.namespace() == old.namespace()) else {
                return Some(Effect::Recreate);
            };
            if old.view() != new.view() || old.other_keys() != new.other_keys() {
                return Some(Effect::Recreate);
            }
            match (old.features(), new.features()) {
                (None, None) => {}
                (was, _) => match (old.served(others), new.served(others_after)) {
                    (Some(before), Some(after)) if before.iter().all(|it| after.contains(it)) => {
                        grows |= before.len() < after.len();
                    }
                    // The whole view includes the features chosen before, also when its features are not known.
                    (Some(_), None) if was.is_some() => grows = true,
                    _ => return Some(Effect::Recreate),
                },
            }
        }
        grows.then_some(Effect::InPlace)
    }

    /// Returns the names on the wire in alphabetical order, with the types that are known.
    pub fn wire_features(&self, others: &dyn Lookup) -> Vec<(String, Option<Dtype>)> {
        let mut names = BTreeMap::new();
        for entry in &self.features {
            let all = others.view(entry.view()).and_then(|it| it.features()).unwrap_or_default();
            let chosen: Vec<(String, Option<Dtype>)> = match entry.features() {
                Some(features) => {
                    let dtype = |name: &String| all.iter().find(|it| it.0 == *name).and_then(|it| it.1.clone());
                    features.iter().map(|it| (it.clone(), dtype(it))).collect()
                }
                None => all,
            };
            for (feature, dtype) in chosen {
                let name = format!("{}.{feature}", entry.namespace());
                names.insert((entry.namespace().to_owned(), feature), (name, dtype));
            }
        }
        names.into_values().collect()
    }

    /// Returns the order on the wire: the recorded names keep their positions, and new ones follow.
    pub fn wire_order(&self, others: &dyn Lookup, recorded: &[String]) -> Vec<String> {
        let mut order = recorded.to_vec();
        order.extend(self.wire_features(others).into_iter().map(|it| it.0).filter(|it| !recorded.contains(it)));
        order
    }

    /// Returns the views that are served whole and whose features are known only after their sources are opened.
    pub(super) fn unknown(&self, others: &dyn Lookup) -> Vec<Address> {
        let whole = self.features.iter().filter(|it| it.features().is_none());
        let views = whole.filter_map(|it| others.view(it.view())).filter(|it| it.features().is_none());
        views.map(|it| Address::new(it.kind, it.name)).collect()
    }
}

impl Named for FeatureReference {
    const EXPECTED: &'static str = "a view's name or `{ view, features, namespace, join_key_map }`";

    fn from_name(name: &str) -> Result<Self, String> {
        Ok(Self::View(name.to_owned()))
    }
}

impl<'de> Deserialize<'de> for FeatureReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named(deserializer, Self::Chosen)
    }
}

impl Serialize for FeatureReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::View(view) => serializer.serialize_str(view),
            Self::Chosen(chosen) => chosen.serialize(serializer),
        }
    }
}
