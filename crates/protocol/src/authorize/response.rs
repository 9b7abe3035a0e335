//! The way an authorization response goes: response types, response modes, and the parameters of each.
//!
//! Does not write HTML: a form post or a message is handed to the page that sends it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{grants::GrantType, model::Client, redirect_uri::RedirectUri, tenant::Issuer};

/// `response_type` (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseType {
    /// `code`
    Code,
    /// `token`
    Token,
    /// `id_token`
    IdToken,
    /// `id_token token`
    IdTokenToken,
    /// `code id_token`
    CodeIdToken,
    /// `code token`
    CodeToken,
    /// `code id_token token`
    CodeIdTokenToken,
}

impl ResponseType {
    /// Reads the words of `response_type`, in any order.
    pub fn parse(words: &[&str]) -> Option<Self> {
        let mut sorted = words.to_vec();
        sorted.sort_unstable();
        Some(match sorted.as_slice() {
            ["code"] => Self::Code,
            ["token"] => Self::Token,
            ["id_token"] => Self::IdToken,
            ["id_token", "token"] => Self::IdTokenToken,
            ["code", "id_token"] => Self::CodeIdToken,
            ["code", "token"] => Self::CodeToken,
            ["code", "id_token", "token"] => Self::CodeIdTokenToken,
            _ => return None,
        })
    }

    /// The grant types that a client needs for it.
    pub const fn grant_types(self) -> &'static [GrantType] {
        match self {
            Self::Code => &[GrantType::AUTHORIZATION_CODE],
            Self::Token | Self::IdToken | Self::IdTokenToken => &[GrantType::IMPLICIT],
            Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken => {
                &[GrantType::AUTHORIZATION_CODE, GrantType::IMPLICIT]
            }
        }
    }

    /// The mode unless one is asked for.
    pub const fn default_mode(self) -> ResponseMode {
        match self {
            Self::Code => ResponseMode::Query,
            _ => ResponseMode::Fragment,
        }
    }

    /// Whether it can travel by `mode`. Tokens never travel in a query, which logs and `Referer` headers keep (OAuth 2.0
    /// Multiple Response Types §3.0).
    pub fn goes_by(self, mode: ResponseMode) -> bool {
        self == Self::Code || mode != ResponseMode::Query
    }

    /// Whether a code comes back.
    pub const fn has_code(self) -> bool {
        matches!(
            self,
            Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken
        )
    }

    /// Whether an access token comes back through the browser.
    pub const fn has_access_token(self) -> bool {
        matches!(
            self,
            Self::Token | Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken
        )
    }

    /// Whether an ID token comes back through the browser.
    pub const fn has_id_token(self) -> bool {
        matches!(
            self,
            Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken
        )
    }
}

/// `response_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In its fragment.
    Fragment,
    /// As a form that the browser posts (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// As a message from a frame or a popup to the window of the application, of the compatible API (OAuth 2.0 Web Message
    /// Response Mode, draft).
    WebMessage,
}

impl ResponseMode {
    /// The mode called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "query" => Self::Query,
            "fragment" => Self::Fragment,
            "form_post" => Self::FormPost,
            "web_message" => Self::WebMessage,
            _ => return None,
        })
    }
}

/// Where responses to a request go, once client and redirect URI are proven valid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ReturnAddress {
    /// A registered URL.
    pub redirect_uri: RedirectUri,
    /// How the parameters travel.
    pub response_mode: ResponseMode,
    /// `state`, echoed byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// An authorization response, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To be redirected to.
    Redirect(String),
    /// To be posted by a page of the server.
    FormPost {
        /// The redirect URI.
        action: String,
        /// One hidden field each.
        fields: Vec<(&'static str, String)>,
    },
    /// To be sent by a page of the server to the window that frames or opened it.
    WebMessage {
        /// The one origin that may receive it.
        target_origin: String,
        /// What it receives.
        message: Value,
    },
}

impl ReturnAddress {
    /// The response with `parameters`, `state`, and `iss` where the client's profile has it (RFC 9207).
    pub fn respond(
        &self,
        mut parameters: Vec<(&'static str, String)>,
        client: &Client,
        issuer: &Issuer,
    ) -> Response {
        parameters.extend(self.state.clone().map(|state| ("state", state)));
        if client.switches().issuer_in_authorization_response {
            parameters.push(("iss", issuer.as_str().to_owned()));
        }
        match self.response_mode {
            ResponseMode::Query => Response::Redirect(self.redirect_uri.with_query(&parameters)),
            ResponseMode::Fragment => {
                Response::Redirect(self.redirect_uri.with_fragment(&parameters))
            }
            ResponseMode::FormPost => Response::FormPost {
                action: self.redirect_uri.as_str().to_owned(),
                fields: parameters,
            },
            ResponseMode::WebMessage => Response::WebMessage {
                // A redirect URI without an origin is not read together with this mode. The text names no origin, so
                // that a browser would deliver nothing.
                target_origin: self.redirect_uri.origin().unwrap_or_default(),
                message: message(parameters),
            },
        }
    }
}

/// The message that SDKs of the compatible API listen for.
fn message(parameters: Vec<(&'static str, String)>) -> Value {
    let members = parameters.into_iter().map(|(name, text)| {
        let value = match (name, text.parse::<i64>()) {
            // A number, as the token endpoint has it (RFC 6749 §5.1).
            ("expires_in", Ok(seconds)) => seconds.into(),
            _ => text.into(),
        };
        (name.to_owned(), value)
    });
    let response: Map<String, Value> = members.collect();
    json!({"type": "authorization_response", "response": response})
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(mode: ResponseMode, state: Option<&str>) -> ReturnAddress {
        ReturnAddress {
            redirect_uri: RedirectUri::try_from("https://shop.test/cb?kept=1".to_owned()).unwrap(),
            response_mode: mode,
            state: state.map(str::to_owned),
        }
    }

    fn client(profile: &str) -> Client {
        let document =
            serde_json::json!({"client_id": "web", "name": "Shop", "grantor_profile": profile});
        serde_json::from_value(document).unwrap()
    }

    fn issuer() -> Issuer {
        Issuer::new("https", "login.test")
    }

    fn code() -> Vec<(&'static str, String)> {
        vec![("code", "c0de".to_owned())]
    }

    #[test]
    fn t10_response_types_are_read_in_any_order_of_their_words() {
        for (words, expected) in [
            (&["code"][..], Some(ResponseType::Code)),
            (&["token", "id_token"], Some(ResponseType::IdTokenToken)),
            (&["token", "code"], Some(ResponseType::CodeToken)),
            (&["id_token", "code"], Some(ResponseType::CodeIdToken)),
            (
                &["token", "id_token", "code"],
                Some(ResponseType::CodeIdTokenToken),
            ),
            (&["code", "code"], None),
            (&["none"], None),
            (&["CODE"], None),
            (&[], None),
        ] {
            assert_eq!(ResponseType::parse(words), expected, "{words:?}");
        }
    }

    #[test]
    fn each_mode_carries_the_parameters_its_own_way() {
        let query = address(ResponseMode::Query, Some("k7 Qz=")).respond(
            code(),
            &client("auth0"),
            &issuer(),
        );
        assert_eq!(
            query,
            Response::Redirect("https://shop.test/cb?kept=1&code=c0de&state=k7%20Qz%3D".to_owned())
        );
        let fragment =
            address(ResponseMode::Fragment, Some("s")).respond(code(), &client("auth0"), &issuer());
        assert_eq!(
            fragment,
            Response::Redirect("https://shop.test/cb?kept=1#code=c0de&state=s".to_owned())
        );
        let form = address(ResponseMode::FormPost, Some("<s>")).respond(
            code(),
            &client("auth0"),
            &issuer(),
        );
        assert_eq!(
            form,
            Response::FormPost {
                action: "https://shop.test/cb?kept=1".to_owned(),
                fields: vec![("code", "c0de".to_owned()), ("state", "<s>".to_owned())],
            }
        );
    }

    #[test]
    fn a_web_message_is_for_the_origin_of_the_redirect_uri_and_has_the_state() {
        let mut parameters = code();
        parameters.push(("expires_in", "7200".to_owned()));
        let mut to = address(ResponseMode::WebMessage, Some("12"));
        to.redirect_uri = RedirectUri::try_from("https://Spa.Test:8443/a?b".to_owned()).unwrap();
        assert_eq!(
            to.respond(parameters, &client("auth0"), &issuer()),
            Response::WebMessage {
                target_origin: "https://spa.test:8443".to_owned(),
                message: json!({"type": "authorization_response",
                    "response": {"code": "c0de", "expires_in": 7200, "state": "12"}}),
            }
        );
    }

    #[test]
    fn t13_2_a_query_carries_a_code_alone() {
        for (words, expected) in [
            (&["code"][..], true),
            (&["token"], false),
            (&["id_token"], false),
            (&["code", "id_token"], false),
            (&["code", "token"], false),
        ] {
            let response_type = ResponseType::parse(words).unwrap();
            assert_eq!(response_type.goes_by(ResponseMode::Query), expected);
            for mode in [
                ResponseMode::Fragment,
                ResponseMode::FormPost,
                ResponseMode::WebMessage,
            ] {
                assert!(response_type.goes_by(mode), "{words:?}");
            }
        }
    }

    #[test]
    fn rfc_9207_the_issuer_is_named_where_the_profile_says_so() {
        let response =
            address(ResponseMode::Query, None).respond(code(), &client("oidc"), &issuer());
        assert_eq!(
            response,
            Response::Redirect(
                "https://shop.test/cb?kept=1&code=c0de&iss=https%3A%2F%2Flogin.test%2F".to_owned()
            )
        );
    }

    proptest! {
        #[test]
        fn t8_5_state_is_returned_byte_for_byte(state in any::<String>(), fragment in any::<bool>()) {
            let mode = if fragment { ResponseMode::Fragment } else { ResponseMode::Query };
            let Response::Redirect(location) = address(mode, Some(&state)).respond(code(), &client("auth0"), &issuer()) else {
                panic!("redirected");
            };
            prop_assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
            let mark = if fragment { '#' } else { '?' };
            let (_, encoded) = location.split_once(mark).unwrap();
            let found = form_urlencoded::parse(encoded.as_bytes()).find(|(name, _)| name == "state").unwrap();
            prop_assert_eq!(found.1, state);
        }
    }
}
