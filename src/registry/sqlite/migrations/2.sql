-- Format 2.

-- A rename of what is protected changes the name and nothing else: whoever puts another resource in the place of a
-- protected one changes its name, its spec and its flag at once. weir renames in a statement of its own.
DROP TRIGGER guard_identity;

CREATE TRIGGER guard_identity BEFORE UPDATE ON resource
WHEN OLD.prevent_destroy = 1 AND (SELECT mode FROM workspace WHERE id = OLD.workspace_id) = 'live'
 AND (NEW.id <> OLD.id OR NEW.workspace_id <> OLD.workspace_id OR NEW.kind <> OLD.kind
      OR NEW.first_serial <> OLD.first_serial OR NEW.replaces IS NOT OLD.replaces)
BEGIN SELECT RAISE(ABORT, 'weir: a protected resource of a live workspace keeps its identity and kind'); END;

CREATE TRIGGER guard_rename BEFORE UPDATE ON resource
WHEN OLD.prevent_destroy = 1 AND NEW.name <> OLD.name
 AND (SELECT mode FROM workspace WHERE id = OLD.workspace_id) = 'live'
 AND (NEW.prevent_destroy <> OLD.prevent_destroy OR NEW.spec <> OLD.spec OR NEW.digest <> OLD.digest
      OR NEW.depends_on <> OLD.depends_on OR NEW.wire_order <> OLD.wire_order
      OR NEW.derived_schema IS NOT OLD.derived_schema)
BEGIN SELECT RAISE(ABORT, 'weir: a protected resource of a live workspace is renamed alone, with nothing else changed'); END;

-- The history carries what going back needs, and says where what was applied came from.

-- Whether files of the repo differed from git_commit; null when git was not asked, or said nothing.
ALTER TABLE apply ADD COLUMN git_dirty INTEGER;
-- The version of the weir that applied; null before format 2.
ALTER TABLE apply ADD COLUMN weir TEXT;
-- Of a restore: the serial that it went back to.
ALTER TABLE apply ADD COLUMN restores INTEGER;

-- What the row held beside its spec when the change came: null for a create, and before format 2.
-- The identity.
ALTER TABLE change ADD COLUMN resource_id INTEGER;
-- The order on the wire, JSON.
ALTER TABLE change ADD COLUMN wire_order_before TEXT;
-- The columns derived from data, JSON; null too when none were known.
ALTER TABLE change ADD COLUMN derived_before TEXT;

-- Of a recurring job, range_start is the start of its first window, and range_end how far it has run. What is known of
-- those that are recorded: the first window was the one that was open when they were applied.
UPDATE job SET range_start = (
    SELECT ((strftime('%s', apply.applied_at) - job.delay) / job.every) * job.every FROM apply
    WHERE apply.workspace_id = job.workspace_id AND apply.serial = job.serial)
WHERE kind = 'recurring';
