//! `grantor api`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::{
    options::Options,
    output,
    session::{Session, path_segment},
};

const SHOWN: &[&str] = &[
    "id",
    "name",
    "identifier",
    "scopes",
    "signing_alg",
    "token_dialect",
    "token_lifetime",
    "signing_secret",
];

/// What to do with APIs.
#[derive(Debug, Subcommand)]
pub(crate) enum Api {
    /// Register an API
    Create(Create),
    /// List the APIs
    List,
    /// Show an API, by id or identifier
    Show { id: String },
    /// Change an API; scopes replace the whole list
    Update(Update),
    /// Delete an API and its client grants
    Delete { id: String },
}

/// A new API.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The name people see
    #[arg(long)]
    name: String,
    /// The identifier, a URL or URN; it is the token's audience and never changes
    #[arg(long)]
    identifier: String,
    #[command(flatten)]
    settings: Settings,
    /// The secret of an HS256 API, 16 characters or more [default: made]
    #[arg(long, value_name = "SECRET")]
    signing_secret: Option<String>,
}

/// A changed API.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The API's id or identifier
    id: String,
    /// The name people see
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// What can be said of an API at any time.
#[derive(Debug, Args)]
struct Settings {
    /// A scope, repeatable; with a description as `read:orders=See orders`
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// How its tokens are signed
    #[arg(long, value_name = "ALG", value_parser = ["RS256", "RS512", "PS256", "ES256", "EdDSA", "HS256"])]
    signing_alg: Option<String>,
    /// How long its tokens live, in seconds [default: 86400]
    #[arg(long, value_name = "SECONDS")]
    token_lifetime: Option<i64>,
    /// Which claims its tokens carry
    #[arg(long, value_name = "DIALECT", value_parser = ["access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz"])]
    token_dialect: Option<String>,
}

impl Settings {
    fn write_to(&self, body: &mut Map<String, Value>) {
        if !self.scope.is_empty() {
            body.insert(
                "scopes".to_owned(),
                self.scope.iter().map(|scope| scope_entry(scope)).collect(),
            );
        }
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        set("signing_alg", self.signing_alg.as_deref().map(Value::from));
        set("token_lifetime", self.token_lifetime.map(Value::from));
        set(
            "token_dialect",
            self.token_dialect.as_deref().map(Value::from),
        );
    }
}

/// `value` or `value=description`.
pub(super) fn scope_entry(text: &str) -> Value {
    match text.split_once('=') {
        Some((value, description)) => json!({"value": value, "description": description}),
        None => json!({"value": text}),
    }
}

impl Api {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let one = |id: &str| format!("/resource-servers/{}", path_segment(id));
        let answer = match self {
            Self::Create(create) => {
                let mut body = Map::new();
                body.insert("name".to_owned(), create.name.as_str().into());
                body.insert("identifier".to_owned(), create.identifier.as_str().into());
                create.settings.write_to(&mut body);
                if let Some(secret) = &create.signing_secret {
                    body.insert("signing_secret".to_owned(), secret.as_str().into());
                }
                session
                    .call(
                        "POST",
                        "/resource-servers",
                        None,
                        Some(&Value::Object(body)),
                    )
                    .await?
            }
            Self::List => {
                let rows = session.list("/resource-servers", "").await?;
                output::table(
                    &rows,
                    &["id", "name", "identifier", "signing_alg"],
                    options.json,
                );
                return Ok(());
            }
            Self::Show { id } => session.call("GET", &one(id), None, None).await?,
            Self::Update(update) => {
                let mut body = Map::new();
                if let Some(name) = &update.name {
                    body.insert("name".to_owned(), name.as_str().into());
                }
                update.settings.write_to(&mut body);
                session
                    .call("PATCH", &one(&update.id), None, Some(&Value::Object(body)))
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
