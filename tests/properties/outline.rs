//! The short way to a plan, from an outline, ends where the whole way ends.

use std::cell::RefCell;
use std::path::Path;

use proptest::test_runner::TestRunner;
use weir::load::{Bounds, Files, SourceFile};
use weir::outline::{Focus, Outline, Reader, Store, View, digests};
use weir::render::diagnostics;

use super::*;

/// One turn: edits, then over how many files the declarations are spread, and whether the plan is carried out.
#[derive(Debug, Clone)]
struct Step {
    edits: Vec<Edit>,
    files: usize,
    apply: bool,
    /// Declarations that are mistakes stay where they are.
    unsound: bool,
    /// One declaration is written once more, here.
    copy: Option<(usize, &'static str)>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let files = prop_oneof![1 => Just(1usize), 1 => Just(3usize), 4 => Just(100usize)];
    let copy = prop_oneof![
        6 => Just(None),
        1 => (0..100usize, prop::sample::select(&["000.yaml", "zz.yaml"])).prop_map(Some),
    ];
    let step = (edits(), files, prop::bool::weighted(0.7), prop::bool::weighted(0.1), copy);
    let step = step.prop_map(|(edits, files, apply, unsound, copy)| Step { edits, files, apply, unsound, copy });
    vec(step, 1..6)
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
    // A way that is hardly ever taken proves nothing; what is refused goes the whole way.
    assert!(taken.there > cases, "{taken:?}");
    assert!(taken.checked * 2 > taken.there, "{taken:?}");
    assert!(taken.planned * 4 > taken.there && taken.changes * 6 > taken.planned, "{taken:?}");
}

/// Every single edit of a repo with all kinds, there and back, with the plan carried out and not.
#[test]
fn the_short_way_makes_the_same_plan_of_every_single_edit() {
    let mut taken = Taken::default();
    let step = |edits: Vec<Edit>, apply| Step { edits, files: 100, apply, unsound: false, copy: None };
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
    let first = Step { edits: Vec::new(), files: 100, apply: true, unsound: false, copy: None };
    for step in std::iter::once(&first).chain(steps) {
        let edited = world.edited(&step.edits);
        let stated = if step.unsound { stated(&edited, &world) } else { sound(&edited, &world).0 };
        let files = write(&stated, step);
        let recorded = snapshot(&mut registry, "prod");
        let short = short(&store, folder.path(), &files, &mut registry);
        let Some(whole) = whole(folder.path(), &files) else {
            prop_assert!(short.is_none(), "a mistake is found on the whole way only");
            continue;
        };
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
fn write(stated: &[(Address, Value)], step: &Step) -> Files {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (address, spec) in stated {
        let place = address.name.bytes().fold(address.kind as usize, |sum, byte| sum * 31 % 10_007 + usize::from(byte));
        let mut document = json!({ "kind": address.kind.as_str(), "name": &*address.name });
        document.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        *texts.entry(format!("{:03}.yaml", place % step.files)).or_default() += &format!("---\n{document}\n");
    }
    if let Some((nth, file)) = step.copy
        && let Some((address, spec)) = stated.get(nth % stated.len().max(1))
    {
        let mut document = json!({ "kind": address.kind.as_str(), "name": &*address.name });
        document.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        *texts.entry(file.to_owned()).or_default() += &format!("---\n{document}\n");
    }
    let file =
        |(path, text): (String, String)| SourceFile { path: path.into(), hash: blake3::hash(text.as_bytes()), text };
    Files { bounds: Bounds::default(), files: std::sync::Arc::new(texts.into_iter().map(file).collect()) }
}

struct Whole {
    declared: Vec<Declared>,
    outline: Option<Outline>,
    warnings: Vec<(String, usize)>,
}

/// Goes the whole way; nothing when there is a mistake.
fn whole(folder: &Path, files: &Files) -> Option<Whole> {
    let mut cache = Cache::open(Some(folder.to_owned()), "test");
    let copy = Files { bounds: files.bounds.clone(), files: files.files.clone() };
    let (mut repo, mut found) = load::declare(copy, &Project::default(), &mut cache);
    found.extend(resolve(&mut repo));
    found.extend(check::together(&repo, &repo.catalog()));
    cache.close()();
    if found.iter().any(Diagnostic::is_error) {
        return None;
    }
    let digests = digests(&repo, &repo.catalog());
    let declared = repo.declared.iter().zip(&digests).map(|(it, digest)| Declared {
        resource: it.resource.clone().into(),
        digest: *digest,
        source: Some(repo.source(it.document)),
    });
    let outline = Outline::of(&repo, &digests, &found);
    Some(Whole { declared: declared.collect(), outline, warnings: diagnostics::counts(&found) })
}

/// Takes the short way, when there is one: the new outline, and the plan as far as it comes.
fn short(store: &Store, folder: &Path, files: &Files, registry: &mut Memory) -> Option<(Outline, Option<Plan>)> {
    let (project, mut cache) = (Project::default(), Cache::open(Some(folder.to_owned()), "test"));
    let reader = Reader { files, project: &project, cache: &mut cache };
    let mut focus = Focus::check(store.read()?, reader, usize::MAX)?;
    let recorded = Snapshot { entries: wait(registry.entries("prod")).unwrap(), ..snapshot(registry, "prod") };
    let plan = focus.view(&recorded).and_then(|mut view| {
        read_missing(registry, &mut view);
        focus.plan(&view, &weir::plan::Data::default(), now())
    });
    Some((focus.outline, plan))
}

fn read_missing(registry: &mut Memory, view: &mut View) {
    let digests: BTreeMap<_, _> = view.declared.iter().map(|it| (&it.resource.address, it.digest)).collect();
    let wanted = |address: &Address, entry: &Entry| digests.get(address) != Some(&entry.digest);
    wait(read_specs(registry, "prod", &mut view.recorded.entries, wanted)).unwrap();
    view.recorded.jobs = wait(read_jobs(registry, "prod", &view.recorded.entries, wanted)).unwrap();
}

/// The files that declarations name, and where declarations lie: what only shows with a real folder.
#[test]
fn both_ways_agree_about_files() {
    let sql = "SELECT user_id, amount, at FROM orders\n";
    let inline = format!("sql: {sql}");
    let view = |query: &str| {
        let head = "kind: BatchFeatureView\nname: spend\nsources: [orders]\nentities: [user]\n";
        format!("{head}{query}online: true\nfeature_start_time: 2024-01-01\ntimestamp_field: at\n")
    };
    let repo = crate::support::Repo::new(&[
        ("entity.yaml", "kind: Entity\nname: user\njoin_keys: [user_id]\n"),
        ("orders.yaml", "kind: BatchSource\nname: orders\nbatch_config: { kind: HiveConfig, database: d, table: t }\n"),
        ("other.yaml", "kind: Entity\nname: other\n"),
        ("another.yaml", "kind: Entity\nname: another\n"),
        ("spend.yaml", &view(&inline)),
        ("serve.yaml", "kind: FeatureService\nname: serve\nfeatures: [spend]\n"),
    ]);
    repo.run(&["-q", "apply", "-y"]).exits(0);
    let changed = sql.replace("FROM orders", "FROM orders WHERE amount > 1");
    type Edit<'a> = (&'a str, Box<dyn Fn() + 'a>, i32);
    let edits: Vec<Edit> = vec![
        (
            "the query moves to a file",
            Box::new(|| {
                repo.write("spend.sql", sql);
                repo.write("spend.yaml", &view("sql_file: spend.sql\n"));
            }),
            0,
        ),
        ("the file changes", Box::new(|| repo.write("spend.sql", &changed)), 2),
        ("and back", Box::new(|| repo.write("spend.sql", sql)), 0),
        (
            "another file with the same text",
            Box::new(|| {
                repo.write("copy.sql", sql);
                repo.write("spend.yaml", &view("sql_file: copy.sql\n"));
            }),
            0,
        ),
        ("the other file changes", Box::new(|| repo.write("copy.sql", &changed)), 2),
        (
            "the declaration moves away from its file",
            Box::new(|| {
                repo.write("copy.sql", sql);
                repo.remove("spend.yaml");
                repo.write("views/spend.yaml", &view("sql_file: copy.sql\n"));
            }),
            1,
        ),
        ("there is another file of that name", Box::new(|| repo.write("views/copy.sql", &changed)), 2),
        ("it is what it was", Box::new(|| repo.write("views/copy.sql", sql)), 0),
        ("a copy of a declaration", Box::new(|| repo.write("zz.yaml", "kind: Entity\nname: other\n")), 1),
        ("a copy that differs", Box::new(|| repo.write("zz.yaml", "kind: Entity\nname: other\nowner: me\n")), 1),
        (
            "twice in one file",
            Box::new(|| {
                repo.remove("zz.yaml");
                repo.write("other.yaml", "kind: Entity\nname: other\n---\nkind: Entity\nname: other\n");
            }),
            1,
        ),
        ("once again", Box::new(|| repo.write("other.yaml", "kind: Entity\nname: other\n")), 0),
    ];
    for (what, edit, code) in edits {
        edit();
        let plan = || {
            let run = repo.run(&["plan", "--detailed-exitcode", "--format", "json"]);
            (run.code, run.stdout, run.stderr)
        };
        let (short, again) = (plan(), plan());
        for cache in ["outline.cache", "parse.cache"] {
            let _ = std::fs::remove_file(repo.path().join(".weir").join(cache));
        }
        let whole = plan();
        assert_eq!(short, whole, "{what}");
        assert_eq!(again, whole, "{what}, again");
        assert_eq!(whole.0, Some(code), "{what}: {}{}", whole.1, whole.2);
    }
}
