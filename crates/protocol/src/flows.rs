//! Which flows an application may use: what the deciding functions say of it, and what is advised.
//!
//! Decides nothing itself: the answer of each flow is that of [`may_use_grant`] or [`may_use_response_type`].

use serde::Serialize;

use crate::{
    authorization::{Requester, may_use_grant},
    authorize::{ResponseType, may_use_response_type},
    client_auth::Method,
    grants::GrantType,
    model::{AppType, Client},
    refusal::Refusal,
};

/// One flow, for one application.
#[derive(Clone, Debug, Serialize)]
pub struct Flow {
    /// The flow by the name of its grant type or its response type.
    pub flow: &'static str,
    /// Whether the application may use it as it is registered.
    pub usable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// What to change so that it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
    /// Whether it is a good choice for this application.
    pub advice: Advice,
    /// Why.
    pub why: &'static str,
}

/// Whether a flow is a good choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// The one to use.
    Advised,
    /// It fits where it is needed.
    Possible,
    /// There is a better one.
    Discouraged,
}

/// How a flow begins.
#[derive(Clone, Copy)]
enum Way {
    /// At the token endpoint.
    Grant(GrantType),
    /// At the authorization endpoint.
    Response(ResponseType),
}

/// The flows, in the order in which one chooses.
const FLOWS: &[(&str, Way)] = &[
    (
        "client_credentials",
        Way::Grant(GrantType::CLIENT_CREDENTIALS),
    ),
    ("authorization_code", Way::Response(ResponseType::Code)),
    ("refresh_token", Way::Grant(GrantType::REFRESH_TOKEN)),
    ("hybrid", Way::Response(ResponseType::CodeIdToken)),
    ("implicit", Way::Response(ResponseType::Token)),
    ("passwordless_otp", Way::Grant(GrantType::PASSWORDLESS_OTP)),
    ("password", Way::Grant(GrantType::PASSWORD)),
    ("password_realm", Way::Grant(GrantType::PASSWORD_REALM)),
];

/// A client that proves itself as it is registered to.
struct AsRegistered<'a>(&'a Client);

impl Requester for AsRegistered<'_> {
    fn client(&self) -> &Client {
        self.0
    }

    fn method(&self) -> Option<Method> {
        if self.0.authenticates_with_keys() {
            Some(Method::PrivateKeyJwt)
        } else if self.0.is_public() || self.0.client_secret.is_none() {
            None
        } else {
            Some(Method::Secret)
        }
    }
}

/// The flows and what is so of each for `client`.
pub fn flows(client: &Client) -> Vec<Flow> {
    let flow = |&(flow, way): &(&'static str, Way)| {
        let decided = match way {
            Way::Grant(grant_type) => may_use_grant(&AsRegistered(client), grant_type),
            Way::Response(response_type) => may_use_response_type(client, response_type),
        };
        let refusal = decided.as_ref().err();
        let (advice, why) = advice(flow, client);
        Flow {
            flow,
            usable: refusal.is_none(),
            because: refusal.map(|refusal| because(refusal).to_owned()),
            change: refusal.map(change),
            advice,
            why,
        }
    };
    FLOWS.iter().map(flow).collect()
}

/// The deciding fact.
fn because(refusal: &Refusal) -> &str {
    let fact = refusal.facts.iter().find(|(name, _)| *name == "because");
    fact.map_or("", |(_, text)| text)
}

/// What would make the deciding function say yes.
fn change(refusal: &Refusal) -> String {
    match because(refusal) {
        "not among the client's grant_types" => {
            let missing = refusal.named("grant_type").unwrap_or_default();
            format!("add {missing} to grant_types")
        }
        "the client is public" => {
            "set token_endpoint_auth_method to client_secret_post or client_secret_basic, if it can keep a secret"
                .to_owned()
        }
        _ => "nothing: register another application".to_owned(),
    }
}

/// What to choose: a service speaks for itself; whoever has users sends them to the login page and gets a code.
fn advice(flow: &str, client: &Client) -> (Advice, &'static str) {
    let service = client.app_type == Some(AppType::NonInteractive);
    match (flow, service) {
        ("client_credentials", true) => (Advice::Advised, "a service speaks for itself"),
        ("client_credentials", false) if client.is_public() => (
            Advice::Discouraged,
            "what cannot keep a secret cannot speak for itself",
        ),
        ("client_credentials", false) => (Advice::Possible, "for what it does without any user"),
        ("authorization_code", false) => (
            Advice::Advised,
            "users log in on the server's page; with PKCE, also without a secret",
        ),
        ("refresh_token", false) => (
            Advice::Possible,
            "where access is wanted while the user is away; rotate it in browsers and apps",
        ),
        ("hybrid", false) => (
            Advice::Possible,
            "where an ID token is needed before the code is exchanged",
        ),
        ("implicit", false) => (
            Advice::Discouraged,
            "tokens pass through the browser's address; use the code with PKCE, or form_post for an ID token alone",
        ),
        ("passwordless_otp", false) => (
            Advice::Possible,
            "where the login page cannot be shown; else let the page ask for the code",
        ),
        ("password" | "password_realm", false) => (
            Advice::Discouraged,
            "the application sees the password; only where it is wholly trusted and cannot redirect",
        ),
        (_, _) => (Advice::Discouraged, "a service has no users"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(members: &Value) -> Vec<Flow> {
        let mut document = json!({"client_id": "app", "name": "App", "client_secret": "s"});
        let members = members.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        flows(&serde_json::from_value(document).unwrap())
    }

    fn one(flows: &[Flow], name: &str) -> Flow {
        flows.iter().find(|flow| flow.flow == name).unwrap().clone()
    }

    #[test]
    fn the_answer_is_that_of_the_deciding_functions() {
        let shop = of(
            &json!({"app_type": "spa", "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "implicit", "client_credentials"]}),
        );
        assert!(one(&shop, "authorization_code").usable && one(&shop, "implicit").usable);
        assert_eq!(one(&shop, "authorization_code").advice, Advice::Advised);
        assert_eq!(one(&shop, "implicit").advice, Advice::Discouraged);
        let machine = one(&shop, "client_credentials");
        assert!(
            !machine.usable
                && machine
                    .change
                    .unwrap()
                    .contains("token_endpoint_auth_method")
        );
        let refresh = one(&shop, "refresh_token");
        assert_eq!(
            refresh.because.unwrap(),
            "not among the client's grant_types"
        );
        assert_eq!(refresh.change.unwrap(), "add refresh_token to grant_types");
        let foreign = of(&json!({"is_first_party": false, "grant_types": ["password"]}));
        let password = one(&foreign, "password");
        assert_eq!(
            password.because.unwrap(),
            "the client is not the tenant's own"
        );
        assert_eq!(
            password.change.unwrap(),
            "nothing: register another application"
        );
    }

    /// The grant of codes has rules of its own; the answer must not promise what the token endpoint refuses.
    #[test]
    fn t6_11_codes_are_for_own_applications_outside_of_the_browser() {
        let otp = GrantType::PASSWORDLESS_OTP.as_str();
        let ask = |members: Value| {
            let mut document = json!({"grant_types": [otp], "app_type": "native"});
            let members = members.as_object().unwrap().clone();
            document.as_object_mut().unwrap().extend(members);
            one(&of(&document), "passwordless_otp").usable
        };
        assert!(ask(json!({})));
        assert!(!ask(json!({"app_type": "spa"})));
        assert!(!ask(json!({"is_first_party": false})));
        assert!(!ask(json!({"grant_types": []})));
    }

    #[test]
    fn a_service_is_advised_to_speak_for_itself() {
        let service =
            of(&json!({"app_type": "non_interactive", "grant_types": ["client_credentials"]}));
        let machine = one(&service, "client_credentials");
        assert!(machine.usable && machine.advice == Advice::Advised && machine.because.is_none());
        assert!(
            service
                .iter()
                .skip(1)
                .all(|flow| flow.advice == Advice::Discouraged)
        );
    }
}
