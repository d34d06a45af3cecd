//! The rules of services: the features that they ask of views, and the names of those.

use crate::diagnostic::{Code, did_you_mean};
use crate::resource::address::{Address, Kind};
use crate::resource::catalog::Catalog;
use crate::resource::feature_service::FeatureService;
use crate::resource::names::{column_name_fault, name_fault};
use crate::resource::report::Report;
use crate::resource::text::Texts;
use crate::resource::view::{Lookup, View};

/// Reports the mistakes of a service that show without its views.
pub fn check(service: &FeatureService, me: &Address, report: &mut Report) {
    if service.features.is_empty() {
        report.error(Code::V016, "features", format!("`{me}` has no features")).hint("name at least one view");
    }
    check_namespaces(service, me, report);
    for (index, entry) in service.features.iter().enumerate() {
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

/// Reports the mistakes of a service that show together with its views.
pub fn check_with(service: &FeatureService, me: &Address, catalog: &Catalog, report: &mut Report) {
    for (index, entry) in service.features.iter().enumerate() {
        let Some(view) = Lookup::view(catalog, entry.view()) else { continue };
        let address = Address::new(view.kind, view.name);
        if service.online_serving_enabled.unwrap_or(true) && view.spec.online != Some(true) {
            report
                .error(
                    Code::V009,
                    entry.path(index),
                    format!("`{}` serves online, and `{}` is not online", me, address),
                )
                .hint(format!("set `online: true` on `{}`, or `online_serving_enabled: false` on `{}`", address, me));
        }
        check_chosen(service, me, index, &view, report);
    }
}

fn check_namespaces(service: &FeatureService, me: &Address, report: &mut Report) {
    for (index, entry) in service.features.iter().enumerate() {
        let namespace = entry.namespace();
        let path = if entry.chosen().is_some_and(|it| it.namespace.is_some()) {
            format!("features[{index}].namespace")
        } else {
            entry.path(index)
        };
        // A renamed view keeps its old name as namespace, which may hold `-` and `:v2`.
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
        if let Some(first) = service.features[..index].iter().position(|it| it.namespace() == namespace) {
            report
                .error(Code::V013, &path, format!("namespace `{namespace}` of `{me}` is used twice"))
                .also(service.features[first].path(first), "first here")
                .hint("give one of them a `namespace` of its own");
        }
    }
}

fn check_chosen(service: &FeatureService, me: &Address, index: usize, view: &View, report: &mut Report) {
    let entry = &service.features[index];
    let Some(chosen) = entry.chosen() else { return };
    let address = Address::new(view.kind, view.name);
    if let (Some(features), Some(known)) = (&chosen.features, view.features()) {
        let known: Vec<String> = known.into_iter().map(|it| it.0).collect();
        if features.is_empty() {
            report
                .error(
                    Code::V016,
                    format!("features[{index}].features"),
                    format!("`{}` asks for no feature of `{}`", me, address),
                )
                .hint("leave `features` out to serve all of them");
        }
        for (position, feature) in features.iter().enumerate().filter(|it| !known.contains(it.1)) {
            report
                .error(
                    Code::V004,
                    format!("features[{index}].features[{position}]"),
                    format!("`{feature}` is not a feature of `{}` (has: {})", address, known.join(", ")),
                )
                .hint_if(did_you_mean(feature, known.iter().map(String::as_str)));
        }
    }
    let keys: Vec<&str> = view.join_keys().collect();
    let written = chosen.join_key_map.iter().flat_map(Texts::iter).map(|it| it.0);
    for key in written.filter(|it| !keys.contains(it)) {
        report
            .error(
                Code::V015,
                format!("features[{index}].join_key_map.{key}"),
                format!("`{key}` is not a join key of `{}` (has: {})", address, keys.join(", ")),
            )
            .hint_if(
                did_you_mean(key, keys.iter().copied())
                    .or_else(|| Some("write it as `{ join key of the view: key of the request }`".to_owned())),
            );
    }
}
