//! Consent: whether a user must be asked, and about what.
//!
//! Does not store what was answered: that is a user grant, kept by user, client and audience.

mod lines;

pub use lines::{Line, Wording, lines};

use serde::{Deserialize, Serialize};

use crate::model::{Client, ResourceServer, UserGrant};

/// What is known when consent is weighed.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who wants to act for the user.
    pub client: &'a Client,
    /// At which API; `None`: userinfo alone.
    pub resource_server: Option<&'a ResourceServer>,
    /// Which scopes, as the decision function granted them, and claims asked for one by one.
    pub items: &'a [String],
    /// What this user agreed to before, for this client and API.
    pub user_grant: Option<&'a UserGrant>,
    /// Whether the client wants the user asked in any case.
    pub asking: Asking,
}

/// Whether a user is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// About what is new.
    WhenNeeded,
    /// About everything: `prompt=consent`.
    Always,
}

/// What a user is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Question {
    /// Whom.
    pub user_id: String,
    /// What is new; all of it goes into the user grant if the answer is yes. May be empty: an application that wants
    /// nothing but to know that somebody logged in.
    pub items: Vec<String>,
    /// What the user agreed to before.
    pub known: Vec<String>,
}

/// The question that `user_id` must answer, if any.
///
/// Third-party applications always need an answer; the tenant's own need one at APIs that do not let it be skipped. A
/// callback that is not verifiable makes no difference here: what used to be a consent page on loopback addresses is the
/// confirmation of the dispatcher, for every kind of application.
pub fn question(facts: &Facts<'_>, user_id: &str) -> Option<Question> {
    let needed = facts.asking == Asking::Always || needs_consent(facts);
    if !needed {
        return None;
    }
    // Consent is the user's own, and for one application and API: another grant counts for nothing.
    let given = facts.user_grant.filter(|grant| {
        grant.user_id == user_id
            && grant.client_id == facts.client.client_id
            && facts
                .resource_server
                .is_none_or(|api| grant.audience == api.identifier)
    });
    let has = |item: &&String| given.is_some_and(|grant| grant.scope.contains(item));
    // Everyone who logs in tells who he is; that is no item.
    let items = facts.items.iter().filter(|item| *item != "openid");
    let (known, new): (Vec<&String>, Vec<&String>) = items.partition(has);
    let question = |items: Vec<&String>, known: Vec<&String>| Question {
        user_id: user_id.to_owned(),
        items: items.into_iter().cloned().collect(),
        known: known.into_iter().cloned().collect(),
    };
    match facts.asking {
        Asking::Always => Some(question([known, new].concat(), Vec::new())),
        Asking::WhenNeeded if given.is_some() && new.is_empty() => None,
        Asking::WhenNeeded => Some(question(new, known)),
    }
}

fn needs_consent(facts: &Facts<'_>) -> bool {
    let skips =
        |api: &ResourceServer| api.skip_consent_for_verifiable_first_party_clients == Some(true);
    !facts.client.is_first_party || facts.resource_server.is_some_and(|api| !skips(api))
}

/// The scopes of a user grant once `items` are agreed to: each once, the older ones first.
pub fn merge(user_grant: Option<&UserGrant>, items: &[String]) -> Vec<String> {
    let mut scope = user_grant.map_or_else(Vec::new, |grant| grant.scope.clone());
    for item in items {
        if !scope.contains(item) {
            scope.push(item.clone());
        }
    }
    scope
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    struct World {
        client: Client,
        api: Option<ResourceServer>,
        grant: Option<UserGrant>,
        asking: Asking,
    }

    fn world(first_party: bool, api: &Value) -> World {
        World {
            client: serde_json::from_value(
                json!({"client_id": "app", "name": "App", "is_first_party": first_party}),
            )
            .unwrap(),
            api: serde_json::from_value(api.clone()).unwrap(),
            grant: None,
            asking: Asking::WhenNeeded,
        }
    }

    fn api(skip: bool) -> Value {
        json!({"id": "1", "identifier": "https://orders.test",
            "skip_consent_for_verifiable_first_party_clients": skip})
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    impl World {
        fn granted(mut self, user_id: &str, scope: &str) -> Self {
            self.grant =
                serde_json::from_value(json!({"id": "1", "clientID": "app", "user_id": user_id,
                "audience": "https://orders.test", "scope": words(scope)}))
                .unwrap();
            self
        }

        fn ask(&self, items: &str) -> Option<String> {
            let facts = Facts {
                client: &self.client,
                resource_server: self.api.as_ref(),
                items: &words(items),
                user_grant: self.grant.as_ref(),
                asking: self.asking,
            };
            question(&facts, "auth0|ada").map(|question| question.items.join(" "))
        }
    }

    #[test]
    fn j1_1_a_third_party_is_asked_about_once() {
        for target in [api(true), api(false), Value::Null] {
            let world = world(false, &target);
            assert_eq!(
                world.ask("openid profile read:orders").as_deref(),
                Some("profile read:orders")
            );
            assert_eq!(world.ask("openid").as_deref(), Some(""));
            let world = world.granted("auth0|ada", "profile read:orders");
            assert_eq!(world.ask("openid profile read:orders"), None);
            assert_eq!(world.ask("openid"), None);
        }
    }

    #[test]
    fn j1_2_more_scopes_are_asked_about_and_fewer_are_not() {
        let world = world(false, &api(true)).granted("auth0|ada", "read:orders");
        assert_eq!(
            world.ask("read:orders write:orders").as_deref(),
            Some("write:orders")
        );
        assert_eq!(world.ask("read:orders"), None);
        assert_eq!(
            merge(world.grant.as_ref(), &words("write:orders read:orders")),
            ["read:orders", "write:orders"]
        );
        assert_eq!(merge(None, &words("a")), ["a"]);
    }

    #[test]
    fn j1_6_prompt_consent_asks_about_everything_again() {
        for first_party in [true, false] {
            let mut world = world(first_party, &api(true)).granted("auth0|ada", "read:orders");
            world.asking = Asking::Always;
            assert_eq!(
                world.ask("openid read:orders email").as_deref(),
                Some("read:orders email")
            );
        }
    }

    #[test]
    fn j1_7_t6_2_3_the_skip_setting_spares_the_tenants_own_applications_alone() {
        assert_eq!(world(true, &api(true)).ask("openid read:orders"), None);
        assert_eq!(
            world(true, &api(false))
                .ask("openid read:orders")
                .as_deref(),
            Some("read:orders")
        );
        assert!(world(false, &api(true)).ask("read:orders").is_some());
        let unset = json!({"id": "1", "identifier": "https://orders.test"});
        assert!(world(true, &unset).ask("read:orders").is_some());
        assert_eq!(world(true, &Value::Null).ask("openid profile email"), None);
    }

    #[test]
    fn consent_of_somebody_else_counts_for_nothing() {
        let world = world(false, &api(false)).granted("auth0|bob", "read:orders");
        assert_eq!(world.ask("read:orders").as_deref(), Some("read:orders"));
    }

    #[test]
    fn consent_for_another_application_or_api_counts_for_nothing() {
        for (field, value) in [("clientID", "other"), ("audience", "https://other.test")] {
            let mut world = world(false, &api(false)).granted("auth0|ada", "read:orders");
            let mut grant = serde_json::to_value(&world.grant).unwrap();
            grant[field] = json!(value);
            world.grant = serde_json::from_value(grant).unwrap();
            assert_eq!(world.ask("read:orders").as_deref(), Some("read:orders"));
        }
    }

    proptest! {
        /// Once a question is answered with yes, the same request asks no more; and what was asked is exactly what the
        /// grant did not have.
        #[test]
        fn a_user_is_asked_exactly_when_scopes_grow(
            before in proptest::collection::vec("[a-f]", 0..5),
            wanted in proptest::collection::vec("[a-f]|openid", 0..5),
        ) {
            let world = world(false, &api(false)).granted("auth0|ada", &before.join(" "));
            let asked = world.ask(&wanted.join(" "));
            let grown = wanted.iter().any(|item| item != "openid" && !before.contains(item));
            prop_assert_eq!(asked.is_some(), grown);
            let items = words(&asked.unwrap_or_default());
            prop_assert!(items.iter().all(|item| !before.contains(item) && wanted.contains(item)));
            let after = merge(world.grant.as_ref(), &items).join(" ");
            prop_assert_eq!(world.granted("auth0|ada", &after).ask(&wanted.join(" ")), None);
        }
    }
}
