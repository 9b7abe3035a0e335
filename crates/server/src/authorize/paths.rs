//! Where the pages of a login are.

use grantor_protocol::authorize::Page;

/// Where a login goes on: shows whatever is owed.
pub(crate) const RESUME: &str = "/authorize/resume";
/// Identifier and password.
pub(crate) const LOGIN: &str = "/u/login";
/// The identifier alone.
pub(crate) const IDENTIFIER: &str = "/u/login/identifier";
/// The password alone.
pub(crate) const PASSWORD: &str = "/u/login/password";
/// A code that was sent.
pub(crate) const CODE: &str = "/u/login/code";
/// Signing up.
pub(crate) const SIGN_UP: &str = "/u/signup";
/// "I forgot my password."
pub(crate) const RESET_REQUEST: &str = "/u/reset-password/request";
/// Consent.
pub(crate) const CONSENT: &str = "/u/consent";
/// "Is it you?"
pub(crate) const CONFIRM: &str = "/u/confirm";

/// The path of a page.
pub(crate) const fn path_of(page: &Page) -> &'static str {
    match page {
        Page::Login => LOGIN,
        Page::Identifier => IDENTIFIER,
        Page::Password { .. } => PASSWORD,
        Page::Code { .. } => CODE,
        Page::SignUp => SIGN_UP,
        Page::Consent(_) => CONSENT,
        Page::Confirm { .. } => CONFIRM,
    }
}
