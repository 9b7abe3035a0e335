//! The browser session: how long a login lasts, and when it is too old for what a client wants.
//!
//! Does not know cookies: what the browser holds is a secret that leads to a [`BrowserSession`], and changes at each
//! login. The `sid` that clients see does not.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::{
    env::Timestamp,
    model::{SessionCookieMode, TenantSettings},
};

/// How a user proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// With a password.
    Password,
    /// With a code that was sent to an address of the user.
    OneTimeCode,
    /// With a second factor beside the first.
    MultiFactor,
}

impl AuthenticationMethod {
    /// The value in `amr` (RFC 8176 §2).
    pub const fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::OneTimeCode => "otp",
            Self::MultiFactor => "mfa",
        }
    }
}

/// Proof that a user logged in just now. Made by whoever checked the password, once it fitted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Authentication {
    user_id: String,
    at: Timestamp,
    methods: Vec<AuthenticationMethod>,
}

impl Authentication {
    /// The user proved itself by `methods` at `at`.
    pub const fn proven(
        user_id: String,
        methods: Vec<AuthenticationMethod>,
        at: Timestamp,
    ) -> Self {
        Self {
            user_id,
            at,
            methods,
        }
    }

    /// Who.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// How.
    pub fn methods(&self) -> &[AuthenticationMethod] {
        &self.methods
    }
}

/// Whether a session outlives the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Persistence {
    /// It does: its cookie has an expiry.
    Persistent,
    /// It ends with the browser.
    Ephemeral,
}

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Limits {
    /// Seconds from the login.
    pub absolute_seconds: i64,
    /// Seconds from the last use.
    pub idle_seconds: i64,
}

impl Limits {
    /// The tenant's limits for sessions of `persistence`: 168 h and 72 h, or 72 h and 24 h, unless set.
    pub fn of(settings: &TenantSettings, persistence: Persistence) -> Self {
        let seconds = |setting: &Option<Number>, default_hours: i64| {
            let hours = setting.as_ref().and_then(Number::as_f64);
            hours.map_or(default_hours * 3600, whole_seconds)
        };
        match persistence {
            Persistence::Persistent => Self {
                absolute_seconds: seconds(&settings.session_lifetime, 168),
                idle_seconds: seconds(&settings.idle_session_lifetime, 72),
            },
            Persistence::Ephemeral => Self {
                absolute_seconds: seconds(&settings.ephemeral_session_lifetime, 72),
                idle_seconds: seconds(&settings.idle_ephemeral_session_lifetime, 24),
            },
        }
    }

    /// The tighter of both. Lowering a limit counts at once, raising it from the next login on.
    const fn and(self, other: Self) -> Self {
        Self {
            absolute_seconds: min(self.absolute_seconds, other.absolute_seconds),
            idle_seconds: min(self.idle_seconds, other.idle_seconds),
        }
    }
}

const fn min(one: i64, other: i64) -> i64 {
    if one < other { one } else { other }
}

/// Hours come as JSON numbers with a fraction. What is out of range is the nearest that is in it.
fn whole_seconds(hours: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "clamped to a range that integers hold"
    )]
    let seconds = (hours * 3600.0).clamp(0.0, 1e12) as i64;
    seconds
}

/// Whether sessions of the tenant outlive the browser.
pub fn persistence(settings: &TenantSettings) -> Persistence {
    match settings.session_cookie.map(|cookie| cookie.mode) {
        None | Some(SessionCookieMode::Persistent) => Persistence::Persistent,
        Some(SessionCookieMode::NonPersistent) => Persistence::Ephemeral,
    }
}

/// A user logged in, in one browser, at one host of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct BrowserSession {
    /// The `sid` of ID tokens and logout tokens.
    pub id: String,
    /// Who.
    pub user_id: String,
    /// When the user last proved who it is; `auth_time`.
    pub authenticated_at: Timestamp,
    /// How.
    pub methods: Vec<AuthenticationMethod>,
    /// When it was last used at the server.
    pub last_used_at: Timestamp,
    /// Whether it outlives the browser.
    pub persistence: Persistence,
    /// The limits at the login.
    pub limits: Limits,
}

/// What a login does to the session of the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// The session from now on.
    pub session: BrowserSession,
    /// The session of another user that this one takes the place of; it is ended like by a logout.
    pub replaced: Option<BrowserSession>,
}

impl BrowserSession {
    /// Logs in. The same user keeps its session, so that clients know it by the same `sid`; another one gets `new_id`.
    pub fn log_in(
        existing: Option<&Self>,
        authentication: &Authentication,
        new_id: String,
        persistence: Persistence,
        limits: Limits,
    ) -> LoggedIn {
        let same = existing.filter(|session| session.user_id == authentication.user_id);
        let session = Self {
            id: same.map_or(new_id, |session| session.id.clone()),
            user_id: authentication.user_id.clone(),
            authenticated_at: authentication.at,
            methods: authentication.methods.clone(),
            last_used_at: authentication.at,
            persistence,
            limits,
        };
        let replaced = existing.filter(|_| same.is_none()).cloned();
        LoggedIn { session, replaced }
    }

    /// When it ends if nobody uses it again, under `current` limits of the tenant.
    pub fn expires_at(&self, current: Limits) -> Timestamp {
        let limits = self.limits.and(current);
        let absolute = self.authenticated_at.plus_seconds(limits.absolute_seconds);
        let idle = self.last_used_at.plus_seconds(limits.idle_seconds);
        absolute.min(idle)
    }

    /// Whether it still lasts, under `current` limits of the tenant.
    pub fn lasts(&self, current: Limits, now: Timestamp) -> bool {
        now < self.expires_at(current)
    }

    /// The session, used at `now`.
    #[must_use]
    pub fn used(mut self, now: Timestamp) -> Self {
        self.last_used_at = self.last_used_at.max(now);
        self
    }

    /// Whether the login is no older than `max_age_seconds` (OIDC Core §3.1.2.1).
    pub fn is_younger_than(&self, max_age_seconds: u64, now: Timestamp) -> bool {
        let max_age = i64::try_from(max_age_seconds).unwrap_or(i64::MAX);
        // Zero asks for a login in any case, also in the second of the last one.
        max_age > 0 && now <= self.authenticated_at.plus_seconds(max_age)
    }

    /// Until when the browser keeps the cookie; `None`: until it is closed.
    pub fn cookie_expires_at(&self, current: Limits) -> Option<Timestamp> {
        let limits = self.limits.and(current);
        match self.persistence {
            Persistence::Persistent => {
                Some(self.authenticated_at.plus_seconds(limits.absolute_seconds))
            }
            Persistence::Ephemeral => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const HOUR: i64 = 3600;

    fn settings(value: &serde_json::Value) -> TenantSettings {
        let mut document = json!({"id": "settings"});
        document
            .as_object_mut()
            .unwrap()
            .extend(value.as_object().unwrap().clone());
        serde_json::from_value(document).unwrap()
    }

    fn limits(absolute_hours: i64, idle_hours: i64) -> Limits {
        Limits {
            absolute_seconds: absolute_hours * HOUR,
            idle_seconds: idle_hours * HOUR,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn ada(seconds: i64) -> Authentication {
        Authentication::proven(
            "auth0|ada".to_owned(),
            vec![AuthenticationMethod::Password],
            at(seconds),
        )
    }

    fn log_in(existing: Option<&BrowserSession>, authentication: &Authentication) -> LoggedIn {
        BrowserSession::log_in(
            existing,
            authentication,
            "new".to_owned(),
            Persistence::Persistent,
            limits(168, 72),
        )
    }

    #[test]
    fn j14_the_limits_are_the_tenants_and_168_and_72_hours_unless_set() {
        let of = |value| Limits::of(&settings(&value), Persistence::Persistent);
        assert_eq!(of(json!({})), limits(168, 72));
        assert_eq!(
            of(json!({"session_lifetime": 2, "idle_session_lifetime": 0.5})),
            Limits {
                absolute_seconds: 2 * HOUR,
                idle_seconds: HOUR / 2
            }
        );
        let ephemeral = json!({"session_lifetime": 2, "ephemeral_session_lifetime": 3});
        assert_eq!(
            Limits::of(&settings(&ephemeral), Persistence::Ephemeral),
            limits(3, 24)
        );
        assert_eq!(of(json!({"session_lifetime": -1})).absolute_seconds, 0);
    }

    #[test]
    fn j14_5_an_idle_timeout_of_an_hour_ends_a_session_unused_for_61_minutes() {
        let session = log_in(None, &ada(0)).session;
        let current = limits(168, 1);
        assert!(session.lasts(current, at(59 * 60)));
        assert!(!session.lasts(current, at(61 * 60)));
        let used = session.used(at(59 * 60));
        assert!(used.lasts(current, at(61 * 60)));
    }

    #[test]
    fn t6_4_5_use_does_not_carry_a_session_past_its_lifetime() {
        let mut session = log_in(None, &ada(0)).session;
        let current = limits(168, 72);
        for hour in (0..168).step_by(48) {
            session = session.used(at(hour * HOUR));
            assert!(session.lasts(current, at(hour * HOUR)));
        }
        session = session.used(at(167 * HOUR));
        assert!(session.lasts(current, at(168 * HOUR - 1)));
        assert!(!session.lasts(current, at(168 * HOUR)));
    }

    #[test]
    fn lowering_a_limit_counts_at_once_and_raising_it_from_the_next_login() {
        let session = log_in(None, &ada(0)).session;
        assert!(!session.lasts(limits(1, 72), at(2 * HOUR)));
        assert!(!session.lasts(limits(1000, 1000), at(73 * HOUR)));
        let again = BrowserSession::log_in(
            Some(&session),
            &ada(HOUR),
            "x".to_owned(),
            Persistence::Persistent,
            limits(1000, 1000),
        );
        assert!(again.session.lasts(limits(1000, 1000), at(900 * HOUR)));
    }

    #[test]
    fn the_same_user_keeps_the_sid_and_another_one_replaces_the_session() {
        let first = log_in(None, &ada(0)).session;
        assert_eq!(first.id, "new");
        let again = BrowserSession::log_in(
            Some(&first),
            &ada(9),
            "other".to_owned(),
            Persistence::Persistent,
            limits(1, 1),
        );
        assert_eq!((again.session.id.as_str(), again.replaced), ("new", None));
        assert_eq!(again.session.authenticated_at, at(9));
        let bob = Authentication::proven("auth0|bob".to_owned(), Vec::new(), at(9));
        let replaced = BrowserSession::log_in(
            Some(&first),
            &bob,
            "other".to_owned(),
            Persistence::Persistent,
            limits(1, 1),
        );
        assert_eq!(replaced.session.id, "other");
        assert_eq!(replaced.replaced, Some(first));
    }

    #[test]
    fn t6_4_4_max_age_is_counted_from_the_login_and_zero_is_never_enough() {
        let session = log_in(None, &ada(100)).session.used(at(500));
        assert!(session.is_younger_than(60, at(160)));
        assert!(!session.is_younger_than(60, at(161)));
        assert!(!session.is_younger_than(0, at(100)));
        assert!(session.is_younger_than(u64::MAX, at(100_000)));
    }

    #[test]
    fn a_cookie_of_a_session_that_ends_with_the_browser_has_no_expiry() {
        let mode = |mode| persistence(&settings(&json!({"session_cookie": {"mode": mode}})));
        assert_eq!(mode("persistent"), Persistence::Persistent);
        assert_eq!(mode("non-persistent"), Persistence::Ephemeral);
        assert_eq!(persistence(&settings(&json!({}))), Persistence::Persistent);
        let mut session = log_in(None, &ada(0)).session;
        let current = limits(168, 72);
        assert_eq!(session.cookie_expires_at(current), Some(at(168 * HOUR)));
        session.persistence = Persistence::Ephemeral;
        assert_eq!(session.cookie_expires_at(current), None);
    }

    proptest! {
        /// However a session is used, it never lasts longer than either limit, then or now, allows.
        #[test]
        fn no_use_makes_a_session_outlast_a_limit(
            uses in proptest::collection::vec(0_i64..1_000_000, 0..20),
            then in (1_i64..200, 1_i64..200),
            current in (1_i64..200, 1_i64..200),
            when in 0_i64..1_000_000,
        ) {
            let mut session = log_in(None, &ada(0)).session;
            session.limits = limits(then.0, then.1);
            let current = limits(current.0, current.1);
            let mut last = 0;
            for using in uses {
                session = session.used(at(using));
                last = last.max(using);
            }
            if session.lasts(current, at(when)) {
                prop_assert!(when < session.limits.absolute_seconds.min(current.absolute_seconds));
                prop_assert!(when < last + session.limits.idle_seconds.min(current.idle_seconds));
            }
        }
    }
}
