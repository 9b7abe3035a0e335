//! What was wrong with an answer.

use grantor_protocol::users::password::PasswordRefusal;
use http::StatusCode;

use super::Field;
use crate::pages::Text;

/// What was wrong with an answer, shown above the form and tied to the field that it is about.
///
/// None says whether an account exists, but for a username that is taken: without that nobody could choose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such user, or it has another password.
    WrongCredentials,
    /// The code is another one, or worth nothing any more.
    WrongCode,
    /// The message with the code did not leave the server.
    MessageNotSent,
    /// Somebody who is logged in has another password.
    WrongPassword,
    /// A field is empty.
    Missing(Field),
    /// A field has what it cannot have.
    Invalid(Field),
    /// Somebody else has it.
    Taken(Field),
    /// The password does not keep the rules.
    PasswordWeak,
    /// The password is in the dictionary.
    PasswordCommon,
    /// The password contains something of the user.
    PasswordPersonal,
    /// The password was used before.
    PasswordReused,
    /// The password was not repeated.
    PasswordsDiffer,
    /// The user is blocked.
    Blocked,
    /// One of the limits on attempts was reached.
    TooManyAttempts,
    /// The form is older than what it belongs to.
    FormExpired,
    /// The user could not be created.
    SignUpRefused,
    /// The server could not do it now.
    Unavailable,
}

impl From<&PasswordRefusal> for Problem {
    fn from(refusal: &PasswordRefusal) -> Self {
        match refusal {
            PasswordRefusal::Weak(_) => Self::PasswordWeak,
            PasswordRefusal::Common => Self::PasswordCommon,
            PasswordRefusal::Personal => Self::PasswordPersonal,
            PasswordRefusal::Reused => Self::PasswordReused,
        }
    }
}

impl Problem {
    pub(super) const fn text(self) -> Text {
        match self {
            Self::WrongCredentials => Text::WrongCredentials,
            Self::WrongCode => Text::WrongCode,
            Self::MessageNotSent => Text::MessageNotSent,
            Self::WrongPassword => Text::WrongPassword,
            Self::Missing(field) => match field {
                Field::Identifier | Field::Confirmation => Text::MissingIdentifier,
                Field::Email => Text::MissingEmail,
                Field::Username => Text::MissingUsername,
                Field::PhoneNumber => Text::MissingPhone,
                Field::Password | Field::CurrentPassword => Text::MissingPassword,
                Field::PasswordAgain => Text::MissingPasswordAgain,
                Field::Code => Text::MissingCode,
            },
            Self::Invalid(Field::Email) => Text::InvalidEmail,
            Self::Invalid(Field::Username) => Text::InvalidUsername,
            Self::Invalid(Field::PhoneNumber) => Text::InvalidPhone,
            Self::Invalid(_) => Text::InvalidIdentifier,
            Self::Taken(Field::Username) => Text::TakenUsername,
            Self::Taken(Field::PhoneNumber) => Text::TakenPhone,
            Self::Taken(_) => Text::TakenEmail,
            Self::PasswordWeak => Text::PasswordWeak,
            Self::PasswordCommon => Text::PasswordCommon,
            Self::PasswordPersonal => Text::PasswordPersonal,
            Self::PasswordReused => Text::PasswordReused,
            Self::PasswordsDiffer => Text::PasswordsDiffer,
            Self::Blocked => Text::Blocked,
            Self::TooManyAttempts => Text::TooManyAttempts,
            Self::FormExpired => Text::FormExpired,
            Self::SignUpRefused => Text::SignUpRefused,
            Self::Unavailable => Text::Unavailable,
        }
    }

    /// Whether it is about this field.
    pub(super) fn is_about(self, field: Field) -> bool {
        match self {
            Self::WrongCredentials => matches!(field, Field::Identifier | Field::Password),
            Self::WrongCode => field == Field::Code,
            Self::WrongPassword => field == Field::CurrentPassword,
            Self::Missing(wrong) | Self::Invalid(wrong) | Self::Taken(wrong) => wrong == field,
            Self::PasswordWeak
            | Self::PasswordCommon
            | Self::PasswordPersonal
            | Self::PasswordReused => field == Field::Password,
            Self::PasswordsDiffer => field == Field::PasswordAgain,
            _ => false,
        }
    }

    /// The status of a page that shows it.
    pub(super) const fn status(problem: Option<Self>) -> StatusCode {
        match problem {
            None => StatusCode::OK,
            Some(Self::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
            Some(Self::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
            Some(_) => StatusCode::BAD_REQUEST,
        }
    }
}
