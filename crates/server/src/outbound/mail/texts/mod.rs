//! What mails say where the tenant wrote nothing: the server's own words, in the languages of its pages. They are Liquid.

mod arabic;
mod brazilian_portuguese;
mod english;
mod french;
mod german;
mod japanese;
mod spanish;

use super::MailKind;
use crate::pages::Language;

/// The words of a mail.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) subject: &'static str,
    /// The paragraph before the link or the code.
    pub(super) lead: &'static str,
    /// What the link says; empty where there is none.
    pub(super) action: &'static str,
    /// The paragraph after it.
    pub(super) note: &'static str,
}

/// The words of every mail.
#[derive(Clone, Copy, Debug)]
struct WordsOfAll {
    verify_email: Words,
    verify_email_by_code: Words,
    reset_email: Words,
    reset_email_by_code: Words,
    welcome_email: Words,
    password_reset: Words,
    account_deleted: Words,
    blocked_account: Words,
    stolen_credentials: Words,
    enrollment_email: Words,
    mfa_oob_code: Words,
    user_invitation: Words,
    login_code: Words,
    login_link: Words,
}

/// The words of `kind` in `language`.
pub(super) const fn words(kind: MailKind, language: Language) -> Words {
    let all = match language {
        Language::English => english::WORDS,
        Language::German => german::WORDS,
        Language::French => french::WORDS,
        Language::Spanish => spanish::WORDS,
        Language::Japanese => japanese::WORDS,
        Language::BrazilianPortuguese => brazilian_portuguese::WORDS,
        Language::Arabic => arabic::WORDS,
    };
    match kind {
        MailKind::VerifyEmail => all.verify_email,
        MailKind::VerifyEmailByCode => all.verify_email_by_code,
        MailKind::ResetEmail => all.reset_email,
        MailKind::ResetEmailByCode => all.reset_email_by_code,
        MailKind::WelcomeEmail => all.welcome_email,
        MailKind::PasswordReset => all.password_reset,
        MailKind::AccountDeleted => all.account_deleted,
        MailKind::BlockedAccount => all.blocked_account,
        MailKind::StolenCredentials => all.stolen_credentials,
        MailKind::EnrollmentEmail => all.enrollment_email,
        MailKind::MfaOobCode => all.mfa_oob_code,
        MailKind::UserInvitation => all.user_invitation,
        MailKind::LoginCode => all.login_code,
        MailKind::LoginLink => all.login_link,
    }
}

/// What the sender is called in every language: the application, or else the tenant.
macro_rules! sender {
    () => {
        "{{ application.name | default: friendly_name }}"
    };
}
pub(super) use sender;
