//! The authorization endpoint, RFC 6749 §4.1.1: what is asked, what a login still owes, and where the answer goes.
//!
//! Pure: the server loads the facts, shows the pages and stores what was decided. Whether scopes are granted is
//! `authorization`; what a code is worth later is `grants::authorization_code`.

mod claims_request;
mod dispatcher;
mod errors;
mod pkce;
mod progress;
mod prompt;
mod read;
mod request;
mod response;
mod target;

#[cfg(test)]
mod tests;

pub use claims_request::ClaimsRequest;
pub use dispatcher::{
    Account, AccountState, Approval, Confirmation, Facts, LoginForm, Page, Step, next_step,
};
pub use errors::{AuthorizationError, Delivery, delivery_of};
pub use pkce::{CodeChallenge, CodeVerifier, Method as ChallengeMethod, PlainChallenges, Sha256};
pub use progress::{Answer, Event, Late, Progress, Screen, advance};
pub use prompt::Prompt;
pub(crate) use read::organization;
pub use read::{Reading, client_id, may_use_response_type, read};
pub use request::{AuthorizationRequest, RedirectUriParameter, ScreenHint};
pub use response::{Response, ResponseMode, ResponseType, ReturnAddress};
pub use target::Target;
