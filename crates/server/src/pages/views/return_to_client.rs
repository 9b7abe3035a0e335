//! The way back to an application by a form.

use super::{Form, card};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// OAuth 2.0 Form Post Response Mode §2: the response is a form that sends itself.
#[derive(Clone, Debug, Default)]
pub struct FormPost {
    form: Form,
    parameters: Vec<(String, String)>,
}

impl FormPost {
    /// The response with these parameters, to this redirect URI.
    pub fn new(redirect_uri: &str, parameters: Vec<(String, String)>) -> Self {
        let form = Form {
            action: redirect_uri.to_owned(),
            leads_to: vec![redirect_uri.to_owned()],
            ..Form::default()
        };
        Self { form, parameters }
    }
}

impl Page for FormPost {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "login",
            name: "login",
            title: Text::ReturnTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn goes_on(&self) -> bool {
        true
    }

    card!(FormPost, "pages/form_post.html");
}
