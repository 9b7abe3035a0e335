//! Which changes of others were seen already.

use std::collections::BTreeMap;

/// Where in the list of changes a watcher stands.
///
/// Numbers are drawn before the commit, so a smaller number can appear after a larger one. Numbers that were skipped
/// are therefore looked for again until no transaction can be that old.
#[derive(Debug)]
pub(crate) struct Cursor {
    next: i64,
    missing: BTreeMap<i64, u32>,
}

/// How far back a new watcher looks for numbers that are not committed yet.
const LOOK_BACK: i64 = 500;

/// How many ticks a skipped number is waited for.
const PATIENCE: u32 = 240;

/// Skipped numbers beyond this many are not waited for: a whole range that long belongs to no running transaction.
const MOST_MISSING: i64 = 10_000;

impl Cursor {
    /// A cursor before the changes that a watcher must know of when `latest` is the last one.
    pub(crate) fn new(latest: i64) -> Self {
        Self {
            next: (latest - LOOK_BACK).max(0) + 1,
            missing: BTreeMap::new(),
        }
    }

    /// The first number that has to be read.
    pub(crate) fn first(&self) -> i64 {
        self.missing
            .first_key_value()
            .map_or(self.next, |(seq, _)| *seq)
    }

    /// Notes a number and answers whether it is new. Numbers of one answer come in ascending order.
    pub(crate) fn note(&mut self, seq: i64) -> bool {
        if seq < self.next {
            return self.missing.remove(&seq).is_some();
        }
        let skipped = self.next.max(seq - MOST_MISSING)..seq;
        self.missing.extend(skipped.map(|missing| (missing, 0)));
        self.next = seq + 1;
        true
    }

    /// A tick of the watcher's clock: gives up what is missing for too long.
    pub(crate) fn tick(&mut self) {
        self.missing.retain(|_, age| {
            *age += 1;
            *age < PATIENCE
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_appears_late_is_not_lost_and_none_is_new_twice() {
        let mut cursor = Cursor::new(0);
        assert_eq!(cursor.first(), 1);
        assert!(cursor.note(1));
        assert!(cursor.note(4));
        assert_eq!(cursor.first(), 2);
        assert!(!cursor.note(4));
        assert!(cursor.note(3));
        assert!(cursor.note(2));
        assert_eq!(cursor.first(), 5);
    }

    #[test]
    fn a_number_that_never_appears_is_given_up() {
        let mut cursor = Cursor::new(0);
        cursor.note(3);
        for _ in 0..PATIENCE {
            cursor.tick();
        }
        assert_eq!(cursor.first(), 4);
    }

    #[test]
    fn a_new_watcher_waits_for_what_is_not_committed_yet() {
        let mut cursor = Cursor::new(1000);
        assert_eq!(cursor.first(), 501);
        for seq in (501..=1000).filter(|seq| *seq != 998) {
            cursor.note(seq);
        }
        assert_eq!(cursor.first(), 998);
        assert!(cursor.note(998));
    }
}
