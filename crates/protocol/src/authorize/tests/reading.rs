//! Reading the request, and where its errors go.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    authorize::{
        AuthorizationError, AuthorizationRequest, Delivery, PlainChallenges, Prompt, Reading,
        RedirectUriParameter, Response, ResponseMode, ResponseType, ScreenHint, Target, client_id,
        read,
    },
    env::Timestamp,
    id_token::AuthTime,
    model::{Client, TenantSettings},
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    tenant::Issuer,
};

const CHALLENGE: &str =
    "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

pub(super) fn client(changes: &Value) -> Client {
    let mut document = json!({"client_id": "web", "name": "Shop", "grant_types": ["authorization_code"],
        "callbacks": ["https://shop.test/cb", "http://localhost:3000/cb"]});
    document
        .as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    serde_json::from_value(document).unwrap()
}

pub(super) fn ask_as(
    changes: &Value,
    query: &str,
    plain_challenges: PlainChallenges,
) -> Result<AuthorizationRequest, AuthorizationError> {
    let settings: TenantSettings = serde_json::from_value(json!({"id": "settings"})).unwrap();
    let reading = Reading {
        client: &client(changes),
        settings: &settings,
        issuer: &Issuer::new("https", "login.test"),
        organization_name: None,
        domain_metadata: &[],
        plain_challenges,
    };
    let parameters = Parameters::parse_form(query.as_bytes()).unwrap();
    read(&parameters, &reading, Timestamp::from_seconds(1))
}

/// The request with what every good one has.
fn ask(rest: &str) -> Result<AuthorizationRequest, AuthorizationError> {
    ask_with(&json!({}), rest)
}

fn ask_with(changes: &Value, rest: &str) -> Result<AuthorizationRequest, AuthorizationError> {
    let query = format!(
        "client_id=web&response_type=code&redirect_uri=https://shop.test/cb&state=k7Qz&{rest}"
    );
    ask_as(changes, &query, PlainChallenges::Refused)
}

/// The error goes to the callback, with `state`.
pub(super) fn redirected(error: &AuthorizationError) -> Rule {
    let Delivery::Redirect(address) = &error.delivery else {
        panic!("on a page: {error:?}");
    };
    assert_eq!(address.redirect_uri.as_str(), "https://shop.test/cb");
    assert_eq!(address.state.as_deref(), Some("k7Qz"));
    error.refusal.rule
}

pub(super) fn on_page(error: &AuthorizationError) -> Rule {
    assert_eq!(error.delivery, Delivery::Page);
    error.refusal.rule
}

#[test]
fn t9_every_parameter_of_the_reference_is_read() {
    let request = ask(&format!(
        "scope=openid%20profile%20openid&audience=https://orders.test&nonce=n1&prompt=login%20consent&max_age=60\
         &login_hint=ana%40x.test&id_token_hint=eyJ&ui_locales=de%20en&screen_hint=signup&connection=Customers\
         &connection_scope=a,b%20c&acr_values=urn:a%20urn:b&invitation=i1&response_mode=form_post&device=phone\
         &auth0Client=x&claims=%7B%22userinfo%22%3A%7B%22email%22%3Anull%7D%7D&{CHALLENGE}"
    ))
    .unwrap();
    assert_eq!(request.client_id, "web");
    assert_eq!(request.response_type, ResponseType::Code);
    assert_eq!(request.return_address.response_mode, ResponseMode::FormPost);
    assert_eq!(request.redirect_uri, RedirectUriParameter::Sent);
    assert_eq!(request.scope, ["openid", "profile"]);
    assert_eq!(
        request.target,
        Target::Api("https://orders.test".to_owned())
    );
    assert_eq!(request.nonce.as_deref(), Some("n1"));
    assert!(request.prompt.has(Prompt::LOGIN) && request.prompt.has(Prompt::CONSENT));
    assert_eq!(request.max_age_seconds, Some(60));
    assert_eq!(request.login_hint.as_deref(), Some("ana@x.test"));
    assert_eq!(request.id_token_hint.as_deref(), Some("eyJ"));
    assert_eq!(request.ui_locales, ["de", "en"]);
    assert_eq!(request.screen_hint, ScreenHint::SignUp);
    assert_eq!(request.connection.as_deref(), Some("Customers"));
    assert_eq!(request.connection_scope, ["a", "b", "c"]);
    assert_eq!(request.acr_values, ["urn:a", "urn:b"]);
    assert_eq!(request.invitation.as_deref(), Some("i1"));
    assert_eq!(request.claims.userinfo, ["email"]);
    assert!(request.code_challenge.is_some());
    assert_eq!(request.auth_time(), AuthTime::AskedFor);
}

#[test]
fn a_request_survives_the_store() {
    let request = ask(&format!("scope=openid&max_age=1&{CHALLENGE}&prompt=login")).unwrap();
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(
        serde_json::from_str::<AuthorizationRequest>(&stored).unwrap(),
        request
    );
}

#[test]
fn parameters_without_meaning_are_ignored() {
    let plain = ask("").unwrap();
    for rest in [
        "device=phone",
        "display=popup&claims_locales=de&registration=x&access_type=offline",
        "screen_hint=invented",
        "resource=https://orders.test",
        "auth0Client=eyJ",
    ] {
        assert_eq!(ask(rest).unwrap(), plain, "{rest}");
    }
    assert_eq!(plain.auth_time(), AuthTime::NotAskedFor);
    assert!(!plain.is_openid());
}

#[test]
fn j18_1_what_is_wrong_before_the_redirect_uri_is_proven_goes_to_a_page() {
    for (query, rule) in [
        (
            "response_type=code&redirect_uri=https://evil.test/cb",
            Rule::RedirectUriNotRegistered,
        ),
        (
            "response_type=code&redirect_uri=https://shop.test/cb/",
            Rule::RedirectUriNotRegistered,
        ),
        (
            "response_type=code&redirect_uri=javascript:alert(1)",
            Rule::RedirectUriNotRegistered,
        ),
        (
            "response_type=nonsense&redirect_uri=//evil.test",
            Rule::RedirectUriNotRegistered,
        ),
        ("redirect_uri=https://shop.test/cb", Rule::MissingParameter),
        (
            "response_type=&redirect_uri=https://shop.test/cb",
            Rule::MissingParameter,
        ),
    ] {
        let error = ask_as(&json!({}), query, PlainChallenges::Refused).unwrap_err();
        assert_eq!(on_page(&error), rule, "{query}");
        assert_eq!(
            error.response(&client(&json!({})), &Issuer::new("https", "login.test")),
            None
        );
    }
    let none = json!({"callbacks": null});
    let error = ask_as(&none, "response_type=code", PlainChallenges::Refused).unwrap_err();
    assert_eq!(on_page(&error), Rule::MissingParameter);
}

#[test]
fn t9_2_a_callback_mismatch_names_the_url() {
    let query = "response_type=code&redirect_uri=https://evil.test/cb";
    let error = ask_as(&json!({}), query, PlainChallenges::Refused).unwrap_err();
    assert_eq!(
        error.refusal.description(),
        "Callback URL mismatch. https://evil.test/cb is not in the list of allowed callback URLs"
    );
}

#[test]
fn the_client_must_be_named_and_known() {
    let parameters = Parameters::parse_form(b"response_type=code").unwrap();
    let error = client_id(&parameters).unwrap_err();
    assert_eq!(on_page(&error), Rule::MissingParameter);
    assert_eq!(
        error.refusal.description(),
        "Missing required parameter: client_id"
    );
    let unknown = Refusal::new(Rule::AuthorizationClientUnknown).naming("client_id", "nobody");
    assert_eq!(unknown.description(), "Unknown client: nobody");
}

#[test]
fn without_a_redirect_uri_the_first_callback_is_used() {
    let request = ask_as(&json!({}), "response_type=code", PlainChallenges::Refused).unwrap();
    assert_eq!(
        request.return_address.redirect_uri.as_str(),
        "https://shop.test/cb"
    );
    assert_eq!(request.redirect_uri, RedirectUriParameter::LeftOut);
}

#[test]
fn everything_else_that_is_wrong_is_told_to_the_client() {
    let long = "9".repeat(30);
    for (rest, rule) in [
        ("prompt=none%20login", Rule::PromptNoneNotAlone),
        ("max_age=-1", Rule::ParameterMalformed),
        ("max_age=%2B1", Rule::ParameterMalformed),
        ("max_age=1.5", Rule::ParameterMalformed),
        (&format!("max_age={long}"), Rule::ParameterMalformed),
        ("claims=x", Rule::ParameterMalformed),
        ("authorization_details=[]", Rule::ParameterMalformed),
        (
            "scope=online_access%20offline_access",
            Rule::OnlineAndOffline,
        ),
        (
            "code_challenge=x&code_challenge_method=S256",
            Rule::CodeChallengeMalformed,
        ),
        ("code_challenge_method=S256", Rule::CodeChallengeMissing),
        (
            "code_challenge=x&code_challenge_method=md5",
            Rule::CodeChallengeMethodUnsupported,
        ),
        ("request=eyJ", Rule::RequestObjectUnsupported),
        ("request_uri=https://x.test", Rule::RequestUriUnsupported),
        ("organization=org_1", Rule::OrganizationNotAllowed),
        ("response_mode=invented", Rule::ResponseModeUnsupported),
    ] {
        let error = ask(rest).unwrap_err();
        assert_eq!(redirected(&error), rule, "{rest}");
    }
}

#[test]
fn errors_travel_in_the_mode_of_the_request() {
    let location = |rest: &str, changes: &Value| {
        let error = ask_with(changes, rest).unwrap_err();
        error
            .response(&client(changes), &Issuer::new("https", "login.test"))
            .unwrap()
    };
    let encoded = "error=invalid_request&error_description=Invalid%20value%20of%20parameter%3A%20max_age&state=k7Qz";
    assert_eq!(
        location("max_age=x", &json!({})),
        Response::Redirect(format!("https://shop.test/cb?{encoded}"))
    );
    assert_eq!(
        location("max_age=x&response_mode=fragment", &json!({})),
        Response::Redirect(format!("https://shop.test/cb#{encoded}"))
    );
    assert!(matches!(
        location("max_age=x&response_mode=form_post", &json!({})),
        Response::FormPost { action, fields } if action == "https://shop.test/cb" && fields.len() == 3
    ));
    // RFC 9207 by profile: errors are responses too.
    let strict = json!({"grantor_profile": "oidc"});
    assert_eq!(
        location("max_age=x", &strict),
        Response::Redirect(format!(
            "https://shop.test/cb?{encoded}&iss=https%3A%2F%2Flogin.test%2F"
        ))
    );
}

#[test]
fn open_redirect_protection_turns_redirected_errors_into_pages() {
    let protected = json!({"redirection_policy": "open_redirect_protection"});
    let error = ask_with(&protected, "max_age=x").unwrap_err();
    assert_eq!(on_page(&error), Rule::ParameterMalformed);
    let strict = json!({"is_first_party": false, "third_party_security_mode": "strict"});
    let error = ask_with(&strict, &format!("max_age=x&{CHALLENGE}")).unwrap_err();
    assert_eq!(on_page(&error), Rule::ParameterMalformed);
    let allowed = json!({"is_first_party": false, "third_party_security_mode": "strict",
        "redirection_policy": "allow_always"});
    let error = ask_with(&allowed, &format!("max_age=x&{CHALLENGE}")).unwrap_err();
    assert_eq!(redirected(&error), Rule::ParameterMalformed);
    // A message sends the browser nowhere.
    let messages = json!({"redirection_policy": "open_redirect_protection",
        "web_origins": ["https://shop.test"]});
    let error = ask_with(&messages, "max_age=x&response_mode=web_message").unwrap_err();
    assert_eq!(redirected(&error), Rule::ParameterMalformed);
    let permissive = json!({"is_first_party": false});
    let error = ask_with(&permissive, "max_age=x").unwrap_err();
    assert_eq!(redirected(&error), Rule::ParameterMalformed);
}

#[test]
fn t11_3_a_public_client_needs_pkce_where_its_profile_says_so() {
    let public = json!({"token_endpoint_auth_method": "none"});
    assert!(ask_with(&public, "").is_ok());
    let strict = json!({"token_endpoint_auth_method": "none", "grantor_profile": "oidc"});
    let error = ask_with(&strict, "").unwrap_err();
    assert_eq!(redirected(&error), Rule::CodeChallengeMissing);
    assert!(ask_with(&strict, CHALLENGE).is_ok());
    assert!(ask_with(&json!({"grantor_profile": "oidc"}), "").is_ok());
}

#[test]
fn a_strict_third_party_has_pkce_no_wildcards_and_fewer_parameters() {
    let strict = json!({"is_first_party": false, "third_party_security_mode": "strict",
        "redirection_policy": "allow_always", "callbacks": ["https://shop.test/cb", "https://*.wild.test/cb"]});
    assert!(ask_with(&strict, CHALLENGE).is_ok());
    assert_eq!(
        redirected(&ask_with(&strict, "").unwrap_err()),
        Rule::CodeChallengeMissing
    );
    for name in [
        "screen_hint",
        "login_ticket",
        "invitation",
        "request",
        "request_uri",
    ] {
        let error = ask_with(&strict, &format!("{name}=x&{CHALLENGE}")).unwrap_err();
        assert_eq!(redirected(&error), Rule::ParameterMalformed, "{name}");
    }
    let wild = "response_type=code&redirect_uri=https://a.wild.test/cb";
    let error = ask_as(&strict, wild, PlainChallenges::Refused).unwrap_err();
    assert_eq!(on_page(&error), Rule::RedirectUriNotRegistered);
    let implicit = "response_type=token&redirect_uri=https://shop.test/cb&state=k7Qz";
    let error = ask_as(&strict, implicit, PlainChallenges::Refused).unwrap_err();
    assert_eq!(redirected(&error), Rule::ResponseTypeUnsupported);
}

#[test]
fn a_client_that_needs_an_organization_gets_none_without() {
    let require = json!({"organization_usage": "require"});
    assert_eq!(
        redirected(&ask_with(&require, "").unwrap_err()),
        Rule::OrganizationMissing
    );
    let request = ask_with(&require, "organization=acme").unwrap();
    assert_eq!(request.organization.as_deref(), Some("acme"));
    assert!(ask_with(&json!({"organization_usage": "allow"}), "").is_ok());
}

/// An organization that nobody found stands for no placeholder: it would be a wildcard of the caller's choice.
#[test]
fn the_organization_of_a_request_fills_no_placeholder_by_itself() {
    let changes = json!({"organization_usage": "allow", "callbacks": ["https://{organization_name}.shop.test/cb"]});
    let query = "response_type=code&organization=acme&redirect_uri=https://acme.shop.test/cb";
    let error = ask_as(&changes, query, PlainChallenges::Refused).unwrap_err();
    assert_eq!(on_page(&error), Rule::RedirectUriNotRegistered);
}

#[test]
fn t11_5_plain_challenges_are_taken_behind_their_switch_alone() {
    let query = format!(
        "response_type=code&redirect_uri=https://shop.test/cb&state=k7Qz&code_challenge={}",
        "a".repeat(43)
    );
    assert!(ask_as(&json!({}), &query, PlainChallenges::Accepted).is_ok());
    let error = ask_as(&json!({}), &query, PlainChallenges::Refused).unwrap_err();
    assert_eq!(redirected(&error), Rule::CodeChallengeMethodUnsupported);
}

proptest! {
    /// Whatever else is sent, nothing goes to a URL that is not registered.
    #[test]
    fn j18_1_no_error_is_redirected_to_an_unregistered_url(
        uri in "(https|http|javascript)?(:|://)?(shop|evil)?[.]?(test)?[/@#?\\\\]?(cb|evil[.]test)?",
        name in "response_type|response_mode|prompt|max_age|claims|code_challenge|request|scope",
        value in "[a-z0-9{ ]{0,12}",
        protected in any::<bool>(),
    ) {
        let changes = if protected { json!({"redirection_policy": "open_redirect_protection"}) } else { json!({}) };
        let mut query = format!("redirect_uri={}&", percent(&uri));
        if name != "response_type" {
            query.push_str("response_type=code&");
        }
        query.extend([name.as_str(), "=", percent(&value).as_str()]);
        let destination = match ask_as(&changes, &query, PlainChallenges::Refused) {
            Ok(request) => Some(request.return_address.redirect_uri),
            Err(AuthorizationError { delivery: Delivery::Redirect(address), .. }) => Some(address.redirect_uri),
            Err(_) => None,
        };
        if let Some(destination) = destination {
            prop_assert_eq!(destination.as_str(), "https://shop.test/cb");
        }
    }
}

fn percent(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
