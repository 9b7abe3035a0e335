//! Law 1 and style §4: every route that can issue passes the decision function, and every rule is triggered somewhere.

use grantor_protocol::rule::Rule;

/// The rules that a token request cannot break one by one over the wire, and where they are triggered instead.
const ELSEWHERE: &[(Rule, &str)] = &[
    (Rule::ClientPolicyDenies, "protocol::authorization"),
    (
        Rule::InteractionRequired,
        "consent.rs, by its code: a callback that anybody could claim",
    ),
    (
        Rule::LoginNotFound,
        "login_pages.rs, where the page escapes its apostrophe",
    ),
    (
        Rule::ReturnToNotRegistered,
        "logout.rs, where the page escapes its quotes",
    ),
    (
        Rule::PostLogoutRedirectUriNotRegistered,
        "logout.rs, where the page escapes its quotes",
    ),
    (Rule::SmsGatewayTimeout, "outbound::sms::gateway"),
    (Rule::Unavailable, "the outside tests stop the database"),
    (Rule::Internal, "needs a defect"),
];

#[test]
fn every_rule_has_a_clause_a_sentence_and_an_error_status() {
    for rule in Rule::ALL {
        let spec = rule.spec();
        assert!(
            !spec.clause.is_empty() && !spec.sentence.is_empty(),
            "{rule:?}"
        );
        for status in [spec.vendor_status, spec.rfc_status] {
            assert!((400..600).contains(&status), "{rule:?}");
        }
    }
}

#[test]
fn every_rule_is_named_by_a_test_or_told_where() {
    let sources = [
        include_str!("authorization_code.rs"),
        include_str!("authorization_errors.rs"),
        include_str!("bad_input.rs"),
        include_str!("client_authentication.rs"),
        include_str!("client_credentials.rs"),
        include_str!("consent.rs"),
        include_str!("embedded_login.rs"),
        include_str!("front_channel.rs"),
        include_str!("legacy/delegation.rs"),
        include_str!("legacy/resource_owner.rs"),
        include_str!("legacy/token_info.rs"),
        include_str!("login_pages.rs"),
        include_str!("logout.rs"),
        include_str!("password_grant.rs"),
        include_str!("passwordless/grant.rs"),
        include_str!("passwordless/pages.rs"),
        include_str!("passwordless/sending.rs"),
        include_str!("sms_gateway.rs"),
        include_str!("recovery.rs"),
        include_str!("refresh_tokens/endings.rs"),
        include_str!("refresh_tokens/mod.rs"),
        include_str!("sign_in.rs"),
        include_str!("silent_authentication.rs"),
        include_str!("tenants.rs"),
        include_str!("token_endpoint.rs"),
    ]
    .concat();
    for rule in Rule::ALL {
        let spec = rule.spec();
        // A sentence up to its first variable part identifies the rule in the tests of the wire.
        let fixed = spec.sentence.split('{').next().unwrap_or_default();
        let told = ELSEWHERE.iter().any(|(known, _)| known == rule);
        assert!(
            told || sources.contains(fixed.trim_end_matches('"')),
            "{rule:?}: no test shows `{fixed}`"
        );
    }
}

/// Only the minting room signs access tokens, and it takes what the decision function approved.
#[test]
fn no_room_but_minting_signs_access_tokens() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut signing = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains("claims::AccessToken")
                || text.contains("claims::{AccessToken")
                || text.contains(".sign_json(")
            {
                signing.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    signing.sort();
    assert_eq!(signing, ["keys/mod.rs", "pipeline/mint.rs"]);
    let mint = include_str!("../../src/pipeline/mint.rs");
    assert!(
        mint.contains("authorization::decide(facts)?") && mint.contains("approved: &Approved<'_>")
    );
}
