//! `grantor tenant`.

use anyhow::bail;
use clap::Subcommand;
use grantor_protocol::tenant::TenantId;
use serde_json::{Value, json};

use crate::{options::Options, output, session::Session};

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// Make a tenant; its issuer is https://HOST/
    Create {
        /// Its name: 1 to 63 of a-z, 0-9 and -
        name: String,
        /// A host name it answers to, repeatable
        #[arg(long = "host", value_name = "HOST", required = true)]
        hosts: Vec<String>,
    },
    /// List the tenants
    List,
    /// Let a tenant answer to one more host name
    AddHost {
        /// The tenant
        name: String,
        /// The host name
        host: String,
    },
    /// Stop a tenant from answering to a host name
    RemoveHost {
        /// The tenant
        name: String,
        /// The host name
        host: String,
    },
    /// Remove a tenant with everything in it
    Remove {
        /// The tenant
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

impl Tenant {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let own = Options {
            tenant: TenantId::default_tenant(),
            ..options.clone()
        };
        let session = Session::open(&own).await?;
        let (store, now) = (&session.store, session.env.now());
        match self {
            Self::Create { name, hosts } => {
                let id = parse(name)?;
                let hosts: Vec<String> =
                    hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
                store.create_tenant(&id, &hosts, now).await?;
                let created = Session::open(&Options {
                    tenant: id.clone(),
                    ..options.clone()
                })
                .await?;
                drop(created);
                show(&session, &id, options).await
            }
            Self::List => {
                let mut rows = Vec::new();
                for tenant in store.list_tenants().await? {
                    rows.push(row(&session, &tenant.id).await?);
                }
                output::table(&rows, &["name", "hosts"], options.json);
                Ok(())
            }
            Self::AddHost { name, host } => {
                let id = parse(name)?;
                store.add_host(&id, &host.to_ascii_lowercase(), now).await?;
                show(&session, &id, options).await
            }
            Self::RemoveHost { name, host } => {
                let id = parse(name)?;
                store
                    .remove_host(&id, &host.to_ascii_lowercase(), now)
                    .await?;
                show(&session, &id, options).await
            }
            Self::Remove { name, yes } => {
                let id = parse(name)?;
                if id == TenantId::default_tenant() {
                    bail!("the default tenant cannot be removed");
                }
                if !yes {
                    bail!(
                        "this removes {id} with its APIs, applications, keys and log; say --yes if that is meant"
                    );
                }
                store.remove_tenant(&id, now).await?;
                Ok(())
            }
        }
    }
}

fn parse(name: &str) -> anyhow::Result<TenantId> {
    match TenantId::parse(name) {
        Some(id) => Ok(id),
        None => bail!("`{name}` is no tenant's name: 1 to 63 of a-z, 0-9 and -"),
    }
}

async fn row(session: &Session, id: &TenantId) -> anyhow::Result<Value> {
    Ok(json!({"name": id.as_str(), "hosts": session.store.hosts(id).await?}))
}

async fn show(session: &Session, id: &TenantId, options: &Options) -> anyhow::Result<()> {
    output::object(&row(session, id).await?, &["name", "hosts"], options.json);
    Ok(())
}
