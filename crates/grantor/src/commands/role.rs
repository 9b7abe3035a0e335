//! `grantor role`.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    options::Options,
    output,
    session::{Session, path_segment},
};

const SHOWN: &[&str] = &["id", "name", "description"];

/// What to do with roles. A role is named by its id, rol_…, or by its name.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Make a role
    Create {
        /// What it is called
        #[arg(long)]
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// List the roles
    List,
    /// Show what a role may do
    Permissions { role: String },
    /// Let a role do something at an API
    Permit {
        role: String,
        #[command(flatten)]
        what: Permissions,
    },
    /// Take permissions from a role
    Forbid {
        role: String,
        #[command(flatten)]
        what: Permissions,
    },
    /// List who has a role, the first thousand
    Users { role: String },
    /// Give users a role
    Give {
        role: String,
        #[arg(required = true)]
        user_ids: Vec<String>,
    },
    /// Take a role from users
    Take {
        role: String,
        #[arg(required = true)]
        user_ids: Vec<String>,
    },
    /// Delete a role; whoever has it loses it
    Delete { role: String },
}

/// Permissions of an API.
#[derive(Debug, Args)]
pub(crate) struct Permissions {
    /// The API's identifier
    #[arg(long, value_name = "URL")]
    audience: String,
    /// A scope of the API, repeatable
    #[arg(long, value_name = "SCOPE", required = true)]
    permission: Vec<String>,
}

impl Permissions {
    fn body(&self) -> Value {
        let one = |name: &String| json!({"resource_server_identifier": self.audience, "permission_name": name});
        json!({"permissions": self.permission.iter().map(one).collect::<Vec<_>>()})
    }
}

impl Role {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let send = async |method: &str, path: &str, body: Value| {
            session.call(method, path, None, Some(&body)).await
        };
        match self {
            Self::Create { name, description } => {
                let mut body = json!({ "name": name });
                if let (Some(description), Some(body)) = (description, body.as_object_mut()) {
                    body.insert("description".to_owned(), json!(description));
                }
                let made = send("POST", "/roles", body).await?;
                output::object(&made, SHOWN, options.json);
            }
            Self::List => {
                let rows = session.list("/roles", "").await?;
                output::table(&rows, SHOWN, options.json);
            }
            Self::Permissions { role } => {
                let path = format!("{}/permissions", find(&session, role).await?);
                let rows = session.list(&path, "").await?;
                let shown = [
                    "resource_server_identifier",
                    "permission_name",
                    "description",
                ];
                output::table(&rows, &shown, options.json);
            }
            Self::Permit { role, what } => {
                let path = format!("{}/permissions", find(&session, role).await?);
                send("POST", &path, what.body()).await?;
            }
            Self::Forbid { role, what } => {
                let path = format!("{}/permissions", find(&session, role).await?);
                send("DELETE", &path, what.body()).await?;
            }
            Self::Users { role } => {
                let path = format!("{}/users", find(&session, role).await?);
                let rows = session.list_up_to(1_000, &path, "").await?;
                output::table(&rows, &["user_id", "email", "name"], options.json);
            }
            Self::Give { role, user_ids } => {
                let path = format!("{}/users", find(&session, role).await?);
                send("POST", &path, json!({ "users": user_ids })).await?;
            }
            Self::Take { role, user_ids } => {
                let role = find(&session, role).await?;
                let role = role.trim_start_matches("/roles/");
                for user_id in user_ids {
                    let path = format!("/users/{}/roles", path_segment(user_id));
                    send("DELETE", &path, json!({ "roles": [role] })).await?;
                }
            }
            Self::Delete { role } => {
                let path = find(&session, role).await?;
                session.call("DELETE", &path, None, None).await?;
            }
        }
        Ok(())
    }
}

/// The path of the role that is called `named`, or has that id.
async fn find(session: &Session, named: &str) -> anyhow::Result<String> {
    if named.starts_with("rol_") {
        return Ok(format!("/roles/{}", path_segment(named)));
    }
    let query = format!("name_filter={}", path_segment(named));
    let rows = session.list("/roles", &query).await?;
    let text = |row: &Value, name: &str| Some(row.get(name)?.as_str()?.to_owned());
    let found = rows
        .iter()
        .find(|row| text(row, "name").as_deref() == Some(named));
    match found.and_then(|row| text(row, "id")) {
        Some(id) => Ok(format!("/roles/{id}")),
        None => bail!("there is no role called {named}"),
    }
}
