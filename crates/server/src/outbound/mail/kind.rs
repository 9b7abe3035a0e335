//! The mails that there are.

use grantor_protocol::model::EmailTemplate;

/// What a mail is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A link that proves the address.
    VerifyEmail,
    /// A code that proves the address.
    VerifyEmailByCode,
    /// A link to a new password.
    ResetEmail,
    /// A code for a new password.
    ResetEmailByCode,
    /// Welcomes a new user; off unless the tenant wrote a template.
    WelcomeEmail,
    /// Tells that the password was changed.
    PasswordReset,
    /// Tells that the user deleted the own account.
    AccountDeleted,
    /// Tells of too many failed logins, with a link that ends the block.
    BlockedAccount,
    /// Tells that the password was disclosed elsewhere.
    StolenCredentials,
    /// A link to enroll a second factor.
    EnrollmentEmail,
    /// A code as a second factor.
    MfaOobCode,
    /// A link into an organization.
    UserInvitation,
    /// A code to log in with.
    LoginCode,
    /// A link to log in with.
    LoginLink,
}

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::VerifyEmail,
        Self::VerifyEmailByCode,
        Self::ResetEmail,
        Self::ResetEmailByCode,
        Self::WelcomeEmail,
        Self::PasswordReset,
        Self::AccountDeleted,
        Self::BlockedAccount,
        Self::StolenCredentials,
        Self::EnrollmentEmail,
        Self::MfaOobCode,
        Self::UserInvitation,
        Self::LoginCode,
        Self::LoginLink,
    ];

    /// The name of its template.
    pub const fn template(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::VerifyEmailByCode => "verify_email_by_code",
            Self::ResetEmail => "reset_email",
            Self::ResetEmailByCode => "reset_email_by_code",
            Self::WelcomeEmail => "welcome_email",
            Self::PasswordReset => "password_reset",
            // No template of the compatible API has this name; the words are the server's own.
            Self::AccountDeleted => "grantor_account_deleted",
            Self::BlockedAccount => "blocked_account",
            Self::StolenCredentials => "stolen_credentials",
            Self::EnrollmentEmail => "enrollment_email",
            Self::MfaOobCode => "mfa_oob_code",
            Self::UserInvitation => "user_invitation",
            Self::LoginCode => "auth_email_by_code",
            // The connection's own template says both; that of the tenant speaks of a code.
            Self::LoginLink => "grantor_login_link",
        }
    }

    /// The kind whose template is called `template`.
    pub fn named(template: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.template() == template)
    }

    /// Whether there is a link in it.
    pub const fn has_link(self) -> bool {
        matches!(
            self,
            Self::VerifyEmail
                | Self::ResetEmail
                | Self::BlockedAccount
                | Self::EnrollmentEmail
                | Self::UserInvitation
                | Self::LoginLink
        )
    }

    /// Whether there is a code in it.
    pub const fn has_code(self) -> bool {
        matches!(
            self,
            Self::VerifyEmailByCode | Self::ResetEmailByCode | Self::MfaOobCode | Self::LoginCode
        )
    }

    /// Whether such mails are sent, with what the tenant wrote about them, if it did.
    pub(super) fn is_sent(self, stored: Option<&EmailTemplate>) -> bool {
        stored.map_or(self != Self::WelcomeEmail, |stored| stored.enabled)
    }
}
