//! `grantor migrate`.

use clap::Subcommand;
use grantor_server::serve;
use grantor_storage::Store;
use serde_json::json;

use crate::{options::Options, output};

/// What to do with the schema.
#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Show the database's version and the newest that this binary knows
    Status,
    /// Bring the database to the newest version, or to the one given; the server does this by itself when it starts
    Up {
        /// The version
        #[arg(long)]
        to: Option<i64>,
    },
    /// Take the database back to an earlier version, for an earlier binary
    Down {
        /// The version
        #[arg(long)]
        to: i64,
    },
}

impl Migrate {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let config = options.load_config()?;
        options.make_data_dir()?;
        let (engine, newest) = (serve::engine(&config), Store::SCHEMA_VERSION);
        match self {
            Self::Status => {}
            Self::Up { to } => drop(Store::migrate(&engine, to.unwrap_or(newest)).await?),
            Self::Down { to } => drop(Store::migrate(&engine, *to).await?),
        }
        let present = Store::schema_version(&engine).await?;
        if options.json {
            output::json(&json!({"present": present, "newest": newest}));
        } else {
            output::line(format!(
                "The database is at version {present}; this binary knows up to {newest}."
            ));
        }
        Ok(())
    }
}
