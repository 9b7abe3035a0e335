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
