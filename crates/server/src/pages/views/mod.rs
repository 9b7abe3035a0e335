//! The pages, one file per errand. Each is a plain struct and a template of the same name.

mod account;
mod address;
mod code;
mod consent;
mod error;
mod form;
mod login;
mod logout;
mod password;
mod problem;
mod return_to_client;
mod sign_up;

pub use account::{
    Account, AccountDeleted, AccountDeletion, AccountPassword, Address, Authorized, Device, Linked,
    Moment,
};
pub use address::{EmailVerified, Verification, VerifyEmailPending};
pub use code::Code;
pub use consent::{Confirm, Consent, Group};
pub use error::ErrorPage;
pub use form::{Field, Form};
pub use login::{Choice, Identifier, Login, Password};
pub use logout::{FrontchannelLogout, LoggedOut, LogoutConfirm};
pub use password::{ChangedPassword, CheckYourMail, NewPassword, ResetRequest};
pub use problem::Problem;
pub use return_to_client::FormPost;
pub use sign_up::{SignUp, SignUpField, rules_of};

/// [`super::Page::card`] of a page whose template is `$path`; in it `t` speaks and `page` is the page.
macro_rules! card {
    ($page:ty, $path:literal) => {
        fn card(&self, t: Speech<'_>) -> askama::Result<String> {
            #[derive(askama::Template)]
            #[template(path = $path)]
            struct Card<'a> {
                t: Speech<'a>,
                page: &'a $page,
            }
            askama::Template::render(&Card { t, page: self })
        }
    };
}
use card;
