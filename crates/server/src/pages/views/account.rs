//! The account of a user, as the user sees it.

use askama::Template;
use grantor_protocol::{env::Timestamp, users::password::PasswordRule};
use http::StatusCode;

use super::{
    Form, Group, Problem, card,
    form::{Input, focus},
    sign_up::sentences,
};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// Everything, each with what can be done about it.
#[derive(Clone, Debug, Default)]
pub struct Account<'a> {
    /// What the user is called by.
    pub user: String,
    /// Logs out.
    pub log_out: Form,
    /// The address, if there is one.
    pub address: Option<Address>,
    /// Where the password is changed, if there is one.
    pub password: Option<String>,
    /// What was allowed to applications.
    pub applications: Vec<Authorized<'a>>,
    /// Where applications stay logged in.
    pub linked: Vec<Linked<'a>>,
    /// The sessions that last.
    pub devices: Vec<Device>,
    /// Ends all of them but this one. Sends `session`, which is `others`.
    pub end_others: Option<Form>,
    /// Where the account is deleted.
    pub delete: String,
    /// What was wrong with the form before.
    pub problem: Option<Problem>,
}

/// The address of a user.
#[derive(Clone, Debug, Default)]
pub struct Address {
    /// Has a mail sent that verifies it. Sends `action`: `resend`.
    pub form: Form,
    /// The address.
    pub email: String,
    /// Whether the user proved to read its mails.
    pub is_verified: bool,
}

/// What an application may do at one API. Taking it back sends `grant`.
#[derive(Clone, Debug)]
pub struct Authorized<'a> {
    /// Takes it back.
    pub form: Form,
    /// What the form is about.
    pub id: &'a str,
    /// The application's name.
    pub name: &'a str,
    /// A URL.
    pub logo: Option<&'a str>,
    /// What it may do.
    pub group: Group<'a>,
    /// Since when.
    pub since: Moment,
}

/// A device on which an application stays logged in. Unlinking it sends `device`.
#[derive(Clone, Debug)]
pub struct Linked<'a> {
    /// The application's name.
    pub name: &'a str,
    /// The device, with the form that unlinks it.
    pub device: Device,
}

/// When something was.
#[derive(Clone, Debug)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// As a machine reads it.
    fn instant(&self) -> String {
        self.0.rfc3339()
    }

    /// To the minute, in a form that every language reads. Scripts put it into the reader's time zone.
    fn minute(&self) -> String {
        let text = self.instant();
        let minute = text.rsplit_once(':').map_or(&*text, |(minute, _)| minute);
        minute.replacen('T', " ", 1) + " UTC"
    }
}

/// A session, ending which sends `session`; or where an application stays logged in.
#[derive(Clone, Debug)]
pub struct Device {
    /// Ends it; `None` for the one that the page is shown in.
    pub form: Option<Form>,
    /// What the form is about.
    pub id: String,
    /// Such as Firefox.
    pub browser: Option<&'static str>,
    /// Such as Windows.
    pub system: Option<&'static str>,
    /// The IP address.
    pub address: String,
    /// The last login.
    pub began: Moment,
    /// The last use.
    pub last_used: Moment,
}

#[derive(Template)]
#[template(path = "pages/account.html")]
struct AccountCard<'a> {
    t: Speech<'a>,
    page: &'a Account<'a>,
}

impl AccountCard<'_> {
    fn device(&self, device: &Device) -> String {
        match (device.browser, device.system) {
            (Some(browser), Some(system)) => {
                let values = [("browser", browser), ("system", system)];
                self.t.fill(Text::DeviceOn, &values)
            }
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => self.t.say(Text::DeviceUnknown),
        }
    }
}

impl Page for Account<'_> {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "account",
            name: "account",
            title: Text::AccountPageTitle,
        }
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    fn card(&self, t: Speech<'_>) -> askama::Result<String> {
        AccountCard { t, page: self }.render()
    }
}

/// A new password for whoever knows the present one. Sends `current_password`, `password` and `password_again`.
#[derive(Clone, Debug, Default)]
pub struct AccountPassword {
    /// Where the answer goes.
    pub form: Form,
    /// Whose password it is; password managers want to know.
    pub identifier: String,
    /// What a password needs: [`super::rules_of`].
    pub rules: Vec<PasswordRule>,
    /// Back to the account.
    pub back: String,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl AccountPassword {
    fn inputs<'a>(&self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let has_rules = !self.sentences(t).is_empty();
        let inputs = vec![
            Input::current_password(*t),
            Input::new_password(*t, Text::LabelNewPassword, has_rules),
            Input::password_again(*t),
        ];
        focus(inputs, self.problem)
    }

    fn sentences(&self, t: &Speech<'_>) -> Vec<String> {
        sentences(t, &self.rules)
    }
}

impl Page for AccountPassword {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "account",
            name: "account-password",
            title: Text::AccountPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(AccountPassword, "pages/account_password.html");
}

/// "Do you really want to be deleted?" Sends `confirmation`, and `current_password` of those who have one.
#[derive(Clone, Debug, Default)]
pub struct AccountDeletion {
    /// Where the answer goes.
    pub form: Form,
    /// What the user is called by, and has to type.
    pub identifier: String,
    /// Whether there is a password to ask for.
    pub has_password: bool,
    /// Back to the account.
    pub back: String,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

impl AccountDeletion {
    fn inputs<'a>(&self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let mut inputs = vec![Input::confirmation(*t)];
        if self.has_password {
            inputs.push(Input::current_password(*t));
        }
        focus(inputs, self.problem)
    }
}

impl Page for AccountDeletion {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "account",
            name: "account-deletion",
            title: Text::AccountPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(AccountDeletion, "pages/account_deletion.html");
}

/// The account is deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountDeleted;

#[derive(Template)]
#[template(path = "pages/account_deleted.html")]
struct AccountDeletedCard<'a> {
    t: Speech<'a>,
}

impl Page for AccountDeleted {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "account",
            name: "account-deleted",
            title: Text::AccountPageTitle,
        }
    }

    fn card(&self, t: Speech<'_>) -> askama::Result<String> {
        AccountDeletedCard { t }.render()
    }
}
