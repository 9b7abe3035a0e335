//! Forgotten passwords.

use grantor_protocol::users::{identifier::IdentifierKind, password::PasswordRule};
use http::StatusCode;

use super::{
    Form, Problem, card,
    form::{Input, focus},
    sign_up::sentences,
};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// Who forgot the password? Sends `username`.
#[derive(Clone, Debug, Default)]
pub struct ResetRequest {
    /// Where the answer goes.
    pub form: Form,
    /// What users log in with; none: an address.
    pub identifiers: Vec<IdentifierKind>,
    /// What is in the field already.
    pub identifier: String,
    /// Back to the login page, if there is one to go back to.
    pub login: Option<String>,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl ResetRequest {
    fn inputs<'a>(&'a self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let input = Input::identifier(*t, &self.identifiers, &self.identifier);
        focus(vec![input], self.problem)
    }
}

impl Page for ResetRequest {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "reset-password",
            name: "reset-password-request",
            title: Text::ResetPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(ResetRequest, "pages/reset_request.html");
}

/// A mail is on its way, whether there is such a user or not. The form sends `username` again.
#[derive(Clone, Debug, Default)]
pub struct CheckYourMail {
    /// Where "again" goes.
    pub form: Form,
    /// What the user entered.
    pub identifier: String,
    /// Back to the login page, if there is one to go back to.
    pub login: Option<String>,
}

impl Page for CheckYourMail {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "reset-password",
            name: "reset-password-email",
            title: Text::MailPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    card!(CheckYourMail, "pages/check_your_mail.html");
}

/// A new password. Sends `password` and `password_again`.
#[derive(Clone, Debug, Default)]
pub struct NewPassword {
    /// Where the answer goes.
    pub form: Form,
    /// Whose password it is; password managers want to know.
    pub identifier: String,
    /// What a password needs: [`super::rules_of`].
    pub rules: Vec<PasswordRule>,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl NewPassword {
    fn inputs<'a>(&self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let has_rules = !self.sentences(t).is_empty();
        let password = Input::new_password(*t, Text::LabelNewPassword, has_rules);
        focus(vec![password, Input::password_again(*t)], self.problem)
    }

    fn sentences(&self, t: &Speech<'_>) -> Vec<String> {
        sentences(t, &self.rules)
    }
}

impl Page for NewPassword {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "reset-password",
            name: "reset-password",
            title: Text::NewPasswordPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(NewPassword, "pages/new_password.html");
}

/// The password was changed.
#[derive(Clone, Debug, Default)]
pub struct ChangedPassword {
    /// Where the user logs in, if it is known.
    pub back: Option<String>,
}

impl Page for ChangedPassword {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "reset-password",
            name: "reset-password-success",
            title: Text::ChangedPageTitle,
        }
    }

    card!(ChangedPassword, "pages/changed_password.html");
}
