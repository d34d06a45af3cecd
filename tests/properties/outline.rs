//! The short way to a plan, from an outline, ends where the whole way ends.

use std::cell::RefCell;
use std::path::Path;

use proptest::test_runner::TestRunner;
use weir::load::{Files, SourceFile};
use weir::outline::{Focus, Outline, Reader, Store, View, digests};
use weir::render::diagnostics;

use super::*;

/// One turn: edits, then over how many files the declarations are spread, and whether the plan is carried out.
#[derive(Debug, Clone)]
struct Step {
    edits: Vec<Edit>,
    files: usize,
    apply: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let files = prop_oneof![1 => Just(1usize), 1 => Just(3usize), 4 => Just(100usize)];
    let step = (edits(), files, prop::bool::weighted(0.7));
    vec(step.prop_map(|(edits, files, apply)| Step { edits, files, apply }), 1..6)
}

/// How often the short way was there, and how often it made a plan with changes.
#[derive(Debug, Default)]
struct Taken {
    there: usize,
    checked: usize,
    planned: usize,
    changes: usize,
}

#[test]
fn the_short_way_makes_the_same_plan() {
    let taken = RefCell::new(Taken::default());
    let config = config(150);
    let cases = config.cases as usize;
    TestRunner::new(config)
        .run(&(world(), steps()), |(world, steps)| walk(world, &steps, &mut taken.borrow_mut()))
        .unwrap();
    let taken = taken.into_inner();
    // A way that is hardly ever taken proves nothing.
    assert!(taken.there > cases, "{taken:?}");
    assert!(taken.checked * 2 > taken.there, "{taken:?}");
    assert!(taken.planned * 4 > taken.there && taken.changes * 4 > taken.planned, "{taken:?}");
}

/// Every single edit of a repo with all kinds, there and back, with the plan carried out and not.
#[test]
fn the_short_way_makes_the_same_plan_of_every_single_edit() {
    let mut taken = Taken::default();
    let step = |edits: Vec<Edit>, apply| Step { edits, files: 100, apply };
    for slot in [ENTITIES, SOURCES_AT, SOURCES_AT + 2, TRANSFORMATIONS, VIEWS_AT, VIEWS_AT + 2, VIEWS_AT + 4] {
        for knob in (HERE..KNOBS).filter(|it| *it != RENAMED) {
            let before = rich().knobs[slot][knob];
            for value in (0..8).filter(|it| *it != before) {
                let edit = |value| vec![Edit { slot, knob, value }];
                let steps = [step(edit(value), slot % 2 == 0), step(edit(before), true)];
                walk(rich(), &steps, &mut taken).unwrap_or_else(|it| panic!("{slot} {knob} {value}: {it}"));
            }
        }
    }
    assert!(taken.checked * 10 > taken.there * 9, "{taken:?}");
}

fn walk(world: World, steps: &[Step], taken: &mut Taken) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().to_owned(), "test", &[0; 32]);
    let mut registry = Memory::default();
    let mut world = world;
    let first = Step { edits: Vec::new(), files: 100, apply: true };
    for step in std::iter::once(&first).chain(steps) {
        let edited = world.edited(&step.edits);
        let files = write(&sound(&edited, &world).0, step.files);
        let recorded = snapshot(&mut registry, "prod");
        let short = short(&store, folder.path(), &files, &mut registry);
        let whole = whole(folder.path(), &files);
        let plan = diff(&recorded, &whole.declared, &Suppress::None, now());
        taken.there += usize::from(store.read().is_some());
        if let Some((outline, planned)) = short {
            taken.checked += 1;
            prop_assert_eq!(Some(&outline), whole.outline.as_ref());
            prop_assert_eq!(outline.warnings(), whole.warnings);
            if let Some(short) = planned {
                let plan = plan.as_ref().map_err(|it| TestCaseError::fail(diagnostics::all(it)))?;
                prop_assert_eq!(bytes(&short), bytes(plan));
                prop_assert_eq!(&short, plan);
                taken.planned += 1;
                taken.changes += usize::from(!plan.changes.is_empty());
            }
        }
        store.write(whole.outline.as_ref());
        prop_assert_eq!(store.read(), whole.outline, "what is kept is what is read");
        match plan.map(|it| approve(it, &recorded)) {
            Ok(Ok(approved)) if step.apply => carry_out(&mut registry, approved),
            _ => {}
        }
        world = edited;
    }
    Ok(())
}

/// Writes declarations as files, spread by their names.
fn write(stated: &[(Address, Value)], count: usize) -> Files {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (address, spec) in stated {
        let place = address.name.bytes().fold(address.kind as usize, |sum, byte| sum * 31 % 10_007 + usize::from(byte));
        let mut document = json!({ "kind": address.kind.as_str(), "name": &*address.name });
        document.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        *texts.entry(format!("{:03}.yaml", place % count)).or_default() += &format!("---\n{document}\n");
    }
    let file =
        |(path, text): (String, String)| SourceFile { path: path.into(), hash: blake3::hash(text.as_bytes()), text };
    Files { root: "/nowhere".into(), files: std::sync::Arc::new(texts.into_iter().map(file).collect()) }
}

struct Whole {
    declared: Vec<Declared>,
    outline: Option<Outline>,
    warnings: Vec<(String, usize)>,
}

fn whole(folder: &Path, files: &Files) -> Whole {
    let mut cache = Cache::open(Some(folder.to_owned()), "test");
    let copy = Files { root: files.root.clone(), files: files.files.clone() };
    let (mut repo, mut found) = load::declare(copy, &Project::default(), &mut cache);
    found.extend(resolve(&mut repo));
    found.extend(check::together(&repo, &repo.catalog()));
    assert!(!found.iter().any(Diagnostic::is_error), "{}", diagnostics::all(&found));
    cache.close()();
    let digests = digests(&repo, &repo.catalog());
    let declared = repo.declared.iter().zip(&digests).map(|(it, digest)| Declared {
        resource: it.resource.clone(),
        digest: *digest,
        source: Some(repo.source(it.document)),
    });
    let outline = Outline::of(&repo, &digests, &found);
    Whole { declared: declared.collect(), outline, warnings: diagnostics::counts(&found) }
}

/// Takes the short way, when there is one: the new outline, and the plan as far as it comes.
fn short(store: &Store, folder: &Path, files: &Files, registry: &mut Memory) -> Option<(Outline, Option<Plan>)> {
    let (project, mut cache) = (Project::default(), Cache::open(Some(folder.to_owned()), "test"));
    let reader = Reader { files, project: &project, cache: &mut cache };
    let mut focus = Focus::check(store.read()?, reader, usize::MAX)?;
    let recorded = Snapshot { entries: wait(registry.entries("prod")).unwrap(), ..snapshot(registry, "prod") };
    let plan = focus.view(&recorded).and_then(|mut view| {
        read_missing(registry, &mut view);
        focus.plan(&view, now())
    });
    Some((focus.outline, plan))
}

fn read_missing(registry: &mut Memory, view: &mut View) {
    let digests: BTreeMap<_, _> = view.declared.iter().map(|it| (&it.resource.address, it.digest)).collect();
    let wanted = |address: &Address, entry: &Entry| digests.get(address) != Some(&entry.digest);
    wait(read_specs(registry, "prod", &mut view.recorded.entries, wanted)).unwrap();
}
