//! What an API needs to check the access tokens of a Grantor server by itself, without asking the server each time.
//!
//! [`check()`] is the whole decision as a pure function of token, key, policy and instant. [`Verifier`] adds the keys: a
//! shared secret, a fixed set, or the set the issuer publishes, which is cached and fetched again when it rotates.
//! [`BearerLayer`] puts a verifier before the routes of a tower service such as an axum router, and [`RequireScopesLayer`]
//! asks for scopes:
//!
//! ```
//! # use grantor_verify::{BearerLayer, RequireScopesLayer, Verifier};
//! # fn example() -> Result<(), grantor_verify::ConfigError> {
//! let verifier = Verifier::builder()
//!     .issuer("https://login.example.com/")
//!     .audience("https://orders.example.com")
//!     .secret("the signing secret of an HS256 API")
//!     .build()?;
//! let authenticated = BearerLayer::new(verifier);
//! let may_cancel = RequireScopesLayer::new(["cancel:orders"]);
//! # Ok(())
//! # }
//! ```
//!
//! Does not issue tokens, hold sessions or accept ID tokens: those tell an application who logged in, and are not meant for
//! an API. Does not choose an HTTP client, unless the feature `http` is on: keys arrive through [`Fetch`].
//!
//! A new refusal is a variant of [`VerifyError`] (`error.rs`) and its check in `check.rs`; a new source of keys goes beside
//! `keys/remote.rs`.

mod access_token;
mod blacklist;
mod challenge;
mod check;
mod clock;
mod error;
mod fetch;
mod keys;
mod layer;
mod verifier;

pub use access_token::{AccessToken, InsufficientScope};
pub use blacklist::{Blacklist, BlacklistedTokens, InvalidList};
pub use challenge::{Challenge, insufficient_scope};
pub use check::{MAX_TOKEN_LENGTH, Policy, check};
pub use clock::{Clock, SystemClock};
pub use error::{ConfigError, VerifyError};
#[cfg(feature = "http")]
pub use fetch::HttpFetcher;
pub use fetch::{Fetch, FetchError, Fetched, Fetching};
pub use keys::KeySet;
pub use layer::{Bearer, BearerLayer, RequireScopes, RequireScopesLayer};
pub use verifier::{Verifier, VerifierBuilder};
