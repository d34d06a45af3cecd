//! The steps of a random history, and what must be true after each.

use super::*;

/// What happened in all histories: a walk that hardly does anything proves nothing.
#[derive(Debug, Default)]
pub struct Tally {
    pub applied: usize,
    pub refused: usize,
    pub mistaken: usize,
    pub nothing: usize,
    pub restored: usize,
    pub saved_applied: usize,
    pub saved_stale: usize,
    pub put_back: usize,
    pub destroyed: usize,
}

/// What must be the same after a restore: spec, protection, dependencies and order on the wire.
type Told = (Value, Option<bool>, Vec<String>, Vec<String>);

impl History {
    /// Edits what was declared last, and applies it.
    pub fn edit_and_apply(&mut self, site: usize, tally: &mut Tally) {
        let world = self.declare_an_edit(site);
        let planned = self.plan(site);
        let mut arguments = vec!["apply", "-y"];
        if self.below(8) == 0 {
            arguments.push("--suppress-recreates");
        }
        let (before, after, run) = self.watch(site, &arguments);
        match run.code {
            Some(0) if after.0 == before.0 => tally.nothing += 1,
            Some(0) => {
                tally.applied += 1;
                self.sites[site].world = world;
                if arguments.len() == 2 {
                    self.did_what_the_plan_says(&planned, &before.1, &after.1);
                }
                self.records_what_is_declared(site, &after.1);
                self.nothing_is_left_to_do(site);
            }
            Some(3) => tally.refused += 1,
            Some(1) => tally.mistaken += 1,
            code => self.fail(&format!("apply ends with {code:?}")),
        }
    }

    fn declare_an_edit(&mut self, site: usize) -> World {
        let turns = edits().new_tree(&mut self.runner).unwrap().current();
        let before = self.sites[site].world.clone();
        let world = before.edited(&turns);
        self.write(&sound(&world, &before).0);
        world
    }

    /// Returns the plan as JSON, where there is one; a fresh clone without caches makes the same, to the byte.
    fn plan(&mut self, site: usize) -> Option<Value> {
        let warm = self.run(site, &["plan", "--format", "json"]);
        let _ = std::fs::remove_dir_all(self.fresh.path().join(".weir"));
        let fresh = self.fresh.path().to_owned();
        let cold = self.run_in(&fresh, site, &["plan", "--format", "json"]);
        // The registry is named as a person would name it from the folder that the command runs in.
        let (path, folder) = (self.registry(site), self.repo.path().to_owned());
        let from_here = path.strip_prefix(&folder).unwrap_or(&path).display().to_string();
        if (warm.code, &warm.stdout) != (cold.code, &cold.stdout.replace(&path.display().to_string(), &from_here)) {
            self.fail(&format!("caches change the plan:\n{}\n{}", warm.stdout, cold.stdout));
        }
        serde_json::from_str(&warm.stdout).ok()
    }

    /// Runs a command that may write, and looks at all that must hold whatever it does. Returns serial and rows of the
    /// site before and after.
    fn watch(&mut self, site: usize, arguments: &[&str]) -> ((i64, Rows), (i64, Rows), Run) {
        let all_before = self.rows(site);
        let other = (site + WORKSPACES.len()) % self.sites.len();
        let other_before = self.rows(other);
        let run = self.run(site, arguments);
        let (all_after, workspace) = (self.rows(site), self.sites[site].workspace);
        if self.rows(other) != other_before {
            self.fail("the other registry changed");
        }
        for (name, rows) in all_before.iter().filter(|it| it.0 != workspace) {
            if all_after.get(name) != Some(rows) {
                self.fail(&format!("workspace {name} changed"));
            }
        }
        let (before, after) = (all_before[workspace].clone(), all_after[workspace].clone());
        match run.code {
            Some(0) => {}
            _ if before == after => {}
            code => self.fail(&format!("exit {code:?}, and something was written")),
        }
        match after.0 - before.0 {
            0 if before.1 != after.1 => self.fail("something was written without a serial"),
            0 => {}
            1 => {
                self.sites[site].line.truncate(before.0 as usize + 1);
                self.sites[site].line.push(after.1.clone());
            }
            _ => self.fail("the serial jumped"),
        }
        if workspace == "dev" {
            if after.1.values().any(|it| it.jobs > 0) {
                self.fail("a development workspace has jobs");
            }
        } else {
            self.spares_what_is_protected(&before.1, &after.1);
        }
        self.keeps_wire_positions(&before.1, &after.1);
        (before, after, run)
    }

    /// What was protected, and what it depended on, is there under its identity, and serves what it served.
    fn spares_what_is_protected(&self, before: &Rows, after: &Rows) {
        let by_address: BTreeMap<String, i64> = before.iter().map(|it| (it.1.address(), *it.0)).collect();
        let mut spared: Vec<i64> = before.iter().filter(|it| it.1.prevent_destroy).map(|it| *it.0).collect();
        let mut next = 0;
        while next < spared.len() {
            for dependency in &before[&spared[next]].depends_on {
                let id = by_address[dependency];
                if !spared.contains(&id) {
                    spared.push(id);
                }
            }
            next += 1;
        }
        for id in spared {
            let was = &before[&id];
            let Some(is) = after.get(&id).filter(|it| it.kind == was.kind) else {
                self.fail(&format!("{} was protected, and its identity {id} is gone", was.address()))
            };
            for field in ["online", "offline"] {
                if was.spec[field] == json!(true) && is.spec[field] != json!(true) {
                    self.fail(&format!("{} was protected, and lost {field}", was.address()));
                }
            }
            let start = |it: &Value| {
                it["feature_start_time"].as_str().unwrap_or_default()[..].get(..10).unwrap_or_default().to_owned()
            };
            // What kept nothing begins when it is told to.
            let kept = ["online", "offline"].iter().any(|it| was.spec[*it] == json!(true));
            if kept && start(&is.spec) > start(&was.spec) {
                self.fail(&format!("{} was protected, and starts later", was.address()));
            }
        }
    }

    /// A feature keeps its place on the wire for as long as its service keeps its identity.
    fn keeps_wire_positions(&self, before: &Rows, after: &Rows) {
        for (id, was) in before {
            let Some(is) = after.get(id) else { continue };
            if !is.wire_order.starts_with(&was.wire_order) {
                self.fail(&format!("{}: {:?} became {:?}", was.address(), was.wire_order, is.wire_order));
            }
        }
    }

    /// Identities and rows changed exactly as the plan said.
    fn did_what_the_plan_says(&self, plan: &Option<Value>, before: &Rows, after: &Rows) {
        let Some(plan) = plan else { self.fail("it was applied, and there was no plan") };
        let id = |rows: &Rows, address: &str| rows.iter().find(|it| it.1.address() == address).map(|it| *it.0);
        let mut touched = BTreeSet::new();
        for change in plan["changes"].as_array().unwrap() {
            let address = change["address"].as_str().unwrap();
            let old = id(before, change["renamed_from"].as_str().unwrap_or(address));
            let new = id(after, address);
            touched.extend(old.into_iter().chain(new));
            let right = match change["action"].as_str().unwrap() {
                "create" => old.is_none() && new.is_some_and(|it| !before.contains_key(&it)),
                "update" => old.is_some() && old == new,
                "recreate" => {
                    old.is_some_and(|it| !after.contains_key(&it)) && new.is_some_and(|it| !before.contains_key(&it))
                }
                _ => old.is_some_and(|it| !after.contains_key(&it)) && new.is_none(),
            };
            if !right {
                self.fail(&format!("{change}: {old:?} became {new:?}"));
            }
        }
        for (id, was) in before.iter().filter(|it| !touched.contains(it.0)) {
            match after.get(id) {
                Some(is) if (&is.kind, &is.name, is.prevent_destroy) == (&was.kind, &was.name, was.prevent_destroy) => {
                }
                is => self.fail(&format!("the plan has no word of {}, and it became {is:?}", was.address())),
            }
        }
        if let Some(made_up) = after.iter().find(|it| !before.contains_key(it.0) && !touched.contains(it.0)) {
            self.fail(&format!("the plan has no word of {}", made_up.1.address()));
        }
    }

    /// Every declaration is recorded as it was written, and nothing else is.
    fn records_what_is_declared(&self, site: usize, after: &Rows) {
        let declared = std::fs::read_dir(self.repo.path().join("declared"))
            .unwrap()
            .map(|it| serde_json::from_str::<Value>(&std::fs::read_to_string(it.unwrap().path()).unwrap()).unwrap());
        let address = |it: &Value| format!("{}.{}", it["kind"].as_str().unwrap(), it["name"].as_str().unwrap());
        let declared: BTreeMap<String, Value> = declared.map(|it| (address(&it), it)).collect();
        let recorded: BTreeMap<String, &rows::Resource> = after.values().map(|it| (it.address(), it)).collect();
        if !declared.keys().eq(recorded.keys()) {
            self.fail(&format!("declared are {:?}, recorded {:?}", declared.keys(), recorded.keys()));
        }
        for (address, spec) in &declared {
            let row = recorded[address];
            for field in ["description", "owner", "schema", "sql", "aggregations", "ttl", "online", "features"] {
                let (said, held) = (&spec[field], &row.spec[field]);
                let spelled = |it: &Value| it.to_string().len();
                let is_other = match (said.as_str(), held.as_str()) {
                    // How a query is laid out is no change, so what is recorded keeps the layout that it had.
                    (Some(said), Some(held)) if field == "sql" => words_of(said) != words_of(held),
                    (Some(said), held) => Some(said) != held,
                    (None, _) => false,
                };
                if is_other || said.is_array() && said.as_array().map(Vec::len) != held.as_array().map(Vec::len) {
                    self.fail(&format!("{address}: {field} is {said} and recorded as {held} ({})", spelled(held)));
                }
            }
            if (spec["prevent_destroy"] == json!(true)) != row.prevent_destroy {
                self.fail(&format!("{address}: the flag in the row is not the one that is declared"));
            }
        }
        if self.sites[site].line.last() != Some(after) {
            self.fail("the line of history does not end here");
        }
    }

    /// A second plan finds nothing, with caches and without.
    fn nothing_is_left_to_do(&mut self, site: usize) {
        let again = self.plan(site);
        if again.as_ref().is_none_or(|it| it["changes"] != json!([])) {
            self.fail(&format!("a second plan has something to do: {again:?}"));
        }
    }

    pub fn plan_again(&mut self, site: usize, tally: &mut Tally) {
        let (_, _, run) = self.watch(site, &["plan", "--detailed-exitcode"]);
        if run.code == Some(0) {
            tally.nothing += 1;
        }
        self.run(site, &["registry", "check"]).exits(0);
    }

    pub fn save_a_plan(&mut self, site: usize) {
        let world = self.declare_an_edit(site);
        let file = self.repo.path().join(format!("plans/{}", self.told.len()));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let run = self.run(site, &["plan", "--out", file.to_str().unwrap()]);
        if !matches!(run.code, Some(0 | 3)) {
            return;
        }
        let (serial, rows) = self.rows(site)[self.sites[site].workspace].clone();
        self.waiting.push(Waiting { file, site, rows, serial, refused: run.code == Some(3), world });
    }

    /// Applies a plan that was saved some time ago: only where nothing happened since.
    pub fn apply_a_saved_plan(&mut self, tally: &mut Tally) {
        if self.waiting.is_empty() {
            return;
        }
        let at = self.below(self.waiting.len());
        let plan = self.waiting.swap_remove(at);
        // Sometimes on another workspace or registry than it was made for.
        let site = if self.below(4) == 0 { self.below(self.sites.len()) } else { plan.site };
        let file = plan.file.to_str().unwrap().to_owned();
        let (before, after, run) = self.watch(site, &["apply", "-y", &file]);
        let fits = site == plan.site && (plan.serial, &plan.rows) == (before.0, &before.1);
        // Where a backup was put back, another line of history may have led to the very same state, with rows of its own.
        // There a plan may be carried out whose own rows are the ones that it was made for. The layout of a query does
        // not count.
        let plain = |row: &rows::Resource| {
            let mut row = row.clone();
            unformatted(&mut row.spec);
            row
        };
        let state = |it: &Rows| it.values().map(|it| (it.address(), plain(it))).collect::<BTreeMap<_, _>>();
        let alike = site == plan.site && plan.serial == before.0 && state(&plan.rows) == state(&before.1);
        let mut touched = before.1.iter().filter(|(id, row)| after.1.get(id) != Some(row));
        let may = fits || alike && touched.all(|(id, row)| plan.rows.get(id).map(plain) == Some(plain(row)));
        match run.code {
            Some(0) if !may => self.fail(&format!("{file} was made for another state, and was carried out")),
            Some(0) if plan.refused && before != after => {
                self.fail(&format!("{file} was refused, and was carried out"))
            }
            Some(0) => {
                tally.saved_applied += 1;
                if before != after {
                    self.sites[site].world = plan.world;
                }
            }
            Some(1 | 3) if !fits => tally.saved_stale += 1,
            Some(3) if plan.refused => tally.refused += 1,
            code => self.fail(&format!("{file} fits, and apply ends with {code:?}: {}", run.stderr)),
        }
    }

    /// Goes back to an earlier serial: specs and wire orders are those of then, protection is that of today.
    pub fn restore(&mut self, site: usize, tally: &mut Tally) {
        let serial = self.below(self.sites[site].line.len());
        let mut arguments = vec!["restore".to_owned(), serial.to_string(), "-y".to_owned()];
        let with_protection = self.below(3) == 0;
        if with_protection {
            arguments.push("--with-protection".to_owned());
        }
        let then = self.sites[site].line[serial].clone();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (before, after, run) = self.watch(site, &arguments);
        match run.code {
            Some(0) => {
                tally.restored += usize::from(before != after);
                let told = |rows: &Rows| -> BTreeMap<String, Told> {
                    let one = |it: &rows::Resource| {
                        let mut spec = it.spec.as_object().unwrap().clone();
                        spec.retain(|key, _| key != "prevent_destroy" && key != "renamed_from");
                        let address = it.address().parse().unwrap();
                        let mut spec = json!(in_full(&address, spec, &|_, name| name.to_owned()));
                        unformatted(&mut spec);
                        if it.kind == "Transformation" && it.depends_on.is_empty() {
                            without_input_names(&mut spec);
                        }
                        let flag = with_protection.then_some(it.prevent_destroy);
                        (it.address(), (spec, flag, it.depends_on.clone(), it.wire_order.clone()))
                    };
                    rows.values().map(one).collect()
                };
                let (then, now) = (told(&then), told(&after.1));
                if then != now {
                    let differ = then.iter().filter(|it| now.get(it.0) != Some(it.1)).map(|it| it.0);
                    let differ: Vec<_> = differ.chain(now.keys().filter(|it| !then.contains_key(*it))).collect();
                    self.fail(&format!("restore {serial} brought back something else: {differ:?}\n{then:?}\n{now:?}"));
                }
            }
            Some(3) => tally.refused += 1,
            // Serial 0 is before the first apply: there is nothing to go back to.
            Some(1 | 64) => tally.mistaken += 1,
            code => self.fail(&format!("restore ends with {code:?}")),
        }
    }

    pub fn destroy(&mut self, site: usize, tally: &mut Tally) {
        let (before, after, run) = self.watch(site, &["destroy", "-y"]);
        match run.code {
            Some(0) if after.1.is_empty() => tally.destroyed += usize::from(before != after),
            Some(3) => tally.refused += 1,
            code => self.fail(&format!("destroy ends with {code:?}")),
        }
    }

    pub fn back_up(&mut self, site: usize) {
        let file = self.repo.path().join(format!("backups/{}.db", self.told.len()));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        self.run(site, &["registry", "backup", file.to_str().unwrap()]).exits(0);
        if rows(&file) != self.rows(site) {
            self.fail("the backup is not a copy");
        }
        let registry = self.sites[site].registry;
        let lines = self.sites.iter().filter(|it| it.registry == registry).map(|it| it.line.clone()).collect();
        self.backups.push(Backup { file, registry, lines });
    }

    /// Puts a backup back, as an operator does: serials and identities count again from there.
    pub fn put_back(&mut self, tally: &mut Tally) {
        if self.backups.is_empty() {
            return;
        }
        let at = self.below(self.backups.len());
        let backup = &self.backups[at];
        let target = self.repo.path().join(format!("registries/{}.db", backup.registry));
        for ending in ["-wal", "-shm", "-journal"] {
            let beside = PathBuf::from(format!("{}{ending}", target.display()));
            if beside.exists() {
                std::fs::remove_file(beside).unwrap();
            }
        }
        std::fs::copy(&backup.file, &target).unwrap();
        let sites = self.sites.iter_mut().filter(|it| it.registry == backup.registry);
        sites.zip(&backup.lines).for_each(|(site, line)| site.line = line.clone());
        let told = format!("{}: a backup is put back: {}", backup.registry, backup.file.display());
        self.told.push(told);
        tally.put_back += 1;
    }
}

/// Takes away what is no change: the layout of queries, and tags where there are none.
fn unformatted(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    object.retain(|_, it| it.as_object().is_none_or(|it| !it.is_empty()));
    for (key, value) in object.iter_mut() {
        match value.as_str() {
            Some(query) if matches!(key.as_str(), "sql" | "post_processor") => *value = json!(words_of(query)),
            _ => unformatted(value),
        }
    }
}

/// Numbers the inputs of a transformation that are nobody's name: what they are called is no change.
fn without_input_names(spec: &mut Value) {
    let inputs: Vec<String> = serde_json::from_value(spec["inputs"].clone()).unwrap_or_default();
    let word = |it: &str| inputs.iter().position(|name| name == it).map_or(it.to_owned(), |at| format!("input{at}"));
    if let Some(query) = spec["sql"].as_str() {
        spec["sql"] = json!(query.split(' ').map(word).collect::<Vec<_>>().join(" "));
    }
    spec["inputs"] = json!(inputs.len());
}

/// Returns a query without its layout: no comment, one space between words, words in lower case.
fn words_of(query: &str) -> String {
    let mut text = query.to_lowercase();
    while let Some(start) = text.find("/*") {
        let end = text[start..].find("*/").map_or(text.len(), |it| start + it + 2);
        text.replace_range(start..end, " ");
    }
    let lines = text.lines().map(|it| it.split("--").next().unwrap_or_default());
    lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
