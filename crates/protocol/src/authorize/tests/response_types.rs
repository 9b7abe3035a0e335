//! What the response types and modes need, and where their errors go.

use serde_json::{Value, json};

use super::{
    reading::{ask_as, client, on_page, redirected},
    steps::issued_to,
    world::World,
};
use crate::{
    authorize::{
        AuthorizationError, AuthorizationRequest, PlainChallenges, Response, ResponseMode, Step,
    },
    rule::Rule,
    tenant::Issuer,
};

/// What every good request of an implicit or hybrid client has.
const IMPLICIT: &str = "redirect_uri=https://shop.test/cb&state=k7Qz&scope=openid&nonce=n1";

fn implicit() -> Value {
    json!({"grant_types": ["authorization_code", "implicit"], "web_origins": ["https://shop.test"]})
}

fn ask_for(
    changes: &Value,
    response_type: &str,
    more: &str,
) -> Result<AuthorizationRequest, AuthorizationError> {
    let query = format!("response_type={response_type}&{more}");
    ask_as(changes, &query, PlainChallenges::Refused)
}

#[test]
fn t10_3_response_types_need_their_grant_types() {
    let missing = |own: &str, response_type: &str| {
        let own = json!({"grant_types": own.split_whitespace().collect::<Vec<_>>()});
        let error = ask_for(&own, response_type, IMPLICIT).unwrap_err();
        assert_eq!(redirected(&error), Rule::GrantTypeNotAllowed);
        error.refusal.description()
    };
    let implicit_is_off = "Grant type 'implicit' not allowed for the client.";
    for response_type in ["token", "id_token", "id_token%20token"] {
        assert_eq!(
            missing("authorization_code", response_type),
            implicit_is_off
        );
        assert!(
            ask_for(
                &json!({"grant_types": ["implicit"]}),
                response_type,
                IMPLICIT
            )
            .is_ok()
        );
    }
    for response_type in ["code%20id_token", "code%20token", "token%20code%20id_token"] {
        assert_eq!(
            missing("authorization_code", response_type),
            implicit_is_off
        );
        assert_eq!(
            missing("implicit", response_type),
            "Grant type 'authorization_code' not allowed for the client."
        );
        assert!(ask_for(&implicit(), response_type, IMPLICIT).is_ok());
    }
    missing("implicit", "code");
    let error = ask_for(&implicit(), "none", IMPLICIT).unwrap_err();
    assert_eq!(redirected(&error), Rule::ResponseTypeUnsupported);
}

#[test]
fn t16_2_an_id_token_through_the_browser_needs_a_nonce_and_openid() {
    let without_nonce = IMPLICIT.replace("&nonce=n1", "");
    let without_openid = IMPLICIT.replace("openid", "email");
    for (response_type, has_id_token) in [
        ("id_token", true),
        ("id_token%20token", true),
        ("code%20id_token", true),
        ("code%20id_token%20token", true),
        ("token", false),
        ("code%20token", false),
        ("code", false),
    ] {
        for (rest, rule) in [
            (&without_nonce, Rule::MissingParameter),
            (&without_openid, Rule::OpenidMissing),
        ] {
            let asked = ask_for(&implicit(), response_type, rest);
            if has_id_token {
                assert_eq!(redirected(&asked.unwrap_err()), rule, "{response_type}");
            } else {
                assert!(asked.is_ok(), "{response_type}");
            }
        }
        let empty = IMPLICIT.replace("n1", "");
        assert_eq!(
            ask_for(&implicit(), response_type, &empty).is_err(),
            has_id_token
        );
    }
    let error = ask_for(&implicit(), "id_token", &without_nonce).unwrap_err();
    assert_eq!(
        error.refusal.description(),
        "Missing required parameter: nonce"
    );
}

#[test]
fn t13_2_tokens_never_travel_in_a_query_and_neither_does_the_error_that_says_so() {
    for response_type in ["token", "id_token", "code%20id_token", "code%20token"] {
        let query = format!("{IMPLICIT}&response_mode=query");
        let error = ask_for(&implicit(), response_type, &query).unwrap_err();
        assert_eq!(redirected(&error), Rule::ResponseModeUnsupported);
        let issuer = Issuer::new("https", "login.test");
        let told = error.response(&client(&implicit()), &issuer);
        let Some(Response::Redirect(location)) = told else {
            panic!("redirected");
        };
        assert!(location.starts_with("https://shop.test/cb#error=invalid_request&"));
    }
}

#[test]
fn t15_3_a_web_message_is_for_registered_web_origins_alone() {
    let with = |origins: &Value, uri: &str| {
        let mut client = implicit();
        client["web_origins"] = origins.clone();
        let query = format!("redirect_uri={uri}&scope=openid&response_mode=web_message");
        ask_for(&client, "code", &query)
    };
    let own = "https://shop.test/cb";
    for origins in [
        json!(["https://shop.test"]),
        json!(["https://other.test", "https://shop.test/with/a/path"]),
    ] {
        let request = with(&origins, own).unwrap();
        assert_eq!(
            request.return_address.response_mode,
            ResponseMode::WebMessage
        );
    }
    assert!(
        with(
            &json!(["http://localhost:3000"]),
            "http://localhost:3000/cb"
        )
        .is_ok()
    );
    for (origins, uri) in [
        (json!(null), own),
        (json!([]), own),
        (json!(["https://shop.test:8443"]), own),
        (json!(["http://shop.test"]), own),
        (json!(["https://shop.test.evil.test"]), own),
        (json!(["http://localhost:3001"]), "http://localhost:3000/cb"),
    ] {
        let error = with(&origins, uri).unwrap_err();
        assert_eq!(on_page(&error), Rule::WebOriginNotRegistered, "{origins}");
    }
    let error = with(&json!([]), own).unwrap_err();
    assert_eq!(
        error.refusal.description(),
        "The origin https://shop.test is not in the list of allowed web origins"
    );
    // Nobody can be told who has no origin.
    let native = json!({"callbacks": ["myapp:/cb"], "web_origins": ["myapp:/cb"]});
    let query = "redirect_uri=myapp:/cb&response_mode=web_message";
    let error = ask_for(&native, "code", query).unwrap_err();
    assert_eq!(on_page(&error), Rule::WebOriginNotRegistered);
}

#[test]
fn pkce_protects_codes_and_nothing_else() {
    let implicit = json!({"token_endpoint_auth_method": "none", "grantor_profile": "oidc",
        "grant_types": ["authorization_code", "implicit"]});
    assert!(ask_for(&implicit, "id_token", IMPLICIT).is_ok());
    let error = ask_for(&implicit, "code%20id_token", IMPLICIT).unwrap_err();
    assert_eq!(redirected(&error), Rule::CodeChallengeMissing);
}

#[test]
fn t6_6_2_what_goes_through_the_browser_never_comes_with_a_refresh_token() {
    let grants = json!({"grant_types": ["authorization_code", "implicit", "refresh_token"]});
    for (response_type, offline) in [
        ("code", true),
        ("code%20token", true),
        ("code%20id_token", true),
        ("token", false),
        ("id_token", false),
        ("id_token%20token", false),
    ] {
        let mut world = World::with_session("ada", "scope=openid");
        world.change_client(&grants);
        world.begin(&format!(
            "response_type={response_type}&scope=openid%20offline_access&nonce=n1"
        ));
        let Step::Issue(approval) = world.step() else {
            panic!("nothing is owed");
        };
        let granted = approval.granted();
        assert_eq!(
            granted.scope.contains(&"offline_access".to_owned()),
            offline,
            "{response_type}"
        );
        assert_eq!(granted.dropped.is_empty(), offline);
    }
}

/// An administrator took the grant away while the user was logging in.
#[test]
fn t10_3_a_hybrid_login_needs_both_grants_to_its_end() {
    for (left, refused_one) in [
        ("authorization_code", "implicit"),
        ("implicit", "authorization_code"),
    ] {
        let mut world = World::with_session("ada", "scope=openid");
        world.change_client(&json!({"grant_types": ["authorization_code", "implicit"]}));
        world.begin("response_type=code%20id_token&scope=openid&nonce=n1");
        assert_eq!(issued_to(&world), "ada");
        world.change_client(&json!({"grant_types": [left]}));
        let Step::Fail(refusal) = world.step() else {
            panic!("{refused_one} is gone");
        };
        assert_eq!(
            refusal.description(),
            format!("Grant type '{refused_one}' not allowed for the client.")
        );
    }
}
