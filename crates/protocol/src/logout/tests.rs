use super::*;
use crate::session::{Limits, Persistence};

fn client(members: &Value) -> Client {
    let mut document = json!({"client_id": "web", "name": "Shop"});
    let members = members.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    serde_json::from_value(document).unwrap()
}

fn settings(members: &Value) -> TenantSettings {
    let mut document = json!({"id": "settings"});
    let members = members.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(members);
    serde_json::from_value(document).unwrap()
}

fn session() -> BrowserSession {
    BrowserSession {
        id: "s1".to_owned(),
        user_id: "auth0|ada".to_owned(),
        authenticated_at: Timestamp::from_seconds(0),
        methods: Vec::new(),
        last_used_at: Timestamp::from_seconds(0),
        persistence: Persistence::Persistent,
        limits: Limits {
            absolute_seconds: 1,
            idle_seconds: 1,
        },
    }
}

#[test]
fn j14_1_a_browser_goes_to_listed_urls_alone() {
    let shop = client(&json!({"allowed_logout_urls": ["https://shop.test/bye"]}));
    let tenant = settings(&json!({"allowed_logout_urls": ["https://orchard.test/"]}));
    let goes = |client, sent| {
        return_to(client, &tenant, sent)
            .map(|url| url.map(|url| url.as_str().to_owned()))
            .map_err(|refusal| refusal.rule)
    };
    let there = |url: &str| Ok(Some(url.to_owned()));
    let no = Err(Rule::ReturnToNotRegistered);
    assert_eq!(
        goes(Some(&shop), Some("https://shop.test/bye?x=1")),
        there("https://shop.test/bye?x=1")
    );
    assert_eq!(goes(Some(&shop), None), there("https://shop.test/bye"));
    assert_eq!(goes(Some(&shop), Some("https://orchard.test/")), no);
    assert_eq!(
        goes(None, Some("https://orchard.test/")),
        there("https://orchard.test/")
    );
    assert_eq!(goes(None, Some("https://shop.test/bye")), no);
    assert_eq!(goes(None, None), Ok(None));
    assert_eq!(goes(Some(&client(&json!({}))), None), Ok(None));
}

#[test]
fn j14_3_post_logout_uris_match_with_their_query() {
    let shop = client(&json!({"allowed_logout_urls": ["https://shop.test/bye?a=1"]}));
    let goes = |sent| post_logout(Some(&shop), &settings(&json!({})), sent);
    assert!(goes(Some("https://shop.test/bye?a=1")).unwrap().is_some());
    assert!(goes(None).unwrap().is_none());
    for sent in ["https://shop.test/bye", "https://shop.test/bye?a=2"] {
        assert_eq!(
            goes(Some(sent)).unwrap_err().rule,
            Rule::PostLogoutRedirectUriNotRegistered
        );
    }
}

#[test]
fn j14_4_only_who_names_the_session_ends_it_unasked() {
    let session = session();
    let asks = |session, session_id, subject| {
        let hints = Hints {
            subject,
            session_id,
        };
        needs_confirmation(session, hints, &settings(&json!({})))
    };
    let (here, ada) = (Some(&session), Some("auth0|ada"));
    assert!(asks(here, None, None));
    assert!(!asks(here, Some("s1"), ada));
    assert!(!asks(here, Some("s1"), None));
    assert!(!asks(here, None, ada));
    assert!(asks(here, Some("s2"), ada));
    assert!(asks(here, Some("s1"), Some("auth0|bob")));
    assert!(!asks(None, None, None));
    let off = settings(&json!({"sessions": {"oidc_logout_prompt_enabled": false}}));
    assert!(!needs_confirmation(here, Hints::default(), &off));
}

#[test]
fn applications_hear_of_what_they_chose() {
    let urls = json!(["https://shop.test/logout"]);
    let heard = |logout: Value, initiator| {
        !backchannel_urls(&client(&json!({"oidc_logout": logout})), initiator).is_empty()
    };
    let unset = json!({"backchannel_logout_urls": urls});
    assert!(heard(unset.clone(), Initiator::RpLogout));
    assert!(heard(unset.clone(), Initiator::IdpLogout));
    assert!(!heard(unset, Initiator::PasswordChanged));
    let all =
        json!({"backchannel_logout_urls": urls, "backchannel_logout_initiators": {"mode": "all"}});
    assert!(heard(all, Initiator::AccountDeleted));
    let chosen = json!({"backchannel_logout_urls": urls, "backchannel_logout_initiators":
        {"mode": "custom", "selected_initiators": ["session-revoked"]}});
    assert!(heard(chosen.clone(), Initiator::SessionRevoked));
    assert!(!heard(chosen, Initiator::RpLogout));
    assert!(!heard(json!({}), Initiator::RpLogout));
}

#[test]
fn a_logout_token_names_session_and_user_and_has_no_nonce() {
    let (issuer, session) = (Issuer::new("https", "login.test"), session());
    let now = Timestamp::from_seconds(100);
    let token = LogoutToken::new((&issuer, "web"), &session, ("j".to_owned(), "t"), now);
    let claims = serde_json::to_value(&token).unwrap();
    assert_eq!(
        claims,
        json!({
            "iss": "https://login.test/", "sub": "auth0|ada", "aud": "web", "iat": 100, "exp": 220,
            "jti": "j", "sid": "s1", "trace_id": "t",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        })
    );
}

#[test]
fn a_frame_names_issuer_and_session_where_that_is_required() {
    let issuer = Issuer::new("https", "login.test");
    let url = |members| frontchannel_url(&client(&members), &session(), &issuer);
    let there = json!({"grantor_frontchannel_logout_uri": "https://shop.test/out?a=1"});
    assert_eq!(url(there).as_deref(), Some("https://shop.test/out?a=1"));
    let named = json!({"grantor_frontchannel_logout_uri": "https://shop.test/out?a=1",
        "grantor_frontchannel_logout_session_required": true});
    assert_eq!(
        url(named).as_deref(),
        Some("https://shop.test/out?a=1&iss=https%3A%2F%2Flogin.test%2F&sid=s1")
    );
    assert_eq!(url(json!({})), None);
    let script = json!({"grantor_frontchannel_logout_uri": "javascript:alert(1)"});
    assert_eq!(url(script), None);
}
