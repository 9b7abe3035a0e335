//! The schema's numbered steps, forth and back.
//!
//! Steps expand first and contract later, so that a program also works with the schema one step ahead of its own: nodes
//! of two neighbouring versions run side by side during an upgrade. Further ahead it refuses to start.

use crate::error::{Error, Result};

/// One step of the schema.
#[derive(Debug)]
pub(crate) struct Migration {
    number: i64,
    script: &'static str,
}

/// All steps, in order.
pub(crate) const ALL: &[Migration] = &[
    Migration {
        number: 1,
        script: include_str!("../../migrations/0001_initial.sql"),
    },
    Migration {
        number: 2,
        script: include_str!("../../migrations/0002_users.sql"),
    },
    Migration {
        number: 3,
        script: include_str!("../../migrations/0003_sign_in.sql"),
    },
    Migration {
        number: 4,
        script: include_str!("../../migrations/0004_jobs.sql"),
    },
    Migration {
        number: 5,
        script: include_str!("../../migrations/0005_mails.sql"),
    },
    Migration {
        number: 6,
        script: include_str!("../../migrations/0006_clients_of_tokens.sql"),
    },
    Migration {
        number: 7,
        script: include_str!("../../migrations/0007_permissions.sql"),
    },
    Migration {
        number: 8,
        script: include_str!("../../migrations/0008_refresh_tokens.sql"),
    },
    Migration {
        number: 9,
        script: include_str!("../../migrations/0009_notes_on_sessions.sql"),
    },
    Migration {
        number: 10,
        script: include_str!("../../migrations/0010_one_time_codes.sql"),
    },
    Migration {
        number: 11,
        script: include_str!("../../migrations/0011_deprecated_uses.sql"),
    },
];

/// The version that this program works with.
pub(crate) const KNOWN: i64 = match ALL.last() {
    Some(step) => step.number,
    None => 0,
};

/// Where the schema shall go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// Nowhere: it must be usable as it is.
    Unchanged,
    /// To the newest, unless it is there or ahead.
    Newest,
    /// To this version, forth or back.
    Exactly(i64),
}

impl Migration {
    /// What leads to this version.
    pub(crate) fn up(&self) -> &'static str {
        self.part().0
    }

    /// What leads back from it.
    pub(crate) fn down(&self) -> &'static str {
        self.part().1
    }

    fn part(&self) -> (&'static str, &'static str) {
        let body = self
            .script
            .split_once("-- up\n")
            .map_or("", |(_, body)| body);
        body.split_once("-- down\n").unwrap_or((body, ""))
    }
}

/// The scripts that lead from `found` to what is wanted, and the version they lead to.
pub(crate) fn plan(found: i64, wanted: Wanted) -> Result<(Vec<&'static str>, i64)> {
    let schema = || Error::Schema {
        found,
        known: KNOWN,
    };
    let target = match wanted {
        // One step ahead is bearable; see the module's comment.
        Wanted::Unchanged | Wanted::Newest if found == KNOWN + 1 => found,
        Wanted::Unchanged if found == KNOWN => found,
        Wanted::Newest if found <= KNOWN => KNOWN,
        Wanted::Exactly(version) if (0..=KNOWN).contains(&version) && found <= KNOWN => version,
        Wanted::Unchanged | Wanted::Newest | Wanted::Exactly(_) => return Err(schema()),
    };
    let between = |low: i64, high: i64| {
        ALL.iter()
            .filter(move |step| low < step.number && step.number <= high)
    };
    let scripts = if found <= target {
        between(found, target).map(Migration::up).collect()
    } else {
        between(target, found).rev().map(Migration::down).collect()
    };
    Ok((scripts, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_without_gaps_and_lead_both_ways() {
        for (step, number) in ALL.iter().zip(1..) {
            assert_eq!(step.number, number);
            assert!(step.up().contains("CREATE") || step.up().contains("ALTER"));
            assert!(!step.down().trim().is_empty());
        }
    }

    #[test]
    fn a_schema_two_steps_ahead_is_refused_and_one_step_ahead_is_left_alone() {
        let ahead = plan(KNOWN + 2, Wanted::Newest).unwrap_err();
        assert!(
            ahead.to_string().contains("start a newer program"),
            "{ahead}"
        );
        assert_eq!(
            plan(KNOWN + 1, Wanted::Newest).unwrap(),
            (vec![], KNOWN + 1)
        );
    }

    #[test]
    fn a_schema_behind_is_refused_unless_it_may_be_migrated() {
        let behind = plan(0, Wanted::Unchanged).unwrap_err();
        assert!(behind.to_string().contains("migrate it first"), "{behind}");
        assert_eq!(plan(0, Wanted::Newest).unwrap().1, KNOWN);
    }

    #[test]
    fn the_way_back_runs_the_steps_in_reverse() {
        let (scripts, target) = plan(KNOWN, Wanted::Exactly(0)).unwrap();
        assert_eq!(target, 0);
        let expected: Vec<_> = ALL.iter().rev().map(Migration::down).collect();
        assert_eq!(scripts, expected);
    }
}
