//! Logging in: on one page, or on two.

use grantor_protocol::users::identifier::IdentifierKind;
use http::StatusCode;

use super::{
    Form, Problem, card,
    form::{Input, focus},
};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// A connection that a user may choose in place of a password.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its name, sent as `connection`.
    pub connection: String,
    /// What people call it.
    pub label: String,
}

/// Identifier and password on one page. Sends `username` and `password`, or `connection`.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Where the answer goes.
    pub form: Form,
    /// What users may log in with; none: an address.
    pub identifiers: Vec<IdentifierKind>,
    /// What is in the field already: `login_hint`, or what was entered before.
    pub identifier: String,
    /// Where users sign up, if they may.
    pub sign_up: Option<String>,
    /// Where users go who forgot their password, if they may reset it.
    pub reset: Option<String>,
    /// Other ways to log in.
    pub choices: Vec<Choice>,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl Login {
    fn inputs<'a>(&'a self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let identifier = Input::identifier(*t, &self.identifiers, &self.identifier);
        focus(vec![identifier, Input::password(*t)], self.problem)
    }
}

impl Page for Login {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "login",
            name: "login",
            title: Text::LoginPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(Login, "pages/login.html");
}

/// The first half of the login page. Sends `username`, or `connection`.
#[derive(Clone, Debug, Default)]
pub struct Identifier {
    /// Where the answer goes.
    pub form: Form,
    /// What users may log in with; none: an address.
    pub identifiers: Vec<IdentifierKind>,
    /// What is in the field already.
    pub identifier: String,
    /// Where users sign up, if they may.
    pub sign_up: Option<String>,
    /// Other ways to log in.
    pub choices: Vec<Choice>,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl Identifier {
    fn inputs<'a>(&'a self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let input = Input::identifier(*t, &self.identifiers, &self.identifier);
        focus(vec![input], self.problem)
    }
}

impl Page for Identifier {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "login-id",
            name: "login-id",
            title: Text::LoginPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(Identifier, "pages/identifier.html");
}

/// The second half of the login page. Sends `username`, as it was, and `password`.
#[derive(Clone, Debug, Default)]
pub struct Password {
    /// Where the answer goes.
    pub form: Form,
    /// What was entered in the first half.
    pub identifier: String,
    /// The first half, for somebody else.
    pub edit: String,
    /// Where users go who forgot their password, if they may reset it.
    pub reset: Option<String>,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl Password {
    fn inputs<'a>(&self, t: &Speech<'a>) -> Vec<Input<'a>> {
        focus(vec![Input::password(*t)], self.problem)
    }
}

impl Page for Password {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "login-password",
            name: "login-password",
            title: Text::LoginPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(Password, "pages/password.html");
}
