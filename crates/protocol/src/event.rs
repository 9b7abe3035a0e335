//! What is recorded: the entries of the tenant's log.

use serde_json::{Map, Value};

use crate::env::Timestamp;

/// One entry of a tenant's log, as it is stored. Codes and members are those of the compatible API's `logs`.
#[derive(Clone, Debug)]
pub struct Event {
    /// The type code, such as `seccft`.
    pub code: &'static str,
    /// When it happened.
    pub at: Timestamp,
    /// Which client took part.
    pub client_id: Option<String>,
    /// Which user took part.
    pub user_id: Option<String>,
    /// Every other member of the entry (`description`, `ip`, `audience`, `scope`, `details`, …).
    pub members: Map<String, Value>,
}
