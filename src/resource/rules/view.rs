//! The rules of views that need no data (spec 1, "Rules that need no data").

use super::{aggregations, columns};
use crate::diagnostic::{Code, did_you_mean};
use crate::resource::address::{Address, Kind};
use crate::resource::catalog::Catalog;
use crate::resource::duration::Duration;
use crate::resource::feature_view::{BatchTrigger, FeatureView};
use crate::resource::field::check_schema;
use crate::resource::report::Report;
use crate::resource::source_input::SourceInput;
use crate::resource::spec::{Resource, Spec};
use crate::resource::transformation::check_one_query;
use crate::resource::view::View;

/// Reports the mistakes of a view that show without other resources.
pub fn check(view: &FeatureView, me: &Address, report: &mut Report) {
    check_query_fields(view, me, report);
    check_lists(view, me, report);
    check_durations(view, me, report);
    aggregations::check(view, me, report);
    if let Some(schema) = &view.schema {
        check_schema(&format!("`{me}`"), "schema", schema, report);
    }
    if me.kind == Kind::StreamFeatureView && view.incremental_backfills.is_some() {
        report
            .error(
                Code::L009,
                "incremental_backfills",
                format!("`{me}` is a stream view, and `incremental_backfills` is a field of batch views"),
            )
            .hint("remove it");
    }
}

/// Reports the mistakes of a view that show together with its sources and entities.
pub fn check_with(view: &View, me: &Address, catalog: &Catalog, report: &mut Report) {
    check_sources(view.spec, me, catalog, report);
    check_transformation(view.spec, me, catalog, report);
    check_interval(view, me, catalog, report);
    check_trigger(view, me, catalog, report);
    columns::check(view, me, catalog, report);
    warn(view, me, report);
}

/// Says whether all sources of the view are declared.
fn is_resolved(view: &FeatureView, catalog: &Catalog) -> bool {
    view.sources.iter().all(|it| catalog.source(it.name()).is_some())
}

fn check_query_fields(view: &FeatureView, me: &Address, report: &mut Report) {
    check_one_query(me, &view.sql, &view.sql_file, false, report);
    if view.transformation.is_some() && (view.sql.is_some() || view.sql_file.is_some()) {
        let other = if view.sql.is_some() { "sql" } else { "sql_file" };
        report
            .error(Code::V008, "transformation", format!("`{me}` has both `transformation` and `{other}`"))
            .hint("keep one of them");
    }
    if view.sql.is_none() && view.sql_file.is_none() && view.transformation.is_none() && view.sources.len() > 1 {
        report
            .error(
                Code::V008,
                "sources",
                format!("`{}` reads {} sources and has no query to combine them", me, view.sources.len()),
            )
            .hint("write `sql`, `sql_file` or `transformation`");
    }
}

fn check_lists(view: &FeatureView, me: &Address, report: &mut Report) {
    if view.sources.is_empty() {
        report.error(Code::V016, "sources", format!("`{me}` has no sources")).hint("name at least one source");
    }
    if view.entities.is_empty() {
        report.error(Code::V016, "entities", format!("`{me}` has no entities")).hint("name at least one entity");
    }
    for (index, source) in view.sources.iter().enumerate() {
        if view.sources[..index].iter().any(|it| it.name() == source.name()) {
            report
                .error(
                    Code::V003,
                    format!("sources[{index}]"),
                    format!("source `{}` of `{}` is named twice", source.name(), me),
                )
                .hint("remove one of them");
        }
        if let SourceInput::Filtered(filtered) = source
            && filtered.start_time_offset.is_some()
            && filtered.is_unfiltered()
        {
            report
                .error(
                    Code::V008,
                    format!("sources[{index}].start_time_offset"),
                    format!("source `{}` of `{}` has both `unfiltered` and `start_time_offset`", source.name(), me),
                )
                .hint("keep one of them: what is read whole has no window to begin before");
        }
        if let SourceInput::Filtered(filtered) = source
            && filtered.start_time_offset.is_some_and(|it| it.secs > 0)
        {
            report
                .error(
                    Code::V016,
                    format!("sources[{index}].start_time_offset"),
                    format!(
                        "the start_time_offset of `{}` is positive, and rows are read from before the window",
                        source.name()
                    ),
                )
                .hint("write it with a minus, as `-1d`");
        }
    }
    for (index, entity) in view.entities.iter().enumerate() {
        if view.entities[..index].contains(entity) {
            report
                .error(Code::V003, format!("entities[{index}]"), format!("entity `{entity}` of `{me}` is named twice"))
                .hint("remove one of them");
        }
    }
}

fn check_durations(view: &FeatureView, me: &Address, report: &mut Report) {
    let address = me;
    for (path, duration) in [
        ("ttl", view.ttl),
        ("batch_schedule", view.batch_schedule),
        ("max_backfill_interval", view.max_backfill_interval),
    ] {
        if duration.is_some_and(|it| it.secs <= 0) {
            report.error(Code::V016, path, format!("the {path} of `{address}` is not above zero"));
        }
    }
    if view.aggregation_interval.is_some_and(|it| it.secs < 0) {
        report
            .error(Code::V016, "aggregation_interval", format!("the aggregation_interval of `{address}` is negative"))
            .hint("write `0s` for continuous");
    }
    if view.ttl.is_some() && view.aggregates() {
        report
            .error(Code::V008, "ttl", format!("`{address}` has both `ttl` and `aggregations`"))
            .hint("remove `ttl`: an aggregate is kept as long as its longest window");
    }
    if view.aggregation_interval.is_some() && !view.aggregates() {
        report
            .error(
                Code::V011,
                "aggregation_interval",
                format!("`{address}` has `aggregation_interval` and no `aggregations`"),
            )
            .hint("remove it, or add `aggregations`");
    }
    if view.incremental_backfills == Some(true) && view.aggregates() {
        report
            .error(
                Code::V008,
                "incremental_backfills",
                format!("`{address}` has both `incremental_backfills` and `aggregations`"),
            )
            .hint("remove `incremental_backfills`");
    }
    if view.manual_trigger_backfill_end_time.is_some() && view.batch_trigger != Some(BatchTrigger::Manual) {
        report
            .error(
                Code::V011,
                "manual_trigger_backfill_end_time",
                format!("`{address}` has `manual_trigger_backfill_end_time`, and its batch_trigger is not MANUAL"),
            )
            .hint("set `batch_trigger: MANUAL`, or remove it");
    }
    check_monitoring(view, me, report);
}

fn check_monitoring(view: &FeatureView, me: &Address, report: &mut Report) {
    let Some(monitoring) = &view.monitoring else { return };
    let address = me;
    if monitoring.monitor_freshness == Some(true) && view.online != Some(true) {
        report
            .error(
                Code::V011,
                "monitoring.monitor_freshness",
                format!("`{address}` monitors freshness and is not online"),
            )
            .hint("set `online: true`, or remove `monitoring`");
    }
    if let (Some(expected), Some(interval)) = (monitoring.expected_freshness, view.aggregation_interval)
        && expected.secs < 2 * interval.secs
    {
        let least = Duration::secs(2 * interval.secs);
        let summary = format!(
            "expected_freshness {expected} of `{address}` is less than twice its aggregation_interval {interval}"
        );
        report.error(Code::V007, "monitoring.expected_freshness", summary).hint(format!("write `{least}` or more"));
    }
}

fn check_sources(view: &FeatureView, me: &Address, catalog: &Catalog, report: &mut Report) {
    let sources: Vec<_> = view.sources.iter().map(|it| catalog.source(it.name())).collect();
    // `resolve` reports a name that refers to nothing, so it is not counted here.
    if sources.iter().any(Option::is_none) {
        return;
    }
    let pushed = |it: &&Resource| it.spec.declaration().source().is_some_and(|it| it.is_pushed());
    if me.kind == Kind::StreamFeatureView {
        let count = sources.iter().flatten().filter(|it| pushed(it)).count();
        if count != 1 {
            let found = sources.iter().flatten().map(|it| format!("`{}`", it.address)).collect::<Vec<_>>().join(", ");
            report
                .error(
                    Code::V012,
                    "sources",
                    format!("stream view `{me}` reads {count} push sources, and needs exactly one (reads: {found})"),
                )
                .hint(
                    if count == 0 { "name a PushSource, or make this a BatchFeatureView" } else { "keep one of them" }
                        .to_owned(),
                );
        }
        return;
    }
    for (index, source) in sources.iter().flatten().enumerate() {
        if pushed(source) && source.spec.declaration().source().is_some_and(|it| it.batch().is_none()) {
            report
                .error(
                    Code::V012,
                    format!("sources[{index}]"),
                    format!("batch view `{}` reads `{}`, which has no batch_config", me, source.address),
                )
                .hint(format!("give `{}` a batch_config, or make this a StreamFeatureView", source.address));
        }
    }
}

fn check_transformation(view: &FeatureView, me: &Address, catalog: &Catalog, report: &mut Report) {
    let Some(call) = &view.transformation else { return };
    let Some(Spec::Transformation(transformation)) = catalog.transformation(&call.name).map(|it| &it.spec) else {
        return;
    };
    let tables = view.tables();
    for (index, input) in call.inputs.iter().flatten().enumerate().filter(|it| !tables.contains(it.1)) {
        report
            .error(
                Code::R005,
                format!("transformation.inputs[{index}]"),
                format!("input `{input}` is not one of the sources of `{}` (has: {})", me, tables.join(", ")),
            )
            .hint_if(did_you_mean(input, tables.iter().map(String::as_str)));
    }
    let wanted = transformation.open_inputs(catalog);
    let given = call.inputs.as_ref().map_or(tables.len(), Vec::len);
    if wanted.len() != given {
        report
            .error(
                Code::V012,
                "transformation",
                format!(
                    "`{}` gives `Transformation.{}` {given} inputs, and it takes {}: {}",
                    me,
                    call.name,
                    wanted.len(),
                    wanted.join(", ")
                ),
            )
            .hint("write `inputs:` with one source for each of them, in that order");
    }
}

fn check_interval(view: &View, me: &Address, catalog: &Catalog, report: &mut Report) {
    if view.spec.aggregates() && view.interval().is_none() && is_resolved(view.spec, catalog) {
        report
            .error(Code::V011, "aggregations", format!("`{me}` has aggregations and no `aggregation_interval`"))
            .hint("write how wide a partial aggregate is, as `aggregation_interval: 1d`");
    }
    if me.kind == Kind::BatchFeatureView && view.spec.aggregation_interval == Some(Duration::ZERO) {
        report
            .error(
                Code::V007,
                "aggregation_interval",
                format!("`{me}` is a batch view, and only pushed events aggregate continuously"),
            )
            .hint("write how wide a partial aggregate is, as `aggregation_interval: 1d`");
    }
    if let (Some(schedule), Some(interval)) =
        (view.spec.batch_schedule, view.interval().filter(|it| it.secs > 0 && view.spec.aggregates()))
        && !schedule.is_multiple_of(interval)
    {
        report
            .error(
                Code::V007,
                "batch_schedule",
                format!(
                    "the batch_schedule {schedule} of `{me}` is not a multiple of its aggregation_interval {interval}"
                ),
            )
            .hint(format!("write a multiple of {interval}"));
    }
}

fn check_trigger(view: &View, me: &Address, catalog: &Catalog, report: &mut Report) {
    let address = me;
    if !is_resolved(view.spec, catalog) {
        return;
    }
    let has_batch = view.found.has_batch;
    match view.spec.batch_trigger {
        Some(BatchTrigger::NoBatchMaterialization) if has_batch => {
            report
                .error(
                    Code::V010,
                    "batch_trigger",
                    format!("`{address}` says NO_BATCH_MATERIALIZATION, and its source has batch rows"),
                )
                .hint("write SCHEDULED or MANUAL, or remove it");
        }
        Some(BatchTrigger::Scheduled | BatchTrigger::Manual) if !has_batch => {
            report
                .error(
                    Code::V010,
                    "batch_trigger",
                    format!("`{address}` schedules batch jobs, and its source has no batch_config"),
                )
                .hint("remove batch_trigger, or give the source a batch_config");
        }
        _ => {}
    }
    if view.spec.is_materialized() && has_batch && view.spec.feature_start_time.is_none() {
        report
            .error(
                Code::V011,
                "name",
                format!("`{address}` is materialized from a batch source and has no `feature_start_time`"),
            )
            .hint("write the first moment that should have features, as `feature_start_time: 2024-01-01`");
    }
}

fn warn(view: &View, me: &Address, report: &mut Report) {
    let monitored = view.spec.monitoring.as_ref().is_some_and(|it| it.monitor_freshness == Some(true));
    if view.spec.online == Some(true) && !monitored {
        report
            .warning(Code::V101, "online", format!("`{me}` is online, and nobody watches how fresh it is"))
            .hint("add `monitoring: { monitor_freshness: true, alert_email: ... }`");
    }
    if view.found.is_pushed && !view.found.has_batch {
        report
            .warning(
                Code::V103,
                "sources",
                format!("the history of `{me}` starts at the first push: its source has no batch_config"),
            )
            .hint("give the source a batch_config to backfill from");
    }
}
