//! A mail as it waits in the queue, and as it goes over the wire.

use grantor_protocol::env::Timestamp;
use lettre::{
    Message,
    message::{Mailbox, MultiPart, SinglePart},
};
use serde::{Deserialize, Serialize};

/// A mail that was written and waits.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Letter {
    /// The name of the template.
    pub template: String,
    /// The recipient's address.
    pub to: String,
    /// The sender that the template names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// One line.
    pub subject: String,
    /// HTML.
    pub html: String,
    /// The same as plain text.
    pub text: String,
    /// The host under which the tenant was asked.
    pub host: String,
    /// For the log: the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// For the log: the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
}

/// Why a mail cannot be put into the form that goes over the wire.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The recipient or the sender is no address.
    #[error("{0:?} is no address of a mail")]
    Address(String),
    /// Everything else.
    #[error("the mail cannot be written")]
    Message(#[from] lettre::error::Error),
}

impl Letter {
    /// The mail in the form of RFC 5322, from the first of `senders` that there is and that can be read. Every attempt to send it has the same
    /// identifier, so that a receiver can tell that it has it already.
    pub(super) fn message(
        &self,
        id: &str,
        senders: &[Option<&str>],
        at: Timestamp,
    ) -> Result<Message, Error> {
        let mailbox = |address: &str| {
            let address = one_line(address);
            address
                .parse::<Mailbox>()
                .map_err(|_| Error::Address(address.clone()))
        };
        let domain = domain_of(&self.host);
        let named = senders.iter().copied().flatten().map(str::trim);
        let named = named.filter(|sender| !sender.is_empty());
        // A name in a template may make its sender unreadable; that keeps no mail from anybody.
        let readable = named.map(mailbox).find_map(Result::ok);
        let from = match readable {
            Some(sender) => sender,
            None => mailbox(&format!("no-reply@{domain}"))?,
        };
        let millis = u64::try_from(at.millis()).unwrap_or(0);
        let date = std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis);
        let bodies = MultiPart::alternative()
            .boundary(format!("part-{id}"))
            .singlepart(SinglePart::plain(self.text.clone()))
            .singlepart(SinglePart::html(self.html.clone()));
        let message = Message::builder()
            .from(from)
            .to(mailbox(&self.to)?)
            .subject(one_line(&self.subject))
            .date(date)
            .message_id(Some(format!("<{id}@{domain}>")))
            .header(AutoSubmitted)
            .multipart(bodies)?;
        Ok(message)
    }
}

/// RFC 3834 §5: no program answers this mail.
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        let name = <Self as lettre::message::header::Header>::name();
        lettre::message::header::HeaderValue::new(name, "auto-generated".to_owned())
    }
}

/// A host as the domain of an address; one that is a number names the machine at hand, for which there is a name.
pub(super) fn domain_of(host: &str) -> &str {
    let name = crate::hosts::without_port(host);
    let is_number = name
        .trim_matches(['[', ']'])
        .parse::<std::net::IpAddr>()
        .is_ok();
    if is_number { "localhost" } else { name }
}

/// `text` without what ends a line, so that nothing becomes a header of its own; no longer than RFC 5322 lets a line be.
pub(super) fn one_line(text: &str) -> String {
    let plain = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let line: String = plain.take(998).collect();
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            template: "verify_email".to_owned(),
            to: "ana@orchard.test".to_owned(),
            from: None,
            subject: "Confirm".to_owned(),
            html: "<p>ü</p>".to_owned(),
            text: "ü\n".to_owned(),
            host: "login.orchard.test:8443".to_owned(),
            client_id: None,
            user_id: None,
        }
    }

    fn written(letter: &Letter, senders: &[Option<&str>]) -> String {
        let message = letter.message("m1", senders, Timestamp::from_seconds(1_764_060_000));
        String::from_utf8(message.unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_mail_has_both_forms_and_says_who_it_is() {
        let written = written(
            &letter(),
            &[None, Some(" "), Some("Shop <shop@orchard.test>")],
        );
        for header in [
            "From: Shop <shop@orchard.test>\r\n",
            "To: ana@orchard.test\r\n",
            "Subject: Confirm\r\n",
            "Message-ID: <m1@login.orchard.test>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Date: Tue, 25 Nov 2025 08:40:00 +0000\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(written.contains(header), "{header} in {written}");
        }
        let mut at_an_address = letter();
        at_an_address.host = "127.0.0.1:8080".to_owned();
        let written = self::written(&at_an_address, &[]);
        assert!(
            written.contains("From: no-reply@localhost\r\n"),
            "{written}"
        );
    }

    /// J17: whatever is in a subject, a name or an address, no header comes of it.
    #[test]
    fn j17_no_text_becomes_a_header() {
        let mut hostile = letter();
        hostile.subject = "Hi\r\nBcc: eve@evil.test\r\n\r\nBody\u{2028}".to_owned();
        let sender = "\"Eve\r\nBcc: eve@evil.test\" <a@orchard.test>";
        let text = written(&hostile, &[Some(sender)]);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");

        for to in [
            "ana@orchard.test\r\nBcc: eve@evil.test",
            "ana@orchard.test, eve@evil.test",
            "ana@orchard.test>\nRCPT TO:<eve@evil.test",
            "ana",
            "",
        ] {
            hostile.to = to.to_owned();
            let refused = hostile.message("m1", &[], Timestamp::from_seconds(0));
            assert!(matches!(refused, Err(Error::Address(_))), "{to}");
        }
    }
}
