use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    authorization,
    authorize::{PlainChallenges, Target},
    client_auth::{Credential, authenticate},
    grants::{GrantType, basis::Api},
    id_token::{AuthTime, Beside, IdToken},
    model::ResourceServer,
    profile::ErrorDialect,
    tenant::Issuer,
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}

fn client(client_id: &str) -> AuthenticatedClient {
    let document = json!({"client_id": client_id, "name": "App", "client_secret": "s"});
    let client = Arc::new(serde_json::from_value(document).unwrap());
    let credential = Credential::Post(Secret::new("s".to_owned()));
    authenticate(client, &credential, |_, _| Ok(())).unwrap()
}

fn code() -> AuthorizationCode {
    serde_json::from_value(json!({
        "client_id": "web", "user_id": "auth0|ada", "session_id": "s1", "authenticated_at": 0,
        "auth_time": "not_asked_for", "methods": ["password"], "redirect_uri": "https://shop.test/cb",
        "redirect_uri_parameter": "sent", "target": "userinfo", "requested_scope": ["openid"], "scope": ["openid"],
        "issued_at": 0, "expires_at": 60_000,
    }))
    .unwrap()
}

fn code_with_challenge() -> AuthorizationCode {
    let query = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
    let parameters = Parameters::parse_form(query.as_bytes()).unwrap();
    AuthorizationCode {
        code_challenge: CodeChallenge::read(&parameters, PlainChallenges::Refused).unwrap(),
        ..code()
    }
}

fn request(rest: &str) -> Request {
    let parameters = Parameters::parse_form(format!("code=c&{rest}").as_bytes()).unwrap();
    Request::read(&parameters).unwrap()
}

fn exchange(
    client_id: &str,
    code: &AuthorizationCode,
    state: &CodeState,
    rest: &str,
) -> Result<(), (Rule, Option<Effect>)> {
    let now = Timestamp::from_seconds(30);
    let found = Some((code, state));
    match decide(&client(client_id), found, &request(rest), sha256, now) {
        Decision::Redeem => Ok(()),
        Decision::Refuse { refusal, effect } => Err((refusal.rule, effect)),
    }
}

#[test]
fn t9_a_fresh_code_of_the_client_is_redeemed() {
    for rest in [
        "",
        "redirect_uri=https://shop.test/cb",
        "redirect_uri=https://shop.test/cb%23x",
    ] {
        assert_eq!(exchange("web", &code(), &CodeState::Issued, rest), Ok(()));
    }
}

/// RFC 6749 §4.1.2: what came from a code that is used twice is revoked.
#[test]
fn t8_2_a_second_exchange_fails_and_revokes_what_came_from_the_first() {
    let redeemed = |family: Option<&str>| CodeState::Redeemed {
        family: family.map(str::to_owned),
    };
    assert_eq!(
        exchange("web", &code(), &redeemed(Some("f1")), ""),
        Err((
            Rule::CodeReplayed,
            Some(Effect::RevokeFamily("f1".to_owned()))
        ))
    );
    assert_eq!(
        exchange("web", &code(), &redeemed(None), ""),
        Err((Rule::CodeReplayed, None))
    );
    // A replay counts however late and however wrong the rest is.
    let mut old = code_with_challenge();
    old.expires_at = Timestamp::from_seconds(1);
    assert_eq!(
        exchange(
            "web",
            &old,
            &redeemed(Some("f1")),
            "redirect_uri=https://x.test/"
        ),
        Err((
            Rule::CodeReplayed,
            Some(Effect::RevokeFamily("f1".to_owned()))
        ))
    );
}

#[test]
fn t8_3_a_code_issued_to_one_client_is_useless_to_another_and_unharmed_by_it() {
    for state in [
        CodeState::Issued,
        CodeState::Redeemed {
            family: Some("f1".to_owned()),
        },
    ] {
        assert_eq!(
            exchange("other", &code(), &state, ""),
            Err((Rule::CodeOfAnotherClient, None))
        );
    }
}

#[test]
fn an_unknown_code_and_one_that_is_too_old_are_refused() {
    let now = Timestamp::from_seconds(60);
    let refused = |found, now| match decide(&client("web"), found, &request(""), sha256, now) {
        Decision::Refuse {
            refusal,
            effect: None,
        } => refusal.rule,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(None, now), Rule::CodeUnknown);
    let (code, state) = (code(), CodeState::Issued);
    assert_eq!(refused(Some((&code, &state)), now), Rule::CodeExpired);
    let before = Timestamp::from_millis(59_999);
    assert!(matches!(
        decide(
            &client("web"),
            Some((&code, &state)),
            &request(""),
            sha256,
            before
        ),
        Decision::Redeem
    ));
}

/// The client learns no difference, and the administrator does.
#[test]
fn every_bad_code_has_the_same_answer() {
    for rule in [
        Rule::CodeUnknown,
        Rule::CodeOfAnotherClient,
        Rule::CodeExpired,
        Rule::CodeReplayed,
    ] {
        let refusal = Refusal::new(rule);
        assert_eq!(refusal.description(), "Invalid authorization code");
        assert_eq!(refusal.status(ErrorDialect::Vendor), 403);
        assert_eq!(refusal.status(ErrorDialect::Rfc), 400);
        assert_eq!(refusal.code(ErrorDialect::Vendor).as_str(), "invalid_grant");
    }
}

#[test]
fn a_redirect_uri_is_compared_only_if_sent() {
    assert_eq!(exchange("web", &code(), &CodeState::Issued, ""), Ok(()));
    for wrong in [
        "https://shop.test/cb/",
        "https://evil.test/cb",
        "HTTPS://shop.test/cb",
        "x",
    ] {
        assert_eq!(
            exchange(
                "web",
                &code(),
                &CodeState::Issued,
                &format!("redirect_uri={wrong}")
            ),
            Err((Rule::CodeRedirectUriDiffers, Some(Effect::BurnCode))),
            "{wrong}"
        );
    }
}

#[test]
fn a_wrong_redirect_uri_is_told_by_its_origin() {
    let told = |sent: &str| {
        let request = request(&format!("redirect_uri={sent}"));
        let refusal = same_redirect_uri(&code(), &request).unwrap_err();
        (
            refusal.description(),
            refusal.code(ErrorDialect::Vendor).as_str(),
        )
    };
    assert_eq!(
        told("https://evil.test/secret"),
        (
            "The redirect URI is wrong. You sent https://evil.test, and we expected https://shop.test"
                .to_owned(),
            "unauthorized_client"
        )
    );
    assert!(
        told("javascript:alert(1)")
            .0
            .contains("You sent another URL,")
    );
}

#[test]
fn t11_1_a_missing_or_wrong_verifier_is_refused_and_the_code_burnt() {
    let code = code_with_challenge();
    let exchange = |rest: &str| exchange("web", &code, &CodeState::Issued, rest);
    assert_eq!(exchange(&format!("code_verifier={VERIFIER}")), Ok(()));
    for (rest, rule) in [
        (String::new(), Rule::CodeVerifierMissing),
        (
            format!("code_verifier={}", VERIFIER.replace('d', "e")),
            Rule::CodeVerifierWrong,
        ),
        (
            format!("code_verifier={CHALLENGE}"),
            Rule::CodeVerifierWrong,
        ),
        (
            "code_verifier=short".to_owned(),
            Rule::CodeVerifierMalformed,
        ),
    ] {
        assert_eq!(exchange(&rest), Err((rule, Some(Effect::BurnCode))));
        let refusal = Refusal::new(rule);
        assert_eq!(refusal.description(), "Failed to verify code verifier");
        assert_eq!(refusal.code(ErrorDialect::Vendor).as_str(), "invalid_grant");
    }
}

/// The client in these tests proves itself with its secret.
#[test]
fn t11_2_a_secret_does_not_stand_for_the_verifier() {
    assert_eq!(
        exchange("web", &code_with_challenge(), &CodeState::Issued, ""),
        Err((Rule::CodeVerifierMissing, Some(Effect::BurnCode)))
    );
}

/// RFC 9700 §2.1.1: a verifier without a challenge shows that the challenge was stripped.
#[test]
fn a_verifier_that_nobody_expects_is_refused() {
    assert_eq!(
        exchange(
            "web",
            &code(),
            &CodeState::Issued,
            &format!("code_verifier={VERIFIER}")
        ),
        Err((Rule::CodeVerifierUnexpected, Some(Effect::BurnCode)))
    );
}

#[test]
fn the_code_must_be_sent() {
    let parameters = Parameters::parse_form(b"code=&redirect_uri=x").unwrap();
    let refusal = Request::read(&parameters).unwrap_err();
    assert_eq!(refusal.rule, Rule::MissingParameter);
    assert_eq!(refusal.description(), "Missing required parameter: code");
}

#[test]
fn a_code_survives_the_store() {
    let code = code_with_challenge();
    let stored = serde_json::to_string(&code).unwrap();
    assert_eq!(
        serde_json::from_str::<AuthorizationCode>(&stored).unwrap(),
        code
    );
}

/// What changed since the login counts: a scope that the API lost is in no token.
#[test]
fn an_exchange_is_decided_with_the_facts_of_the_day() {
    let mut document = json!({"client_id": "web", "name": "App", "client_secret": "s",
        "grant_types": ["authorization_code"]});
    let client = |document: &serde_json::Value| {
        let client = Arc::new(serde_json::from_value(document.clone()).unwrap());
        let credential = Credential::Post(Secret::new("s".to_owned()));
        authenticate(client, &credential, |_, _| Ok(())).unwrap()
    };
    let basis = Basis {
        target: Target::Api("https://orders.test".to_owned()),
        scope: vec!["openid".to_owned(), "read:orders".to_owned()],
        requested_scope: vec!["openid".to_owned(), "read:orders".to_owned()],
        ..code().basis
    };
    let decide = |client: &AuthenticatedClient, scopes: serde_json::Value| {
        let api = json!({"id": "1", "identifier": "https://orders.test", "scopes": scopes});
        let api: ResourceServer = serde_json::from_value(api).unwrap();
        let api = Api {
            resource_server: Some(&api),
            ..Api::default()
        };
        authorization::decide(&basis.facts(client, GrantType::AUTHORIZATION_CODE, api))
    };
    let same = decide(
        &client(&document),
        json!([{"value": "read:orders"}, {"value": "more"}]),
    )
    .unwrap();
    assert!(!same.differs_from(&basis.requested_scope));
    let less = decide(&client(&document), json!([])).unwrap();
    assert_eq!(less.scope, ["openid"]);
    assert!(less.differs_from(&basis.requested_scope));
    document["grant_types"] = json!([]);
    let refusal = decide(&client(&document), json!([])).unwrap_err();
    assert_eq!(refusal.rule, Rule::GrantTypeNotAllowed);
}

#[test]
fn the_id_token_of_an_exchange_tells_of_its_login() {
    let basis = Basis {
        auth_time: AuthTime::AskedFor,
        ..code().basis
    };
    let client = client("web");
    let issuer = Issuer::new("https", "login.test");
    let now = Timestamp::from_seconds(30);
    let beside = Beside::BackChannel("hash");
    let token = IdToken {
        nonce: Some("n1"),
        ..basis.id_token(&issuer, client.client(), &basis.scope, beside, now)
    };
    let nothing = serde_json::Map::new();
    let person = crate::id_token::Person {
        user_id: &basis.user_id,
        fields: &nothing,
        custom: &nothing,
    };
    let claims: serde_json::Value =
        serde_json::from_slice(&token.to_json(&person).unwrap()).unwrap();
    assert_eq!(
        claims,
        json!({"iss": "https://login.test/", "aud": "web", "sub": "auth0|ada", "iat": 30, "exp": 36_030,
            "auth_time": 0, "sid": "s1", "nonce": "n1"})
    );
}

proptest! {
    /// Whatever is sent: a code is redeemed only by its client, in its time, once, with its verifier.
    #[test]
    fn nothing_but_the_whole_proof_redeems(
        own in any::<bool>(),
        used in any::<bool>(),
        challenged in any::<bool>(),
        verifier in proptest::option::of(prop_oneof![Just(VERIFIER.to_owned()), "[a-zA-Z0-9~._-]{40,50}"]),
        uri in proptest::option::of(prop_oneof![Just("https://shop.test/cb".to_owned()), "https://[a-z]{1,3}[.]test/cb"]),
        seconds in 0_i64..120,
    ) {
        let code = if challenged { code_with_challenge() } else { code() };
        let state = if used { CodeState::Redeemed { family: None } } else { CodeState::Issued };
        let request = Request {
            code: Secret::new("c".to_owned()),
            redirect_uri: uri.clone(),
            code_verifier: verifier.clone().map(Secret::new),
        };
        let client = client(if own { "web" } else { "other" });
        let now = Timestamp::from_seconds(seconds);
        let decision = decide(&client, Some((&code, &state)), &request, sha256, now);
        let proven = own && !used && seconds < 60
            && verifier.as_deref() == challenged.then_some(VERIFIER)
            && uri.is_none_or(|uri| uri == "https://shop.test/cb");
        prop_assert_eq!(matches!(decision, Decision::Redeem), proven);
    }
}
