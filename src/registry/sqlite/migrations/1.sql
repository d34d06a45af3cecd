-- Format 1. Documented in docs/internals/registry.md.

-- One row: which registry this is, so that a saved plan finds the one it was made for.
CREATE TABLE registry (
    id         TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE workspace (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    mode       TEXT    NOT NULL CHECK (mode IN ('live', 'development')),
    -- Counts the applies.
    serial     INTEGER NOT NULL DEFAULT 0,
    -- A digest over all resources, or '' when it is not known: a short cut for "nothing changed".
    state      TEXT    NOT NULL DEFAULT '',
    created_at TEXT    NOT NULL
);

CREATE TABLE resource (
    -- The identity: survives updates and renames; a recreate gets a new one, never used before.
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id    INTEGER NOT NULL REFERENCES workspace (id),
    kind            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    -- As declared, JSON; SQL and data source functions as text.
    spec            TEXT    NOT NULL,
    digest          TEXT    NOT NULL,
    prevent_destroy INTEGER NOT NULL CHECK (prevent_destroy IN (0, 1)),
    -- The addresses it depends on, JSON.
    depends_on      TEXT    NOT NULL DEFAULT '[]',
    -- Of a service: its features in wire order, JSON.
    wire_order      TEXT    NOT NULL DEFAULT '[]',
    -- Columns derived from data, JSON; not known until a source has been opened.
    derived_schema  TEXT,
    first_serial    INTEGER NOT NULL,
    last_serial     INTEGER NOT NULL,
    -- The identity that a recreate took the place of.
    replaces        INTEGER,
    UNIQUE (workspace_id, kind, name)
);

CREATE INDEX protected ON resource (workspace_id) WHERE prevent_destroy = 1;

-- Who depends on what, as applied.
CREATE VIEW dependency AS
SELECT workspace.name AS workspace, resource.kind || '.' || resource.name AS resource, edge.value AS depends_on
FROM resource
JOIN workspace ON workspace.id = resource.workspace_id
JOIN json_each(resource.depends_on) AS edge;

-- Who protects what: every protected resource of a live workspace, with itself and everything it depends on.
CREATE VIEW protection AS
WITH RECURSIVE reach (workspace, protected_by, resource) AS (
    SELECT workspace.name, resource.kind || '.' || resource.name, resource.kind || '.' || resource.name
    FROM resource
    JOIN workspace ON workspace.id = resource.workspace_id
    WHERE resource.prevent_destroy = 1 AND workspace.mode = 'live'
    UNION
    SELECT reach.workspace, reach.protected_by, dependency.depends_on
    FROM reach
    JOIN dependency ON dependency.workspace = reach.workspace AND dependency.resource = reach.resource
)
SELECT workspace, protected_by, resource FROM reach;

-- The history: every apply, and every change with what was before and after. Outlives its workspace.
CREATE TABLE apply (
    workspace_id INTEGER NOT NULL,
    workspace    TEXT    NOT NULL,
    serial       INTEGER NOT NULL,
    applied_at   TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    git_commit   TEXT,
    message      TEXT,
    -- The plan's tally, JSON.
    summary      TEXT    NOT NULL,
    PRIMARY KEY (workspace_id, serial)
) WITHOUT ROWID;

CREATE TABLE change (
    id           INTEGER PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    serial       INTEGER NOT NULL,
    -- create, update, recreate, delete; rewrite for one that differs only in how it is written.
    action       TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    renamed_from TEXT,
    suppressed   INTEGER NOT NULL DEFAULT 0,
    before       TEXT,
    after        TEXT
);

CREATE INDEX change_by_serial ON change (workspace_id, serial);

-- Work for the materialization workers, recorded by the apply that brings it.
CREATE TABLE job (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace_id INTEGER NOT NULL,
    resource_id  INTEGER NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('backfill', 'recurring')),
    -- A backfill's range, seconds since 1970; start inclusive, end exclusive.
    range_start  INTEGER,
    range_end    INTEGER,
    -- A recurring job's schedule, seconds.
    every        INTEGER,
    delay        INTEGER,
    online       INTEGER NOT NULL,
    offline      INTEGER NOT NULL,
    state        TEXT    NOT NULL DEFAULT 'pending',
    serial       INTEGER NOT NULL
);

CREATE INDEX job_by_resource ON job (resource_id, state);

-- The guard, third time: whoever asks, what is protected in a live workspace stays. The update triggers name no
-- columns: an id has other names (rowid, oid), and a trigger on one name does not see the others.

CREATE TRIGGER guard_delete BEFORE DELETE ON resource
WHEN OLD.prevent_destroy = 1 AND (SELECT mode FROM workspace WHERE id = OLD.workspace_id) = 'live'
BEGIN SELECT RAISE(ABORT, 'weir: a protected resource of a live workspace cannot be deleted'); END;

CREATE TRIGGER guard_identity BEFORE UPDATE ON resource
WHEN OLD.prevent_destroy = 1 AND (SELECT mode FROM workspace WHERE id = OLD.workspace_id) = 'live'
 AND (NEW.id <> OLD.id OR NEW.workspace_id <> OLD.workspace_id OR NEW.kind <> OLD.kind)
BEGIN SELECT RAISE(ABORT, 'weir: a protected resource of a live workspace keeps its identity and kind'); END;

-- REPLACE deletes without asking the delete trigger, so whatever would collide is stopped before.
CREATE TRIGGER guard_replace_by_insert BEFORE INSERT ON resource
WHEN EXISTS (
    SELECT 1 FROM resource AS held JOIN workspace ON workspace.id = held.workspace_id
    -- The plus keeps SQLite from walking all that is protected: it looks up the one row that would collide.
    WHERE +held.prevent_destroy = 1 AND workspace.mode = 'live'
      AND (held.id = NEW.id OR (held.workspace_id = NEW.workspace_id AND held.kind = NEW.kind AND held.name = NEW.name)))
BEGIN SELECT RAISE(ABORT, 'weir: a protected resource of a live workspace cannot be replaced'); END;

CREATE TRIGGER guard_replace_by_update BEFORE UPDATE ON resource
WHEN (NEW.id <> OLD.id OR NEW.workspace_id <> OLD.workspace_id OR NEW.kind <> OLD.kind OR NEW.name <> OLD.name)
 AND EXISTS (
    SELECT 1 FROM resource AS held JOIN workspace ON workspace.id = held.workspace_id
    WHERE held.prevent_destroy = 1 AND workspace.mode = 'live' AND held.id <> OLD.id
      AND (held.id = NEW.id OR (held.workspace_id = NEW.workspace_id AND held.kind = NEW.kind AND held.name = NEW.name)))
BEGIN SELECT RAISE(ABORT, 'weir: a protected resource of a live workspace cannot be replaced'); END;

CREATE TRIGGER guard_workspace_mode BEFORE UPDATE ON workspace
WHEN NEW.id <> OLD.id OR NEW.name <> OLD.name OR NEW.mode <> OLD.mode
BEGIN SELECT RAISE(ABORT, 'weir: a workspace keeps its name and its mode'); END;

CREATE TRIGGER guard_workspace_delete BEFORE DELETE ON workspace
WHEN OLD.mode = 'live' AND EXISTS (SELECT 1 FROM resource WHERE workspace_id = OLD.id AND prevent_destroy = 1)
BEGIN SELECT RAISE(ABORT, 'weir: a live workspace that holds a protected resource cannot be deleted'); END;

CREATE TRIGGER guard_workspace_replace BEFORE INSERT ON workspace
WHEN EXISTS (SELECT 1 FROM workspace WHERE id = NEW.id OR name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'weir: this workspace exists already'); END;

-- Whoever changes a resource by hand makes the next plan look at every row again.

CREATE TRIGGER forget_on_insert AFTER INSERT ON resource
WHEN (SELECT state FROM workspace WHERE id = NEW.workspace_id) <> ''
BEGIN UPDATE workspace SET state = '' WHERE id = NEW.workspace_id; END;

CREATE TRIGGER forget_on_update AFTER UPDATE ON resource
WHEN (SELECT state FROM workspace WHERE id = NEW.workspace_id) <> ''
BEGIN UPDATE workspace SET state = '' WHERE id IN (NEW.workspace_id, OLD.workspace_id); END;

CREATE TRIGGER forget_on_delete AFTER DELETE ON resource
WHEN (SELECT state FROM workspace WHERE id = OLD.workspace_id) <> ''
BEGIN UPDATE workspace SET state = '' WHERE id = OLD.workspace_id; END;
