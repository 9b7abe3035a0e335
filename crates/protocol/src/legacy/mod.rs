//! What applications may do that were made before OpenID Connect: which of them, where, and under which switches.
//!
//! Everything here is off in a new tenant. Does not serve anything: the retired endpoints are the server's.

mod feature;
mod notice;
mod pipeline;
mod profile;

pub(crate) use self::profile::disclose;
pub use self::{
    feature::{Feature, may_use},
    notice::{DEPRECATION_NOTICE, note, noted},
    pipeline::{
        Consent, FrontIdTokens, IdTokenKey, Nonces, PIPELINE_FLAG, Pipeline, PipelineSwitches,
        UserClaims,
    },
    profile::profile,
};
