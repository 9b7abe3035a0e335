//! What a client gets on a user's behalf.

use super::{Facts, Granted, Permissions, Requester, target};
use crate::{
    grants::GrantType,
    id_token::STANDARD_SCOPES,
    model::{ClientGrant, ResourceServer, UserPolicy},
    refusal::Refusal,
    rule::Rule,
};

/// Asks for a refresh token (OIDC Core §11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// Standard scopes are always a user's to give; scopes of the API must exist there, be open to the client and, where the
/// API enforces policies, be the user's own. What is none of these vanishes (RFC 6749 §3.3).
pub(super) fn decide<C: Requester>(
    facts: &Facts<'_, C>,
    permissions: Permissions<'_>,
) -> Result<Granted, Refusal> {
    let api = match facts.audience {
        Some(_) => Some(target(facts)?),
        None => None,
    };
    let grant = match api {
        Some(api) => client_grant(facts, api)?,
        None => Open::ToAll,
    };
    let mut granted = Granted {
        scope: Vec::new(),
        dropped: Vec::new(),
    };
    for scope in facts.requested_scope {
        let known = granted.scope.contains(scope) || granted.dropped.contains(scope);
        if known {
            continue;
        }
        let given = if scope == OFFLINE_ACCESS {
            may_be_offline(facts, api)
        } else if STANDARD_SCOPES.contains(&scope.as_str()) {
            !facts.client.client().is_strict_third_party()
        } else {
            api.is_some_and(|api| {
                exists(api, scope) && grant.has(scope) && holds(api, permissions, scope)
            })
        };
        if given {
            granted.scope.push(scope.clone());
        } else {
            granted.dropped.push(scope.clone());
        }
    }
    Ok(granted)
}

/// Which scopes of an API the client may ask for.
enum Open<'a> {
    ToAll,
    By(&'a ClientGrant),
}

impl Open<'_> {
    fn has(&self, scope: &str) -> bool {
        match self {
            Self::ToAll => true,
            Self::By(grant) => {
                grant.allow_all_scopes == Some(true)
                    || grant.scope.iter().flatten().any(|granted| granted == scope)
            }
        }
    }
}

fn client_grant<'a, C: Requester>(
    facts: &Facts<'a, C>,
    api: &ResourceServer,
) -> Result<Open<'a>, Refusal> {
    let client = facts.client.client();
    let refuse = |rule| {
        Refusal::new(rule)
            .naming("audience", facts.audience.unwrap_or_default())
            .with("client_id", &client.client_id)
            .with("resource_server", &api.id)
    };
    match api.subject_type_authorization.user.policy {
        UserPolicy::DenyAll => Err(refuse(Rule::UserPolicyDenies)),
        UserPolicy::AllowAll if !client.is_strict_third_party() => Ok(Open::ToAll),
        UserPolicy::AllowAll | UserPolicy::RequireClientGrant => facts
            .client_grant
            .map(Open::By)
            .ok_or_else(|| refuse(Rule::ClientGrantMissing)),
    }
}

fn exists(api: &ResourceServer, scope: &str) -> bool {
    api.scope_values().any(|known| known == scope)
}

fn holds(api: &ResourceServer, permissions: Permissions<'_>, scope: &str) -> bool {
    match permissions {
        Permissions::Held(held) if api.enforce_policies == Some(true) => {
            held.iter().any(|permission| permission == scope)
        }
        Permissions::Held(_) | Permissions::OfNobodyYet => true,
    }
}

/// The client must be able to use a refresh token, and the API must allow one where there is none yet.
fn may_be_offline<C: Requester>(facts: &Facts<'_, C>, api: Option<&ResourceServer>) -> bool {
    let front_channel = facts.grant_type == GrantType::IMPLICIT;
    let refreshes = facts
        .client
        .client()
        .grant_types
        .iter()
        .any(|grant_type| grant_type == "refresh_token");
    let allowed = || api.is_none_or(|api| api.allow_offline_access == Some(true));
    refreshes && !front_channel && (facts.grant_type == GrantType::REFRESH_TOKEN || allowed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        authorization::{self, Subject},
        model::Client,
    };

    struct World {
        client: Value,
        api: Value,
        grant: Value,
        permissions: Vec<String>,
    }

    fn world() -> World {
        World {
            client: json!({"client_id": "app", "name": "App", "grant_types": ["authorization_code", "refresh_token"]}),
            api: json!({"id": "1", "identifier": "https://orders.test", "allow_offline_access": true, "scopes": [
                {"value": "read:orders"}, {"value": "write:orders"},
            ]}),
            grant: Value::Null,
            permissions: Vec::new(),
        }
    }

    impl World {
        fn ask(&self, scope: &str) -> Result<Granted, Rule> {
            let client: Client = serde_json::from_value(self.client.clone()).unwrap();
            let api: Option<ResourceServer> = serde_json::from_value(self.api.clone()).unwrap();
            let grant: Option<ClientGrant> = serde_json::from_value(self.grant.clone()).unwrap();
            let requested: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
            authorization::decide(&Facts {
                client: &client,
                grant_type: GrantType::AUTHORIZATION_CODE,
                subject: Subject::User(Permissions::Held(&self.permissions)),
                audience: api.as_ref().map(|_| "https://orders.test"),
                resource_server: api.as_ref(),
                client_grant: grant.as_ref(),
                requested_scope: &requested,
            })
            .map_err(|refusal| refusal.rule)
        }

        fn granted(&self, scope: &str) -> String {
            self.ask(scope).unwrap().scope.join(" ")
        }
    }

    fn grant(scope: &Value) -> Value {
        json!({"id": "cgr_1", "client_id": "app", "audience": "https://orders.test", "subject_type": "user", "scope": scope})
    }

    #[test]
    fn t6_3_5_a_scope_that_nobody_defines_vanishes() {
        let world = world();
        let granted = world.ask("openid invented read:orders email").unwrap();
        assert_eq!(granted.scope, ["openid", "read:orders", "email"]);
        assert_eq!(granted.dropped, ["invented"]);
        assert!(world.ask("").unwrap().scope.is_empty());
    }

    #[test]
    fn without_an_api_the_standard_scopes_are_granted_alone() {
        let mut world = world();
        world.api = Value::Null;
        assert_eq!(
            world.granted("openid profile read:orders picture offline_access"),
            "openid profile picture offline_access"
        );
    }

    #[test]
    fn t9_3_offline_access_needs_the_api_and_the_client() {
        let mut world = world();
        assert_eq!(
            world.granted("openid offline_access"),
            "openid offline_access"
        );
        world.api["allow_offline_access"] = json!(false);
        assert_eq!(world.granted("openid offline_access"), "openid");
        world.api["allow_offline_access"] = json!(true);
        world.client["grant_types"] = json!(["authorization_code"]);
        assert_eq!(world.granted("openid offline_access"), "openid");
    }

    #[test]
    fn an_api_closed_to_users_refuses_and_one_that_wants_a_grant_narrows() {
        let mut world = world();
        world.api["subject_type_authorization"] = json!({"user": {"policy": "deny_all"}});
        assert_eq!(world.ask("openid").unwrap_err(), Rule::UserPolicyDenies);
        world.api["subject_type_authorization"] =
            json!({"user": {"policy": "require_client_grant"}});
        assert_eq!(world.ask("openid").unwrap_err(), Rule::ClientGrantMissing);
        world.grant = grant(&json!(["read:orders"]));
        assert_eq!(
            world.granted("openid read:orders write:orders"),
            "openid read:orders"
        );
        assert_eq!(world.granted(""), "");
        world.grant =
            json!({"id": "cgr_1", "audience": "https://orders.test", "allow_all_scopes": true});
        assert_eq!(world.granted("write:orders gone"), "write:orders");
    }

    #[test]
    fn an_api_that_enforces_policies_gives_what_the_user_holds() {
        let mut world = world();
        world.permissions = vec!["read:orders".to_owned()];
        assert_eq!(
            world.granted("read:orders write:orders"),
            "read:orders write:orders"
        );
        world.api["enforce_policies"] = json!(true);
        assert_eq!(
            world.granted("openid read:orders write:orders"),
            "openid read:orders"
        );
    }

    #[test]
    fn a_strict_third_party_needs_a_grant_and_learns_nothing_of_the_user() {
        let mut world = world();
        world.client["is_first_party"] = json!(false);
        world.client["third_party_security_mode"] = json!("strict");
        assert_eq!(world.ask("openid").unwrap_err(), Rule::ClientGrantMissing);
        world.grant = grant(&json!(["read:orders"]));
        assert_eq!(
            world.granted("openid profile read:orders offline_access"),
            "read:orders offline_access"
        );
    }

    #[test]
    fn the_audience_must_exist_and_the_grant_type_be_allowed() {
        let client: Client = serde_json::from_value(world().client).unwrap();
        let facts = Facts {
            client: &client,
            grant_type: GrantType::AUTHORIZATION_CODE,
            subject: Subject::User(Permissions::OfNobodyYet),
            audience: Some("https://gone.test"),
            resource_server: None,
            client_grant: None,
            requested_scope: &[],
        };
        assert_eq!(
            authorization::decide(&facts).unwrap_err().description(),
            "Service not found: https://gone.test"
        );
        let implicit = Facts {
            grant_type: GrantType::IMPLICIT,
            ..facts
        };
        assert_eq!(
            authorization::decide(&implicit).unwrap_err().rule,
            Rule::GrantTypeNotAllowed
        );
    }

    /// RFC 6749 §4.4: a client that only spoke through a browser gets no token for itself.
    #[test]
    fn a_client_that_did_not_prove_itself_gets_nothing_for_itself() {
        let mut document = world().client;
        document["grant_types"] = json!(["client_credentials"]);
        let client: Client = serde_json::from_value(document).unwrap();
        let facts = Facts {
            client: &client,
            grant_type: GrantType::CLIENT_CREDENTIALS,
            subject: Subject::Client,
            audience: Some("https://orders.test"),
            resource_server: None,
            client_grant: None,
            requested_scope: &[],
        };
        assert_eq!(
            authorization::decide(&facts).unwrap_err().rule,
            Rule::GrantTypeNotAllowed
        );
    }

    proptest! {
        /// Whatever is asked: what is granted was asked for, and is a standard scope or one of the API's that the client
        /// may have and the user holds; what is not granted is told.
        #[test]
        fn nothing_is_granted_that_was_not_asked_open_and_held(
            requested in proptest::collection::vec("[a-e]|openid|email", 0..8),
            existing in proptest::collection::vec("[a-e]", 0..6),
            open in proptest::collection::vec("[a-e]", 0..6),
            held in proptest::collection::vec("[a-e]", 0..6),
        ) {
            let mut world = world();
            world.api["scopes"] = existing.iter().map(|value| json!({"value": value})).collect();
            world.api["enforce_policies"] = json!(true);
            world.api["subject_type_authorization"] = json!({"user": {"policy": "require_client_grant"}});
            world.grant = grant(&json!(open));
            world.permissions.clone_from(&held);
            let granted = world.ask(&requested.join(" ")).unwrap();
            for scope in &granted.scope {
                prop_assert!(requested.contains(scope));
                let standard = scope == "openid" || scope == "email";
                prop_assert!(standard || (existing.contains(scope) && open.contains(scope) && held.contains(scope)));
            }
            for scope in &requested {
                prop_assert!(granted.scope.contains(scope) != granted.dropped.contains(scope));
            }
        }
    }
}
