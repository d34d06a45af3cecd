//! Takes the short way from the repo to a plan, where there is one.

use std::collections::BTreeMap;

use super::context::{Context, Place};
use super::planning::{Ground, Planned};
use super::repo::{self, Sources};
use super::stop::Stop;
use crate::outline::{Focus, Reader};
use crate::plan::{self, Data};
use crate::resource::Instant;

/// Returns the plan, with the warnings said; nothing when the whole way has to be gone.
pub fn plan(
    context: &Context,
    place: &Place,
    sources: &mut Sources,
    ground: &mut Ground,
    now: Instant,
) -> Result<Option<Planned>, Stop> {
    if !sources.has_outline() {
        return Ok(None);
    }
    // What is recorded is read meanwhile.
    let (read, focus) = std::thread::scope(|scope| {
        let read = || ground.snapshot_with(context, |_, _| false);
        let thread = std::thread::Builder::new().spawn_scoped(scope, read);
        let focus = sources.outline().and_then(|before| {
            // From half on, the whole way is no slower.
            let limit = before.lines.len() / 2;
            let reader = Reader { files: &sources.files, project: &place.project, cache: &mut sources.cache };
            Focus::check(before, reader, limit)
        });
        let read = thread.map(|it| it.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        (read, focus)
    });
    // Where the system has no thread for it, it is read now.
    let recorded = read.unwrap_or_else(|_| ground.snapshot_with(context, |_, _| false));
    let Some(mut focus) = focus else { return Ok(None) };
    let state = focus.outline.state();
    let planned = if state == ground.workspace.state {
        ground.unchanged(focus.outline.lines.len(), state)
    } else {
        let recorded = recorded?;
        let Some(mut view) = focus.view(&recorded) else { return Ok(None) };
        ground.read_specs(context, &mut view)?;
        if ground.has_moved(context)? {
            return Ok(None);
        }
        // Nothing was opened: what is recorded of columns stands, and decides the order on the wire.
        let data = Data { recorded: ground.recorded_columns(context)?, ..Data::default() };
        let Some(mut plan) = focus.plan(&view, &data, now) else { return Ok(None) };
        if !data.recorded.is_empty() {
            plan::drift(&mut plan, &view.recorded, &view.declared, &data).map_err(Stop::Diagnostics)?;
        }
        Planned { refusals: plan::refusals(&plan, &recorded), plan, snapshot: recorded, derived: BTreeMap::new() }
    };
    let outline = focus.outline;
    repo::say_counts(context, &outline.warnings());
    sources.remember(context, outline);
    Ok(Some(planned))
}
