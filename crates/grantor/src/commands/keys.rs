//! `grantor keys`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Subcommand;
use grantor_protocol::{env::Timestamp, model::StoredKey};
use grantor_server::keys::FAMILIES;
use grantor_storage::master_key;
use serde_json::{Value, json};

use crate::{options::Options, output, session::Session};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// List the signing keys
    List,
    /// Make the next signing key current. It signs once caches have had 32 seconds to see it
    Rotate {
        /// Which family of keys
        #[arg(long, default_value = "RSA", value_parser = FAMILIES)]
        family: String,
    },
    /// Revoke a signing key that was rotated away; tokens it signed are refused from then on
    Revoke {
        /// The key
        kid: String,
    },
    /// Change the master key: everything that is sealed is sealed again. Stop all servers first
    ChangeMasterKey {
        /// A file with the new key, 32 bytes in base64 or hexadecimal [default: made]
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
}

impl Keys {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        match self {
            Self::List => {
                let keys: Vec<Value> = session
                    .keys
                    .list(&session.site.tenant)
                    .await?
                    .iter()
                    .map(row)
                    .collect();
                output::table(&keys, &["kid", "family", "state", "since"], options.json);
                Ok(())
            }
            Self::Rotate { family } => {
                let key = session.keys.rotate(&session.site.tenant, family).await?;
                output::object(
                    &row(&key),
                    &["kid", "family", "state", "since"],
                    options.json,
                );
                Ok(())
            }
            Self::Revoke { kid } => {
                let key = session.keys.revoke(&session.site.tenant, kid).await?;
                output::object(
                    &row(&key),
                    &["kid", "family", "state", "since"],
                    options.json,
                );
                Ok(())
            }
            Self::ChangeMasterKey { new_key_file } => {
                change_master_key(&session, new_key_file.as_ref()).await
            }
        }
    }
}

fn row(key: &StoredKey) -> Value {
    json!({
        "kid": key.kid,
        "family": key.kty,
        "state": key.state,
        "since": Timestamp::from_millis(key.since).rfc3339(),
    })
}

async fn change_master_key(
    session: &Session,
    new_key_file: Option<&PathBuf>,
) -> anyhow::Result<()> {
    if session.config.master_key.is_some() {
        bail!(
            "the master key comes from the configuration; put the new one into a file and set keys.master_key_file"
        );
    }
    let new_key = match new_key_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            master_key::parse(&text)?
        }
        None => master_key::generate(&*session.env.random),
    };
    let sealed = session.store.reseal(&new_key).await?;
    output::line(format!(
        "{sealed} documents are sealed under the new master key."
    ));
    Ok(())
}
