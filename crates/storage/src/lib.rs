//! The store of Grantor: typed documents, single-use items, logs, on two engines.
//!
//! - A write is a value, the [`Batch`]: its steps are built without the database and committed together or not at all.
//!   There is no transaction that a caller could hold open.
//! - SQL is written once, in `statements.rs`, in the subset that both engines share. A branch on the engine outside
//!   `db/` is a defect.
//! - Configuration is kept as JSON documents ([`grantor_protocol::document::Kind`] says what is extracted and what is
//!   sealed), stored as text on both engines because no query looks inside one.
//! - What was read is served from memory until it changes, here, in another process or on another node.
//!
//! Does not know HTTP, holds no rule of the protocol, and reads no clock: instants come in.

mod access_tokens;
mod batch;
mod blacklist;
mod cache;
mod db;
mod deprecated_uses;
mod document;
mod error;
mod events;
mod instance;
mod jobs;
mod logins;
mod mails;
pub mod master_key;
mod one_time_codes;
pub mod permissions;
mod pointer;
mod read;
mod refresh_tokens;
mod reseal;
mod seal;
mod sessions;
mod single_use;
mod statements;
mod store;
mod sweep;
mod tenants;
mod typed;
pub mod users;
mod value;
mod watch;

pub use batch::{Batch, Change};
pub use blacklist::BlacklistedToken;
pub use deprecated_uses::DeprecatedUse;
pub use document::MAX_KEY_BYTES;
pub use error::{Error, Result, Source};
pub use events::{EventFilter, EventPage, StoredEvent};
pub use jobs::{JOB, JobPart, StoredJob};
pub use logins::{LOGIN, StoredLogin};
pub use mails::{MAIL, SealedMail, StoredMail};
pub use master_key::MasterKeySource;
pub use one_time_codes::{NewCode, StoredCode};
pub use read::{MAX_LIMIT, Page, Record, Selection, Window};
pub use refresh_tokens::{
    Devices, PresentedRefreshToken, REFRESH_TOKEN, Revoked, StoredRefreshToken,
};
pub use seal::MasterKey;
pub use sessions::{Device, SESSION, StoredSession};
pub use single_use::{SINGLE_USE, SingleUse};
pub use statements::ALL as STATEMENTS;
pub use store::{Engine, Options, Store};
pub use sweep::{Retention, Swept};
pub use tenants::{HOST, TENANT, Tenant};
pub use typed::Versioned;
pub use value::{Row, Sql, Value};
