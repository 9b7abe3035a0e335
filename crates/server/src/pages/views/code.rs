//! Logging in by a code, its second half.

use grantor_protocol::users::identifier::IdentifierKind;
use http::StatusCode;

use super::{
    Form, Problem, card,
    form::{Input, focus},
};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// Where the code is entered that was sent. Sends `code`, or `action` with `resend`.
#[derive(Clone, Debug)]
pub struct Code {
    /// Where the answer goes.
    pub form: Form,
    /// What kind of address it was sent to.
    pub kind: IdentifierKind,
    /// The address.
    pub identifier: String,
    /// Where another address is entered.
    pub edit: String,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl Code {
    fn inputs<'a>(&self, t: &Speech<'a>) -> Vec<Input<'a>> {
        focus(vec![Input::code(*t)], self.problem)
    }

    fn description(&self, t: &Speech<'_>) -> String {
        let (text, variable) = match self.kind {
            IdentifierKind::PhoneNumber => (Text::CodeTextDescription, "phoneNumber"),
            _ => (Text::CodeMailDescription, "email"),
        };
        t.say_of(text, variable, &self.identifier)
    }
}

impl Page for Code {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "login-passwordless",
            name: match self.kind {
                IdentifierKind::PhoneNumber => "login-passwordless-sms-otp",
                _ => "login-passwordless-email-code",
            },
            title: Text::CodePageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(Code, "pages/code.html");
}
