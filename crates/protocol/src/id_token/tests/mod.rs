use serde_json::json;

use super::*;

fn ada() -> Value {
    json!({
        "user_id": "auth0|ada", "email": "ada@x.test", "email_verified": true, "name": "Ada", "nickname": "ada",
        "picture": "https://x.test/ada.png", "updated_at": "2023-06-14T21:36:26.399Z",
        "created_at": "2023-01-01T00:00:00.000Z", "phone_number": "+4912345", "phone_verified": false,
        "family_name": null, "user_metadata": {"secret": 1}, "app_metadata": {"role": "admin"}, "last_ip": "192.0.2.1",
        "identities": [{"provider": "auth0", "user_id": "ada", "connection": "Users", "isSocial": false,
            "access_token": "upstream", "profileData": {"x": 1}}],
    })
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn client(profile: &str) -> Client {
    serde_json::from_value(json!({"client_id": "web", "name": "Web", "grantor_profile": profile}))
        .unwrap()
}

struct Case {
    client: Client,
    scope: Vec<String>,
    claims: ClaimsRequest,
    custom: Value,
    auth_time: AuthTime,
    methods: Vec<AuthenticationMethod>,
    access_token: Beside<'static>,
    c_hash: Option<&'static str>,
    nonce: Option<&'static str>,
    sid: Option<&'static str>,
}

fn case(scope: &str) -> Case {
    Case {
        client: client("auth0"),
        scope: words(scope),
        claims: ClaimsRequest::default(),
        custom: json!({}),
        auth_time: AuthTime::NotAskedFor,
        methods: vec![AuthenticationMethod::Password],
        access_token: Beside::BackChannel("hash"),
        c_hash: None,
        nonce: None,
        sid: Some("s1"),
    }
}

impl Case {
    fn id_token(&self) -> Option<Value> {
        let user = ada();
        let person = Person {
            user_id: "auth0|ada",
            fields: user.as_object().unwrap(),
            custom: self.custom.as_object().unwrap(),
        };
        let token = IdToken {
            issuer: "https://login.test/",
            client: &self.client,
            issued_at: Timestamp::from_seconds(1_760_000_000),
            scope: &self.scope,
            claims: &self.claims,
            nonce: self.nonce,
            sid: self.sid,
            authenticated_at: Timestamp::from_seconds(1_759_999_000),
            auth_time: self.auth_time,
            methods: &self.methods,
            access_token: self.access_token,
            c_hash: self.c_hash,
            legacy_scope: &[],
        };
        let json = token.to_json(&person)?;
        Some(serde_json::from_slice(&json).unwrap())
    }

    fn claims(&self) -> Value {
        self.id_token().unwrap()
    }

    fn userinfo(&self) -> Option<Value> {
        let user = ada();
        let person = Person {
            user_id: "auth0|ada",
            fields: user.as_object().unwrap(),
            custom: self.custom.as_object().unwrap(),
        };
        let form = self.client.switches().updated_at;
        userinfo(&person, &self.scope, &self.claims.userinfo, form).map(Value::Object)
    }
}

fn base() -> Value {
    json!({"iss": "https://login.test/", "aud": "web", "sub": "auth0|ada", "iat": 1_760_000_000,
        "exp": 1_760_036_000, "sid": "s1"})
}

fn with(mut base: Value, more: &Value) -> Value {
    base.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    base
}

#[test]
fn t6_3_1_openid_alone_tells_nothing_and_email_adds_two_claims() {
    assert_eq!(case("openid").claims(), base());
    assert_eq!(
        case("openid email").claims(),
        with(
            base(),
            &json!({"email": "ada@x.test", "email_verified": true})
        )
    );
}

#[test]
fn t6_5_3_there_is_no_id_token_without_openid() {
    assert_eq!(case("profile email").id_token(), None);
    assert_eq!(case("").id_token(), None);
}

#[test]
fn j11_2_profile_adds_exactly_the_profile_claims_that_have_a_value() {
    let profile = json!({"name": "Ada", "nickname": "ada", "picture": "https://x.test/ada.png",
        "updated_at": "2023-06-14T21:36:26.399Z"});
    assert_eq!(case("openid profile").claims(), with(base(), &profile));
    assert_eq!(
        case("openid profile").userinfo().unwrap(),
        with(json!({"sub": "auth0|ada"}), &profile)
    );
}

#[test]
fn phone_and_single_claims_are_scopes_too() {
    let userinfo = case("openid phone picture created_at identities").userinfo();
    assert_eq!(
        userinfo.unwrap(),
        json!({"sub": "auth0|ada", "phone_number": "+4912345", "phone_number_verified": false,
            "picture": "https://x.test/ada.png", "created_at": "2023-01-01T00:00:00.000Z",
            "identities": [{"provider": "auth0", "user_id": "ada", "connection": "Users", "isSocial": false}]})
    );
    // The name of a claim that is no scope of its own opens nothing.
    let nothing = case("openid zoneinfo user_metadata last_ip phone_number").userinfo();
    assert_eq!(nothing.unwrap(), json!({"sub": "auth0|ada"}));
}

#[test]
fn j11_1_j11_5_userinfo_has_sub_and_needs_openid() {
    let case_of = case("openid email");
    assert_eq!(case_of.userinfo().unwrap()["sub"], case_of.claims()["sub"]);
    assert_eq!(case("email").userinfo(), None);
}

#[test]
fn t6_3_2_id_token_and_userinfo_tell_the_same_in_the_vendors_profile() {
    let case = case("openid profile email phone");
    let (mut id_token, mut userinfo) = (case.claims(), case.userinfo().unwrap());
    for own in ["iss", "aud", "iat", "exp", "sid"] {
        id_token.as_object_mut().unwrap().remove(own);
    }
    for claims in [&mut id_token, &mut userinfo] {
        assert_eq!(
            claims.as_object_mut().unwrap().remove("sub"),
            Some(json!("auth0|ada"))
        );
    }
    assert_eq!(id_token, userinfo);
}

#[test]
fn the_strict_profile_keeps_scope_claims_for_userinfo_unless_asked_or_alone() {
    let mut case = case("openid profile email");
    case.client = client("oidc");
    let own = json!({"auth_time": 1_759_999_000, "amr": ["pwd"], "at_hash": "hash"});
    assert_eq!(case.claims(), with(base(), &own));
    assert_eq!(case.userinfo().unwrap()["updated_at"], 1_686_778_586);
    case.claims.id_token = words("email auth_time invented user_metadata");
    assert_eq!(case.claims()["email"], "ada@x.test");
    assert_eq!(case.claims().get("user_metadata"), None);
    case.claims = ClaimsRequest::default();
    case.access_token = Beside::Nothing;
    assert_eq!(case.claims()["name"], "Ada");
    assert_eq!(case.claims().get("at_hash"), None);
}

#[test]
fn the_claims_parameter_opens_single_claims_of_userinfo() {
    let mut case = case("openid");
    case.claims.userinfo = words("email birthdate app_metadata");
    assert_eq!(
        case.userinfo().unwrap(),
        json!({"sub": "auth0|ada", "email": "ada@x.test"})
    );
}

#[test]
fn nonce_sid_and_auth_time_are_there_when_they_should_be() {
    let mut case = case("openid");
    case.nonce = Some("n1");
    case.sid = None;
    case.auth_time = AuthTime::AskedFor;
    let claims = case.claims();
    assert_eq!(
        (&claims["nonce"], &claims["auth_time"]),
        (&json!("n1"), &json!(1_759_999_000))
    );
    assert_eq!(claims.get("sid"), None);
}

#[test]
fn a_second_factor_is_named_in_acr_and_amr() {
    let mut case = case("openid");
    case.methods.push(AuthenticationMethod::MultiFactor);
    let claims = case.claims();
    assert_eq!(claims["acr"], ACR_MULTI_FACTOR);
    assert_eq!(claims["amr"], json!(["mfa"]));
    case.client = client("oidc");
    assert_eq!(case.claims()["amr"], json!(["pwd", "mfa"]));
}

#[test]
fn at_hash_goes_with_a_token_of_the_front_channel() {
    let mut case = case("openid");
    assert_eq!(case.claims().get("at_hash"), None);
    case.access_token = Beside::FrontChannel("hash");
    assert_eq!(case.claims()["at_hash"], "hash");
}

#[test]
fn the_lifetime_is_the_clients() {
    let mut case = case("openid");
    case.client.jwt_configuration.lifetime_in_seconds = Some(60);
    assert_eq!(case.claims()["exp"], 1_760_000_060);
}

#[test]
fn t6_3_3_t6_3_6_scripts_add_claims_but_no_reserved_ones_and_standard_ones_with_their_scope_alone()
{
    let mut case = case("openid profile");
    case.custom = json!({"https://orchard.test/shop": "north", "email": "forged@x.test", "name": "Queen",
        "sub": "mallory", "iss": "x", "aud": "y", "exp": 1, "nonce": "z", "act": {}, "picture": null});
    let claims = case.claims();
    assert_eq!(claims["https://orchard.test/shop"], "north");
    assert_eq!(claims["name"], "Queen");
    for absent in ["email", "nonce", "act", "picture"] {
        assert_eq!(claims.get(absent), None, "{absent}");
    }
    assert_eq!(
        (
            &claims["sub"],
            &claims["iss"],
            &claims["aud"],
            &claims["exp"]
        ),
        (
            &json!("auth0|ada"),
            &json!("https://login.test/"),
            &json!("web"),
            &json!(1_760_036_000)
        )
    );
    assert_eq!(
        case.userinfo().unwrap()["https://orchard.test/shop"],
        "north"
    );
    assert_eq!(case.userinfo().unwrap()["sub"], "auth0|ada");
}

#[test]
fn what_is_stored_about_a_user_and_has_no_scope_is_never_told() {
    let mut case = case(&STANDARD_SCOPES.join(" "));
    case.claims.id_token = words("user_metadata app_metadata last_ip");
    case.claims.userinfo = case.claims.id_token.clone();
    let told = format!("{}{}", case.claims(), case.userinfo().unwrap());
    for secret in ["secret", "admin", "192.0.2.1", "upstream", "profileData"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[test]
fn an_id_token_that_is_all_a_strict_client_gets_says_what_its_scopes_open() {
    let mut alone = case("openid email");
    alone.client = client("oidc");
    alone.access_token = Beside::Nothing;
    assert_eq!(alone.claims()["email"], "ada@x.test");
    // A code leads to an access token, and that to userinfo.
    alone.c_hash = Some("hash");
    assert_eq!(alone.claims().get("email"), None);
    assert_eq!(alone.claims()["c_hash"], "hash");
}
