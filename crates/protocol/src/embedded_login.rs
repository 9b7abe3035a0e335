//! Logins in an application's own form: what its script sends (`/co/authenticate` of the compatible API), and the login
//! ticket that it takes to the authorization endpoint.
//!
//! The script never gets tokens for a password: it gets a ticket that is worth something once, for a short time, in the
//! browser that it was made in, and the login goes through the authorization endpoint like every other one.

use serde::{Deserialize, Serialize};

use crate::{
    env::Timestamp, grants::GrantType, parameters::Parameters, refusal::Refusal, rule::Rule,
    secret::Secret, session::Authentication,
};

/// What login tickets are kept under, among what may be used once.
pub const PURPOSE: &str = "login_ticket";

/// Life of a login ticket, in seconds: long enough for an application that does something of its own before it goes to
/// the authorization endpoint.
pub const LIFETIME_SECONDS: i64 = 300;

/// What a script sends.
#[derive(Debug)]
pub struct Request {
    /// How the user is called.
    pub username: String,
    /// What the user proves it by.
    pub proof: Proof,
    /// The connection that is named; `None`: the tenant's default directory.
    pub realm: Option<String>,
}

/// What a user proves by that it is who it says.
#[derive(Debug)]
pub enum Proof {
    /// A password.
    Password(Secret),
    /// A code that was sent to the user's address.
    Code(Secret),
}

/// What is needed for a password of a connection that is named.
const PASSWORD_AT_REALM: &[&str] = &[
    "client_id",
    "credential_type",
    "username",
    "password",
    "realm",
];

impl Request {
    /// Reads the request.
    ///
    /// # Errors
    /// [`Rule::CredentialTypeUnknown`], and [`Rule::EmbeddedLoginMalformed`] for a member that is missing, no text, or
    /// not needed.
    pub fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let kind = parameters.text("credential_type").ok().flatten();
        let needed: &[&'static str] = match kind {
            Some(kind) if kind == GrantType::PASSWORD.as_str() => {
                &["client_id", "credential_type", "username", "password"]
            }
            Some(kind) if kind == GrantType::PASSWORDLESS_OTP.as_str() => {
                &["client_id", "credential_type", "username", "otp", "realm"]
            }
            Some(kind) if kind != GrantType::PASSWORD_REALM.as_str() => {
                return Err(Refusal::new(Rule::CredentialTypeUnknown));
            }
            _ => PASSWORD_AT_REALM,
        };
        let malformed =
            || Refusal::new(Rule::EmbeddedLoginMalformed).naming("members", needed.join(", "));
        let complete = needed
            .iter()
            .all(|name| matches!(parameters.text(name), Ok(Some(_))));
        if !complete || !parameters.names().all(|name| needed.contains(&name)) {
            return Err(malformed());
        }
        let secret = |text: &str| Secret::new(text.to_owned());
        Ok(Self {
            username: parameters.required("username")?.to_owned(),
            proof: match parameters.text("otp")? {
                Some(code) => Proof::Code(secret(code)),
                None => Proof::Password(secret(parameters.required("password")?)),
            },
            realm: parameters.text("realm")?.map(str::to_owned),
        })
    }
}

/// What a login ticket stands for. The ticket itself is random, and kept as a keyed hash with the browser's cookie.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct LoginTicket {
    /// The application whose page it was made for.
    pub client_id: String,
    /// The connection, by the name that the script used.
    pub realm: Option<String>,
    /// Who proved who it is, when and how.
    pub authentication: Authentication,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

impl LoginTicket {
    /// The ticket for a user who proved who it is at `now`.
    pub fn issue(
        client_id: &str,
        realm: Option<&str>,
        authentication: Authentication,
        now: Timestamp,
    ) -> Self {
        Self {
            client_id: client_id.to_owned(),
            realm: realm.map(str::to_owned),
            authentication,
            expires_at: now.plus_seconds(LIFETIME_SECONDS),
        }
    }
}

/// A ticket as it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it stands for.
    pub ticket: LoginTicket,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When its user chose another password, if ever: who knew the one before does not log in with it any more.
    pub new_password_at: Option<Timestamp>,
}

/// Who proved who it is, by the ticket that was found in this browser for an authorization request of `client_id`.
///
/// Does not claim it: that is one statement of the store, in the commit that begins the session.
///
/// # Errors
/// [`Rule::LoginTicketUnknown`]; its facts say why.
pub fn redeem(
    found: Option<Found>,
    client_id: &str,
    realm: Option<&str>,
    now: Timestamp,
) -> Result<Authentication, Refusal> {
    let refuse = |because| {
        Err(Refusal::new(Rule::LoginTicketUnknown)
            .with("client_id", client_id)
            .with("because", because))
    };
    let Some(found) = found else {
        return refuse("no such ticket was made in this browser");
    };
    let ticket = found.ticket;
    if found.used_at.is_some() {
        return refuse("the ticket was used");
    }
    if ticket.expires_at <= now {
        return refuse("the ticket is too old");
    }
    if found
        .new_password_at
        .is_some_and(|at| ticket.authentication.at() <= at)
    {
        return refuse("the user has another password since");
    }
    if ticket.client_id != client_id {
        return refuse("the ticket was made for another client");
    }
    if realm.is_some_and(|realm| ticket.realm.as_deref() != Some(realm)) {
        return refuse("the ticket was made for another connection");
    }
    Ok(ticket.authentication)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::session::AuthenticationMethod;

    const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";

    fn read(body: &Value) -> Result<Request, Refusal> {
        let parameters = Parameters::parse_json(body.to_string().as_bytes()).unwrap();
        Request::read(&parameters)
    }

    #[test]
    fn all_that_is_needed_and_only_that_is_read() {
        let body = json!({"client_id": "spa", "username": "ada", "password": "x", "realm": "Customers",
            "credential_type": REALM});
        let request = read(&body).unwrap();
        assert_eq!(request.username, "ada");
        assert_eq!(request.realm.as_deref(), Some("Customers"));
        let plain = json!({"client_id": "spa", "username": "ada", "password": "x", "credential_type": "password"});
        assert_eq!(read(&plain).unwrap().realm, None);
        for (name, value) in [
            ("realm", Value::Null),
            ("username", json!("")),
            ("password", json!(7)),
            ("extra", json!("x")),
            ("otp", json!("123456")),
        ] {
            let mut body = body.clone();
            body[name] = value;
            let refusal = read(&body).unwrap_err();
            assert_eq!(refusal.rule, Rule::EmbeddedLoginMalformed, "{name}");
            assert_eq!(
                refusal.description(),
                "Invalid request body. All and only of client_id, credential_type, username, password, realm \
                 are required."
            );
        }
        let code = json!({"client_id": "spa", "username": "ada@x.test", "otp": "123456", "realm": "email",
            "credential_type": "http://auth0.com/oauth/grant-type/passwordless/otp"});
        assert!(matches!(read(&code).unwrap().proof, Proof::Code(_)));
        let mut both = code;
        both["password"] = json!("x");
        assert_eq!(
            read(&both).unwrap_err().description(),
            "Invalid request body. All and only of client_id, credential_type, username, otp, realm are required."
        );
        let mut unknown = body;
        unknown["credential_type"] = json!("client_credentials");
        assert_eq!(
            read(&unknown).unwrap_err().rule,
            Rule::CredentialTypeUnknown
        );
    }

    #[test]
    fn a_ticket_is_worth_something_once_for_a_while_to_its_client_and_connection() {
        let at = Timestamp::from_seconds;
        let ada = Authentication::proven(
            "auth0|ada".to_owned(),
            vec![AuthenticationMethod::Password],
            at(100),
        );
        let ticket = LoginTicket::issue("spa", Some("Customers"), ada.clone(), at(100));
        let found = Found {
            ticket,
            used_at: None,
            new_password_at: None,
        };
        let redeem = |used_at, client_id, realm, now| {
            let found = Found {
                used_at,
                ..found.clone()
            };
            redeem(Some(found), client_id, realm, at(now)).ok()
        };
        assert_eq!(
            redeem(None, "spa", Some("Customers"), 399),
            Some(ada.clone())
        );
        assert_eq!(redeem(None, "spa", None, 100), Some(ada));
        assert_eq!(redeem(None, "spa", None, 400), None);
        assert_eq!(redeem(Some(at(120)), "spa", None, 130), None);
        assert_eq!(redeem(None, "other", None, 130), None);
        assert_eq!(redeem(None, "spa", Some("Employees"), 130), None);
        assert!(super::redeem(None, "spa", None, at(100)).is_err());
        let renewed = |new_password_at| {
            let found = Found {
                new_password_at: Some(at(new_password_at)),
                ..found.clone()
            };
            super::redeem(Some(found), "spa", None, at(150)).is_ok()
        };
        assert!(renewed(99) && !renewed(100) && !renewed(120));
    }
}
