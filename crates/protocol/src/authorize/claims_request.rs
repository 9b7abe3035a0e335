//! The `claims` parameter, OIDC Core §5.5: claims asked for one by one.
//!
//! Names alone are kept: whether a claim is essential, and which value is wanted, changes nothing here but for `sub`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{refusal::Refusal, rule::Rule};

/// Most claims that are looked at, in each place.
const MAX_CLAIMS: usize = 64;

/// What `claims` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// Claims wanted in the ID token.
    pub id_token: Vec<String>,
    /// Claims wanted from userinfo.
    pub userinfo: Vec<String>,
    /// The one user that the answer may be about (OIDC Core §5.5.1).
    pub subject: Option<String>,
}

impl ClaimsRequest {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`Rule::ParameterMalformed`] for anything but an object of objects.
    pub fn read(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let malformed = || Refusal::new(Rule::ParameterMalformed).naming("parameter", "claims");
        let request: Map<String, Value> = serde_json::from_str(text).map_err(|_| malformed())?;
        let place = |name: &str| match request.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Object(claims)) => Ok(claims.keys().take(MAX_CLAIMS).cloned().collect()),
            Some(_) => Err(malformed()),
        };
        let subject = request
            .get("id_token")
            .and_then(|claims| claims.pointer("/sub/value"))
            .and_then(Value::as_str);
        Ok(Self {
            id_token: place("id_token")?,
            userinfo: place("userinfo")?,
            subject: subject.map(str::to_owned),
        })
    }

    /// Whether the ID token is to say when the user logged in.
    pub fn wants_auth_time(&self) -> bool {
        self.id_token.iter().any(|name| name == "auth_time")
    }

    /// The names that are asked for in either place.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.id_token.iter().chain(&self.userinfo);
        names.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_the_subject_are_read() {
        let text = r#"{"id_token":{"auth_time":{"essential":true},"sub":{"value":"auth0|ada"}},"userinfo":{"email":null},
            "other":1}"#;
        let claims = ClaimsRequest::read(Some(text)).unwrap();
        assert_eq!(claims.id_token, ["auth_time", "sub"]);
        assert_eq!(claims.userinfo, ["email"]);
        assert_eq!(claims.subject.as_deref(), Some("auth0|ada"));
        assert!(claims.wants_auth_time());
        assert_eq!(ClaimsRequest::read(None).unwrap(), ClaimsRequest::default());
    }

    #[test]
    fn what_is_no_object_of_objects_is_refused() {
        for text in [
            "",
            "x",
            "[]",
            "1",
            "{\"id_token\":[]}",
            "{\"userinfo\":\"email\"}",
        ] {
            let refusal = ClaimsRequest::read(Some(text)).unwrap_err();
            assert_eq!(refusal.rule, Rule::ParameterMalformed, "{text}");
        }
    }

    #[test]
    fn the_number_of_claims_is_bounded() {
        let claims: Map<String, Value> =
            (0..1000).map(|n| (format!("c{n}"), Value::Null)).collect();
        let text = serde_json::json!({"userinfo": claims}).to_string();
        assert_eq!(ClaimsRequest::read(Some(&text)).unwrap().userinfo.len(), 64);
    }
}
