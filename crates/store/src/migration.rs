//! The steps that made the tables what they are.

use std::collections::HashSet;

use crate::Error;

/// One step: applied once, in a transaction of its own, never edited after it was released.
///
/// The text is plain SQL of the common dialect: types `INTEGER`, `TEXT`, `BLOB` and `REAL` in upper case,
/// everything else of one's own in lower case. The store adds `STRICT` on SQLite and puts the types of
/// PostgreSQL in their place there (`BIGINT`, `TEXT COLLATE "C"`, `BYTEA`, `DOUBLE PRECISION`); `WITHOUT ROWID`
/// is kept on SQLite and left out on PostgreSQL. Constraints are never `DEFERRABLE`: grouped commits share a fate.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its name for ever, room first: `iam-0001-users`.
    pub name: &'static str,
    /// One or more statements, separated by semicolons.
    pub sql: &'static str,
}

/// The table that says which steps were taken.
pub(crate) const RECORD: &str =
    "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)";

/// The store's own tables.
const OWN: &[Migration] = &[Migration {
    name: "store-0001-base",
    sql: "CREATE TABLE sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
          CREATE TABLE data_keys (owner TEXT PRIMARY KEY, wrapped BLOB NOT NULL) WITHOUT ROWID;
          CREATE TABLE seals (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID",
}];

/// All steps that this program knows, in order: the store's own, then each room's.
pub(crate) struct Plan<'a>(Vec<&'a Migration>);

impl<'a> Plan<'a> {
    pub(crate) fn new(rooms: &[&'a [Migration]]) -> Result<Self, Error> {
        let all: Vec<_> = OWN.iter().chain(rooms.iter().copied().flatten()).collect();
        let mut names = HashSet::new();
        match all.iter().find(|migration| !names.insert(migration.name)) {
            Some(twice) => Err(Error::migration(format_args!("`{}` is there twice", twice.name))),
            None => Ok(Self(all)),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &'a Migration> {
        self.0.iter().copied()
    }

    /// Refuses a database on which a newer program has taken steps that this one does not know.
    pub(crate) fn check(&self, recorded: &[String]) -> Result<(), Error> {
        let known: HashSet<_> = self.0.iter().map(|migration| migration.name).collect();
        match recorded.iter().find(|name| !known.contains(name.as_str())) {
            Some(name) => Err(Error::migration(format_args!(
                "it was written by a newer version of the program, which applied `{name}`"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &[Migration] = &[Migration { name: "a-1", sql: "" }];

    #[test]
    fn a_name_stands_for_one_step() {
        assert!(Plan::new(&[A, A]).is_err());
    }

    #[test]
    fn an_unknown_step_means_a_newer_program() {
        let plan = Plan::new(&[A]).unwrap();
        assert!(plan.check(&["a-1".to_owned()]).is_ok());
        let error = plan.check(&["a-2".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("newer version") && error.contains("`a-2`"), "{error}");
    }
}
