//! Tickets: what a link in a mail allows whoever opens it, once.

use serde::{Deserialize, Serialize};

/// What a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketKind {
    /// Whoever opens the link reads the mails of its address.
    EmailVerification,
    /// Whoever opens the link may choose a new password.
    PasswordChange,
}

impl TicketKind {
    /// The purpose under which tickets are stored.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::EmailVerification => "email_verification",
            Self::PasswordChange => "password_change",
        }
    }

    /// The path of the page that takes the ticket, below the issuer.
    pub const fn path(self) -> &'static str {
        match self {
            Self::EmailVerification => "u/email-verification",
            Self::PasswordChange => "u/reset-verify",
        }
    }

    /// How long a ticket is good unless its maker says otherwise, in seconds: five days, as with the vendor.
    pub const LIFETIME_SECONDS: i64 = 432_000;
}

/// What is stored under the digest of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Ticket {
    /// For which user.
    pub user_id: String,
    /// Which of the user's identities: its provider.
    pub provider: String,
    /// Which of the user's identities: its identifier at the provider.
    pub identity: String,
    /// The connection of the identity, by name.
    pub connection: String,
    /// The address that the ticket was made for. It is worth nothing once the user has another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where the browser goes afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_url: Option<String>,
    /// The client on whose behalf it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Whether `result_url` is told the address.
    #[serde(default)]
    pub include_email_in_redirect: bool,
    /// Whether a new password proves that the address is the user's.
    #[serde(default)]
    pub mark_email_as_verified: bool,
}

/// What became of a ticket, for whoever is told by `result_url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketResult<'a> {
    /// Whether it did what it is for.
    pub success: bool,
    /// The word for a program.
    pub code: &'a str,
    /// The sentence for a person.
    pub message: &'a str,
}

impl Ticket {
    /// Where the browser goes, with the result in the query; `None` if it stays.
    pub fn redirect(&self, result: TicketResult<'_>) -> Option<String> {
        let url = self.result_url.as_deref()?;
        let (url, fragment) = match url.split_once('#') {
            Some((url, fragment)) => (url, Some(fragment)),
            None => (url, None),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        let email = self.email.as_deref();
        if let Some(email) = email.filter(|_| self.include_email_in_redirect) {
            query.append_pair("email", email);
        }
        query.append_pair("success", if result.success { "true" } else { "false" });
        query.append_pair("code", result.code);
        query.append_pair("message", result.message);
        let joiner = if url.contains('?') { '&' } else { '?' };
        let fragment = fragment.map(|fragment| format!("#{fragment}"));
        let query = query.finish();
        Some(format!(
            "{url}{joiner}{query}{}",
            fragment.unwrap_or_default()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(result_url: &str) -> Ticket {
        Ticket {
            user_id: "auth0|1".to_owned(),
            provider: "auth0".to_owned(),
            identity: "1".to_owned(),
            connection: "db".to_owned(),
            email: Some("ada+1@x.test".to_owned()),
            result_url: Some(result_url.to_owned()),
            client_id: None,
            include_email_in_redirect: false,
            mark_email_as_verified: false,
        }
    }

    const DONE: TicketResult<'static> = TicketResult {
        success: true,
        code: "success",
        message: "It is done",
    };

    #[test]
    fn a_result_is_added_to_the_query_that_is_there() {
        let result = "success=true&code=success&message=It+is+done";
        for (url, expected) in [
            ("https://a.test/x", format!("https://a.test/x?{result}")),
            (
                "https://a.test/?a=b#c",
                format!("https://a.test/?a=b&{result}#c"),
            ),
        ] {
            assert_eq!(ticket(url).redirect(DONE), Some(expected));
        }
        let mut quiet = ticket("");
        quiet.result_url = None;
        assert_eq!(quiet.redirect(DONE), None);
    }

    #[test]
    fn the_address_is_told_only_where_it_was_asked_for() {
        let mut telling = ticket("https://a.test");
        telling.include_email_in_redirect = true;
        let url = telling.redirect(DONE).unwrap();
        assert!(url.contains("email=ada%2B1%40x.test"), "{url}");
        assert!(
            !ticket("https://a.test")
                .redirect(DONE)
                .unwrap()
                .contains("ada")
        );
    }

    #[test]
    fn a_ticket_is_read_as_it_was_written() {
        let kept = serde_json::to_string(&ticket("https://a.test")).unwrap();
        let read: Ticket = serde_json::from_str(&kept).unwrap();
        assert_eq!(read, ticket("https://a.test"));
    }
}
