//! What can go wrong in the store, in words that say what to do.

use std::path::PathBuf;

/// The failure below one of ours.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be used now. A write that ends so was not acknowledged: on PostgreSQL, if the connection
    /// broke during the commit, it may nevertheless have happened.
    #[error("the database is unavailable while {doing}; check that it runs and has space")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: Source,
    },
    /// Something that may exist once exists already.
    #[error("another entry has the same {unique}")]
    Conflict {
        /// The name of the unique key, or `id`.
        unique: &'static str,
    },
    /// A guard of a batch did not hold; nothing of the batch was written.
    #[error("the condition `{label}` does not hold")]
    Guard {
        /// The guard.
        label: &'static str,
    },
    /// Something stored cannot be read.
    #[error("{table}.{column} of {id} does not decode")]
    Inconsistent {
        /// The table or statement.
        table: &'static str,
        /// The column.
        column: String,
        /// Which row.
        id: String,
        /// What is wrong with it.
        source: Source,
    },
    /// A document that lacks its identifier, or a step that cannot be built.
    #[error("not storable: {what}")]
    Malformed {
        /// What is wrong.
        what: String,
    },
    /// The master key is not the one that the data is sealed with.
    #[error(
        "the master key does not open this database; nothing was changed. \
         Start with the key that was used before (see --master-key-file, GRANTOR_MASTER_KEY)"
    )]
    MasterKeyMismatch,
    /// The master key cannot be had.
    #[error("the master key cannot be used: {problem}")]
    MasterKey {
        /// What is wrong and what to do.
        problem: String,
    },
    /// The database was written by another version of the program.
    #[error(
        "the database has schema version {found}, this program knows {known}; \
         {}", if found > known { "start a newer program, or migrate back with the newer one" }
              else { "migrate it first" }
    )]
    Schema {
        /// What the database has.
        found: i64,
        /// What this program needs.
        known: i64,
    },
    /// The data directory cannot be written.
    #[error("{path} cannot be written; make it writable for the user that runs this program")]
    NotWritable {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: Source,
    },
    /// The settings of the store cannot be understood.
    #[error("the database setting is wrong: {what}")]
    Configuration {
        /// What and how to mend it.
        what: String,
    },
    /// The engine refused a statement: a bug of this program.
    #[error("the database refused the statement {statement}")]
    Rejected {
        /// The statement's name.
        statement: &'static str,
        /// What it said.
        source: Source,
    },
}

impl Error {
    /// The database cannot be used now.
    pub(crate) fn unavailable(doing: &'static str, source: impl Into<Source>) -> Self {
        Self::Unavailable {
            doing,
            source: source.into(),
        }
    }

    /// Whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;
