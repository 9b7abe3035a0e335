//! Jobs are held by one worker at a time, and go on where a worker stopped.

use grantor_storage::{Error, JOB, JobPart, Retention};
use serde_json::json;

use crate::world::{World, at, default, tenant};

on_both! {
    async fn a_due_job_is_held_by_one_worker_until_its_time_is_over(world: &World) {
        let store = world.open().await;
        let mut batch = store.batch();
        batch.open_job(&default(), "job_1", "import", &json!({"done": 0}), at(0));
        store.commit(batch).await.unwrap();

        let (owner, job) = store.claim_job(at(1), at(60)).await.unwrap().unwrap();
        assert_eq!((owner, job.id.as_str(), job.is_open), (default(), "job_1", true));
        assert_eq!(store.claim_job(at(59), at(120)).await.unwrap(), None);
        let mut batch = store.batch();
        batch.advance_job(&default(), ("job_1", job.revision), &json!({"done": 1}), at(90));
        store.commit(batch).await.unwrap();
        assert_eq!(store.claim_job(at(61), at(120)).await.unwrap(), None);

        // The worker is gone; another one goes on, and the first one cannot end what it does not hold any more.
        let (_, taken) = store.claim_job(at(91), at(150)).await.unwrap().unwrap();
        assert_eq!(taken.body, json!({"done": 1}));
        let mut batch = store.batch();
        batch.close_job(&default(), ("job_1", job.revision + 1), &json!({}), at(200));
        assert!(matches!(store.commit(batch).await, Err(Error::Guard { label: JOB })));
        let mut batch = store.batch();
        batch.close_job(&default(), ("job_1", taken.revision), &json!({"done": 2}), at(200));
        store.commit(batch).await.unwrap();
        assert_eq!(store.claim_job(at(300), at(400)).await.unwrap(), None);
        let done = store.find_job(&default(), "job_1").await.unwrap().unwrap();
        assert_eq!((done.is_open, done.body), (false, json!({"done": 2})));
    }

    async fn jobs_and_their_parts_are_of_a_tenant_and_are_swept_when_they_are_done(world: &World) {
        let store = world.open().await;
        let part = |number: i64| JobPart { number, content: number.to_string().into_bytes() };
        let mut batch = store.batch();
        batch.open_job(&default(), "job_1", "export", &json!({}), at(0));
        for number in [2, 0, 1, 1] {
            batch.put_job_part(&default(), "job_1", "output", &part(number));
        }
        store.commit(batch).await.unwrap();
        let parts = |after, limit| store_parts(&store, after, limit);
        assert_eq!(parts(-1, 2).await, [part(0), part(1)]);
        assert_eq!(parts(1, 2).await, [part(2)]);
        assert_eq!(store.find_job(&tenant("other"), "job_1").await.unwrap(), None);
        assert_eq!(store.open_jobs(&tenant("other"), "export").await.unwrap(), []);
        assert_eq!(store.open_jobs(&default(), "export").await.unwrap().len(), 1);

        let retention = Retention { event_days: 3 };
        assert_eq!(store.sweep(at(1_000_000), &retention).await.unwrap().jobs, 0);
        let mut batch = store.batch();
        batch.close_job(&default(), ("job_1", 1), &json!({}), at(10));
        store.commit(batch).await.unwrap();
        assert_eq!(store.open_jobs(&default(), "export").await.unwrap(), []);
        assert_eq!(store.sweep(at(1_000_000), &retention).await.unwrap().jobs, 1);
        assert_eq!(parts(-1, 9).await, []);
    }
}

async fn store_parts(store: &grantor_storage::Store, after: i64, limit: i64) -> Vec<JobPart> {
    let tenant = default();
    let parts = store.job_parts(&tenant, "job_1", "output", (after, limit));
    parts.await.unwrap()
}
