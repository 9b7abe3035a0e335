//! `grantor app`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::{
    options::Options,
    output,
    session::{Session, path_segment},
};

const SHOWN: &[&str] = &[
    "client_id",
    "client_secret",
    "name",
    "app_type",
    "token_endpoint_auth_method",
    "grant_types",
    "callbacks",
];

/// What to do with applications.
#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Register an application; if people log in with it, the users of every database may
    Create(Create),
    /// List the applications
    List,
    /// Show an application, with its secret
    Show { client_id: String },
    /// Change an application
    Update(Update),
    /// Give an application a new secret; the old one ends at once
    RotateSecret { client_id: String },
    /// Delete an application and its grants
    Delete { client_id: String },
}

/// A new application.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The name people see
    #[arg(long)]
    name: String,
    /// What kind of application it is
    #[arg(long = "type", value_name = "TYPE", value_parser = ["non_interactive", "regular_web", "spa", "native"])]
    app_type: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Registers it as somebody else's application, which always asks for consent
    #[arg(long)]
    third_party: bool,
    /// A PEM file with a public key or certificate; it then authenticates with signed assertions (private_key_jwt)
    #[arg(long, value_name = "FILE", conflicts_with = "auth_method")]
    public_key: Option<PathBuf>,
    /// The algorithm of its assertions
    #[arg(long, value_name = "ALG", requires = "public_key", value_parser = ["RS256", "RS384", "PS256"])]
    public_key_alg: Option<String>,
}

/// A changed application.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The application's client id
    client_id: String,
    /// The name people see
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// What can be said of an application at any time.
#[derive(Debug, Args)]
struct Settings {
    /// How it authenticates
    #[arg(long, value_name = "METHOD", value_parser = ["client_secret_post", "client_secret_basic", "none"])]
    auth_method: Option<String>,
    /// A grant type it may use, repeatable [default: by type]
    #[arg(long = "grant-type", value_name = "GRANT")]
    grant_types: Vec<String>,
    /// A URL it may be redirected to, repeatable
    #[arg(long = "callback", value_name = "URL")]
    callbacks: Vec<String>,
}

impl Settings {
    fn write_to(&self, body: &mut Map<String, Value>) {
        if let Some(method) = &self.auth_method {
            body.insert(
                "token_endpoint_auth_method".to_owned(),
                method.as_str().into(),
            );
        }
        if !self.grant_types.is_empty() {
            body.insert("grant_types".to_owned(), self.grant_types.clone().into());
        }
        if !self.callbacks.is_empty() {
            body.insert("callbacks".to_owned(), self.callbacks.clone().into());
        }
    }
}

/// Lets the users of every database log in with a new application.
async fn enable_databases(session: &Session, made: &Value) -> anyhow::Result<()> {
    let status = json!([{"client_id": made.get("client_id"), "status": true}]);
    for database in session.list("/connections", "strategy=auth0").await? {
        let id = database
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let path = format!("/connections/{}/clients", path_segment(id));
        session.call("PATCH", &path, None, Some(&status)).await?;
    }
    Ok(())
}

impl Create {
    /// Whether people log in with it.
    fn is_for_people(&self) -> bool {
        matches!(
            self.app_type.as_deref(),
            Some("regular_web" | "spa" | "native")
        )
    }

    fn body(&self) -> anyhow::Result<Value> {
        let mut body = Map::new();
        body.insert("name".to_owned(), self.name.as_str().into());
        if let Some(app_type) = &self.app_type {
            body.insert("app_type".to_owned(), app_type.as_str().into());
        }
        if self.third_party {
            body.insert("is_first_party".to_owned(), false.into());
        }
        self.settings.write_to(&mut body);
        if let Some(path) = &self.public_key {
            let pem = std::fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let mut credential = json!({"credential_type": "public_key", "pem": pem});
            if let (Some(alg), Some(members)) = (&self.public_key_alg, credential.as_object_mut()) {
                members.insert("alg".to_owned(), alg.as_str().into());
            }
            let methods = json!({"private_key_jwt": {"credentials": [credential]}});
            body.insert("client_authentication_methods".to_owned(), methods);
        }
        Ok(Value::Object(body))
    }
}

impl App {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let one = |id: &str| format!("/clients/{}", path_segment(id));
        let answer = match self {
            Self::Create(create) => {
                let made = session
                    .call("POST", "/clients", None, Some(&create.body()?))
                    .await?;
                if create.is_for_people() {
                    enable_databases(&session, &made).await?;
                }
                made
            }
            Self::List => {
                let rows = session.list("/clients", "is_global=false").await?;
                output::table(
                    &rows,
                    &["client_id", "name", "app_type", "grant_types"],
                    options.json,
                );
                return Ok(());
            }
            Self::Show { client_id } => session.call("GET", &one(client_id), None, None).await?,
            Self::Update(update) => {
                let mut body = Map::new();
                if let Some(name) = &update.name {
                    body.insert("name".to_owned(), name.as_str().into());
                }
                update.settings.write_to(&mut body);
                session
                    .call(
                        "PATCH",
                        &one(&update.client_id),
                        None,
                        Some(&Value::Object(body)),
                    )
                    .await?
            }
            Self::RotateSecret { client_id } => {
                session
                    .call(
                        "POST",
                        &format!("{}/rotate-secret", one(client_id)),
                        None,
                        None,
                    )
                    .await?
            }
            Self::Delete { client_id } => {
                session.call("DELETE", &one(client_id), None, None).await?;
                return Ok(());
            }
        };
        output::object(&answer, SHOWN, options.json);
        Ok(())
    }
}
