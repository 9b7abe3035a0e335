//! The end of what cannot go on.

use http::StatusCode;

use super::card;
use crate::pages::{Page, Screen, Text, shell::Speech};

/// There is nowhere safe to return to.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// The status of the response.
    pub status: StatusCode,
    /// The code of the refusal, such as `invalid_request`.
    pub error: String,
    /// The public sentence of the rule, which is in English.
    pub description: String,
    /// Under which the administrator finds the event.
    pub tracking_id: String,
    /// Where the user can start again, if it is known.
    pub back: Option<String>,
}

impl Page for ErrorPage {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "status",
            name: "status",
            title: Text::ErrorPageTitle,
        }
    }

    fn status(&self) -> StatusCode {
        self.status
    }

    card!(ErrorPage, "pages/error.html");
}
