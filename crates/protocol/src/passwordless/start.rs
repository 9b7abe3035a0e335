//! What `/passwordless/start` takes. It is the one endpoint that refuses what it does not know.

use serde_json::{Map, Value};

use crate::{
    parameters::{Parameters, clipped},
    refusal::Refusal,
    rule::Rule,
    users::{
        Connection,
        identifier::{self, IdentifierKind},
    },
};

/// What may be sent.
const KNOWN: [&str; 13] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "connection",
    "email",
    "phone_number",
    "send",
    "authParams",
    "captcha",
    "lang",
    "xRequestLanguage",
    "auth0Client",
];

/// What phone numbers have to look like here, where nobody types them.
const NUMBER: &str = r"^\+[0-9]{1,15}$";

/// Most names of unknown members that are told.
const MAX_TOLD: usize = 10;

/// An address that somebody proves, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// An e-mail address or a phone number.
    pub kind: IdentifierKind,
    /// The address.
    pub value: String,
}

impl Address {
    /// The address that `text` is; `None` if it is none of `kind`.
    pub fn read(kind: IdentifierKind, text: &str) -> Option<Self> {
        let value = match kind {
            IdentifierKind::PhoneNumber => identifier::phone_number(text),
            _ => identifier::email(text),
        };
        value.map(|value| Self { kind, value })
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A code.
    Code,
    /// A link that carries the code.
    Link,
}

/// A request that somebody be sent a code or a link.
#[derive(Clone, Debug)]
pub struct Start {
    /// On behalf of which client.
    pub client_id: String,
    /// The connection, by name.
    pub connection: String,
    email: Option<String>,
    phone_number: Option<String>,
    send: Option<String>,
    /// What the link asks the authorization endpoint for.
    pub auth_params: Map<String, Value>,
}

impl Start {
    /// Reads a request; `auth_params` is the member of that name.
    ///
    /// # Errors
    /// The `bad.…` rules of what is missing, malformed or unknown.
    pub fn read(parameters: &Parameters, auth_params: Option<&Value>) -> Result<Self, Refusal> {
        let unknown: Vec<String> = parameters
            .names()
            .filter(|name| !KNOWN.contains(name))
            .take(MAX_TOLD)
            .map(clipped)
            .collect();
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            return Err(Refusal::new(Rule::StartPropertyUnknown).naming("names", names));
        }
        let text = |name| Ok::<_, Refusal>(parameters.text(name)?.map(str::to_owned));
        let missing = |rule| move || Refusal::new(rule);
        Ok(Self {
            client_id: text("client_id")?.ok_or_else(missing(Rule::StartClientMissing))?,
            connection: text("connection")?.ok_or_else(missing(Rule::StartConnectionMissing))?,
            email: text("email")?,
            phone_number: text("phone_number")?,
            send: text("send")?,
            auth_params: match auth_params {
                None | Some(Value::Null) => Map::new(),
                Some(Value::Object(members)) => members.clone(),
                Some(other) => {
                    let kind = kind_of(other);
                    let refusal = Refusal::new(Rule::StartParametersMalformed);
                    return Err(refusal.naming("type", kind));
                }
            },
        })
    }

    /// What users of the connection prove, if it is one that `client_id` may use for this.
    ///
    /// # Errors
    /// The `bad.connection` rules.
    pub fn kind(&self, found: Option<&Connection>) -> Result<IdentifierKind, Refusal> {
        let refuse = |rule| Refusal::new(rule).with("connection", clipped(&self.connection));
        let connection = found.ok_or_else(|| refuse(Rule::StartConnectionUnknown))?;
        let kind = connection.proves();
        let kind = kind.ok_or_else(|| refuse(Rule::StartConnectionOther))?;
        if !connection.serves(&self.client_id) {
            return Err(refuse(Rule::StartConnectionDisabled).with("client_id", &self.client_id));
        }
        Ok(kind)
    }

    /// Where it is to be sent.
    ///
    /// # Errors
    /// The `bad.email` and `bad.phone_number` rules.
    pub fn address(&self, kind: IdentifierKind) -> Result<Address, Refusal> {
        let (given, missing) = match kind {
            IdentifierKind::PhoneNumber => (&self.phone_number, Rule::StartPhoneMissing),
            _ => (&self.email, Rule::StartEmailMissing),
        };
        let given = given.as_deref().ok_or_else(|| Refusal::new(missing))?;
        let address = Address::read(kind, given);
        if kind == IdentifierKind::PhoneNumber {
            // No spaces and brackets: an application sends what a person typed in its normal form.
            return address
                .filter(|address| address.value == given)
                .ok_or_else(|| Refusal::new(Rule::StartPhoneMalformed).naming("pattern", NUMBER));
        }
        address
            .ok_or_else(|| Refusal::new(Rule::StartEmailMalformed).naming("email", clipped(given)))
    }

    /// What is sent: to a phone always a code, by e-mail a link unless a code is asked for.
    pub fn sent(&self, kind: IdentifierKind) -> Sent {
        match (kind, self.send.as_deref()) {
            (IdentifierKind::Email, None | Some("link" | "link_ios" | "link_android")) => {
                Sent::Link
            }
            _ => Sent::Code,
        }
    }

    /// The query of the link that `code` is sent in: what the application asked the authorization endpoint for, and the
    /// code.
    pub fn link_query(&self, address: &Address, code: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.auth_params {
            let own = [
                "connection",
                "client_id",
                "verification_code",
                "email",
                "phone_number",
            ];
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => continue,
            };
            if !own.contains(&name.as_str()) {
                query.append_pair(name, &text);
            }
        }
        query
            .append_pair("client_id", &self.client_id)
            .append_pair("connection", &self.connection)
            .append_pair(address.kind.as_str(), &address.value)
            .append_pair("verification_code", code);
        query.finish()
    }
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<Start, Refusal> {
        let parameters = Parameters::parse_json(body.to_string().as_bytes()).unwrap();
        Start::read(&parameters, body.get("authParams"))
    }

    fn connection(strategy: &str) -> Connection {
        let document = json!({"id": "con_1", "name": strategy, "strategy": strategy, "enabled_clients": ["c"]});
        serde_json::from_value(document).unwrap()
    }

    fn told(refusal: &Refusal) -> (Rule, &'static str, String) {
        let rule = refusal.rule;
        (
            rule,
            rule.spec().vendor_code.as_str(),
            refusal.description(),
        )
    }

    #[test]
    fn t6_11_what_is_missing_or_unknown_is_told_in_the_words_of_the_compatible_api() {
        for (body, rule, code, description) in [
            (
                json!({"client_id": "c", "connection": "email", "x": 1, "y": ""}),
                Rule::StartPropertyUnknown,
                "bad.request",
                "the following properties are not allowed: x, y",
            ),
            (
                json!({"connection": "email"}),
                Rule::StartClientMissing,
                "bad.client_id",
                "Missing required property: client_id",
            ),
            (
                json!({"client_id": "c"}),
                Rule::StartConnectionMissing,
                "bad.connection",
                "Missing required property: connection",
            ),
            (
                json!({"client_id": "c", "connection": "email", "authParams": "state=1"}),
                Rule::StartParametersMalformed,
                "bad.authParams",
                "error in authParams - invalid type: string (expected object)",
            ),
        ] {
            let refusal = read(&body).unwrap_err();
            let expected = (rule, code, description.to_owned());
            assert_eq!(told(&refusal), expected, "{body}");
        }
    }

    #[test]
    fn t6_11_a_connection_must_be_there_and_prove_addresses_of_the_client() {
        let start = read(&json!({"client_id": "c", "connection": "x"})).unwrap();
        let stranger = read(&json!({"client_id": "d", "connection": "x"})).unwrap();
        let (email, database) = (connection("email"), connection("auth0"));
        assert_eq!(start.kind(Some(&email)).unwrap(), IdentifierKind::Email);
        for (start, found, rule, description) in [
            (
                &start,
                None,
                Rule::StartConnectionUnknown,
                "Connection does not exist",
            ),
            (
                &start,
                Some(&database),
                Rule::StartConnectionOther,
                "Invalid connection strategy. It must either be a passwordless connection",
            ),
            (
                &stranger,
                Some(&email),
                Rule::StartConnectionDisabled,
                "Connection is disabled",
            ),
        ] {
            let refusal = start.kind(found).unwrap_err();
            let expected = (rule, "bad.connection", description.to_owned());
            assert_eq!(told(&refusal), expected);
        }
    }

    #[test]
    fn t6_11_an_address_must_be_one() {
        use IdentifierKind::{Email, PhoneNumber};
        let with = |name: &str, value: &str| {
            read(&json!({"client_id": "c", "connection": "x", name: value})).unwrap()
        };
        let pattern = r"String does not match pattern: ^\+[0-9]{1,15}$";
        for (start, kind, rule, code, description) in [
            (
                with("email", "a@x.test"),
                PhoneNumber,
                Rule::StartPhoneMissing,
                "bad.phone_number",
                "Missing required property: phone_number",
            ),
            (
                with("phone_number", "+1 555"),
                PhoneNumber,
                Rule::StartPhoneMalformed,
                "bad.phone_number",
                pattern,
            ),
            (
                with("phone_number", "555"),
                PhoneNumber,
                Rule::StartPhoneMalformed,
                "bad.phone_number",
                pattern,
            ),
            (
                with("phone_number", "+1"),
                Email,
                Rule::StartEmailMissing,
                "bad.email",
                "Missing required property: email",
            ),
            (
                with("email", "ana"),
                Email,
                Rule::StartEmailMalformed,
                "bad.email",
                "error in email - invalid format: ana",
            ),
        ] {
            let refusal = start.address(kind).unwrap_err();
            assert_eq!(told(&refusal), (rule, code, description.to_owned()));
        }
        assert_eq!(
            with("email", "A@X.test").address(Email).unwrap().value,
            "a@x.test"
        );
        assert_eq!(
            with("phone_number", "+155")
                .address(PhoneNumber)
                .unwrap()
                .value,
            "+155"
        );
    }

    #[test]
    fn t6_11_a_link_is_sent_by_mail_unless_a_code_is_asked_for() {
        use IdentifierKind::{Email, PhoneNumber};
        let send = |value: Value| {
            read(&json!({"client_id": "c", "connection": "x", "send": value})).unwrap()
        };
        assert_eq!(send(json!(null)).sent(Email), Sent::Link);
        assert_eq!(send(json!("link")).sent(Email), Sent::Link);
        assert_eq!(send(json!("code")).sent(Email), Sent::Code);
        assert_eq!(send(json!(null)).sent(PhoneNumber), Sent::Code);
        assert_eq!(send(json!("link")).sent(PhoneNumber), Sent::Code);
    }

    #[test]
    fn t6_11_a_link_asks_for_what_the_application_asked_for_and_for_nobody_else() {
        let start = read(&json!({"client_id": "c", "connection": "email", "authParams": {
            "state": "s&t", "scope": "openid", "client_id": "evil", "email": "eve@x.test", "x": {"y": 1}}}))
        .unwrap();
        let address = Address::read(IdentifierKind::Email, "ana@x.test").unwrap();
        let query = start.link_query(&address, "123456");
        assert_eq!(
            query,
            "state=s%26t&scope=openid&client_id=c&connection=email&email=ana%40x.test&verification_code=123456"
        );
    }
}
