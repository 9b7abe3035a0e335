//! `grantor client-grant`.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    options::Options,
    output,
    session::{Session, path_segment},
};

const SHOWN: &[&str] = &[
    "id",
    "client_id",
    "audience",
    "scope",
    "allow_all_scopes",
    "subject_type",
];

/// What to do with client grants.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientGrant {
    /// Let an application use an API
    Create(Create),
    /// List the client grants
    List(List),
    /// Change the scopes of a client grant
    Update {
        /// The grant's id, cgr_…
        id: String,
        #[command(flatten)]
        scopes: Scopes,
    },
    /// End a client grant; tokens already issued live on until they expire
    Delete {
        /// The grant's id, cgr_…
        id: String,
    },
}

/// A new client grant.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The application
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// The API's identifier
    #[arg(long, value_name = "URL")]
    audience: String,
    #[command(flatten)]
    scopes: Scopes,
}

/// Which to list.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Those of one application
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Those of one API
    #[arg(long, value_name = "URL")]
    audience: Option<String>,
}

/// Which scopes are granted.
#[derive(Debug, Args)]
pub(crate) struct Scopes {
    /// A scope of the API, repeatable
    #[arg(long, value_name = "SCOPE", conflicts_with = "all_scopes")]
    scope: Vec<String>,
    /// Every scope of the API, those of the future included
    #[arg(long)]
    all_scopes: bool,
}

impl Scopes {
    fn body(&self) -> Value {
        if self.all_scopes {
            json!({"allow_all_scopes": true})
        } else {
            json!({"scope": self.scope})
        }
    }
}

impl ClientGrant {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let one = |id: &str| format!("/client-grants/{}", path_segment(id));
        let answer = match self {
            Self::Create(create) => {
                let mut body = create.scopes.body();
                if let Some(members) = body.as_object_mut() {
                    members.insert("client_id".to_owned(), create.client_id.as_str().into());
                    members.insert("audience".to_owned(), create.audience.as_str().into());
                }
                session
                    .call("POST", "/client-grants", None, Some(&body))
                    .await?
            }
            Self::List(list) => {
                let part = |name: &str, value: &Option<String>| {
                    value
                        .as_ref()
                        .map(|value| format!("{name}={}", path_segment(value)))
                        .unwrap_or_default()
                };
                let query = format!(
                    "{}&{}",
                    part("client_id", &list.client_id),
                    part("audience", &list.audience)
                );
                let rows = session
                    .list("/client-grants", query.trim_matches('&'))
                    .await?;
                output::table(
                    &rows,
                    &["id", "client_id", "audience", "scope"],
                    options.json,
                );
                return Ok(());
            }
            Self::Update { id, scopes } => {
                session
                    .call("PATCH", &one(id), None, Some(&scopes.body()))
                    .await?
            }
            Self::Delete { id } => {
                session.call("DELETE", &one(id), None, None).await?;
                return Ok(());
            }
        };
        output::object(&answer, SHOWN, options.json);
        Ok(())
    }
}
