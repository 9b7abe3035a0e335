//! Building claim sets. Does not sign them.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    env::Timestamp,
    grants::GrantType,
    id_token::is_reserved,
    model::{ResourceServer, SigningAlg, TokenDialect},
};

/// Life of a token that is good for userinfo alone, in seconds.
pub const USERINFO_TOKEN_LIFETIME_SECONDS: i64 = 86_400;

/// Life of such a token if it went through the browser, in seconds.
pub const USERINFO_TOKEN_FOR_WEB_LIFETIME_SECONDS: i64 = 7200;

/// Which way a token goes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Through the browser.
    Front,
    /// From the token endpoint.
    Back,
}

impl Channel {
    /// The way of tokens that `grant_type` gives.
    pub fn of(grant_type: GrantType) -> Self {
        if grant_type == GrantType::IMPLICIT {
            Self::Front
        } else {
            Self::Back
        }
    }
}

/// What an access token for a user looks like.
#[derive(Clone, Copy, Debug)]
pub enum TokenForm<'a> {
    /// A random text that leads to what was granted, good for userinfo alone: no API was asked for.
    Opaque,
    /// A signed token of the API, and whether userinfo is a second audience of it.
    Jwt(&'a ResourceServer, UserinfoAudience),
}

/// Whether userinfo accepts an API's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserinfoAudience {
    /// It does: the token's `aud` is an array.
    Included,
    /// It does not.
    Absent,
}

impl<'a> TokenForm<'a> {
    /// The form of a token with `scope` for `api`, or for no API. Userinfo reads tokens signed with RS256 alone, so that
    /// an API's own secret never opens it.
    pub fn of(api: Option<&'a ResourceServer>, scope: &[String]) -> Self {
        let Some(api) = api else {
            return Self::Opaque;
        };
        let openid = scope.iter().any(|scope| scope == "openid");
        let userinfo = if openid && api.signing_alg == SigningAlg::RS256 {
            UserinfoAudience::Included
        } else {
            UserinfoAudience::Absent
        };
        Self::Jwt(api, userinfo)
    }

    /// Its life, in seconds, if it goes by `channel`: shorter through the browser, where more can go wrong with it.
    pub fn lifetime_seconds(&self, channel: Channel) -> i64 {
        match (self, channel) {
            (Self::Opaque, Channel::Front) => USERINFO_TOKEN_FOR_WEB_LIFETIME_SECONDS,
            (Self::Opaque, Channel::Back) => USERINFO_TOKEN_LIFETIME_SECONDS,
            (Self::Jwt(api, _), Channel::Front) => api.lifetime_for_web(),
            (Self::Jwt(api, _), Channel::Back) => api.token_lifetime,
        }
    }
}

/// What the access token of a user has beside that of a machine.
#[derive(Clone, Copy, Debug)]
pub struct UserToken<'a> {
    /// The userinfo endpoint, if it is a second audience.
    pub userinfo: Option<&'a str>,
    /// Claims set by scripts; reserved names are left out.
    pub custom: &'a Map<String, Value>,
}

/// What goes into an access token.
#[derive(Clone, Copy, Debug)]
pub struct AccessToken<'a> {
    /// The issuer identifier.
    pub issuer: &'a str,
    /// `{client_id}@clients` for a machine.
    pub subject: &'a str,
    /// The API's identifier.
    pub audience: &'a str,
    /// When it is issued.
    pub issued_at: Timestamp,
    /// How long it lives, in seconds.
    pub lifetime_seconds: i64,
    /// The client it is issued to.
    pub client_id: &'a str,
    /// The granted scopes.
    pub scope: &'a [String],
    /// How the vendor's dialect names the grant, where it does.
    pub gty: Option<&'static str>,
    /// A unique identifier.
    pub jti: &'a str,
    /// What the subject may do at the API, for the dialects that say so.
    pub permissions: &'a [String],
}

/// The claims in the vendor's order.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: Audience<'a>,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gty: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<&'a [String]>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    custom: Option<Map<String, Value>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Two([&'a str; 2]),
}

impl AccessToken<'_> {
    /// The claim set as JSON in `dialect`.
    ///
    /// A `jti` is in every dialect, although the vendor's form has none: without it a token cannot be blacklisted.
    pub fn to_json(&self, dialect: TokenDialect) -> Vec<u8> {
        self.write(dialect, Audience::One(self.audience), None)
    }

    /// The claim set of a user's token.
    pub fn to_json_for_user(&self, dialect: TokenDialect, user: &UserToken<'_>) -> Vec<u8> {
        let audience = match user.userinfo {
            Some(userinfo) => Audience::Two([self.audience, userinfo]),
            None => Audience::One(self.audience),
        };
        let custom = user.custom.iter().filter(|(name, _)| !is_reserved(name));
        let custom = custom.map(|(name, value)| (name.clone(), value.clone()));
        self.write(dialect, audience, Some(custom.collect()))
    }

    fn write(
        &self,
        dialect: TokenDialect,
        aud: Audience<'_>,
        custom: Option<Map<String, Value>>,
    ) -> Vec<u8> {
        let (rfc, permissions) = match dialect {
            TokenDialect::AccessToken => (false, false),
            TokenDialect::AccessTokenAuthz => (false, true),
            TokenDialect::Rfc9068Profile => (true, false),
            TokenDialect::Rfc9068ProfileAuthz => (true, true),
        };
        let claims = Claims {
            iss: self.issuer,
            sub: self.subject,
            aud,
            iat: self.issued_at.seconds(),
            exp: self
                .issued_at
                .seconds()
                .saturating_add(self.lifetime_seconds),
            scope: &self.scope.join(" "),
            gty: self.gty.filter(|_| !rfc),
            azp: (!rfc).then_some(self.client_id),
            client_id: rfc.then_some(self.client_id),
            jti: self.jti,
            permissions: permissions.then_some(self.permissions),
            custom,
        };
        // Texts and integers alone: there is nothing here that JSON could not hold.
        serde_json::to_vec(&claims).unwrap_or_default()
    }
}

/// The `typ` of an access token's header in `dialect` (RFC 9068 §2.1 for the RFC's).
pub const fn access_token_type(dialect: TokenDialect) -> &'static str {
    match dialect {
        TokenDialect::AccessToken | TokenDialect::AccessTokenAuthz => "JWT",
        TokenDialect::Rfc9068Profile | TokenDialect::Rfc9068ProfileAuthz => "at+jwt",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn claims(dialect: TokenDialect, scope: &[&str]) -> Value {
        let scope: Vec<String> = scope.iter().map(|&text| text.to_owned()).collect();
        let token = AccessToken {
            issuer: "https://login.test/",
            subject: "svc@clients",
            audience: "https://orders.test",
            issued_at: Timestamp::from_millis(1_760_000_000_999),
            lifetime_seconds: 86_400,
            client_id: "svc",
            scope: &scope,
            gty: Some("client-credentials"),
            jti: "j1",
            permissions: &scope,
        };
        serde_json::from_slice(&token.to_json(dialect)).unwrap()
    }

    #[test]
    fn the_vendors_dialect_has_azp_and_gty() {
        assert_eq!(
            claims(TokenDialect::AccessToken, &["a", "b"]),
            json!({"iss": "https://login.test/", "sub": "svc@clients", "aud": "https://orders.test",
                "iat": 1_760_000_000, "exp": 1_760_086_400, "scope": "a b", "gty": "client-credentials", "azp": "svc",
                "jti": "j1"})
        );
        assert_eq!(
            claims(TokenDialect::AccessTokenAuthz, &["a"])["permissions"],
            json!(["a"])
        );
    }

    fn api(alg: &str) -> ResourceServer {
        serde_json::from_value(
            json!({"id": "1", "identifier": "https://orders.test", "signing_alg": alg,
            "token_lifetime": 600}),
        )
        .unwrap()
    }

    fn scope(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn t6_1_3_userinfo_is_an_audience_with_openid_and_rs256_alone() {
        for (alg, words, expected) in [
            ("RS256", ["openid", "a"], UserinfoAudience::Included),
            ("RS256", ["email", "a"], UserinfoAudience::Absent),
            ("HS256", ["openid", "a"], UserinfoAudience::Absent),
            ("PS256", ["openid", "a"], UserinfoAudience::Absent),
        ] {
            let api = api(alg);
            match TokenForm::of(Some(&api), &scope(&words)) {
                TokenForm::Jwt(_, userinfo) => assert_eq!(userinfo, expected, "{alg}"),
                TokenForm::Opaque => panic!("an API's token is a JWT"),
            }
        }
    }

    #[test]
    fn a_token_without_an_api_is_opaque_and_has_a_life_of_its_own() {
        let form = TokenForm::of(None, &scope(&["openid"]));
        assert!(matches!(form, TokenForm::Opaque));
        assert_eq!(form.lifetime_seconds(Channel::Back), 86_400);
        assert_eq!(form.lifetime_seconds(Channel::Front), 7200);
        assert_eq!(
            TokenForm::of(Some(&api("RS256")), &[]).lifetime_seconds(Channel::Back),
            600
        );
    }

    #[test]
    fn t14_1_a_token_through_the_browser_lives_as_long_as_the_api_says_and_no_longer_than_others() {
        for (lifetime, for_web, expected) in [
            (86_400, Some(600), 600),
            (86_400, None, 7200),
            (300, None, 300),
            (300, Some(600), 300),
        ] {
            let mut api = api("RS256");
            api.token_lifetime = lifetime;
            api.token_lifetime_for_web = for_web;
            let form = TokenForm::of(Some(&api), &[]);
            assert_eq!(form.lifetime_seconds(Channel::Front), expected);
            assert_eq!(form.lifetime_seconds(Channel::Back), lifetime);
        }
    }

    #[test]
    fn t6_1_1_t6_3_3_a_users_token_names_api_and_userinfo_and_keeps_its_own_claims() {
        let custom = json!({"https://orchard.test/shop": "north", "sub": "mallory", "aud": "x", "exp": 1, "iss": "x",
            "scope": "admin", "plain": true});
        let words = scope(&["openid", "read:orders"]);
        let token = AccessToken {
            issuer: "https://login.test/",
            subject: "auth0|ada",
            audience: "https://orders.test",
            issued_at: Timestamp::from_seconds(1_760_000_000),
            lifetime_seconds: 86_400,
            client_id: "web",
            scope: &words,
            gty: None,
            jti: "j1",
            permissions: &[],
        };
        let user = UserToken {
            userinfo: Some("https://login.test/userinfo"),
            custom: custom.as_object().unwrap(),
        };
        let claims: Value =
            serde_json::from_slice(&token.to_json_for_user(TokenDialect::AccessToken, &user))
                .unwrap();
        assert_eq!(
            claims,
            json!({"iss": "https://login.test/", "sub": "auth0|ada",
                "aud": ["https://orders.test", "https://login.test/userinfo"], "iat": 1_760_000_000,
                "exp": 1_760_086_400, "scope": "openid read:orders", "azp": "web", "jti": "j1",
                "https://orchard.test/shop": "north", "plain": true})
        );
        let user = UserToken {
            userinfo: None,
            ..user
        };
        let claims: Value =
            serde_json::from_slice(&token.to_json_for_user(TokenDialect::AccessToken, &user))
                .unwrap();
        assert_eq!(claims["aud"], "https://orders.test");
    }

    #[test]
    fn rfc_9068_has_client_id_and_no_gty() {
        let claims = claims(TokenDialect::Rfc9068Profile, &["a"]);
        assert_eq!(claims["client_id"], "svc");
        assert_eq!(
            (
                claims.get("gty"),
                claims.get("azp"),
                claims.get("permissions")
            ),
            (None, None, None)
        );
        assert_eq!(
            access_token_type(TokenDialect::Rfc9068ProfileAuthz),
            "at+jwt"
        );
    }

    #[test]
    fn an_empty_scope_is_absent() {
        assert_eq!(claims(TokenDialect::AccessToken, &[]).get("scope"), None);
        assert_eq!(
            claims(TokenDialect::Rfc9068ProfileAuthz, &[])["permissions"],
            json!([])
        );
    }
}
