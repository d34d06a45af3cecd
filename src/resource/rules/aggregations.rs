//! The rules of aggregations: their windows, and the names of their features.

use crate::diagnostic::Code;
use crate::resource::address::Address;
use crate::resource::aggregation::Aggregation;
use crate::resource::duration::Duration;
use crate::resource::feature_view::FeatureView;
use crate::resource::names::column_name_fault;
use crate::resource::report::Report;
use crate::resource::view::View;

/// Reports the mistakes of aggregations that show without other resources.
pub fn check(view: &FeatureView, me: &Address, report: &mut Report) {
    for (index, aggregation) in view.aggregations.iter().flatten().enumerate() {
        check_windows(aggregation, index, me, report);
        if let Some(fault) = aggregation.name.as_deref().and_then(column_name_fault) {
            report.error(
                Code::V002,
                format!("aggregations[{index}].name"),
                format!(
                    "feature `{}` of `{}` is not allowed: a feature name {fault}",
                    aggregation.name.as_deref().unwrap_or_default(),
                    me
                ),
            );
        }
    }
    for aggregate in view.aggregations() {
        let window = aggregate.time_window;
        if window.secs <= 0 {
            let summary = format!("a time_window of `{me}` is not above zero");
            report.error(Code::V016, aggregate.window_path(), summary);
        }
        if let Some(interval) = view.aggregation_interval.filter(|it| it.secs > 0 && !window.is_multiple_of(*it)) {
            let least = Duration::secs((window.secs / interval.secs + 1) * interval.secs);
            report
                .error(
                    Code::V007,
                    aggregate.window_path(),
                    format!("time_window {window} of `{me}` is not a multiple of its aggregation_interval {interval}"),
                )
                .hint(format!("write a multiple of {interval}, as `{least}`"));
        }
    }
}

/// Reports an entry with both `time_window` and `time_windows` or neither, or with one name for several windows.
fn check_windows(aggregation: &Aggregation, index: usize, me: &Address, report: &mut Report) {
    let Aggregation { column, function, time_window, time_windows, name } = aggregation;
    let path = |field: &str| format!("aggregations[{index}]{field}");
    match (time_window, time_windows) {
        (None, None) => {
            let summary = format!("the {function} of `{column}` in `{me}` has no `time_window`");
            let hint = "write `time_window: 1h`, or `time_windows: [1h, 1d]` for a feature each";
            report.error(Code::L010, path(""), summary).hint(hint);
        }
        (Some(_), Some(_)) => {
            let summary = format!("the {function} of `{column}` in `{me}` has both `time_window` and `time_windows`");
            report.error(Code::V008, path(".time_windows"), summary).hint("keep one of them");
        }
        (None, Some(windows)) if windows.is_empty() => {
            let summary = format!("the {function} of `{column}` in `{me}` has no window");
            report.error(Code::V016, path(".time_windows"), summary).hint("name at least one");
        }
        (None, Some(_)) if name.is_some() => {
            let summary = format!("the {function} of `{column}` in `{me}` has one name for several windows");
            let hint = "leave `name` out, or write an aggregation with a `time_window` and a name for each";
            report.error(Code::V008, path(".name"), summary).hint(hint);
        }
        _ => {}
    }
}

/// Reports features whose name is used twice, is that of a key, or is not allowed.
pub fn check_names(view: &View, me: &Address, report: &mut Report) {
    let interval = view.interval().unwrap_or(Duration::ZERO);
    let aggregates: Vec<_> = view.spec.aggregations().collect();
    let features: Vec<_> = aggregates.iter().map(|it| it.feature(interval)).collect();
    for (index, (feature, aggregate)) in features.iter().zip(&aggregates).enumerate() {
        if features[..index].contains(feature) {
            report
                .error(Code::V003, aggregate.path(), format!("feature `{feature}` of `{me}` is named twice"))
                .hint("give one of them a `name`, or remove it");
        }
        if view.is_key(feature) {
            report
                .error(
                    Code::V003,
                    aggregate.path(),
                    format!("feature `{feature}` of `{me}` is named like its join key"),
                )
                .hint("give it another `name`");
        }
        // A column such as `a_` makes a default name with `__`, which separates namespace and feature.
        if aggregate.name.is_none()
            && let Some(fault) = column_name_fault(feature)
        {
            report
                .error(
                    Code::V002,
                    aggregate.path(),
                    format!(
                        "the default name `{feature}` of a feature of `{me}` is not allowed: a feature name {fault}"
                    ),
                )
                .hint("give it a `name`");
        }
    }
}
