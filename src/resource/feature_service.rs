//! FeatureService: the features that a model asks for, in a wire order that growing never disturbs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use serde_with::skip_serializing_none;

use super::Resource;
use super::address::{Address, Kind, VIEWS};
use super::catalog::Catalog;
use super::contents::{Column, Contents};
use super::declaration::{Declaration, Reference};
use super::dtype::Dtype;
use super::names::{column_name_fault, name_fault};
use super::report::Report;
use super::rule::{Effect, Rule};
use super::text::{Named, Texts, named};
use crate::diagnostic::{Code, did_you_mean};
use crate::sql::Dialect;

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
    fn view(&self) -> &str {
        match self {
            Self::View(view) => view,
            Self::Chosen(chosen) => &chosen.view,
        }
    }

    fn chosen(&self) -> Option<&ChosenFeatures> {
        match self {
            Self::View(_) => None,
            Self::Chosen(chosen) => Some(chosen),
        }
    }

    fn namespace(&self) -> &str {
        self.chosen().and_then(|it| it.namespace.as_deref()).unwrap_or(self.view())
    }

    fn features(&self) -> Option<&[String]> {
        self.chosen()?.features.as_deref()
    }

    /// Returns the join keys that have another name in the request.
    fn other_keys(&self) -> BTreeMap<&str, &str> {
        let map = self.chosen().and_then(|it| it.join_key_map.as_ref());
        let keys = map.into_iter().flat_map(Texts::iter);
        keys.filter(|it| it.0 != it.1).collect()
    }

    /// Returns the names of the features that are served, where they are known.
    fn served(&self, catalog: &Catalog) -> Option<Vec<String>> {
        if let Some(features) = self.features() {
            return Some(features.to_vec());
        }
        let resource = catalog.view(self.view())?;
        let features = resource.spec.declaration().view()?.features(resource.address.kind, catalog)?;
        Some(features.into_iter().map(|it| it.0).collect())
    }

    fn path(&self, index: usize) -> String {
        match self {
            Self::View(_) => format!("features[{index}]"),
            Self::Chosen(_) => format!("features[{index}].view"),
        }
    }
}

impl Declaration for FeatureService {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        &[("features", Rule::Append), ("online_serving_enabled", Rule::GuardedWhenFalse)]
    }

    fn references(&self) -> Vec<Reference> {
        self.features.iter().enumerate().map(|(index, it)| Reference::new(it.path(index), it.view(), VIEWS)).collect()
    }

    fn canonical(&self, _: &Address, mut json: Value, _: &Catalog) -> Value {
        json["online_serving_enabled"] = json!(self.online_serving_enabled.unwrap_or(true));
        json["features"] = self
            .features
            .iter()
            .map(|it| {
                let mut entry = json!({ "view": it.view(), "namespace": it.namespace() });
                if let Some(features) = it.features() {
                    entry["features"] = json!(features);
                }
                let keys = it.other_keys();
                if !keys.is_empty() {
                    entry["join_key_map"] = json!(keys);
                }
                entry
            })
            .collect();
        json
    }

    fn check(&self, me: &Address, report: &mut Report) {
        if self.features.is_empty() {
            report.error(Code::V016, "features", format!("`{me}` has no features")).hint("name at least one view");
        }
        self.check_namespaces(me, report);
        for (index, entry) in self.features.iter().enumerate() {
            for (position, feature) in entry.features().unwrap_or_default().iter().enumerate() {
                if entry.features().unwrap_or_default()[..position].contains(feature) {
                    report
                        .error(
                            Code::V003,
                            format!("features[{index}].features[{position}]"),
                            format!("`{}` asks for `{feature}` of `{}` twice", me, entry.view()),
                        )
                        .hint("remove one of them");
                }
            }
        }
    }

    fn check_with(&self, me: &Address, catalog: &Catalog, report: &mut Report) {
        for (index, entry) in self.features.iter().enumerate() {
            let Some(resource) = catalog.view(entry.view()) else { continue };
            let Some(view) = resource.spec.declaration().view() else { continue };
            if self.online_serving_enabled.unwrap_or(true) && view.online != Some(true) {
                report
                    .error(
                        Code::V009,
                        entry.path(index),
                        format!("`{}` serves online, and `{}` is not online", me, resource.address),
                    )
                    .hint(format!(
                        "set `online: true` on `{}`, or `online_serving_enabled: false` on `{}`",
                        resource.address, me
                    ));
            }
            self.check_chosen(me, index, resource, catalog, report);
        }
    }

    fn follow_rename(&mut self, kind: Kind, old: &str, new: &str, _: Dialect) -> bool {
        if !VIEWS.contains(&kind) {
            return true;
        }
        for entry in &mut self.features {
            match entry {
                // The wire keeps the name it had: to the service, a renamed view is not a renamed namespace.
                FeatureReference::View(view) if view == old => {
                    *entry = FeatureReference::Chosen(ChosenFeatures {
                        view: new.to_owned(),
                        features: None,
                        namespace: Some(old.to_owned()),
                        join_key_map: None,
                    });
                }
                FeatureReference::Chosen(chosen) if chosen.view == old => {
                    chosen.namespace.get_or_insert_with(|| old.to_owned());
                    chosen.view = new.to_owned();
                }
                _ => {}
            }
        }
        true
    }

    fn contents(&self, _: &Address, catalog: &Catalog, _: Option<Vec<Column>>) -> Contents {
        Contents::Service {
            features: self.wire_features(catalog).map(|it| Column::all(&it)).unwrap_or_default(),
            unknown: self.unknown(catalog),
            online: self.online_serving_enabled.unwrap_or(true),
        }
    }

    fn service(&self) -> Option<&FeatureService> {
        Some(self)
    }

    fn wire_features(&self, catalog: &Catalog) -> Option<Vec<(String, Option<Dtype>)>> {
        let mut names = BTreeMap::new();
        for entry in &self.features {
            let resource = catalog.view(entry.view());
            let view = resource.and_then(|it| Some((it.address.kind, it.spec.declaration().view()?)));
            let all = view.and_then(|(kind, view)| view.features(kind, catalog)).unwrap_or_default();
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
        Some(names.into_values().collect())
    }
}

impl FeatureService {
    /// Returns what becoming `after` does to what is served, or nothing where it stays the same.
    ///
    /// The order on the wire is recorded, and that of the list means nothing: what is added goes to the end, wherever it is
    /// written (spec 2, "prevent_destroy, exactly"). All features of a view may be written out.
    pub fn compare(&self, catalog: &Catalog, after: &Self, after_catalog: &Catalog) -> Option<Effect> {
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
                (was, _) => match (old.served(catalog), new.served(after_catalog)) {
                    (Some(before), Some(after)) if before.iter().all(|it| after.contains(it)) => {
                        grows |= before.len() < after.len();
                    }
                    // All of a view whose features are not known hold whatever was chosen of them.
                    (Some(_), None) if was.is_some() => grows = true,
                    _ => return Some(Effect::Recreate),
                },
            }
        }
        grows.then_some(Effect::InPlace)
    }

    /// Returns the views that are served whole and whose features are known only when their sources are opened.
    fn unknown(&self, catalog: &Catalog) -> Vec<Address> {
        let whole = self.features.iter().filter(|it| it.features().is_none());
        let views = whole.filter_map(|it| catalog.view(it.view()));
        let is_unknown = |it: &&Resource| {
            it.spec.declaration().view().is_some_and(|view| view.features(it.address.kind, catalog).is_none())
        };
        views.filter(is_unknown).map(|it| it.address.clone()).collect()
    }

    fn check_namespaces(&self, me: &Address, report: &mut Report) {
        for (index, entry) in self.features.iter().enumerate() {
            let namespace = entry.namespace();
            let path = if entry.chosen().is_some_and(|it| it.namespace.is_some()) {
                format!("features[{index}].namespace")
            } else {
                entry.path(index)
            };
            // A view that was renamed keeps the namespace that it had, and its name may have carried `-` and `:v2`.
            let is_view_name = name_fault(&Address::new(Kind::BatchFeatureView, namespace)).is_none();
            if entry.chosen().is_some_and(|it| it.namespace.is_some())
                && !is_view_name
                && let Some(fault) = column_name_fault(namespace)
            {
                report.error(
                    Code::V002,
                    &path,
                    format!("namespace `{namespace}` of `{me}` is not allowed: a namespace {fault}"),
                );
            }
            if let Some(first) = self.features[..index].iter().position(|it| it.namespace() == namespace) {
                report
                    .error(Code::V013, &path, format!("namespace `{namespace}` of `{me}` is used twice"))
                    .also(self.features[first].path(first), "first here")
                    .hint("give one of them a `namespace` of its own");
            }
        }
    }

    fn check_chosen(&self, me: &Address, index: usize, resource: &Resource, catalog: &Catalog, report: &mut Report) {
        let entry = &self.features[index];
        let (Some(chosen), Some(view)) = (entry.chosen(), resource.spec.declaration().view()) else { return };
        if let (Some(features), Some(known)) = (&chosen.features, view.features(resource.address.kind, catalog)) {
            let known: Vec<String> = known.into_iter().map(|it| it.0).collect();
            if features.is_empty() {
                report
                    .error(
                        Code::V016,
                        format!("features[{index}].features"),
                        format!("`{}` asks for no feature of `{}`", me, resource.address),
                    )
                    .hint("leave `features` out to serve all of them");
            }
            for (position, feature) in features.iter().enumerate().filter(|it| !known.contains(it.1)) {
                report
                    .error(
                        Code::V004,
                        format!("features[{index}].features[{position}]"),
                        format!("`{feature}` is not a feature of `{}` (has: {})", resource.address, known.join(", ")),
                    )
                    .hint_if(did_you_mean(feature, known.iter().map(String::as_str)));
            }
        }
        let keys = view.join_keys(catalog);
        let written = chosen.join_key_map.iter().flat_map(Texts::iter).map(|it| it.0);
        for key in written.filter(|it| !keys.iter().any(|key| key == it)) {
            report
                .error(
                    Code::V015,
                    format!("features[{index}].join_key_map.{key}"),
                    format!("`{key}` is not a join key of `{}` (has: {})", resource.address, keys.join(", ")),
                )
                .hint_if(
                    did_you_mean(key, keys.iter().map(String::as_str))
                        .or_else(|| Some("write it as `{ join key of the view: key of the request }`".to_owned())),
                );
        }
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
