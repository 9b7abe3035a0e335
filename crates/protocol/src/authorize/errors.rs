//! Where an error of the authorization endpoint goes: to the client by way of the browser, or to a page.
//!
//! As long as client and redirect URI are proven valid, errors are redirected; before that, never (RFC 6749 §4.1.2.1).

use super::{Response, ResponseMode, ReturnAddress};
use crate::{
    model::{Client, RedirectionPolicy},
    refusal::Refusal,
    tenant::Issuer,
};

/// Where an error goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Onto a page of the server, or the tenant's own error page.
    Page,
    /// To the client.
    Redirect(Box<ReturnAddress>),
}

/// An authorization request that came to nothing.
#[derive(Clone, Debug)]
pub struct AuthorizationError {
    /// Why.
    pub refusal: Refusal,
    /// Where the error goes.
    pub delivery: Delivery,
}

/// Where errors go that are met once `address` is known. Applications under open-redirect protection (strict third-party
/// ones, unless set) get theirs onto a page, so that nobody can send a browser there without a login. A web message sends
/// the browser nowhere.
pub fn delivery_of(client: &Client, address: &ReturnAddress) -> Delivery {
    let redirects = address.response_mode != ResponseMode::WebMessage;
    let protected = match client.redirection_policy {
        Some(policy) => policy == RedirectionPolicy::OpenRedirectProtection,
        None => client.is_strict_third_party(),
    };
    if protected && redirects {
        Delivery::Page
    } else {
        Delivery::Redirect(Box::new(address.clone()))
    }
}

impl AuthorizationError {
    /// An error that is shown on a page.
    pub const fn on_page(refusal: Refusal) -> Self {
        Self {
            refusal,
            delivery: Delivery::Page,
        }
    }

    /// The redirected response; `None` if the error belongs onto a page.
    pub fn response(&self, client: &Client, issuer: &Issuer) -> Option<Response> {
        let Delivery::Redirect(address) = &self.delivery else {
            return None;
        };
        let code = self.refusal.code(client.switches().error_dialect);
        let parameters = vec![
            ("error", code.as_str().to_owned()),
            ("error_description", self.refusal.description()),
        ];
        Some(address.respond(parameters, client, issuer))
    }
}
