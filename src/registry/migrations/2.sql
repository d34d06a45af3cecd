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
