//! The client-credentials grant, RFC 6749 §4.4.

use crate::{parameters::Parameters, refusal::Refusal};

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The API's identifier as sent. The compatible wire calls it `audience`; `resource` alone does nothing there.
    pub audience: Option<String>,
    /// The scopes, in the order sent; empty means "all that the client grant has".
    pub scope: Vec<String>,
}

impl Request {
    /// Reads the request.
    ///
    /// # Errors
    /// A [`Refusal`] for a parameter of the wrong type.
    pub fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            audience: parameters.text("audience")?.map(str::to_owned),
            scope: parameters
                .words("scope")?
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }
}
