//! The pages that people see: views, from plain structs to HTML.
//!
//! A page says what is shown; a handler fills it, and [`respond`] makes the response. Nothing here reads the store, decides
//! anything, or knows what a form's answer will lead to.

pub mod assets;
mod colour;
mod headers;
pub mod language;
mod look;
mod shell;
mod template;
mod texts;
mod views;
mod web_message;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

pub(crate) use self::colour::text_on;
use self::{headers::Policy, shell::Speech};
pub use self::{
    language::Language,
    shell::Shell,
    texts::Text,
    views::{
        Account, AccountDeleted, AccountDeletion, AccountPassword, Address, Authorized,
        ChangedPassword, CheckYourMail, Choice, Code, Confirm, Consent, Device, EmailVerified,
        ErrorPage, Field, Form, FormPost, FrontchannelLogout, Group, Identifier, Linked, LoggedOut,
        Login, LogoutConfirm, Moment, NewPassword, Password, Problem, ResetRequest, SignUp,
        SignUpField, Verification, VerifyEmailPending, rules_of,
    },
    web_message::web_message,
};

/// The place of a page among the vendor's prompts: under these names a tenant's custom texts and templates know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Such as `reset-password`.
    pub prompt: &'static str,
    /// Such as `reset-password-request`.
    pub name: &'static str,
    /// What the browser's tab says.
    pub title: Text,
}

/// A page.
pub trait Page {
    /// Which one it is.
    fn screen(&self) -> Screen;

    /// The card, in HTML.
    ///
    /// # Errors
    /// None in practice: templates are checked when they are compiled, and a text never fails to be written.
    fn card(&self, speech: Speech<'_>) -> askama::Result<String>;

    /// What is sent when the user answers.
    fn form(&self) -> Option<&Form> {
        None
    }

    /// The status of the response.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// Whether the page goes on by itself, if the browser runs scripts.
    fn goes_on(&self) -> bool {
        false
    }

    /// What is loaded in hidden frames.
    fn frames(&self) -> &[String] {
        &[]
    }
}

/// The built-in page around a card.
#[derive(Template)]
#[template(path = "pages/document.html")]
struct Document<'a> {
    shell: &'a Shell,
    head: &'a str,
    card: &'a str,
}

/// What stands in the head of every page.
#[derive(Template)]
#[template(path = "pages/head.html")]
struct Head<'a> {
    shell: &'a Shell,
    title: &'a str,
    theme: &'a str,
    goes_on: bool,
}

/// The page as a response, with all its headers.
pub fn respond(shell: &Shell, page: &dyn Page) -> Response {
    match html(shell, page) {
        Ok((html, policy)) => (page.status(), policy.headers(), html).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn html(shell: &Shell, page: &dyn Page) -> askama::Result<(String, Policy)> {
    let screen = page.screen();
    let parts = template::parts(shell, screen);
    let speech = shell.speech(screen, &parts);
    let theme = shell.look.stylesheet();
    let title = speech.say(screen.title);
    let head = Head {
        shell,
        title: &title,
        theme: &theme,
        goes_on: page.goes_on(),
    };
    let head = head.render()?;
    let card = page.card(speech)?;
    let mut policy = Policy::of(page);
    policy.allow_style(&theme);
    policy.allow_font(shell.look.font());
    policy.allow(&parts.elements);
    if let Some(own) = template::page(shell, screen, &head, &card) {
        policy.allow(&own.elements);
        return Ok((own.html, policy));
    }
    let document = Document {
        shell,
        head: &head,
        card: &card,
    };
    Ok((document.render()?, policy))
}

#[cfg(test)]
mod tests;
