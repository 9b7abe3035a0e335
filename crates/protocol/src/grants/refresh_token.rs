//! The refresh-token grant, RFC 6749 §6: what is kept of a refresh token, and what a use of it comes to.
//!
//! All tokens that follow upon one another are one *family* with a number that grows, the generation; a token is the name
//! of its family and its generation, and nothing is kept of it alone. So the successor of a token is the same whoever asks
//! for it, and a token that was replaced is recognised for ever.
//!
//! Does not write: that a use counts once is one statement of the store, and who loses that race comes back here with
//! what the winner left. Which scopes are granted is put to `authorization::decide` again, with the facts of the day.

use crate::{
    authorize::Target,
    client_auth::AuthenticatedClient,
    env::Timestamp,
    grants::basis::Basis,
    id_token::STANDARD_SCOPES,
    legacy::Pipeline,
    model::{Client, RefreshTokenSettings, RotationType},
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    tenant::Issuer,
    users::User,
};

/// Most families that a user has at one client; beyond that the oldest is revoked.
pub const MAX_FAMILIES: i64 = 200;

/// What is kept of a family of refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// Names it; also at the Management API.
    pub id: String,
    /// Under which name all is revoked that came from the same proof.
    pub family: String,
    /// For whom it speaks.
    pub user_id: String,
    /// To whom it was issued.
    pub client_id: String,
    /// For which API, as the user's consent is kept (`Target::consent_audience`).
    pub audience: String,
    /// In which browser session it was issued, if in one. It outlives the session.
    pub session_id: Option<String>,
    /// When the first of it was issued.
    pub created_at: Timestamp,
    /// What each use changes.
    pub standing: Standing,
    /// What was proven and granted.
    pub basis: Basis,
}

/// What each use of a family changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Of which generation the newest token is.
    pub generation: u32,
    /// When the newest one was made, if it is not the first.
    pub rotated_at: Option<Timestamp>,
    /// The last use.
    pub last_exchanged_at: Timestamp,
    /// When it is over, however much it is used.
    pub expires_at: Option<Timestamp>,
    /// When it is over if it is not used.
    pub idle_expires_at: Option<Timestamp>,
}

impl Standing {
    /// That of a family which begins now.
    pub fn begin(settings: Option<&RefreshTokenSettings>, now: Timestamp) -> Self {
        let none = RefreshTokenSettings::default();
        let first = Self {
            generation: 0,
            rotated_at: None,
            last_exchanged_at: now,
            expires_at: None,
            idle_expires_at: None,
        };
        first.used(settings.unwrap_or(&none), now)
    }

    /// When it is over unless it is used; `None` if never.
    pub fn dies_at(&self) -> Option<Timestamp> {
        let ends = [self.expires_at, self.idle_expires_at];
        ends.into_iter().flatten().min()
    }

    /// This one after a use: an end that is set is never moved away, and a shorter life, or one where there was none, is
    /// counted from now on, so that new settings end no token that is in use.
    fn used(self, settings: &RefreshTokenSettings, now: Timestamp) -> Self {
        let after = |seconds| now.plus_seconds(seconds);
        let ends = [self.expires_at, settings.absolute_seconds().map(after)];
        Self {
            last_exchanged_at: self.last_exchanged_at.max(now),
            expires_at: ends.into_iter().flatten().min(),
            idle_expires_at: settings.idle_seconds().map(after),
            ..self
        }
    }

    fn rotated(self, now: Timestamp) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            rotated_at: Some(now),
            ..self
        }
    }

    /// Whether the token before the newest one still leads to it. Without a leeway never: a request that began before the
    /// rotation, on this node or by another one's clock, is none inside of it.
    fn is_overlapping(&self, leeway_seconds: i64, now: Timestamp) -> bool {
        let until = self.rotated_at.map(|at| at.plus_seconds(leeway_seconds));
        leeway_seconds > 0 && until.is_some_and(|until| now < until)
    }
}

/// A token request of this grant.
#[derive(Debug)]
pub struct Request {
    /// The token.
    pub refresh_token: Secret,
    /// Which of the granted scopes are wanted; none named means all.
    pub scope: Vec<String>,
    /// The API that the access token is for, as sent; counts where a policy of the client names it.
    pub audience: Option<String>,
}

impl Request {
    /// Reads the request.
    ///
    /// # Errors
    /// A [`Refusal`] for a missing token and for a parameter of the wrong type.
    pub fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let scope = parameters.words("scope")?;
        Ok(Self {
            refresh_token: Secret::new(parameters.required("refresh_token")?.to_owned()),
            scope: scope.into_iter().map(str::to_owned).collect(),
            audience: parameters.text("audience")?.map(str::to_owned),
        })
    }

    /// What tokens stand on that are asked for by a client which holds `token`. Another API than that of the login is
    /// reached where a policy of the client names it; of other names nothing comes.
    ///
    /// Users consent to the API of the login alone, so that policies are for clients that need no consent.
    pub fn basis(&self, token: &RefreshToken, client: &Client, issuer: &Issuer) -> Basis {
        let granted = &token.basis;
        let asked = self.audience.as_ref().map(|asked| issuer.to_stored(asked));
        let asked = asked.filter(|asked| client.is_first_party && *asked != token.audience);
        let policies = client.refresh_token.as_ref();
        let policies = policies.and_then(|settings| settings.policies.as_ref());
        let policy = asked.as_ref().and_then(|asked| {
            let mut policies = policies?.iter();
            policies.find(|policy| issuer.to_stored(&policy.audience) == *asked)
        });
        let (target, scope) = match policy {
            None => (granted.target.clone(), granted.scope.clone()),
            Some(policy) => {
                let standard = |scope: &&String| STANDARD_SCOPES.contains(&scope.as_str());
                let standard = granted.scope.iter().filter(standard);
                (
                    Target::Api(issuer.to_wire(&policy.audience)),
                    standard.chain(&policy.scope).cloned().collect(),
                )
            }
        };
        Basis {
            target,
            requested_scope: self.scope.clone(),
            scope: self.narrow(&scope),
            // Names that were not asked for at the login would open more of the user there.
            pipeline: Pipeline::Conformant,
            ..granted.clone()
        }
    }

    /// What is wanted of `granted` (RFC 6749 §6: no more than that); what is not among it vanishes.
    fn narrow(&self, granted: &[String]) -> Vec<String> {
        if self.scope.is_empty() {
            return granted.to_vec();
        }
        let wanted = self.scope.iter().filter(|scope| granted.contains(scope));
        wanted.cloned().collect()
    }
}

/// What was found for a text that was presented as a refresh token.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// This server never issued it.
    NeverIssued,
    /// Its family is no more.
    Gone,
    /// Its family, which ended when its user was deleted or blocked, and what became of that user.
    Ended(&'a RefreshToken, Account),
    /// Its family, and its own generation.
    Token(&'a RefreshToken, u32),
}

/// What became of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// There is no such user.
    Gone,
    /// It is blocked.
    Blocked,
    /// It is as it was, or there is one of that identifier again.
    Active,
}

/// What a use comes to.
#[derive(Debug)]
pub enum Decision {
    /// The family may become this; whoever makes it so gets tokens, among them the refresh token of that generation.
    Exchange(Standing),
    /// Nothing.
    Refuse {
        /// Why.
        refusal: Refusal,
        /// What is done about it, although the client gets an error.
        effect: Option<Effect>,
    },
}

/// What a refused use does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Everything of the family is revoked (RFC 9700 §4.14.2).
    RevokeFamily(String),
}

/// Decides a use by `client` of what was found, by the client's settings of the day.
pub fn decide(client: &AuthenticatedClient, found: Found<'_>, now: Timestamp) -> Decision {
    let client = client.client();
    let refuse = |rule: Rule, fact: &'static str, value: &str, effect| Decision::Refuse {
        refusal: Refusal::new(rule)
            .with("client_id", &client.client_id)
            .with(fact, value),
        effect,
    };
    let unknown = |because| refuse(Rule::RefreshTokenUnknown, "because", because, None);
    let (token, generation) = match found {
        Found::NeverIssued => return unknown("it was never issued"),
        Found::Gone => return unknown("it was revoked or has expired"),
        // Before anything else, so that a client learns nothing of another's token and does nothing to it.
        Found::Ended(token, _) | Found::Token(token, _) if token.client_id != client.client_id => {
            let rule = Rule::RefreshTokenOfAnotherClient;
            return refuse(rule, "issued_to", &token.client_id, None);
        }
        Found::Ended(token, account) => {
            return refuse(account.rule(), "user_id", &token.user_id, None);
        }
        Found::Token(token, generation) => (token, generation),
    };
    let none = RefreshTokenSettings::default();
    let settings = client.refresh_token.as_ref().unwrap_or(&none);
    let standing = token.standing;
    if standing.generation < generation {
        // A backup was restored: the newest token is older than one that was handed out.
        return unknown("its generation is yet to come");
    }
    let newest = generation == standing.generation;
    let overlapping = generation.saturating_add(1) == standing.generation
        && standing.is_overlapping(settings.leeway_seconds(), now);
    if !newest && !overlapping {
        let effect = Effect::RevokeFamily(token.family.clone());
        let rule = Rule::RefreshTokenReused;
        return refuse(rule, "user_id", &token.user_id, Some(effect));
    }
    if let Some(died_at) = standing.dies_at().filter(|dies_at| *dies_at <= now) {
        let rule = Rule::RefreshTokenExpired;
        return refuse(rule, "expired_at", &died_at.rfc3339(), None);
    }
    let used = standing.used(settings, now);
    Decision::Exchange(
        if newest && settings.rotation_type == RotationType::Rotating {
            used.rotated(now)
        } else {
            used
        },
    )
}

impl RefreshToken {
    /// Whether it may still speak for `user`. A login that was on its way while the password changed is not among what the
    /// change revoked, and is worth as little.
    ///
    /// # Errors
    /// [`Rule::RefreshTokenUnknown`] if it began before the user's present password.
    pub fn outlives(&self, user: &User) -> Result<(), Refusal> {
        match user.last_password_reset {
            Some(reset) if self.created_at < reset => Err(Refusal::new(Rule::RefreshTokenUnknown)
                .with("user_id", &self.user_id)
                .with("because", "the password was changed since")),
            _ => Ok(()),
        }
    }
}

impl Account {
    /// What is said of a token that ended with it.
    const fn rule(self) -> Rule {
        match self {
            Self::Gone => Rule::RefreshTokenUserGone,
            Self::Blocked => Rule::RefreshTokenUserBlocked,
            Self::Active => Rule::RefreshTokenUnknown,
        }
    }
}

#[cfg(test)]
mod tests;
