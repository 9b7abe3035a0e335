//! What families of refresh tokens must do, said once more and without the server's code: lists of texts, and who may
//! still use which of them.

/// The clients' settings, in seconds; what is absent never ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) rotates: bool,
    pub(super) leeway: i64,
    pub(super) life: Option<i64>,
    pub(super) idle: Option<i64>,
}

/// Why nobody uses a family any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Revoked,
    WithUser,
}

/// All that came from one login.
#[derive(Debug)]
struct Family {
    client: usize,
    /// Every refresh token there ever was, oldest first.
    tokens: Vec<String>,
    /// Every access token, with the instant at which it is over.
    access: Vec<(String, i64)>,
    rotated_at: i64,
    dies_at: Option<i64>,
    idle_until: Option<i64>,
    end: Option<End>,
}

/// What a use must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// The usual refusal.
    Refused,
    /// The refusal that names the user.
    Blocked,
    /// A token that was never seen before.
    NewToken,
    /// The newest token, which is known.
    KnownToken,
}

/// All families of one user, at some clients.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) now: i64,
    pub(super) settings: Vec<Settings>,
    pub(super) blocked: bool,
    families: Vec<Family>,
}

const ACCESS_TOKEN_LIFE: i64 = 86_400;

impl Model {
    pub(super) fn families(&self) -> usize {
        self.families.len()
    }

    pub(super) fn client(&self, family: usize) -> usize {
        self.families[family].client
    }

    /// The token that is `back` generations older than the newest.
    pub(super) fn token(&self, family: usize, back: usize) -> Option<&str> {
        let tokens = &self.families[family].tokens;
        let place = tokens.len().checked_sub(back + 1)?;
        Some(&tokens[place])
    }

    /// Every access token, and whether it must still be good.
    pub(super) fn access(&self) -> impl Iterator<Item = (&str, bool)> {
        self.families.iter().flat_map(|family| {
            let good = |until: i64| family.end.is_none() && self.now < until;
            let tokens = family.access.iter();
            tokens.map(move |(token, until)| (token.as_str(), good(*until)))
        })
    }

    pub(super) fn logged_in(&mut self, client: usize, token: String, access: String) {
        let settings = self.settings[client];
        let now = self.now;
        self.families.push(Family {
            client,
            tokens: vec![token],
            access: vec![(access, now + ACCESS_TOKEN_LIFE)],
            rotated_at: now,
            dies_at: settings.life.map(|life| now + life),
            idle_until: settings.idle.map(|idle| now + idle),
            end: None,
        });
    }

    /// `client` uses the token that is `back` generations old.
    pub(super) fn uses(&mut self, client: usize, family: usize, back: usize) -> Expected {
        let (now, settings, blocked) = (self.now, self.settings[client], self.blocked);
        let family = &mut self.families[family];
        if family.client != client {
            return Expected::Refused;
        }
        match family.end {
            Some(End::WithUser) if blocked => return Expected::Blocked,
            Some(_) => return Expected::Refused,
            None => {}
        }
        let in_time = now - family.rotated_at < settings.leeway;
        if 1 < back || (back == 1 && !in_time) {
            family.end = Some(End::Revoked);
            return Expected::Refused;
        }
        let over = |end: Option<i64>| end.is_some_and(|end| end <= now);
        if over(family.dies_at) || over(family.idle_until) {
            return Expected::Refused;
        }
        family.idle_until = settings.idle.map(|idle| now + idle);
        if let Some(life) = settings.life {
            let end = family.dies_at.unwrap_or(i64::MAX);
            family.dies_at = Some(end.min(now + life));
        }
        if back == 0 && settings.rotates {
            family.rotated_at = now;
            return Expected::NewToken;
        }
        Expected::KnownToken
    }

    /// A use gave these.
    pub(super) fn gave(&mut self, family: usize, token: &str, access: String) {
        let family = &mut self.families[family];
        if !family.tokens.iter().any(|known| known == token) {
            family.tokens.push(token.to_owned());
        }
        family.access.push((access, self.now + ACCESS_TOKEN_LIFE));
    }

    /// Whether any family ever had this refresh token.
    pub(super) fn knows(&self, token: &str) -> bool {
        let mut tokens = self.families.iter().flat_map(|family| &family.tokens);
        tokens.any(|known| known == token)
    }

    /// `client` gives a token of a family back.
    pub(super) fn revoked(&mut self, client: usize, family: usize) {
        let family = &mut self.families[family];
        if family.client == client {
            family.end.get_or_insert(End::Revoked);
        }
    }

    /// The user's password changed.
    pub(super) fn password_changed(&mut self) {
        for family in &mut self.families {
            // What ended with the user is forgotten then.
            family.end = Some(End::Revoked);
        }
    }

    /// The user was blocked.
    pub(super) fn user_blocked(&mut self) {
        self.blocked = true;
        for family in &mut self.families {
            family.end.get_or_insert(End::WithUser);
        }
    }
}
