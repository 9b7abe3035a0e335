//! Lists of users.

use grantor_protocol::{
    search::predicate::{Order, Predicate},
    tenant::TenantId,
};

use super::{
    compose::{self, Start, Width},
    read::{StoredUser, read_user},
};
use crate::{
    error::Result,
    read::{MAX_LIMIT, Window},
    store::Store,
    value::{Composed, Row},
};

/// How many parts of a search are looked at for a narrow one.
const PROBES: usize = 4;

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
        let start = self.start(tenant, &selection.predicate).await?;
        let rows = self.search(select(tenant, selection, start)).await?;
        let users = rows.iter().map(read_user).collect::<Result<_>>()?;
        let total = if selection.with_total {
            Some(self.count(tenant, &selection.predicate, start).await?)
        } else {
            None
        };
        Ok(UserPage { users, total })
    }

    /// How many users there are of a kind.
    pub async fn count_users(&self, tenant: &TenantId, predicate: &Predicate) -> Result<i64> {
        let start = self.start(tenant, predicate).await?;
        self.count(tenant, predicate, start).await
    }

    async fn count(&self, tenant: &TenantId, predicate: &Predicate, start: Start) -> Result<i64> {
        let mut composed = Composed::new("USER_COUNT", "SELECT count(*) FROM users u WHERE ");
        compose::condition(&mut composed, tenant, predicate, start);
        let rows = self.search(composed).await?;
        rows.first().map_or(Ok(0), |row| row.integer(0))
    }

    /// Where a search begins: at the first of its parts that names few users.
    async fn start(&self, tenant: &TenantId, predicate: &Predicate) -> Result<Start> {
        for (number, part) in compose::parts(predicate).iter().enumerate().take(PROBES) {
            let narrow = match compose::width(tenant, part) {
                Width::Narrow => true,
                Width::Wide => false,
                Width::Ask(composed) => {
                    let rows = self.search(composed).await?;
                    let count = rows.first().map_or(Ok(0), |row| row.integer(0))?;
                    count < compose::NARROW
                }
            };
            if narrow {
                return Ok(Start::Part(number));
            }
        }
        Ok(Start::Order)
    }

    async fn search(&self, composed: Composed) -> Result<Vec<Row>> {
        if composed.has_zero() {
            // No stored text has the character zero.
            return Ok(Vec::new());
        }
        self.inner.database.read_composed(composed).await
    }
}

fn select(tenant: &TenantId, selection: &UserSelection, start: Start) -> Composed {
    let mut composed = Composed::new(
        "USER_SEARCH",
        "SELECT u.user_id, u.body, u.revision, u.updated_at, u.last_login, u.last_ip, \
         u.logins_count FROM users u WHERE ",
    );
    compose::condition(&mut composed, tenant, &selection.predicate, start);
    match &selection.window {
        Window::Offset {
            start: skipped,
            limit,
        } => {
            compose::order(&mut composed, selection.order, start);
            composed.push(" LIMIT ").bind((*limit).clamp(0, MAX_LIMIT));
            composed.push(" OFFSET ").bind((*skipped).max(0));
        }
        Window::After { cursor, limit } => {
            if let Some((at, id)) = cursor {
                composed.push(" AND (u.created_at, u.user_id) > (");
                composed.bind(*at).push(", ").bind(id).push(")");
            }
            compose::order(&mut composed, Order::default(), start);
            composed.push(" LIMIT ").bind((*limit).clamp(0, MAX_LIMIT));
        }
    }
    composed
}
