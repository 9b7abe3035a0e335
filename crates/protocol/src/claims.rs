//! Building claim sets. Does not sign them.

use serde::Serialize;

use crate::{env::Timestamp, model::TokenDialect};

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
    aud: &'a str,
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
}

impl AccessToken<'_> {
    /// The claim set as JSON in `dialect`.
    ///
    /// A `jti` is in every dialect, although the vendor's form has none: without it a token cannot be blacklisted.
    pub fn to_json(&self, dialect: TokenDialect) -> Vec<u8> {
        let (rfc, permissions) = match dialect {
            TokenDialect::AccessToken => (false, false),
            TokenDialect::AccessTokenAuthz => (false, true),
            TokenDialect::Rfc9068Profile => (true, false),
            TokenDialect::Rfc9068ProfileAuthz => (true, true),
        };
        let claims = Claims {
            iss: self.issuer,
            sub: self.subject,
            aud: self.audience,
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
