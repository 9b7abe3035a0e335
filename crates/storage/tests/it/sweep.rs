//! What grows is swept.

use grantor_protocol::event::Event;
use grantor_storage::{BlacklistedToken, EventFilter, Retention, Swept};
use serde_json::Map;

use crate::world::{World, at, default, insert, thing};

const DAY: i64 = 86_400;

on_both! {
    async fn a_sweep_deletes_what_has_expired_and_nothing_else(world: &World) {
        let store = world.open().await;
        let now = 10 * DAY;
        let mut batch = store.batch();
        for number in 0..1203_u32 {
            let expires = if number < 1200 { at(0) } else { at(now) };
            batch.issue(&default(), "code", &number.to_be_bytes(), "", expires);
        }
        store.commit(batch).await.unwrap();
        let event = |seconds| Event {
            code: "s",
            at: at(seconds),
            client_id: None,
            user_id: None,
            members: Map::new(),
        };
        let events = [2, 3, 4].map(|days| (default(), event(now - days * DAY)));
        store.append_events(&events).await.unwrap();
        for (jti, expires_at) in [("1", at(0)), ("2", at(now))] {
            let token = BlacklistedToken { aud: "a".into(), jti: jti.into(), expires_at };
            let mut batch = store.batch();
            batch.blacklist_token(&default(), &token);
            store.commit(batch).await.unwrap();
        }
        insert(&store, &thing("1", "a")).await;

        let swept = store.sweep(at(now), &Retention { event_days: 3 }).await.unwrap();

        let expected = Swept { single_use: 1200, events: 1, changes: 1, blacklisted_tokens: 1, ..Swept::default() };
        assert_eq!(swept, expected);
        assert!(store.find_single_use(&default(), "code", &1202_u32.to_be_bytes()).await.unwrap().is_some());
        assert!(store.is_blacklisted(&default(), "a", "2").await.unwrap());
        let filter = EventFilter { limit: 10, ..EventFilter::default() };
        assert_eq!(store.list_events(&default(), &filter).await.unwrap().events.len(), 2);
        let again = store.sweep(at(now), &Retention { event_days: 3 }).await.unwrap();
        assert_eq!(again, Swept::default());
    }
}
