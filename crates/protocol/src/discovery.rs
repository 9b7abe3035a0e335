//! The discovery document, OpenID Connect Discovery 1.0 §3 and RFC 8414 §2.
//!
//! Advertises what works and nothing else: an endpoint's line arrives with the endpoint.

use serde_json::{Value, json};

use crate::tenant::Issuer;

/// The document of `issuer`, the same at both well-known paths.
pub fn document(issuer: &Issuer) -> Value {
    json!({
        "issuer": issuer.as_str(),
        "token_endpoint": issuer.url("oauth/token"),
        "jwks_uri": issuer.url(".well-known/jwks.json"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "RS384", "PS256", "ES256"],
        "request_uri_parameter_supported": false,
        "request_parameter_supported": false,
    })
}
