//! The entry in the log for each use of what is retired, and how it is recognised there.

use serde_json::json;

use super::Feature;
use crate::{event::Event, model::Client, refusal::Refusal};

/// The type code of such entries.
pub const DEPRECATION_NOTICE: &str = "depnote";

/// Makes of `event` the notice that `client` used `feature`, or was refused it.
pub fn note(event: &mut Event, feature: Feature, client: &Client, outcome: Result<(), &Refusal>) {
    event.code = DEPRECATION_NOTICE;
    event.client_id = Some(client.client_id.clone());
    let happened = if outcome.is_ok() {
        "used"
    } else {
        "asked for and refused"
    };
    let description = format!(
        "{} was {happened}: {}",
        feature.endpoint(),
        feature.successor()
    );
    let details = json!({"feature": feature.name(), "successor": feature.successor()});
    for (name, value) in [
        ("client_name", client.name.as_str().into()),
        ("description", description.into()),
        ("details", details),
    ] {
        event.members.insert(name.to_owned(), value);
    }
}

/// Which client used or wanted which feature, if `event` is such a notice.
pub fn noted(event: &Event) -> Option<(&str, Feature)> {
    if event.code != DEPRECATION_NOTICE {
        return None;
    }
    let name = event.members.get("details")?.get("feature")?.as_str()?;
    Some((event.client_id.as_deref()?, Feature::parse(name)?))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::env::Timestamp;

    #[test]
    fn a_notice_names_the_application_and_is_recognised() {
        let client = json!({"client_id": "till", "name": "Till"});
        let client: Client = serde_json::from_value(client).unwrap();
        let mut event = Event {
            code: "s",
            at: Timestamp::from_seconds(1),
            client_id: None,
            user_id: None,
            members: Map::new(),
        };
        assert_eq!(noted(&event), None);
        for &feature in Feature::ALL {
            note(&mut event, feature, &client, Ok(()));
            assert_eq!(noted(&event), Some(("till", feature)));
            assert_eq!(event.members["client_name"], "Till");
        }
    }
}
