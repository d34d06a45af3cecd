//! The statements that make a registry file, and that bring it from one format to the next.

use std::collections::BTreeMap;

/// The format that this weir reads and writes: `PRAGMA user_version` of the file.
pub const FORMAT: i64 = MIGRATIONS.len() as i64;

/// The statements that bring a registry from one format to the next.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// Returns the triggers of a registry of this format, by name, with the text that SQLite keeps.
pub(super) fn triggers() -> BTreeMap<&'static str, &'static str> {
    let mut triggers = BTreeMap::new();
    for migration in MIGRATIONS {
        for (start, _) in migration.match_indices("TRIGGER ") {
            let name = migration[start..].split([' ', ';']).nth(1).unwrap_or_default();
            if migration[..start].ends_with("DROP ") {
                triggers.remove(name);
            } else if let (true, Some(length)) =
                (migration[..start].ends_with("CREATE "), migration[start..].find("END;"))
            {
                triggers.insert(name, &migration[start - "CREATE ".len()..start + length + "END".len()]);
            }
        }
    }
    triggers
}
