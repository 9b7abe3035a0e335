//! The threads that hash, and the way to them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use grantor_protocol::{env::Random, secret::Secret, tenant::TenantId};
use tokio::sync::oneshot;

use super::{
    argon2id::{Argon2Hash, Cost, Memory, SALT},
    queue::{FairQueue, Full},
    stored::StoredHash,
};

/// How long a thread keeps its memory with nothing to do.
const LINGER: Duration = Duration::from_secs(2);

/// How much is hashed at once, and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What a new hash costs.
    pub cost: Cost,
    /// Threads; each holds the memory of one hash.
    pub threads: usize,
    /// How many jobs of one tenant may wait.
    pub per_tenant: usize,
    /// How many jobs of all tenants may wait.
    pub total: usize,
}

impl Limits {
    /// For a machine with so many cores: half of them hash, so that the rest serve what needs no password.
    pub fn for_cores(cores: usize) -> Self {
        let threads = (cores / 2).max(1);
        Self {
            cost: Cost::OWASP,
            threads,
            // About two seconds of work for one tenant, eight for all.
            per_tenant: 64 * threads,
            total: 256 * threads,
        }
    }
}

/// Too many passwords wait already; the client may try again in a few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be checked")]
pub struct Busy;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right. If its hash was imported or is of an older cost, here is what to keep instead.
    Match {
        /// A new hash of the same password.
        renewed: Option<String>,
    },
    /// It is not, or there is none.
    Mismatch,
}

/// Hashes and checks passwords. Cloned freely; the threads end with the last clone.
#[derive(Clone)]
pub struct Passwords {
    threads: Arc<Threads>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

struct Threads {
    shared: Arc<Shared>,
    running: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    random: Arc<dyn Random>,
    limits: Limits,
}

struct State {
    queue: FairQueue<Job>,
    ends: bool,
}

/// What is to be done, and who waits for it.
enum Job {
    Hash(Secret, oneshot::Sender<String>),
    Check(Secret, Option<String>, Renewal, oneshot::Sender<Verdict>),
}

/// Whether a match of an outdated hash makes a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    Wanted,
    NotWanted,
}

impl Passwords {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(limits: Limits, random: Arc<dyn Random>) -> std::io::Result<Self> {
        let state = State {
            queue: FairQueue::new(),
            ends: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            wake: Condvar::new(),
            random,
            limits,
        });
        let mut threads = Threads {
            shared: shared.clone(),
            running: Vec::new(),
        };
        for number in 0..limits.threads.max(1) {
            let shared = shared.clone();
            let thread = std::thread::Builder::new()
                .name(format!("grantor-hash-{number}"))
                .spawn(move || shared.run())?;
            threads.running.push(thread);
        }
        Ok(Self {
            threads: Arc::new(threads),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// If too many wait already.
    pub async fn hash(&self, tenant: &TenantId, password: &Secret) -> Result<String, Busy> {
        let (reply, answer) = oneshot::channel();
        self.add(tenant, Job::Hash(password.clone(), reply))?;
        // The threads answer every job unless they are ending.
        answer.await.map_err(|_| Busy)
    }

    /// Checks a password against what is kept for it. Without a hash, because there is no such user or the user has no
    /// password, it takes as long and finds a mismatch.
    ///
    /// # Errors
    /// If too many wait already.
    pub async fn check(
        &self,
        tenant: &TenantId,
        password: &Secret,
        stored: Option<&str>,
    ) -> Result<Verdict, Busy> {
        self.check_with(tenant, password, stored, Renewal::Wanted)
            .await
    }

    /// Whether a password is the one of any of these hashes: those of the history. Each is a job of its own, so that
    /// others take their turn in between.
    ///
    /// # Errors
    /// If too many wait already.
    pub async fn was_used(
        &self,
        tenant: &TenantId,
        password: &Secret,
        hashes: &[String],
    ) -> Result<bool, Busy> {
        for hash in hashes {
            let verdict = self
                .check_with(tenant, password, Some(hash), Renewal::NotWanted)
                .await?;
            if verdict != Verdict::Mismatch {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> usize {
        self.threads.shared.lock().queue.waiting()
    }

    async fn check_with(
        &self,
        tenant: &TenantId,
        password: &Secret,
        stored: Option<&str>,
        renewal: Renewal,
    ) -> Result<Verdict, Busy> {
        let (reply, answer) = oneshot::channel();
        let stored = stored.map(str::to_owned);
        self.add(tenant, Job::Check(password.clone(), stored, renewal, reply))?;
        answer.await.map_err(|_| Busy)
    }

    fn add(&self, tenant: &TenantId, job: Job) -> Result<(), Busy> {
        let shared = &self.threads.shared;
        let limits = (shared.limits.per_tenant, shared.limits.total);
        let pushed = shared.lock().queue.push(tenant, job, limits);
        // The job, and with it the password, is dropped outside of the lock.
        pushed.map_err(|Full(_)| Busy)?;
        shared.wake.notify_one();
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.wake.notify_all();
        for thread in self.running.drain(..) {
            // What it panicked with was caught before.
            thread.join().ok();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut memory = Memory::default();
        while let Some(job) = self.next(&mut memory) {
            // A hash that makes its library panic costs one answer, not the thread.
            let done = catch_unwind(AssertUnwindSafe(|| self.work(job, &mut memory)));
            if done.is_err() {
                memory.release();
                tracing::error!("a password could not be hashed");
            }
        }
    }

    /// The next job, or `None` at the end. Memory is given back when nothing comes for a while.
    fn next(&self, memory: &mut Memory) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.ends {
                return None;
            }
            if let Some(job) = state.queue.pop() {
                return Some(job);
            }
            let waited = self.wake.wait_timeout(state, LINGER);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.queue.waiting() == 0 {
                memory.release();
                state = self
                    .wake
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Does a job, unless nobody waits for it any more.
    fn work(&self, job: Job, memory: &mut Memory) {
        match job {
            Job::Hash(password, reply) if !reply.is_closed() => {
                if let Some(hash) = self.create(&password, memory) {
                    reply.send(hash).ok();
                }
            }
            Job::Check(password, stored, renewal, reply) if !reply.is_closed() => {
                let verdict = self.check(&password, stored.as_deref(), renewal, memory);
                reply.send(verdict).ok();
            }
            Job::Hash(..) | Job::Check(..) => {}
        }
    }

    fn create(&self, password: &Secret, memory: &mut Memory) -> Option<String> {
        let mut salt = [0; SALT];
        self.random.fill(&mut salt);
        let password = password.expose().as_bytes();
        let hash = Argon2Hash::create(self.limits.cost, salt, password, memory);
        hash.ok().map(|hash| hash.to_string())
    }

    fn check(
        &self,
        password: &Secret,
        stored: Option<&str>,
        renewal: Renewal,
        memory: &mut Memory,
    ) -> Verdict {
        let hash = match stored.map(StoredHash::parse) {
            Some(Ok(hash)) => hash,
            Some(Err(problem)) => {
                tracing::error!(%problem, "a stored password hash cannot be read");
                self.pass_time(password, memory);
                return Verdict::Mismatch;
            }
            None => {
                self.pass_time(password, memory);
                return Verdict::Mismatch;
            }
        };
        if !hash.matches(password.expose(), memory) {
            if hash.is_fast() {
                self.pass_time(password, memory);
            }
            return Verdict::Mismatch;
        }
        let outdated = renewal == Renewal::Wanted && !hash.is_current(self.limits.cost);
        let renewed = outdated.then(|| self.create(password, memory)).flatten();
        Verdict::Match { renewed }
    }

    /// Takes as long as checking a password does, so that the time does not tell that there was none to check.
    fn pass_time(&self, password: &Secret, memory: &mut Memory) {
        let password = password.expose().as_bytes();
        let hash = Argon2Hash::create(self.limits.cost, [0; SALT], password, memory);
        std::hint::black_box(hash.is_ok());
    }
}

#[cfg(test)]
mod tests;
