//! Many uses at once, on two nodes.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::json;
use tokio::{sync::Barrier, task::JoinSet};

use super::*;
use crate::support::on_both_engines;

on_both_engines!(
    j12_2_of_200_parallel_uses_with_leeway_all_get_one_successor,
    of_200_parallel_uses_without_leeway_one_wins_and_the_family_is_dead,
    of_200_parallel_uses_of_a_token_that_does_not_rotate_all_get_it_again,
    once_a_revocation_among_200_uses_has_returned_nothing_is_alive,
    logins_at_once_leave_no_more_than_200,
);

const PARALLEL: usize = 200;

/// Two nodes on one database.
async fn nodes(server: TestServer) -> [Arc<TestServer>; 2] {
    let server = prepared(server).await;
    let other = server.another_node().await;
    [Arc::new(server), Arc::new(other)]
}

/// Uses one token on both nodes, all at the same moment.
async fn use_at_once(nodes: &[Arc<TestServer>; 2], token: &str) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(PARALLEL));
    let mut uses = JoinSet::new();
    for number in 0..PARALLEL {
        let node = Arc::clone(&nodes[number % 2]);
        let (barrier, token) = (Arc::clone(&barrier), token.to_owned());
        uses.spawn(async move {
            barrier.wait().await;
            refresh(&node, "web", &token).await
        });
    }
    uses.join_all().await
}

async fn j12_2_of_200_parallel_uses_with_leeway_all_get_one_successor(server: TestServer) {
    let nodes = nodes(server).await;
    rotate(&nodes[0], "web", 10).await;
    let mut token = login(&nodes[0], "web").await;
    for _ in 0..2 {
        let answers = use_at_once(&nodes, &token).await;
        let successors: BTreeSet<_> = answers
            .iter()
            .map(|answer| {
                answer.access_token();
                refresh_token(&answer.json())
            })
            .collect();
        assert_eq!(successors.len(), 1);
        assert!(!successors.contains(&token));
        token = successors.into_iter().next().unwrap();
    }
    successor(&nodes[1], "web", &token).await;
}

async fn of_200_parallel_uses_without_leeway_one_wins_and_the_family_is_dead(server: TestServer) {
    let nodes = nodes(server).await;
    rotate(&nodes[0], "web", 0).await;
    let token = login(&nodes[0], "web").await;
    let answers = use_at_once(&nodes, &token).await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        refused(lost);
    }
    let next = refresh_token(&won[0].json());
    for node in &nodes {
        refused(&refresh(node, "web", &next).await);
        refused(&refresh(node, "web", &token).await);
        assert!(!opens(node, &won[0].access_token()).await);
    }
}

async fn of_200_parallel_uses_of_a_token_that_does_not_rotate_all_get_it_again(server: TestServer) {
    let nodes = nodes(server).await;
    let token = login(&nodes[0], "web").await;
    for answer in use_at_once(&nodes, &token).await {
        answer.access_token();
        assert_eq!(refresh_token(&answer.json()), token);
    }
}

async fn once_a_revocation_among_200_uses_has_returned_nothing_is_alive(server: TestServer) {
    let nodes = nodes(server).await;
    for (leeway, revoked_after) in [(0, 0), (10, 40), (10, 120)] {
        rotate(&nodes[0], "web", leeway).await;
        let token = login(&nodes[0], "web").await;
        let barrier = Arc::new(Barrier::new(PARALLEL + 1));
        let mut uses = JoinSet::new();
        for number in 0..PARALLEL {
            let node = Arc::clone(&nodes[number % 2]);
            let (barrier, token) = (Arc::clone(&barrier), token.clone());
            uses.spawn(async move {
                barrier.wait().await;
                refresh(&node, "web", &token).await
            });
        }
        barrier.wait().await;
        let mut answers = Vec::new();
        while answers.len() < revoked_after {
            answers.push(uses.join_next().await.unwrap().unwrap());
        }
        let body = json!({"client_id": "web", "client_secret": "s3cret", "token": token});
        let request = Request::post("/oauth/revoke").header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        assert_eq!(nodes[1].send(request).await.status, 200);

        // From here on nothing is alive, whatever is still on its way.
        refused(&refresh(&nodes[0], "web", &token).await);
        answers.extend(uses.join_all().await);
        for answer in &answers {
            if answer.status == 200 {
                let node = &nodes[0];
                refused(&refresh(node, "web", &refresh_token(&answer.json())).await);
                assert!(!opens(node, &answer.access_token()).await);
            } else {
                refused(answer);
            }
        }
    }
}

async fn logins_at_once_leave_no_more_than_200(server: TestServer) {
    let nodes = nodes(server).await;
    let mut logins = JoinSet::new();
    for number in 0..240 {
        let node = Arc::clone(&nodes[number % 2]);
        logins.spawn(async move { login(&node, "web").await });
    }
    logins.join_all().await;
    // One more, because logins that did not see one another may leave too many for a moment.
    login(&nodes[0], "web").await;
    let (store, now) = (&nodes[0].app.store, nodes[0].app.env.now());
    let tenant = tenant();
    let count = store.count_refresh_tokens_of_user(&tenant, ADA, Some("web"), now);
    assert_eq!(count.await.unwrap(), 200);
}
