//! **The** decision function: every way to a token goes through [`decide`].
//!
//! Facts in, granted scopes or a refusal out, with the reasons for both. Loads nothing and issues nothing.

mod for_user;

pub use for_user::OFFLINE_ACCESS;

use crate::{
    client_auth::{AuthenticatedClient, Method},
    grants::GrantType,
    model::{AppType, Client, ClientGrant, ClientPolicy, ResourceServer, SubjectType},
    profile::{ScopeBeyondGrant, ScopeInResponse},
    refusal::Refusal,
    rule::Rule,
};

/// What is known when a token is asked for, or a code that leads to one.
#[derive(Debug)]
pub struct Facts<'a, C = AuthenticatedClient> {
    /// Who asks.
    pub client: &'a C,
    /// By which grant.
    pub grant_type: GrantType,
    /// For whom the token speaks.
    pub subject: Subject<'a>,
    /// The identifier that was asked for, as sent.
    pub audience: Option<&'a str>,
    /// The API of that identifier, if there is one.
    pub resource_server: Option<&'a ResourceServer>,
    /// What joins the client and the API for this kind of subject, if anything does.
    pub client_grant: Option<&'a ClientGrant>,
    /// The scopes that were asked for; empty means none were named.
    pub requested_scope: &'a [String],
}

impl<C> Clone for Facts<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Facts<'_, C> {}

/// A client that asks.
pub trait Requester {
    /// The client.
    fn client(&self) -> &Client;

    /// How it proved itself; `None` where it cannot: at the authorization endpoint, where a browser speaks for it. What
    /// is granted there is worth nothing until the client proves itself at the token endpoint.
    fn method(&self) -> Option<Method>;
}

impl Requester for AuthenticatedClient {
    fn client(&self) -> &Client {
        Self::client(self)
    }

    fn method(&self) -> Option<Method> {
        Some(Self::method(self))
    }
}

impl Requester for Client {
    fn client(&self) -> &Client {
        self
    }

    fn method(&self) -> Option<Method> {
        None
    }
}

/// For whom a token speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// For the client itself.
    Client,
    /// For a user.
    User(Permissions<'a>),
}

impl Subject<'_> {
    /// Which client grants apply.
    pub const fn grant_subject(self) -> SubjectType {
        match self {
            Self::Client => SubjectType::Client,
            Self::User(_) => SubjectType::User,
        }
    }
}

/// What a user may do at the API, by roles and directly. Narrows the scopes of APIs that enforce policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permissions<'a> {
    /// The user has not logged in yet. Nothing may be issued on a decision made with this.
    OfNobodyYet,
    /// These.
    Held(&'a [String]),
}

/// What is granted, and why no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The scopes, in the order asked for, or in the API's order if none were named.
    pub scope: Vec<String>,
    /// Requested scopes that came to nothing.
    pub dropped: Vec<String>,
}

impl Granted {
    /// Whether `scope` was granted.
    pub fn has(&self, scope: &str) -> bool {
        self.scope.iter().any(|granted| granted == scope)
    }

    /// Whether the granted scope is not what was asked for, so that RFC 6749 §5.1 wants it named.
    pub fn differs_from(&self, requested: &[String]) -> bool {
        self.scope != requested
    }

    /// The `scope` of a response, where it has one.
    pub fn told(&self, requested: &[String], when: ScopeInResponse) -> Option<String> {
        let told = when == ScopeInResponse::Always || self.differs_from(requested);
        (told && !self.scope.is_empty()).then(|| self.scope.join(" "))
    }
}

/// Decides whether the client gets a token of the API, and with which scopes.
///
/// # Errors
/// A [`Refusal`] with the deciding fact.
pub fn decide<C: Requester>(facts: &Facts<'_, C>) -> Result<Granted, Refusal> {
    may_use_grant(facts.client, facts.grant_type)?;
    match facts.subject {
        Subject::Client => decide_for_client(facts, target(facts)?),
        Subject::User(permissions) => for_user::decide(facts, permissions),
    }
}

/// The part of the decision that needs no API: whether the client may use the grant at all.
///
/// # Errors
/// [`Rule::GrantTypeNotAllowed`] with the deciding fact.
pub fn may_use_grant<C: Requester>(requester: &C, grant_type: GrantType) -> Result<(), Refusal> {
    let client = requester.client();
    let refuse = |because: &str| {
        Err(Refusal::new(Rule::GrantTypeNotAllowed)
            .naming("grant_type", grant_type.as_str())
            .with("client_id", &client.client_id)
            .with("because", because))
    };
    if !client
        .grant_types
        .iter()
        .any(|allowed| allowed == grant_type.as_str())
    {
        return refuse("not among the client's grant_types");
    }
    // Nobody types a password or a code into an application that is not the tenant's own, and no page asks for consent.
    let typed_into_client = [
        GrantType::PASSWORD,
        GrantType::PASSWORD_REALM,
        GrantType::PASSWORDLESS_OTP,
    ];
    if typed_into_client.contains(&grant_type) && !client.is_first_party {
        return refuse("the client is not the tenant's own");
    }
    if grant_type == GrantType::PASSWORDLESS_OTP && client.app_type == Some(AppType::Spa) {
        return refuse("applications in a browser send codes to the login page");
    }
    // RFC 6749 §4.4: "MUST only be used by confidential clients".
    if grant_type == GrantType::CLIENT_CREDENTIALS
        && requester.method() != Some(Method::Secret)
        && requester.method() != Some(Method::PrivateKeyJwt)
    {
        return refuse("the client is public");
    }
    if client.global {
        return refuse("the global client takes part in no flow");
    }
    Ok(())
}

fn target<'a, C: Requester>(facts: &Facts<'a, C>) -> Result<&'a ResourceServer, Refusal> {
    let client_id = &facts.client.client().client_id;
    let Some(audience) = facts.audience else {
        return Err(Refusal::new(Rule::AudienceMissing).with("client_id", client_id));
    };
    facts.resource_server.ok_or_else(|| {
        Refusal::new(Rule::AudienceUnknown)
            .naming("audience", audience)
            .with("client_id", client_id)
    })
}

fn decide_for_client<C: Requester>(
    facts: &Facts<'_, C>,
    resource_server: &ResourceServer,
) -> Result<Granted, Refusal> {
    let client_id = &facts.client.client().client_id;
    let refuse = |rule| {
        Refusal::new(rule)
            .naming("audience", facts.audience.unwrap_or_default())
            .with("client_id", client_id)
    };
    if resource_server.subject_type_authorization.client.policy == ClientPolicy::DenyAll {
        return Err(refuse(Rule::ClientPolicyDenies).with("resource_server", &resource_server.id));
    }
    let grant = facts
        .client_grant
        .ok_or_else(|| refuse(Rule::ClientGrantMissing))?;
    narrow(facts, resource_server, grant)
}

/// Requested ∩ granted ∩ existing. A scope that the API does not know vanishes; one that it knows and the client was not
/// granted is refused, so that a misconfigured service fails at the token and not at the API.
fn narrow<C: Requester>(
    facts: &Facts<'_, C>,
    resource_server: &ResourceServer,
    grant: &ClientGrant,
) -> Result<Granted, Refusal> {
    let exists = |scope: &str| resource_server.scope_values().any(|known| known == scope);
    let all = grant.allow_all_scopes == Some(true);
    let has = |scope: &str| {
        exists(scope) && (all || grant.scope.iter().flatten().any(|granted| granted == scope))
    };
    if facts.requested_scope.is_empty() {
        let scope = resource_server
            .scope_values()
            .filter(|scope| has(scope))
            .map(str::to_owned)
            .collect();
        return Ok(Granted {
            scope,
            dropped: Vec::new(),
        });
    }
    let mut granted = Granted {
        scope: Vec::new(),
        dropped: Vec::new(),
    };
    let mut refused: Vec<&str> = Vec::new();
    let strict = facts.client.client().switches().scope_beyond_grant == ScopeBeyondGrant::Refused;
    for scope in facts.requested_scope {
        if granted.scope.contains(scope) {
            continue;
        }
        if has(scope) {
            granted.scope.push(scope.clone());
        } else if strict || exists(scope) {
            refused.push(scope);
        } else {
            granted.dropped.push(scope.clone());
        }
    }
    if refused.is_empty() {
        return Ok(granted);
    }
    Err(Refusal::new(Rule::ScopeNotGranted)
        .naming("scope", refused.join(" "))
        .with("client_id", &facts.client.client().client_id)
        .with("audience", &resource_server.identifier)
        .with("client_grant", &grant.id))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        client_auth::{Credential, authenticate},
        model::Client,
        secret::Secret,
    };

    struct World {
        client: AuthenticatedClient,
        resource_server: Option<ResourceServer>,
        client_grant: Option<ClientGrant>,
    }

    fn world(client: &Value, resource_server: &Value, grant: &Value) -> World {
        let mut document = json!({
            "client_id": "svc", "name": "Service", "client_secret": "s", "grant_types": ["client_credentials"],
        });
        document
            .as_object_mut()
            .unwrap()
            .extend(client.as_object().unwrap().clone());
        let client: Arc<Client> = Arc::new(serde_json::from_value(document).unwrap());
        let credential = Credential::Post(Secret::new("s".to_owned()));
        World {
            client: authenticate(client, &credential, |_, _| Ok(())).unwrap(),
            resource_server: serde_json::from_value(resource_server.clone()).unwrap(),
            client_grant: serde_json::from_value(grant.clone()).unwrap(),
        }
    }

    fn orders() -> Value {
        json!({"id": "1", "identifier": "https://orders.test", "scopes": [
            {"value": "read:orders"}, {"value": "write:orders"}, {"value": "cancel:orders"},
        ]})
    }

    fn grant(scope: &Value) -> Value {
        json!({"id": "cgr_1", "client_id": "svc", "audience": "https://orders.test", "scope": scope})
    }

    impl World {
        fn ask(&self, scope: &str) -> Result<Granted, Refusal> {
            let requested: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
            decide(&Facts {
                client: &self.client,
                grant_type: GrantType::CLIENT_CREDENTIALS,
                subject: Subject::Client,
                audience: Some("https://orders.test"),
                resource_server: self.resource_server.as_ref(),
                client_grant: self.client_grant.as_ref(),
                requested_scope: &requested,
            })
        }

        fn refused(&self, scope: &str) -> Rule {
            self.ask(scope).unwrap_err().rule
        }
    }

    #[test]
    fn t18_1_without_scope_the_whole_client_grant_is_given_in_the_order_of_the_api() {
        let world = world(
            &json!({}),
            &orders(),
            &grant(&json!(["cancel:orders", "read:orders"])),
        );
        assert_eq!(
            world.ask("").unwrap().scope,
            ["read:orders", "cancel:orders"]
        );
    }

    #[test]
    fn t21_3_a_requested_scope_narrows_the_grant() {
        let world = world(
            &json!({}),
            &orders(),
            &grant(&json!(["read:orders", "write:orders"])),
        );
        assert_eq!(world.ask("read:orders").unwrap().scope, ["read:orders"]);
        assert_eq!(
            world.ask("read:orders read:orders").unwrap().scope,
            ["read:orders"]
        );
    }

    #[test]
    fn t18_4_scopes_the_api_does_not_know_vanish_and_are_told_to_the_administrator() {
        let world = world(&json!({}), &orders(), &grant(&json!(["read:orders"])));
        let granted = world.ask("openid offline_access read:orders").unwrap();
        assert_eq!(granted.scope, ["read:orders"]);
        assert_eq!(granted.dropped, ["openid", "offline_access"]);
    }

    #[test]
    fn t21_a_scope_of_the_api_outside_the_grant_is_refused_by_name() {
        let world = world(&json!({}), &orders(), &grant(&json!(["read:orders"])));
        let refusal = world.ask("read:orders write:orders").unwrap_err();
        assert_eq!(refusal.rule, Rule::ScopeNotGranted);
        assert_eq!(
            refusal.description(),
            "Client has not been granted scopes: write:orders"
        );
    }

    #[test]
    fn the_strict_profile_refuses_unknown_scopes_too() {
        let world = world(
            &json!({"grantor_profile": "oidc"}),
            &orders(),
            &grant(&json!(["read:orders"])),
        );
        assert_eq!(world.refused("openid"), Rule::ScopeNotGranted);
        assert!(world.ask("read:orders").is_ok());
    }

    #[test]
    fn t18_2_t21_2_no_client_grant_no_token() {
        let world = world(&json!({}), &orders(), &Value::Null);
        let refusal = world.ask("").unwrap_err();
        assert_eq!(refusal.rule, Rule::ClientGrantMissing);
        assert!(refusal.description().contains("https://orders.test"));
    }

    #[test]
    fn t3_2_t3_3_the_grant_type_must_be_allowed_and_the_client_confidential() {
        let none = world(
            &json!({"grant_types": ["authorization_code"]}),
            &orders(),
            &grant(&json!([])),
        );
        assert_eq!(none.refused(""), Rule::GrantTypeNotAllowed);
        let public = world(
            &json!({"token_endpoint_auth_method": "none"}),
            &orders(),
            &grant(&json!([])),
        );
        assert_eq!(public.refused(""), Rule::GrantTypeNotAllowed);
        let global = world(&json!({"global": true}), &orders(), &grant(&json!([])));
        assert_eq!(global.refused(""), Rule::GrantTypeNotAllowed);
    }

    #[test]
    fn the_audience_must_be_named_and_exist() {
        let world = world(&json!({}), &Value::Null, &Value::Null);
        assert_eq!(world.refused(""), Rule::AudienceUnknown);
        let facts = Facts {
            client: &world.client,
            grant_type: GrantType::CLIENT_CREDENTIALS,
            subject: Subject::Client,
            audience: None,
            resource_server: None,
            client_grant: None,
            requested_scope: &[],
        };
        assert_eq!(decide(&facts).unwrap_err().rule, Rule::AudienceMissing);
    }

    #[test]
    fn an_api_that_denies_machines_gives_none_a_token() {
        let mut api = orders();
        api["subject_type_authorization"] = json!({"client": {"policy": "deny_all"}});
        let world = world(&json!({}), &api, &grant(&json!(["read:orders"])));
        assert_eq!(world.refused(""), Rule::ClientPolicyDenies);
    }

    #[test]
    fn t20_a_scope_removed_from_the_api_is_in_no_token_even_if_a_grant_still_names_it() {
        let world = world(
            &json!({}),
            &orders(),
            &grant(&json!(["read:orders", "gone:orders"])),
        );
        assert_eq!(world.ask("").unwrap().scope, ["read:orders"]);
        assert_eq!(world.ask("gone:orders").unwrap().scope, [""; 0]);
    }

    #[test]
    fn a_grant_of_all_scopes_follows_the_api() {
        let grant = json!({"id": "cgr_1", "client_id": "svc", "audience": "https://orders.test", "allow_all_scopes": true});
        assert_eq!(
            world(&json!({}), &orders(), &grant)
                .ask("")
                .unwrap()
                .scope
                .len(),
            3
        );
    }

    proptest! {
        /// Whatever is asked, what is granted was asked for, granted to the client and exists on the API.
        #[test]
        fn nothing_is_granted_that_was_not_asked_granted_and_existing(
            requested in proptest::collection::vec("[a-e]", 0..6),
            granted in proptest::collection::vec("[a-e]", 0..6),
            existing in proptest::collection::vec("[a-e]", 0..6),
            strict in any::<bool>(),
        ) {
            let api = json!({"id": "1", "identifier": "https://orders.test",
                "scopes": existing.iter().map(|value| json!({"value": value})).collect::<Vec<_>>()});
            let profile = if strict { json!({"grantor_profile": "oidc"}) } else { json!({}) };
            let world = world(&profile, &api, &grant(&json!(granted)));
            if let Ok(answer) = world.ask(&requested.join(" ")) {
                for scope in &answer.scope {
                    prop_assert!(granted.contains(scope) && existing.contains(scope));
                    prop_assert!(requested.is_empty() || requested.contains(scope));
                }
            }
        }
    }
}
