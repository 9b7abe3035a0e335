//! Logging out.

use super::{Form, card};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// "Log out?" Sends `action`: `accept` or `decline`.
#[derive(Clone, Debug, Default)]
pub struct LogoutConfirm {
    /// Where the answer goes.
    pub form: Form,
    /// Who is logged in, if it is to be shown.
    pub user: Option<String>,
}

impl Page for LogoutConfirm {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "logout",
            name: "logout",
            title: Text::LogoutPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    card!(LogoutConfirm, "pages/logout_confirm.html");
}

/// The user is logged out, and nobody said where to go.
#[derive(Clone, Debug, Default)]
pub struct LoggedOut {
    /// Where the user can go, if it is known.
    pub back: Option<String>,
}

impl Page for LoggedOut {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "logout",
            name: "logout-complete",
            title: Text::LoggedOutPageTitle,
        }
    }

    card!(LoggedOut, "pages/logged_out.html");
}

/// OIDC Front-Channel Logout 1.0 §3: every application is told by a hidden frame, then the browser goes on.
#[derive(Clone, Debug, Default)]
pub struct FrontchannelLogout {
    /// The applications' `frontchannel_logout_uri`s with their parameters.
    pub frames: Vec<String>,
    /// Where the browser goes on.
    pub goes_on_to: String,
}

impl Page for FrontchannelLogout {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "logout",
            name: "logout",
            title: Text::LogoutPageTitle,
        }
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn frames(&self) -> &[String] {
        &self.frames
    }

    card!(FrontchannelLogout, "pages/frontchannel_logout.html");
}
