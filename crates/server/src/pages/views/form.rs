//! Forms and their fields.

use askama::Template;
use grantor_protocol::users::identifier::IdentifierKind;

use super::Problem;
use crate::pages::{Text, shell::Speech};

/// Where an answer goes, and what goes with it.
///
/// The hidden fields are `state` and `csrf`; the button that was pressed is `action`.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// A path of ours, `/u/login?…`.
    pub action: String,
    /// Which pending login it belongs to.
    pub state: String,
    /// Proof that the page was ours.
    pub csrf: String,
    /// URLs that the answer may redirect to: the callback that the application asked for. The content security policy
    /// allows their schemes.
    pub leads_to: Vec<String>,
}

/// A field that the user fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `username` of the login pages: whatever users of the connection log in with.
    Identifier,
    /// `email`
    Email,
    /// `username` of the sign-up page.
    Username,
    /// `phone_number`
    PhoneNumber,
    /// `password`
    Password,
    /// `password_again`
    PasswordAgain,
    /// `current_password`: the one of somebody who is logged in.
    CurrentPassword,
    /// `code`
    Code,
    /// `confirmation`: what is typed to show that it is meant.
    Confirmation,
}

impl Field {
    /// Its name in the form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identifier | Self::Username => "username",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Password => "password",
            Self::PasswordAgain => "password_again",
            Self::CurrentPassword => "current_password",
            Self::Code => "code",
            Self::Confirmation => "confirmation",
        }
    }
}

impl From<IdentifierKind> for Field {
    fn from(kind: IdentifierKind) -> Self {
        match kind {
            IdentifierKind::Email => Self::Email,
            IdentifierKind::Username => Self::Username,
            IdentifierKind::PhoneNumber => Self::PhoneNumber,
        }
    }
}

/// A field with its label.
#[derive(Template)]
#[template(path = "pages/input.html")]
pub(super) struct Input<'a> {
    t: Speech<'a>,
    field: Field,
    label: Text,
    kind: &'static str,
    /// WHATWG HTML, autofill: what password managers look for.
    autocomplete: &'static str,
    value: &'a str,
    required: bool,
    focused: bool,
    wrong: bool,
    /// The element that says more about the field.
    described_by: &'static str,
}

impl<'a> Input<'a> {
    fn new(
        t: Speech<'a>,
        field: Field,
        label: Text,
        kind: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        Self {
            t,
            field,
            label,
            kind,
            autocomplete,
            value: "",
            required: true,
            focused: false,
            wrong: false,
            described_by: "",
        }
    }

    /// The field that tells who logs in.
    pub(super) fn identifier(t: Speech<'a>, kinds: &[IdentifierKind], value: &'a str) -> Self {
        let has = |kind: IdentifierKind| kinds.contains(&kind);
        let email = has(IdentifierKind::Email);
        let username = has(IdentifierKind::Username);
        let phone = has(IdentifierKind::PhoneNumber);
        let (label, kind) = match (email, username, phone) {
            (true, true, true) => (Text::LabelAny, "text"),
            (true, true, false) => (Text::LabelEmailOrUsername, "text"),
            (true, false, true) => (Text::LabelEmailOrPhone, "text"),
            (false, true, true) => (Text::LabelUsernameOrPhone, "text"),
            (false, false, true) => (Text::LabelPhone, "tel"),
            (false, true, false) => (Text::LabelUsername, "text"),
            (true | false, false, false) => (Text::LabelEmail, "email"),
        };
        let mut input = Self::new(t, Field::Identifier, label, kind, "username");
        input.value = value;
        input
    }

    /// A field of the sign-up page.
    pub(super) fn of_kind(t: Speech<'a>, kind: IdentifierKind, value: &'a str) -> Self {
        let field = Field::from(kind);
        let (label, kind, autocomplete) = match kind {
            IdentifierKind::Email => (Text::LabelEmail, "email", "email"),
            IdentifierKind::Username => (Text::LabelUsername, "text", "username"),
            IdentifierKind::PhoneNumber => (Text::LabelPhone, "tel", "tel"),
        };
        let mut input = Self::new(t, field, label, kind, autocomplete);
        input.value = value;
        input
    }

    /// The password of somebody who logs in.
    pub(super) fn password(t: Speech<'a>) -> Self {
        let label = Text::LabelPassword;
        Self::new(t, Field::Password, label, "password", "current-password")
    }

    /// A code that was sent; phones offer the one that came.
    pub(super) fn code(t: Speech<'a>) -> Self {
        Self::new(t, Field::Code, Text::LabelCode, "text", "one-time-code")
    }

    /// A password that is chosen; its rules are in the element `rules`, if there are any.
    pub(super) fn new_password(t: Speech<'a>, label: Text, has_rules: bool) -> Self {
        let mut input = Self::new(t, Field::Password, label, "password", "new-password");
        input.described_by = if has_rules { "rules" } else { "" };
        input
    }

    /// The same once more.
    pub(super) fn password_again(t: Speech<'a>) -> Self {
        let label = Text::LabelPasswordAgain;
        Self::new(t, Field::PasswordAgain, label, "password", "new-password")
    }

    /// The password of somebody who is logged in already.
    pub(super) fn current_password(t: Speech<'a>) -> Self {
        let (field, label) = (Field::CurrentPassword, Text::LabelCurrentPassword);
        Self::new(t, field, label, "password", "current-password")
    }

    /// What the element `typed` says is to be typed.
    pub(super) fn confirmation(t: Speech<'a>) -> Self {
        let (field, label) = (Field::Confirmation, Text::LabelConfirmation);
        let mut input = Self::new(t, field, label, "text", "off");
        input.described_by = "typed";
        input
    }

    pub(super) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    fn name(&self) -> &'static str {
        self.field.name()
    }

    /// Whether what is typed is not shown.
    fn hides(&self) -> bool {
        self.kind == "password"
    }

    /// Whether what is typed may be written from right to left; addresses and numbers are not.
    fn direction_is_open(&self) -> bool {
        self.kind == "text" && !self.is_digits()
    }

    /// Whether digits are typed.
    fn is_digits(&self) -> bool {
        self.field == Field::Code
    }

    /// The elements that say more, for `aria-describedby`.
    fn descriptions(&self) -> String {
        let problem = if self.wrong { "problem" } else { "" };
        [problem, self.described_by].join(" ").trim().to_owned()
    }
}

/// Marks what is wrong, and puts the cursor where something is to be done: in the first field that is wrong and empty, or
/// wrong, or empty.
pub(super) fn focus(mut inputs: Vec<Input<'_>>, problem: Option<Problem>) -> Vec<Input<'_>> {
    for input in &mut inputs {
        input.wrong = problem.is_some_and(|problem| problem.is_about(input.field));
    }
    let urgency = |input: &&mut Input<'_>| match (input.wrong, input.value.is_empty()) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    };
    if let Some(input) = inputs.iter_mut().min_by_key(urgency) {
        input.focused = true;
    }
    inputs
}
