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

/// The words of `kind` in `language`.
pub(super) const fn words(kind: MailKind, language: Language) -> Words {
    match language {
        Language::English => english::words(kind),
        Language::German => german::words(kind),
        Language::French => french::words(kind),
        Language::Spanish => spanish::words(kind),
        Language::Japanese => japanese::words(kind),
        Language::BrazilianPortuguese => brazilian_portuguese::words(kind),
        Language::Arabic => arabic::words(kind),
    }
}

/// What the sender is called in every language: the application, or else the tenant.
macro_rules! sender {
    () => {
        "{{ application.name | default: friendly_name }}"
    };
}
pub(super) use sender;
