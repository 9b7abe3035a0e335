//! The client that the account page is to logins.
//!
//! It is made for each request and kept nowhere: its callback is the host that was asked, no administrator can bend it,
//! and as the token endpoint does not know it, a code of its logins is worth nothing.

use std::sync::Arc;

use grantor_protocol::{
    grants::GrantType, model::Client, parameters::Parameters, refusal::Refusal, rule::Rule,
};
use serde_json::json;

use super::PATH;
use crate::{
    authorize::{answer, fault::Fault, visit::Visit},
    pages::Text,
    pipeline::load,
};

/// Its identifier, which no application can have: those are random.
pub(crate) const CLIENT_ID: &str = "grantor-account";

/// Whether `client_id` names it.
pub(crate) fn is_named(client_id: &str) -> bool {
    client_id == CLIENT_ID
}

/// The client, called by its name in the language of the visitor.
pub(crate) async fn client(visit: &Visit<'_>) -> Result<Arc<Client>, Fault> {
    let site = &visit.context.site;
    let settings = load::settings(&visit.app.store, site).await?;
    let language = answer::language(visit, &settings, &[]);
    let client = json!({
        "client_id": CLIENT_ID,
        "name": Text::AccountTitle.in_language(language),
        "is_first_party": true,
        "oidc_conformant": true,
        "grant_types": [GrantType::AUTHORIZATION_CODE.as_str()],
        "callbacks": [site.issuer.url(PATH.trim_start_matches('/'))],
        // A login that fails says so on a page: the account page would only begin the next one.
        "redirection_policy": "open_redirect_protection",
        // Where it leads is no other program, on a loopback address neither.
        "skip_non_verifiable_callback_uri_confirmation_prompt": true,
    });
    let client = serde_json::from_value(client).map_err(|error| {
        tracing::error!(%error, "the client of the account page cannot be made");
        Refusal::new(Rule::Internal)
    })?;
    Ok(Arc::new(client))
}

/// What it asks for: that somebody logs in, at the connection called `connection` if there is a name.
pub(super) fn request(visit: &Visit<'_>, connection: Option<&str>) -> Result<Parameters, Fault> {
    let issuer = &visit.context.site.issuer;
    let (callback, userinfo) = (
        issuer.url(PATH.trim_start_matches('/')),
        issuer.url("userinfo"),
    );
    let mut asked = form_urlencoded::Serializer::new(String::new());
    asked.extend_pairs([
        ("response_type", "code"),
        ("redirect_uri", &callback),
        ("scope", "openid"),
        // Not the tenant's default API.
        ("audience", &userinfo),
    ]);
    if let Some(connection) = connection {
        asked.append_pair("connection", connection);
    }
    Ok(Parameters::parse_form(asked.finish().as_bytes())?)
}
