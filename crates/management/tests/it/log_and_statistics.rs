//! The log and statistics.

use grantor_protocol::event::Event;
use serde_json::{Map, Value, json};

use crate::support::{Answer, Api, bearer, text};

async fn record(api: &Api, code: &'static str, client_id: &str, user_id: Option<&str>) {
    let members: Map<_, _> = [("ip".to_owned(), json!("10.0.0.1"))].into_iter().collect();
    let event = Event {
        code,
        at: api.management.env.now(),
        client_id: Some(client_id.to_owned()),
        user_id: user_id.map(str::to_owned),
        members,
    };
    api.management
        .store
        .append_events(&[(api.tenant.clone(), event)])
        .await
        .unwrap();
}

/// J13-3.
#[tokio::test]
async fn j13_3_following_the_log_returns_each_entry_once_while_new_ones_arrive() {
    let api = Api::start().await;
    for _ in 0..5 {
        record(&api, "seccft", "svc", None).await;
    }
    let mut seen = Vec::new();
    let mut path = "/logs?take=2".to_owned();
    for round in 0..6 {
        let response = api.send("GET", &path, Value::Null).await;
        let next = response
            .headers
            .iter()
            .find(|(name, _)| *name == "Link")
            .cloned();
        let body = response.ok(200);
        let entries = body.as_array().unwrap();
        if entries.is_empty() {
            break;
        }
        seen.extend(
            entries
                .iter()
                .map(|entry| text(entry, "/log_id").to_owned()),
        );
        if round == 0 {
            record(&api, "feccft", "svc", None).await;
        }
        let (_, link) = next.unwrap();
        let target = link.split(['<', '>']).nth(1).unwrap();
        path = target
            .strip_prefix("https://login.test/api/v2")
            .unwrap()
            .to_owned();
    }
    assert_eq!(seen.len(), 6);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted, seen);
}

#[tokio::test]
async fn the_log_is_searched_paged_and_shown_whole() {
    let api = Api::start().await;
    for number in 0..4 {
        record(
            &api,
            if number == 0 { "feccft" } else { "seccft" },
            "svc",
            None,
        )
        .await;
        record(&api, "s", "web", Some(&format!("auth0|{number}"))).await;
    }
    let count = async |query: &str| {
        let page = api
            .read(&format!("/logs?include_totals=true&{query}"))
            .await;
        assert_eq!(page["length"], page["logs"].as_array().unwrap().len());
        page["total"].as_i64().unwrap()
    };
    assert_eq!(count("q=type:feccft").await, 1);
    assert_eq!(count("q=type:seccft%20AND%20client_id:svc").await, 3);
    assert_eq!(count("q=user_id:auth0*").await, 4);
    assert_eq!(count("q=ip:%2210.0.0.1%22%20AND%20NOT%20type:s").await, 4);
    assert_eq!(
        count("search=date:[2026-01-01%20TO%20*]&per_page=2&page=3").await,
        8
    );
    api.send("GET", "/logs?q=type:(", Value::Null)
        .await
        .refused(400);
    api.send("GET", "/logs?page=11&per_page=100", Value::Null)
        .await
        .refused(400);

    let newest = api.read("/logs?per_page=1").await;
    let entry = api
        .read(&format!("/logs/{}", text(&newest, "/0/log_id")))
        .await;
    assert_eq!(entry, newest[0]);
    assert_eq!(entry["_id"], entry["log_id"]);
    assert_eq!(text(&entry, "/log_id").len(), 56);
    for member in [
        "connection",
        "organization_id",
        "strategy",
        "location_info",
        "details",
    ] {
        assert_eq!(entry[member], Value::Null, "{member}");
    }
    assert_eq!(entry["isMobile"], false);
    let oldest = api.read("/logs?per_page=1&sort=date:1").await;
    assert_eq!(text(&oldest, "/0/type"), "feccft");

    // `read:logs_users` shows one's own entries.
    let mut user = bearer(&["read:logs_users"]);
    user.subject = "auth0|2".to_owned();
    let own = api
        .send_as(&user, "GET", "/logs", Value::Null)
        .await
        .ok(200);
    assert_eq!(own.as_array().unwrap().len(), 1);
    let own = api
        .send_as(&user, "GET", "/logs?q=user_id:%22auth0%7C1%22", Value::Null)
        .await
        .ok(200);
    assert_eq!(own, json!([]));
    let path = format!("/logs/{}", text(&newest, "/0/log_id"));
    api.send_as(&user, "GET", &path, Value::Null)
        .await
        .refused(404);
}

#[tokio::test]
async fn statistics_count_logins_by_day_and_user() {
    let api = Api::start().await;
    record(&api, "s", "web", Some("auth0|1")).await;
    record(&api, "s", "web", Some("auth0|1")).await;
    record(&api, "ss", "web", Some("auth0|2")).await;
    api.clock.advance_seconds(2 * 86_400);
    record(&api, "s", "web", Some("auth0|2")).await;
    assert_eq!(api.read("/stats/active-users").await, json!(2));
    let days = api.read("/stats/daily?from=20260101&to=20260103").await;
    assert_eq!(days.as_array().unwrap().len(), 2);
    assert_eq!(text(&days, "/0/date"), "2026-01-01T00:00:00.000Z");
    assert_eq!(
        (&days[0]["logins"], &days[0]["signups"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        api.read("/stats/daily?from=20260101&to=20260102")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let response = api
        .send("GET", "/stats/daily?from=20260103&to=20260101", Value::Null)
        .await;
    assert_eq!(
        response.refused(400),
        "'from' date cannot be greater than 'to' date."
    );
    api.send("GET", "/stats/daily?from=yesterday", Value::Null)
        .await
        .refused(400);
}
