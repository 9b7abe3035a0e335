//! Forms that are filled, rightly and wrongly, and sent.

use super::{BROWSERS, Browser, SESSION_COOKIE, Shown, Walk};

impl Walk<'_> {
    /// Fills a form that `of` was shown, and sends it from `browser`.
    pub(super) async fn submit(&mut self, browser: usize, of: usize) {
        let Some(shown) = self.any_page(of) else {
            return;
        };
        let html = shown.page.html();
        let has = |name: &str| html.contains(&format!("name=\"{name}\""));
        let (email, password) = self.credentials(has("email"));
        let mut fields = Vec::new();
        let mut proves = None;
        let goes_to = |path: &str| html.contains(&format!("action=\"{path}\""));
        let is_consent = goes_to("/u/consent");
        if is_consent || goes_to("/u/confirm") {
            let action = self
                .chance
                .of(&["accept", "accept", "accept", "decline", ""]);
            fields.push(("action", action));
        } else if !self.chance.once_in(8) {
            for name in ["username", "email"] {
                if has(name) {
                    fields.push((name, email.as_str()));
                }
            }
            if has("password") {
                fields.push(("password", password.as_str()));
                let named = has("username") && !goes_to("/u/login/password");
                proves = Some(self.owner(&email, &password, named, has("email")));
            }
        }
        self.say(&format!(
            "browser {browser} sends {fields:?} to the page {} of {of}, request {:?}",
            shown.page.path(),
            shown.request
        ));
        if let (true, Some(request)) = (
            is_consent && fields == [("action", "accept")],
            shown.request,
        ) {
            let user = self.people.iter().find(|(email, _)| html.contains(email));
            let user = user.expect("the page says who is asked").0.clone();
            self.model.accepted(browser, request, &user);
        }
        let before = self.cookies[browser].get(SESSION_COOKIE).cloned();
        let node = self.chance.below(2);
        let mut tab = Browser::new(&self.nodes[node]);
        tab.cookies = std::mem::take(&mut self.cookies[browser]);
        let page = tab.submit(&shown.page, &fields).await;
        self.cookies[browser] = tab.cookies;
        if before.as_ref() != self.cookies[browser].get(SESSION_COOKIE) {
            let posted = proves.flatten();
            let known = |email: &String| self.people.iter().any(|(known, _)| known == email);
            if let Some(email) = posted.as_ref().filter(|email| !known(email)) {
                self.people.push((email.clone(), password.clone()));
            }
            self.model
                .logged_in(browser, shown.request, posted.as_deref());
        }
        self.arrive(browser, shown.request, page).await;
    }

    /// Posts by hand what no page has: the login of one page, the token of another or none, and a right password and yes.
    pub(super) async fn mix(&mut self, browser: usize) {
        let of = self.chance.below(BROWSERS);
        let (Some(one), Some(other)) = (self.any_page(browser), self.any_page(of)) else {
            return;
        };
        let hidden = |shown: &Shown, name: &str| {
            let mark = format!("name=\"{name}\"");
            shown.page.attribute(&mark, "value").unwrap_or_default()
        };
        let (state, csrf) = (hidden(&one, "state"), hidden(&other, "csrf"));
        if csrf == hidden(&one, "csrf") {
            return;
        }
        let (email, password) = self.people[self.chance.below(self.people.len())].clone();
        let fields = [
            ("state", state),
            ("csrf", self.chance.of(&[csrf.as_str(), ""]).to_owned()),
            ("username", email),
            ("password", password),
            ("action", "accept".to_owned()),
        ];
        let mut fields = fields
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        if self.chance.once_in(4) {
            fields.clear();
        }
        let path = self.chance.of(&[
            "/u/login",
            "/u/login/password",
            "/u/signup",
            "/u/consent",
            "/u/confirm",
        ]);
        self.say(&format!("browser {browser} posts {fields:?} to {path}"));
        let before = self.cookies[browser].get(SESSION_COOKIE).cloned();
        let mut tab = Browser::new(&self.nodes[0]);
        tab.cookies = std::mem::take(&mut self.cookies[browser]);
        let page = tab.post(path, &fields).await;
        self.cookies[browser] = tab.cookies;
        let after = self.cookies[browser].get(SESSION_COOKIE);
        assert_eq!(
            before.as_ref(),
            after,
            "a form of no page changed the session"
        );
        self.arrive(browser, one.request, page).await;
    }

    /// What is typed: mostly what is right, for somebody.
    fn credentials(&mut self, signs_up: bool) -> (String, String) {
        let number = self.chance.below(self.people.len());
        let (email, password) = self.people[number].clone();
        if signs_up && !self.chance.once_in(4) {
            let new = self.model.now;
            return (
                format!("{new}@orchard.test"),
                format!("Figs-and-dates-{new}"),
            );
        }
        match self.chance.below(9) {
            0 => (email, "wrong-Password-1".to_owned()),
            1 => {
                let other = (number + 1) % self.people.len();
                (email, self.people[other].1.clone())
            }
            _ => (email, password),
        }
    }

    /// Whom the posted form proves somebody to be.
    fn owner(&self, email: &str, password: &str, named: bool, signs_up: bool) -> Option<String> {
        let owner = self.people.iter().find(|(_, own)| own == password);
        match owner {
            // Where the identifier was asked for before, it is on the page and not in the form.
            Some((owner, _)) => (owner == email || !named && !signs_up).then(|| owner.clone()),
            None => signs_up.then(|| email.to_owned()),
        }
    }
}
