//! Lists of users.

use grantor_protocol::{
    search::predicate::{Order, Predicate},
    tenant::TenantId,
};

use super::{
    compose,
    read::{StoredUser, read_user},
};
use crate::{
    error::Result,
    read::{MAX_LIMIT, Window},
    store::Store,
    value::Composed,
};

/// Which users are wanted.
#[derive(Clone, Debug)]
pub struct UserSelection {
    /// What they are like.
    pub predicate: Predicate,
    /// In which order. A window that begins after a user has the order of creation.
    pub order: Order,
    /// Which part of the list, at most [`MAX_LIMIT`].
    pub window: Window,
    /// Whether all that match are counted.
    pub with_total: bool,
}

/// A part of a list of users.
#[derive(Clone, Debug)]
pub struct UserPage {
    /// The users.
    pub users: Vec<StoredUser>,
    /// How many there are in the whole list, if that was asked.
    pub total: Option<i64>,
}

impl Store {
    /// A part of the list of users. `Unavailable` if the search takes too long.
    pub async fn search_users(
        &self,
        tenant: &TenantId,
        selection: &UserSelection,
    ) -> Result<UserPage> {
        let composed = select(tenant, selection);
        let users = if composed.has_zero() {
            // No stored text has the character zero.
            Vec::new()
        } else {
            let rows = self.inner.database.read_composed(composed).await?;
            rows.iter().map(read_user).collect::<Result<_>>()?
        };
        let total = if selection.with_total {
            Some(self.count_users(tenant, &selection.predicate).await?)
        } else {
            None
        };
        Ok(UserPage { users, total })
    }

    /// How many users there are of a kind.
    pub async fn count_users(&self, tenant: &TenantId, predicate: &Predicate) -> Result<i64> {
        let mut composed = Composed::new("USER_COUNT", "SELECT count(*) FROM users u WHERE ");
        compose::condition(&mut composed, tenant, predicate);
        if composed.has_zero() {
            return Ok(0);
        }
        let rows = self.inner.database.read_composed(composed).await?;
        rows.first().map_or(Ok(0), |row| row.integer(0))
    }
}

fn select(tenant: &TenantId, selection: &UserSelection) -> Composed {
    let mut composed = Composed::new(
        "USER_SEARCH",
        "SELECT u.user_id, u.body, u.revision, u.updated_at, u.last_login, u.last_ip, \
         u.logins_count FROM users u WHERE ",
    );
    compose::condition(&mut composed, tenant, &selection.predicate);
    match &selection.window {
        Window::Offset { start, limit } => {
            compose::order(&mut composed, selection.order);
            composed.push(" LIMIT ").bind((*limit).clamp(0, MAX_LIMIT));
            composed.push(" OFFSET ").bind((*start).max(0));
        }
        Window::After { cursor, limit } => {
            if let Some((at, id)) = cursor {
                composed.push(" AND (u.created_at, u.user_id) > (");
                composed.bind(*at).push(", ").bind(id).push(")");
            }
            compose::order(&mut composed, Order::default());
            composed.push(" LIMIT ").bind((*limit).clamp(0, MAX_LIMIT));
        }
    }
    composed
}
