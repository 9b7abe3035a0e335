//! Whether an address is the user's.

use http::StatusCode;

use super::{Form, card};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// What came of a link in a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// The address is confirmed.
    #[default]
    Done,
    /// It was before.
    Already,
    /// The link is too old, was used, or never was one.
    Expired,
}

/// The end of a link in a mail.
#[derive(Clone, Debug, Default)]
pub struct EmailVerified {
    /// What came of it.
    pub outcome: Verification,
    /// Where the user goes on, if it is known.
    pub back: Option<String>,
}

impl EmailVerified {
    const fn title(&self) -> Text {
        match self.outcome {
            Verification::Done | Verification::Already => Text::VerifiedTitle,
            Verification::Expired => Text::VerifyExpiredTitle,
        }
    }

    const fn description(&self) -> Text {
        match self.outcome {
            Verification::Done => Text::VerifiedDescription,
            Verification::Already => Text::VerifiedAlready,
            Verification::Expired => Text::VerifyExpiredDescription,
        }
    }

    /// The picture on the page.
    const fn icon(&self) -> &'static str {
        match self.outcome {
            Verification::Done | Verification::Already => "done",
            Verification::Expired => "clock",
        }
    }
}

impl Page for EmailVerified {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "email-verification",
            name: "email-verification-result",
            title: Text::VerifiedPageTitle,
        }
    }

    fn status(&self) -> StatusCode {
        match self.outcome {
            Verification::Done | Verification::Already => StatusCode::OK,
            Verification::Expired => StatusCode::GONE,
        }
    }

    card!(EmailVerified, "pages/email_verified.html");
}

/// The login goes on once the address is confirmed. Sends `action`: `continue` or `resend`.
#[derive(Clone, Debug, Default)]
pub struct VerifyEmailPending {
    /// Where the answer goes.
    pub form: Form,
    /// The address.
    pub email: String,
}

impl Page for VerifyEmailPending {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "login-email-verification",
            name: "login-email-verification",
            title: Text::PendingPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    card!(VerifyEmailPending, "pages/verify_email_pending.html");
}
