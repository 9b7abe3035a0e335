use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::client_auth::{Credential, authenticate};

fn client(refresh_token: &Value) -> AuthenticatedClient {
    let document = json!({"client_id": "app", "name": "App", "client_secret": "s",
        "refresh_token": refresh_token});
    let client = Arc::new(serde_json::from_value(document).unwrap());
    let credential = Credential::Post(Secret::new("s".to_owned()));
    authenticate(client, &credential, |_, _| Ok(())).unwrap()
}

fn rotating(leeway: i64) -> Value {
    json!({"rotation_type": "rotating", "expiration_type": "expiring", "leeway": leeway,
        "token_lifetime": 1000, "idle_token_lifetime": 100})
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn issued(settings: &Value) -> RefreshToken {
    let client = client(settings);
    RefreshToken {
        id: "id".to_owned(),
        family: "family".to_owned(),
        user_id: "auth0|ada".to_owned(),
        client_id: "app".to_owned(),
        audience: "https://orders.test".to_owned(),
        session_id: None,
        created_at: at(0),
        standing: Standing::begin(client.client().refresh_token.as_ref(), at(0)),
        basis: serde_json::from_value(json!({
            "client_id": "app", "user_id": "auth0|ada", "authenticated_at": 0,
            "auth_time": "not_asked_for", "methods": ["password"], "target": "userinfo",
            "requested_scope": ["openid"], "scope": ["openid"],
        }))
        .unwrap(),
    }
}

/// Uses the token of `generation`; the family is what came of it.
fn exchange(
    token: &mut RefreshToken,
    settings: &Value,
    generation: u32,
    seconds: i64,
) -> Result<u32, (Rule, Option<Effect>)> {
    let found = Found::Token(token, generation);
    match decide(&client(settings), found, at(seconds)) {
        Decision::Exchange(standing) => {
            token.standing = standing;
            Ok(standing.generation)
        }
        Decision::Refuse { refusal, effect } => Err((refusal.rule, effect)),
    }
}

fn reused() -> (Rule, Option<Effect>) {
    let effect = Effect::RevokeFamily("family".to_owned());
    (Rule::RefreshTokenReused, Some(effect))
}

#[test]
fn a_token_that_does_not_rotate_stays_the_same() {
    let mut token = issued(&Value::Null);
    for seconds in [1, 10, 100_000_000] {
        assert_eq!(exchange(&mut token, &Value::Null, 0, seconds), Ok(0));
    }
    assert_eq!(token.standing.rotated_at, None);
    assert_eq!(token.standing.last_exchanged_at, at(100_000_000));
}

#[test]
fn j12_1_a_token_that_was_replaced_revokes_its_family() {
    let settings = rotating(0);
    let mut token = issued(&settings);
    assert_eq!(exchange(&mut token, &settings, 0, 1), Ok(1));
    assert_eq!(exchange(&mut token, &settings, 1, 2), Ok(2));
    for generation in [0, 1] {
        // At the very moment too: without a leeway there is no overlap.
        assert_eq!(
            exchange(&mut token, &settings, generation, 2),
            Err(reused())
        );
    }
}

#[test]
fn j12_2_within_the_leeway_the_token_before_leads_to_the_same_successor() {
    let settings = rotating(10);
    let mut token = issued(&settings);
    assert_eq!(exchange(&mut token, &settings, 0, 1), Ok(1));
    assert_eq!(exchange(&mut token, &settings, 0, 1), Ok(1));
    assert_eq!(exchange(&mut token, &settings, 0, 10), Ok(1));
    assert_eq!(exchange(&mut token, &settings, 1, 10), Ok(2));
    assert_eq!(exchange(&mut token, &settings, 1, 19), Ok(2));
    // The leeway counts from the rotation, and its end is outside of it; one older than that has none.
    assert_eq!(exchange(&mut token, &settings, 1, 20), Err(reused()));
    assert_eq!(exchange(&mut token, &settings, 0, 10), Err(reused()));
}

/// A request reads the clock when it arrives, and may come to its turn after one that arrived later.
#[test]
fn j12_1_without_a_leeway_a_request_from_before_the_rotation_is_a_reuse_too() {
    let settings = rotating(0);
    let mut token = issued(&settings);
    assert_eq!(exchange(&mut token, &settings, 0, 5), Ok(1));
    assert_eq!(exchange(&mut token, &settings, 0, 4), Err(reused()));
}

#[test]
fn j12_3_a_life_ends_after_its_time_and_after_disuse() {
    let settings = rotating(0);
    let expired = Err((Rule::RefreshTokenExpired, None));
    let mut token = issued(&settings);
    assert_eq!(exchange(&mut token, &settings, 0, 100), expired);
    let mut generation = 0;
    for seconds in (99..1000).step_by(99) {
        generation = exchange(&mut token, &settings, generation, seconds).unwrap();
    }
    assert_eq!(exchange(&mut token, &settings, generation, 999), Ok(11));
    assert_eq!(exchange(&mut token, &settings, 11, 1000), expired);
}

#[test]
fn j12_7_a_token_from_before_rotation_was_turned_on_yields_a_rotating_one() {
    let mut token = issued(&Value::Null);
    let late = 500_000_000;
    assert_eq!(exchange(&mut token, &rotating(0), 0, late), Ok(1));
    assert_eq!(token.standing.expires_at, Some(at(late + 1000)));
    assert_eq!(exchange(&mut token, &rotating(0), 0, late), Err(reused()));
}

#[test]
fn a_client_that_no_longer_rotates_keeps_its_newest_token() {
    let mut token = issued(&rotating(0));
    assert_eq!(exchange(&mut token, &rotating(0), 0, 1), Ok(1));
    assert_eq!(exchange(&mut token, &Value::Null, 1, 50), Ok(1));
    // The end that was set stays; the other one has gone.
    assert_eq!(exchange(&mut token, &Value::Null, 1, 999), Ok(1));
    let expired = Err((Rule::RefreshTokenExpired, None));
    assert_eq!(exchange(&mut token, &Value::Null, 1, 1000), expired);
    assert_eq!(exchange(&mut token, &Value::Null, 0, 5), Err(reused()));
}

#[test]
fn a_shorter_life_counts_from_the_next_use_on() {
    let mut long = rotating(0);
    long["token_lifetime"] = json!(100_000);
    let mut token = issued(&long);
    assert_eq!(token.standing.expires_at, Some(at(100_000)));
    exchange(&mut token, &rotating(0), 0, 50).unwrap();
    assert_eq!(token.standing.expires_at, Some(at(1050)));
    exchange(&mut token, &long, 1, 60).unwrap();
    assert_eq!(token.standing.expires_at, Some(at(1050)));
}

#[test]
fn t6_9_3_another_clients_token_is_refused_and_nothing_happens_to_it() {
    let mut token = issued(&Value::Null);
    token.client_id = "other".to_owned();
    token.standing.generation = 2;
    for generation in [0, 2, 9] {
        let refused = exchange(&mut token, &Value::Null, generation, 1);
        assert_eq!(refused, Err((Rule::RefreshTokenOfAnotherClient, None)));
    }
}

#[test]
fn a_token_that_ended_with_its_user_says_what_became_of_it() {
    let token = issued(&Value::Null);
    for (account, rule) in [
        (Account::Gone, Rule::RefreshTokenUserGone),
        (Account::Blocked, Rule::RefreshTokenUserBlocked),
        (Account::Active, Rule::RefreshTokenUnknown),
    ] {
        let Decision::Refuse { refusal, effect } =
            decide(&client(&Value::Null), Found::Ended(&token, account), at(1))
        else {
            panic!("granted");
        };
        assert_eq!((refusal.rule, effect), (rule, None));
    }
}

#[test]
fn what_was_never_issued_or_is_gone_is_unknown() {
    let mut token = issued(&Value::Null);
    let unknown = Err((Rule::RefreshTokenUnknown, None));
    assert_eq!(exchange(&mut token, &Value::Null, 1, 1), unknown);
    for found in [Found::NeverIssued, Found::Gone] {
        let Decision::Refuse { refusal, effect } = decide(&client(&Value::Null), found, at(1))
        else {
            panic!("granted");
        };
        assert_eq!((refusal.rule, effect), (Rule::RefreshTokenUnknown, None));
        assert_eq!(refusal.description(), "Unknown or invalid refresh token.");
    }
}

#[test]
fn t6_9_1_a_scope_beyond_what_was_granted_vanishes() {
    let granted = ["openid", "read:orders"].map(str::to_owned);
    let narrow = |scope: &str| {
        let body = format!("refresh_token=t&scope={scope}");
        let parameters = Parameters::parse_form(body.as_bytes()).unwrap();
        let request = Request::read(&parameters).unwrap();
        request.narrow(&granted).join(" ")
    };
    assert_eq!(narrow("read:orders write:orders"), "read:orders");
    assert_eq!(narrow("write:orders"), "");
    // T6.9-2; some send an empty text where they mean nothing.
    assert_eq!(narrow(""), "openid read:orders");
}

#[test]
fn another_api_is_reached_where_a_policy_of_the_client_names_it() {
    let mut token = issued(&Value::Null);
    token.basis.target = Target::Api("https://orders.test".to_owned());
    token.basis.scope = ["openid", "offline_access", "read:orders"]
        .map(str::to_owned)
        .to_vec();
    let mut client: Client = serde_json::from_value(json!({"client_id": "app", "name": "App",
    "refresh_token": {"policies": [
        {"audience": "https://stock.test", "scope": ["read:stock", "write:stock"]},
        {"audience": "https://login.test/api/v2/", "scope": ["read:users"]},
    ]}}))
    .unwrap();
    let issuer = Issuer::new("https", "login.test");
    let basis = |client: &Client, rest: &str| {
        let body = format!("refresh_token=t&{rest}");
        let parameters = Parameters::parse_form(body.as_bytes()).unwrap();
        let basis = Request::read(&parameters)
            .unwrap()
            .basis(&token, client, &issuer);
        (
            basis.target.api().unwrap().to_owned(),
            basis.scope.join(" "),
        )
    };
    let found = |audience: &str, scope: &str| (audience.to_owned(), scope.to_owned());
    let own = found("https://orders.test", "openid offline_access read:orders");
    assert_eq!(basis(&client, ""), own);
    for ignored in ["https://orders.test", "https://unknown.test"] {
        assert_eq!(basis(&client, &format!("audience={ignored}")), own);
    }
    let stock = "openid offline_access read:stock write:stock";
    assert_eq!(
        basis(&client, "audience=https://stock.test"),
        found("https://stock.test", stock)
    );
    assert_eq!(
        basis(
            &client,
            "audience=https://stock.test&scope=write:stock read:orders openid"
        ),
        found("https://stock.test", "write:stock openid")
    );
    let own_api = "https://login.test/api/v2/";
    assert_eq!(
        basis(&client, &format!("audience={own_api}&scope=read:users")),
        found(own_api, "read:users")
    );
    // Nobody consented to a third party's reaching further.
    client.is_first_party = false;
    assert_eq!(basis(&client, "audience=https://stock.test"), own);
}

proptest! {
    /// Whatever order uses come in: the newest generation never goes back, what is set as the end never moves away, and
    /// of the tokens that are good at any moment all lead to one.
    #[test]
    fn there_is_one_successor_and_no_way_back(
        steps in proptest::collection::vec((0_u32..6, 0_i64..30, any::<bool>()), 1..40),
        leeway in 0_i64..20,
    ) {
        let mut token = issued(&rotating(leeway));
        let mut now = 0;
        for (generation, seconds, rotates) in steps {
            now += seconds;
            let settings = if rotates { rotating(leeway) } else { Value::Null };
            let before = token.standing;
            let successors: Vec<_> = (0..8)
                .filter_map(|other| exchange(&mut token.clone(), &settings, other, now).ok())
                .collect();
            prop_assert!(successors.len() <= 2);
            let outcome = exchange(&mut token, &settings, generation, now);
            let after = token.standing;
            prop_assert!(before.generation <= after.generation);
            prop_assert!(after.generation <= before.generation + 1);
            if let Some(end) = before.expires_at {
                prop_assert!(after.expires_at.unwrap() <= end);
            }
            if let Ok(successor) = outcome {
                prop_assert_eq!(successor, after.generation);
                // A lost answer is asked for again and gives the same.
                let again = exchange(&mut token, &settings, generation, now);
                if generation == successor || 0 < leeway {
                    prop_assert!(again.is_ok());
                } else {
                    prop_assert_eq!(again, Err(reused()));
                }
            }
        }
    }
}
