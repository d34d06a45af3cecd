//! The `Declaration` of feature services.

use serde_json::{Value, json};

use super::address::{Address, Kind, VIEWS};
use super::contents::{Column, Contents};
use super::declaration::{Declaration, Reference};
use super::feature_service::{ChosenFeatures, FeatureReference, FeatureService};
use super::rule::Rule;
use super::view::Lookup;
use crate::sql::Dialect;

impl Declaration for FeatureService {
    fn rules(&self) -> &'static [(&'static str, Rule)] {
        &[("features", Rule::Append), ("online_serving_enabled", Rule::GuardedWhenFalse)]
    }

    fn references(&self) -> Vec<Reference> {
        self.features.iter().enumerate().map(|(index, it)| Reference::new(it.path(index), it.view(), VIEWS)).collect()
    }

    fn canonical(&self, _: &Address, mut json: Value, _: &dyn Lookup) -> Value {
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

    fn follow_rename(&mut self, kind: Kind, old: &str, new: &str, _: Dialect) -> bool {
        if !VIEWS.contains(&kind) {
            return true;
        }
        for entry in &mut self.features {
            match entry {
                // The service keeps the view's old name as its namespace, so the names on the wire do not change.
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

    fn contents(&self, _: &Address, others: &dyn Lookup, _: Option<Vec<Column>>) -> Contents {
        Contents::Service {
            features: Column::all(&self.wire_features(others)),
            unknown: self.unknown(others),
            online: self.online_serving_enabled.unwrap_or(true),
        }
    }

    fn service(&self) -> Option<&FeatureService> {
        Some(self)
    }
}
