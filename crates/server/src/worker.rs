//! The background worker: does the jobs of the Management API, here or wherever a node of the cluster is free.

use std::{sync::Arc, time::Duration};

use grantor_storage::JOB;
use tokio::sync::{broadcast::error::RecvError, watch};

use crate::app::App;

/// How often it looks for jobs that another node began and did not finish.
const LOOK_TIME: Duration = Duration::from_secs(30);

/// Works until `stop` says so. What is being done then is gone on with after the next start.
pub(crate) async fn work(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut changes = app.store.subscribe();
    loop {
        tokio::select! {
            () = drain(&app) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let next = async {
            loop {
                match changes.recv().await {
                    Ok(change) if change.kind == JOB => return,
                    // So many changes that some were missed: one may have been a job.
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return,
                    Ok(_) => {}
                }
            }
        };
        tokio::select! {
            () = next => {}
            () = tokio::time::sleep(LOOK_TIME) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Does what is due, one job after the other.
async fn drain(app: &Arc<App>) {
    loop {
        let one = Arc::clone(app);
        // In a task of its own, so that what makes one job panic does not end the worker.
        match tokio::spawn(async move { one.management.work().await }).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return,
            Err(error) => {
                tracing::error!(%error, "a job ended badly, and will be tried again");
                return;
            }
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a job was interrupted, and will be gone on with"
                );
                return;
            }
        }
    }
}
