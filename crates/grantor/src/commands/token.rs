//! `grantor token`.

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use grantor_protocol::{
    authorization::{Facts, Subject},
    client_auth::{AuthenticatedClient, Credential, authenticate},
    grants::GrantType,
    model::{Client, ClientGrant, ResourceServer},
    profile::ErrorDialect,
    refusal::Refusal,
};
use grantor_server::{
    management,
    pipeline::{
        load,
        mint::{self, Mint},
    },
};
use serde_json::json;

use crate::{options::Options, output, session::Session};

/// Print an access token, or why there is none.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// A token for the Management API with every scope, from the application made on first start
    #[arg(long, conflicts_with_all = ["client_id", "audience"])]
    management: bool,
    /// The application that asks
    #[arg(long, value_name = "ID", required_unless_present = "management")]
    client_id: Option<String>,
    /// The API's identifier
    #[arg(long, value_name = "URL", required_unless_present = "management")]
    audience: Option<String>,
    /// A scope to ask for, repeatable [default: all that are granted]
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// Say what would be granted or refused, and why, without making a token
    #[arg(long)]
    explain: bool,
}

/// What was loaded for the decision.
struct Loaded {
    client: AuthenticatedClient,
    audience: String,
    resource_server: Option<Arc<ResourceServer>>,
    client_grant: Option<Arc<ClientGrant>>,
}

impl Token {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        let session = Session::open(options).await?;
        let loaded = self.load(&session).await?;
        let decided = mint::decide(&Facts {
            client: &loaded.client,
            grant_type: GrantType::CLIENT_CREDENTIALS,
            subject: Subject::Client,
            audience: Some(&loaded.audience),
            resource_server: loaded.resource_server.as_deref(),
            client_grant: loaded.client_grant.as_deref(),
            requested_scope: &self.scope,
        });
        let approved = match decided {
            Ok(approved) => approved,
            Err(refusal) if self.explain => {
                explain(&refusal, options);
                return Ok(());
            }
            Err(refusal) => bail!("{refusal}"),
        };
        if self.explain {
            let granted = approved.granted();
            let answer =
                json!({"granted": true, "scope": granted.scope, "dropped": granted.dropped});
            output::object(&answer, &["granted", "scope", "dropped"], options.json);
            return Ok(());
        }
        let mint = Mint {
            keys: &session.keys,
            env: &session.env,
            site: &session.site,
            now: session.env.now(),
        };
        let subject = format!("{}@clients", loaded.client.client().client_id);
        let minted = mint.access_token(&approved, &subject).await?;
        if options.json {
            let answer = json!({
                "access_token": minted.access_token,
                "expires_in": minted.expires_in,
                "token_type": "Bearer",
            });
            output::json(&answer);
        } else {
            output::line(minted.access_token);
        }
        Ok(())
    }

    async fn load(&self, session: &Session) -> anyhow::Result<Loaded> {
        let (store, site) = (&session.store, &session.site);
        let client_id = if let Some(client_id) = &self.client_id {
            client_id.clone()
        } else {
            let found = management::management_client_id(&session.management, &site.tenant).await;
            found.map_err(anyhow::Error::msg)?
        };
        let audience = self
            .audience
            .clone()
            .unwrap_or_else(|| site.issuer.url("api/v2/"));
        let client = store.typed::<Client>(&site.tenant, &client_id).await?;
        let client = client.with_context(|| format!("there is no application {client_id}"))?;
        let resource_server = load::resource_server(store, site, &audience).await?;
        let client_grant = match &resource_server {
            Some(api) => {
                load::client_grant(
                    store,
                    site,
                    &client_id,
                    api,
                    Subject::Client.grant_subject(),
                )
                .await?
            }
            None => None,
        };
        Ok(Loaded {
            client: as_operator(Arc::clone(&client.value))?,
            audience,
            resource_server,
            client_grant,
        })
    }
}

/// Whoever can open the data directory can read the client's secret, and speaks for it.
fn as_operator(client: Arc<Client>) -> anyhow::Result<AuthenticatedClient> {
    let credential = match client.client_secret.clone() {
        _ if client.authenticates_with_keys() => Credential::Assertion(String::new()),
        Some(secret) if client.allows_transport(true) => Credential::Basic(secret),
        Some(secret) => Credential::Post(secret),
        None => Credential::Nothing,
    };
    authenticate(client, &credential, |_, _| Ok(())).map_err(|refusal| anyhow::anyhow!("{refusal}"))
}

fn explain(refusal: &Refusal, options: &Options) {
    let answer = json!({
        "granted": false,
        "error": refusal.code(ErrorDialect::Vendor).as_str(),
        "error_description": refusal.description(),
        "status": refusal.status(ErrorDialect::Vendor),
        "reason": refusal.to_string(),
    });
    output::object(
        &answer,
        &["granted", "error", "error_description", "reason"],
        options.json,
    );
}
