//! `grantor user`.

use std::io::Read as _;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    options::Options,
    output,
    session::{Session, path_segment},
};

const SHOWN: &[&str] = &[
    "user_id",
    "email",
    "username",
    "name",
    "email_verified",
    "blocked",
    "created_at",
];

/// Longest password that is read, in bytes.
const MAX_PASSWORD: u64 = 4_096;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user; the password is read from standard input
    Create(Create),
    /// List users, the first thousand that match
    List {
        /// What they are like, such as `email:*@example.com`
        #[arg(long, value_name = "SEARCH")]
        search: Option<String>,
    },
    /// Show a user
    Show { user_id: String },
    /// Give a user a new password, read from standard input; its sessions end
    SetPassword { user_id: String },
    /// Keep a user from logging in; its sessions end
    Block { user_id: String },
    /// Let a blocked user log in again
    Unblock { user_id: String },
    /// Delete a user
    Delete { user_id: String },
}

/// A new user.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The e-mail address
    #[arg(long)]
    email: Option<String>,
    /// The username, where the connection has usernames
    #[arg(long)]
    username: Option<String>,
    /// The name people see
    #[arg(long)]
    name: Option<String>,
    /// The database that the user is kept in
    #[arg(long, default_value = "Username-Password-Authentication")]
    connection: String,
    /// The address is known to be the user's: no mail asks for it
    #[arg(long)]
    email_verified: bool,
}

impl Create {
    fn body(&self) -> anyhow::Result<Value> {
        let mut body = json!({
            "connection": self.connection,
            "password": password()?,
        });
        if let Some(members) = body.as_object_mut() {
            for (name, value) in [
                ("email", &self.email),
                ("username", &self.username),
                ("name", &self.name),
            ] {
                members.extend(value.iter().map(|value| (name.to_owned(), json!(value))));
            }
            if self.email_verified {
                members.insert("email_verified".to_owned(), json!(true));
            }
        }
        Ok(body)
    }
}

/// The first line of standard input: a password on the command line would be seen by everybody on the machine.
fn password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_PASSWORD)
        .read_to_string(&mut text)
        .context("the password cannot be read from standard input")?;
    match text.lines().next() {
        Some(password) if !password.is_empty() => Ok(password.to_owned()),
        _ => bail!("the password is read from standard input, and there is none"),
    }
}

impl User {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let one = |id: &str| format!("/users/{}", path_segment(id));
        let change =
            async |id: &str, body: Value| session.call("PATCH", &one(id), None, Some(&body)).await;
        let answer = match self {
            Self::Create(create) => {
                let body = create.body()?;
                session.call("POST", "/users", None, Some(&body)).await?
            }
            Self::List { search } => {
                let search = search.as_deref().unwrap_or_default();
                let query = format!("q={}", path_segment(search));
                let rows = session.list_up_to(1_000, "/users", &query).await?;
                output::table(&rows, SHOWN, options.json);
                return Ok(());
            }
            Self::Show { user_id } => session.call("GET", &one(user_id), None, None).await?,
            Self::SetPassword { user_id } => {
                change(user_id, json!({"password": password()?})).await?
            }
            Self::Block { user_id } => change(user_id, json!({"blocked": true})).await?,
            Self::Unblock { user_id } => change(user_id, json!({"blocked": false})).await?,
            Self::Delete { user_id } => {
                session.call("DELETE", &one(user_id), None, None).await?;
                return Ok(());
            }
        };
        output::object(&answer, SHOWN, options.json);
        Ok(())
    }
}
