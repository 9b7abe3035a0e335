//! Who waits for whom: tenants take turns, and of one tenant the first comes first.

use std::collections::{HashMap, VecDeque};

use grantor_protocol::tenant::TenantId;

/// Jobs of tenants that take turns.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    jobs: HashMap<TenantId, VecDeque<T>>,
    /// The tenants that have jobs, each once, in the order of their turns.
    turns: VecDeque<TenantId>,
    waiting: usize,
}

/// The queue is full; the job comes back.
#[derive(Debug)]
pub(super) struct Full<T>(pub(super) T);

impl<T> FairQueue<T> {
    pub(super) fn new() -> Self {
        Self {
            jobs: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
        }
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Adds a job, unless so many of the tenant or of all tenants wait already.
    pub(super) fn push(
        &mut self,
        tenant: &TenantId,
        job: T,
        (per_tenant, total): (usize, usize),
    ) -> Result<(), Full<T>> {
        let own = self.jobs.get(tenant).map_or(0, VecDeque::len);
        if per_tenant <= own || total <= self.waiting {
            return Err(Full(job));
        }
        if own == 0 {
            self.turns.push_back(tenant.clone());
        }
        self.jobs.entry(tenant.clone()).or_default().push_back(job);
        self.waiting += 1;
        Ok(())
    }

    /// The next job.
    pub(super) fn pop(&mut self) -> Option<T> {
        let tenant = self.turns.pop_front()?;
        let jobs = self.jobs.get_mut(&tenant)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.jobs.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        self.waiting = self.waiting.saturating_sub(1);
        job
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenant(number: usize) -> TenantId {
        TenantId::parse(&format!("t{number}")).unwrap()
    }

    fn drain(queue: &mut FairQueue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn tenants_take_turns_and_within_one_the_first_comes_first() {
        let mut queue = FairQueue::new();
        for (of, job) in [
            (1, "a1"),
            (1, "a2"),
            (1, "a3"),
            (2, "b1"),
            (3, "c1"),
            (2, "b2"),
        ] {
            queue.push(&tenant(of), job, (10, 10)).unwrap();
        }
        assert_eq!(queue.waiting(), 6);
        assert_eq!(drain(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
        assert_eq!((queue.waiting(), queue.jobs.len()), (0, 0));
    }

    #[test]
    fn a_tenant_that_floods_leaves_room_for_the_others() {
        let mut queue = FairQueue::new();
        for _ in 0..2 {
            queue.push(&tenant(1), "a", (2, 3)).unwrap();
        }
        assert!(matches!(
            queue.push(&tenant(1), "refused", (2, 3)),
            Err(Full("refused"))
        ));
        queue.push(&tenant(2), "b", (2, 3)).unwrap();
        assert!(matches!(
            queue.push(&tenant(3), "c", (2, 3)),
            Err(Full("c"))
        ));
        queue.pop();
        queue.push(&tenant(3), "c", (2, 3)).unwrap();
        assert_eq!(drain(&mut queue), ["b", "a", "c"]);
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_one_round_per_own_job_before(
            pushes in prop::collection::vec(0..4_usize, 1..60)
        ) {
            let mut queue = FairQueue::new();
            for (number, of) in pushes.iter().enumerate() {
                queue.push(&tenant(*of), (*of, number), (100, 100)).unwrap();
            }
            let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            prop_assert_eq!(order.len(), pushes.len());
            for (position, (of, number)) in order.iter().enumerate() {
                let own_before = pushes[..*number].iter().filter(|other| *other == of).count();
                // In every round each of the four tenants has at most one turn.
                prop_assert!(position < (own_before + 1) * 4);
            }
        }
    }
}
