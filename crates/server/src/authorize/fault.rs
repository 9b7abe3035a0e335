//! What goes wrong in a login, before it is known how that is told.

use std::sync::Arc;

use grantor_protocol::{
    authorize::{AuthorizationError, AuthorizationRequest, delivery_of},
    model::Client,
    parameters::Parameters,
    refusal::Refusal,
};

use crate::http::failure::Failure;

/// A login that came to nothing, or a page that cannot be shown.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Why, and where that is told. Boxed: most requests end without.
    pub(crate) error: Box<AuthorizationError>,
    /// The client, once it is known.
    pub(crate) client: Option<Arc<Client>>,
    /// The user, once it is known.
    pub(crate) user_id: Option<String>,
    /// Whether no page was to be shown.
    pub(crate) silent: bool,
    /// The languages that were asked for.
    pub(crate) ui_locales: Vec<String>,
}

impl Fault {
    /// An error of `client`, which is known.
    pub(crate) fn of(client: &Arc<Client>, error: AuthorizationError) -> Self {
        Self {
            error: Box::new(error),
            client: Some(Arc::clone(client)),
            user_id: None,
            silent: false,
            ui_locales: Vec::new(),
        }
    }

    /// An error of a request that has been read.
    pub(crate) fn met(
        client: &Arc<Client>,
        request: &AuthorizationRequest,
        refusal: Refusal,
    ) -> Self {
        let delivery = delivery_of(client, &request.return_address);
        let mut fault = Self::of(client, AuthorizationError { refusal, delivery });
        fault.silent = request.is_silent();
        fault.ui_locales.clone_from(&request.ui_locales);
        fault
    }

    /// The same in the language that `parameters` ask for, and silent if they ask for that, whatever else is wrong with them.
    pub(crate) fn in_manner_of(mut self, parameters: &Parameters) -> Self {
        let words = |name| parameters.words(name).unwrap_or_default();
        self.ui_locales = words("ui_locales").into_iter().map(str::to_owned).collect();
        self.silent |= words("prompt") == ["none"];
        self
    }

    /// The same told to the application, if `request` lets no page be shown: also where the store does not answer.
    pub(crate) fn kept_silent(self, client: &Arc<Client>, request: &AuthorizationRequest) -> Self {
        if self.client.is_none() && request.is_silent() {
            Self::met(client, request, self.error.refusal)
        } else {
            self
        }
    }

    /// The same with the user.
    pub(crate) fn about(mut self, user_id: Option<String>) -> Self {
        self.user_id = user_id;
        self
    }
}

impl From<AuthorizationError> for Fault {
    fn from(error: AuthorizationError) -> Self {
        Self {
            error: Box::new(error),
            client: None,
            user_id: None,
            silent: false,
            ui_locales: Vec::new(),
        }
    }
}

impl From<Refusal> for Fault {
    /// Onto a page.
    fn from(refusal: Refusal) -> Self {
        AuthorizationError::on_page(refusal).into()
    }
}

impl From<Failure> for Fault {
    /// Onto a page.
    fn from(failure: Failure) -> Self {
        failure.refusal.into()
    }
}

impl From<grantor_storage::Error> for Fault {
    fn from(error: grantor_storage::Error) -> Self {
        Failure::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use grantor_protocol::{
        authorize::{self, Delivery, PlainChallenges, Reading},
        env::Timestamp,
        model::TenantSettings,
        rule::Rule,
        tenant::Issuer,
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn a_store_that_does_not_answer_shows_no_page_where_none_may_be_shown() {
        let client: Client = serde_json::from_value(json!({"client_id": "web", "name": "Shop",
            "grant_types": ["authorization_code"], "callbacks": ["https://shop.test/cb"]}))
        .unwrap();
        let client = Arc::new(client);
        let asked = |more: &str| {
            let reading = Reading {
                client: &client,
                settings: &TenantSettings::default(),
                issuer: &Issuer::new("https", "login.test"),
                organization_name: None,
                domain_metadata: &[],
                plain_challenges: PlainChallenges::Refused,
            };
            let query = format!("response_type=code&state=s&{more}");
            let parameters = Parameters::parse_form(query.as_bytes()).unwrap();
            authorize::read(&parameters, &reading, Timestamp::from_seconds(1)).unwrap()
        };
        let told = |more: &str| {
            let fault = Fault::from(Refusal::new(Rule::Unavailable));
            fault.kept_silent(&client, &asked(more)).error.delivery
        };
        assert_eq!(told("prompt=login"), Delivery::Page);
        let Delivery::Redirect(address) = told("prompt=none") else {
            panic!("on a page");
        };
        assert_eq!(address.state.as_deref(), Some("s"));
    }
}
