//! What is read of forms and of JSON.

use proptest::prelude::*;

use super::*;

fn form(body: &str) -> Result<Parameters, Rule> {
    Parameters::parse(Some("application/x-www-form-urlencoded"), body.as_bytes())
        .map_err(|refusal| refusal.rule)
}

fn json(body: &str) -> Result<Parameters, Rule> {
    Parameters::parse(Some("application/json; charset=utf-8"), body.as_bytes())
        .map_err(|refusal| refusal.rule)
}

#[test]
fn form_and_json_say_the_same() {
    for parameters in [
        form("grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi.test"),
        json(
            r#"{"grant_type":"client_credentials","scope":["a","b"],"audience":"https://api.test"}"#,
        ),
        json(
            r#"{"grant_type":"client_credentials","scope":"a b","audience":"https:\/\/api.test"}"#,
        ),
    ] {
        let parameters = parameters.unwrap();
        assert_eq!(
            parameters.required("grant_type").unwrap(),
            "client_credentials"
        );
        assert_eq!(
            parameters.text("audience").unwrap(),
            Some("https://api.test")
        );
        assert_eq!(parameters.words("scope").unwrap(), ["a", "b"]);
    }
}

#[test]
fn null_and_empty_are_absent() {
    let parameters = json(r#"{"scope":"","realm":null,"audience":null}"#).unwrap();
    for name in ["scope", "realm", "audience"] {
        assert_eq!(parameters.text(name).unwrap(), None);
    }
    assert!(parameters.words("scope").unwrap().is_empty());
    assert_eq!(
        form("audience=&x")
            .unwrap()
            .required("audience")
            .unwrap_err()
            .rule,
        Rule::MissingParameter
    );
}

#[test]
fn a_parameter_twice_is_refused_rfc_6749_3_2() {
    assert_eq!(
        form("scope=a&scope=b").unwrap_err(),
        Rule::DuplicateParameter
    );
    assert_eq!(
        json(r#"{"scope":"a","scope":"b"}"#).unwrap_err(),
        Rule::DuplicateParameter
    );
    // The same name, spelt differently on the wire.
    assert_eq!(
        form("scope=a&%73cope=b").unwrap_err(),
        Rule::DuplicateParameter
    );
}

#[test]
fn nul_and_invalid_utf_8_are_refused() {
    assert_eq!(form("client_id=a%00b").unwrap_err(), Rule::ControlCharacter);
    assert_eq!(
        json("{\"client_id\":\"a\\u0000b\"}").unwrap_err(),
        Rule::ControlCharacter
    );
    assert_eq!(form("client_id=%ff%fe").unwrap_err(), Rule::MalformedForm);
    assert_eq!(
        Parameters::parse_form(b"a=\xff").unwrap_err().rule,
        Rule::MalformedForm
    );
    assert_eq!(
        Parameters::parse_json(b"{\"a\":\"\xff\"}")
            .unwrap_err()
            .rule,
        Rule::MalformedJson
    );
}

#[test]
fn limits_hold() {
    let many = (0..=MAX_PARAMETERS)
        .map(|n| format!("p{n}=1"))
        .collect::<Vec<_>>()
        .join("&");
    assert_eq!(form(&many).unwrap_err(), Rule::TooManyParameters);
    assert_eq!(
        form(&format!("a={}", "x".repeat(MAX_VALUE_LENGTH + 1))).unwrap_err(),
        Rule::ParameterTooLong
    );
    assert!(form(&format!("a={}", "x".repeat(MAX_VALUE_LENGTH))).is_ok());
    assert_eq!(
        form(&format!("{}=1", "x".repeat(MAX_NAME_LENGTH + 1))).unwrap_err(),
        Rule::ParameterTooLong
    );
    assert_eq!(
        form(&"x".repeat(MAX_BODY_LENGTH + 1)).unwrap_err(),
        Rule::BodyTooLarge
    );
}

#[test]
fn deep_and_broken_json_is_refused() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        deep.as_str(),
        "",
        "[]",
        "{",
        "null",
        "\"a\"",
        "{} {}",
        "{\"a\":}",
        "{'a':1}",
    ] {
        assert_eq!(
            json(body).unwrap_err(),
            Rule::MalformedJson,
            "{}",
            clipped(body)
        );
    }
}

#[test]
fn another_content_type_is_refused() {
    for content_type in [
        None,
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
    ] {
        let refusal = Parameters::parse(content_type, b"a=b").unwrap_err();
        assert_eq!(refusal.rule, Rule::UnsupportedContentType);
    }
}

#[test]
fn scope_must_be_text_or_an_array_of_texts() {
    for body in [
        r#"{"scope":5}"#,
        r#"{"scope":{"a":1}}"#,
        r#"{"scope":["a",1]}"#,
        r#"{"scope":true}"#,
    ] {
        assert_eq!(
            json(body).unwrap().words("scope").unwrap_err().rule,
            Rule::ScopeNotText,
            "{body}"
        );
    }
    assert_eq!(
        json(r#"{"audience":7}"#)
            .unwrap()
            .text("audience")
            .unwrap_err()
            .rule,
        Rule::ParameterNotText
    );
}

proptest! {
    #[test]
    fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Parameters::parse_form(&body);
        let _ = Parameters::parse_json(&body);
    }

    #[test]
    fn any_text_survives_a_form(text in "[^\0]{1,40}") {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let parameters = Parameters::parse_form(format!("a={encoded}").as_bytes()).unwrap();
        prop_assert_eq!(parameters.text("a").unwrap(), Some(text.as_str()));
    }

    #[test]
    fn any_text_survives_json(text in "[^\0]{1,40}") {
        let body = serde_json::json!({"a": text}).to_string();
        let parameters = Parameters::parse_json(body.as_bytes()).unwrap();
        prop_assert_eq!(parameters.text("a").unwrap(), Some(text.as_str()));
    }
}
