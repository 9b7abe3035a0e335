//! The discovery document, OpenID Connect Discovery 1.0 §3 and RFC 8414 §2.
//!
//! Advertises what works and nothing else: an endpoint's line arrives with the endpoint.

use serde_json::{Value, json};

use crate::{model::TenantSettings, tenant::Issuer};

/// The document of `issuer`, the same at both well-known paths. Whether the end-session endpoint is in it is the tenant's
/// choice: where it is not, some SDKs use the vendor's `/v2/logout`.
pub fn document(issuer: &Issuer, settings: &TenantSettings) -> Value {
    let mut document = json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.url("authorize"),
        "token_endpoint": issuer.url("oauth/token"),
        "revocation_endpoint": issuer.url("oauth/revoke"),
        "userinfo_endpoint": issuer.url("userinfo"),
        "jwks_uri": issuer.url(".well-known/jwks.json"),
        "scopes_supported": [
            "openid", "profile", "offline_access", "name", "given_name", "family_name", "nickname", "email",
            "email_verified", "picture", "created_at", "identities", "phone", "address",
        ],
        "grant_types_supported": [
            "authorization_code", "implicit", "client_credentials", "refresh_token", "password",
            "http://auth0.com/oauth/grant-type/password-realm",
            "http://auth0.com/oauth/grant-type/passwordless/otp",
        ],
        "response_types_supported": [
            "code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic", "client_secret_post", "private_key_jwt", "none",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256", "ES256"],
        "claims_supported": [
            "aud", "auth_time", "created_at", "email", "email_verified", "exp", "family_name", "given_name", "iat",
            "identities", "iss", "name", "nickname", "phone_number", "picture", "sub",
        ],
        "claims_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account", "create"],
        "ui_locales_supported": ["en", "de", "fr", "es", "ja", "pt-BR", "ar"],
        "request_uri_parameter_supported": false,
        "request_parameter_supported": false,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
    });
    let shown = settings.rest.get("oidc_logout");
    let shown = shown.and_then(|logout| {
        logout
            .get("rp_logout_end_session_endpoint_discovery")?
            .as_bool()
    });
    if shown != Some(false)
        && let Some(members) = document.as_object_mut()
    {
        let url = issuer.url("oidc/logout");
        members.insert("end_session_endpoint".to_owned(), url.into());
    }
    document
}
