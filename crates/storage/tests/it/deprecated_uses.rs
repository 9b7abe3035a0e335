//! When clients last used what is retired.

use grantor_protocol::{
    env::Timestamp,
    event::Event,
    legacy::{DEPRECATION_NOTICE, Feature},
    tenant::TenantId,
};
use grantor_storage::{DeprecatedUse, Store};
use serde_json::json;

use crate::world::{World, at, default, tenant};

fn notice(tenant: &TenantId, client_id: &str, feature: Feature, seconds: i64) -> (TenantId, Event) {
    let members = json!({"details": {"feature": feature.name()}});
    let event = Event {
        code: DEPRECATION_NOTICE,
        at: at(seconds),
        client_id: Some(client_id.to_owned()),
        user_id: None,
        members: members.as_object().unwrap().clone(),
    };
    (tenant.clone(), event)
}

async fn uses(store: &Store, tenant: &TenantId, client_id: &str) -> Vec<(String, Timestamp, i64)> {
    let uses = store.deprecated_uses(tenant, client_id).await.unwrap();
    let row = |used: DeprecatedUse| (used.feature, used.last_used_at, used.uses);
    uses.into_iter().map(row).collect()
}

on_both! {
    async fn t6_1_the_last_use_of_each_feature_is_kept_however_long_the_log_is(world: &World) {
        let store = world.open().await;
        let (own, other) = (default(), tenant("other"));
        let events = [
            notice(&own, "till", Feature::ResourceOwner, 5),
            notice(&own, "till", Feature::TokenInfo, 3),
            notice(&own, "till", Feature::ResourceOwner, 4),
            notice(&other, "till", Feature::ResourceOwner, 9),
        ];
        store.append_events(&events).await.unwrap();
        // A node that writes late takes nothing back.
        let late = [notice(&own, "till", Feature::ResourceOwner, 1)];
        store.append_events(&late).await.unwrap();
        let row = |feature: Feature, at, uses| (feature.name().to_owned(), at, uses);
        assert_eq!(
            uses(&store, &own, "till").await,
            [row(Feature::ResourceOwner, at(5), 3), row(Feature::TokenInfo, at(3), 1)]
        );
        assert_eq!(uses(&store, &other, "till").await, [row(Feature::ResourceOwner, at(9), 1)]);
        assert!(uses(&store, &own, "else").await.is_empty());
        let mut batch = store.batch();
        batch.forget_deprecated_uses(&own, "till");
        store.commit(batch).await.unwrap();
        assert!(uses(&store, &own, "till").await.is_empty());
    }
}
