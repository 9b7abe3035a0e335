//! The server's own APIs that exist when an administrator asks for them: a user's account, and an organization.

use grantor_protocol::tenant::OWN_PREFIX;
use serde_json::{Map, Value, json};

/// Life of their tokens, in seconds: they are for a page that is open.
const LIFETIME: i64 = 600;

/// An API of the server's own.
pub(super) struct SystemApi {
    /// Its identifier below the issuer.
    path: &'static str,
    name: &'static str,
    scopes: &'static [&'static str],
}

const ALL: &[SystemApi] = &[
    SystemApi {
        path: "me/",
        name: "Auth0 My Account API",
        scopes: &[
            "create:me:authentication_methods",
            "read:me:authentication_methods",
            "update:me:authentication_methods",
            "delete:me:authentication_methods",
            "read:me:factors",
            "create:me:connected_accounts",
            "read:me:connected_accounts",
            "delete:me:connected_accounts",
        ],
    },
    SystemApi {
        path: "my-org/",
        name: "Auth0 My Organization API",
        scopes: &[
            "read:my_org:configuration",
            "read:my_org:details",
            "update:my_org:details",
            "create:my_org:identity_providers",
            "read:my_org:identity_providers",
            "update:my_org:identity_providers",
            "delete:my_org:identity_providers",
            "create:my_org:domains",
            "read:my_org:domains",
            "update:my_org:domains",
            "delete:my_org:domains",
        ],
    },
];

/// The API whose identifier, as stored, is `identifier`.
pub(super) fn find(identifier: &str) -> Option<&'static SystemApi> {
    let path = identifier.strip_prefix(OWN_PREFIX)?;
    ALL.iter().find(|api| api.path == path)
}

impl SystemApi {
    /// Makes `document` this API. What the request says about it does not count.
    pub(super) fn complete(&self, document: &mut Map<String, Value>) {
        document.retain(|name, _| ["id", "identifier"].contains(&name.as_str()));
        let scopes = self.scopes.iter().map(|scope| json!({"value": scope}));
        let own = json!({
            "name": self.name,
            "scopes": scopes.collect::<Vec<_>>(),
            "signing_alg": "RS256",
            "allow_offline_access": false,
            "token_lifetime": LIFETIME,
            "token_lifetime_for_web": LIFETIME,
            "skip_consent_for_verifiable_first_party_clients": false,
            "subject_type_authorization": {
                "client": {"policy": "deny_all"},
                "user": {"policy": "require_client_grant"},
            },
            "is_system": true,
        });
        if let Value::Object(own) = own {
            document.extend(own);
        }
    }
}
