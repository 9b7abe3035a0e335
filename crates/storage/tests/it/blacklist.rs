//! Revoked tokens.

use grantor_storage::{BlacklistedToken, Error};

use crate::world::{World, at, default, tenant};

on_both! {
    async fn a_revoked_token_is_remembered_by_audience_and_tenant(world: &World) {
        let store = world.open().await;
        let token = |aud: &str, jti: &str| BlacklistedToken {
            aud: aud.to_owned(),
            jti: jti.to_owned(),
            expires_at: at(60),
        };
        let mut batch = store.batch();
        for token in [token("x", "2"), token("x", "1"), token("y", "3"), token("x", "1")] {
            batch.blacklist_token(&default(), &token);
        }
        store.commit(batch).await.unwrap();

        let listed = store.blacklisted_tokens(&default(), "x").await.unwrap();

        let mut batch = store.batch();
        batch.blacklist_token(&default(), &token("x", &"1".repeat(2000)));
        let too_long = store.commit(batch).await;
        assert!(matches!(too_long, Err(Error::Malformed { .. })), "{too_long:?}");
        assert_eq!(listed, [token("x", "1"), token("x", "2")]);
        assert!(store.is_blacklisted(&default(), "y", "3").await.unwrap());
        assert!(!store.is_blacklisted(&default(), "y", "1").await.unwrap());
        assert!(!store.is_blacklisted(&tenant("other"), "x", "1").await.unwrap());
    }
}
