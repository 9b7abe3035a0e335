//! The options that every command takes.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use grantor_protocol::tenant::TenantId;
use grantor_server::config::{Config, Values};

/// The options that every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Where the database, the master key and the development certificates live
    #[arg(
        long,
        global = true,
        env = "GRANTOR_DATA_DIR",
        value_name = "DIR",
        default_value = "grantor-data"
    )]
    pub(crate) data_dir: PathBuf,
    /// The configuration file [default: grantor.toml in the data directory, if there is one]
    #[arg(long, global = true, env = "GRANTOR_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The tenant to work on
    #[arg(long, global = true, value_name = "NAME", default_value = "default", value_parser = tenant)]
    pub(crate) tenant: TenantId,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| "a tenant's name is 1 to 63 of a-z, 0-9 and -".to_owned())
}

impl Options {
    /// The settings from the file and the environment.
    pub(crate) fn values(&self) -> anyhow::Result<Values> {
        let values = match self.config_file() {
            Some(path) => Values::from_file(&path)?,
            None => Values::default(),
        };
        Ok(values.with_environment(std::env::vars())?)
    }

    /// The configuration without settings of the command line.
    pub(crate) fn load_config(&self) -> anyhow::Result<Config> {
        Ok(self.values()?.into_config(self.data_dir.clone()))
    }

    /// The configuration file that counts.
    pub(crate) fn config_file(&self) -> Option<PathBuf> {
        let own = self.data_dir.join("grantor.toml");
        self.config.clone().or_else(|| own.exists().then_some(own))
    }

    /// Makes the data directory, readable by its owner alone.
    pub(crate) fn make_data_dir(&self) -> anyhow::Result<()> {
        make_private_directory(&self.data_dir).with_context(|| {
            format!(
                "the data directory {} cannot be made",
                self.data_dir.display()
            )
        })
    }
}

fn make_private_directory(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
