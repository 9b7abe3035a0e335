//! Consent, and the confirmation of a login without pages.

use askama::Template;
use grantor_protocol::consent::Line;

use super::{Form, card};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// What is asked at one API.
#[derive(Clone, Debug, Default)]
pub struct Group<'a> {
    /// The API's name; `None` for what concerns the user's own profile.
    pub api: Option<&'a str>,
    /// Line by line: `protocol::consent::lines`.
    pub lines: Vec<Line<'a>>,
}

/// What an application may do for the user. Sends `action`: `accept` or `decline`.
#[derive(Clone, Debug, Default)]
pub struct Consent<'a> {
    /// Where the answer goes.
    pub form: Form,
    /// Who is asked: an address or another name that the user knows.
    pub user: String,
    /// What is asked; empty: nothing but to know that the user logged in.
    pub groups: Vec<Group<'a>>,
    /// The host that the browser goes on to, if the user is to know: the application is somebody else's.
    pub goes_on_to: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/consent.html")]
struct ConsentCard<'a> {
    t: Speech<'a>,
    page: &'a Consent<'a>,
}

impl ConsentCard<'_> {
    fn is_empty(&self) -> bool {
        self.page.groups.iter().all(|group| group.lines.is_empty())
    }
}

/// A line as a heading, which may be empty, and what follows it.
pub(super) fn sentence(t: &Speech<'_>, line: &Line<'_>) -> (String, String) {
    match line {
        Line::Profile => split(t, Text::LineProfile),
        Line::Email => split(t, Text::LineEmail),
        Line::Phone => split(t, Text::LinePhone),
        Line::Address => split(t, Text::LineAddress),
        Line::Offline => split(t, Text::LineOffline),
        Line::Resource { resource, actions } => {
            let actions: Vec<String> = actions.iter().map(|name| verb(t, name)).collect();
            let actions = t.list(&actions);
            let values = [("actions", &*actions), ("resource", *resource)];
            let sentence = t.fill(Text::ConsentActions, &values);
            (capitalised(resource), sentence)
        }
        Line::Described(text) | Line::Named(text) => (String::new(), (*text).to_owned()),
    }
}

/// The part before the colon, and the part after it.
fn split(t: &Speech<'_>, text: Text) -> (String, String) {
    let sentence = t.say(text);
    match sentence.split_once([':', '：']) {
        Some((heading, rest)) => (heading.trim().to_owned(), rest.trim().to_owned()),
        None => (String::new(), sentence),
    }
}

/// What is usually done, in the user's language; anything else as the API calls it.
fn verb(t: &Speech<'_>, action: &str) -> String {
    let text = match action {
        "read" => Text::ActionRead,
        "write" => Text::ActionWrite,
        "create" => Text::ActionCreate,
        "update" => Text::ActionUpdate,
        "delete" => Text::ActionDelete,
        "manage" => Text::ActionManage,
        other => return other.to_owned(),
    };
    t.say(text)
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

impl Page for Consent<'_> {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "consent",
            name: "consent",
            title: Text::ConsentPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn card(&self, t: Speech<'_>) -> askama::Result<String> {
        ConsentCard { t, page: self }.render()
    }
}

/// "Is it you who is logging in to this application?" Sends `action`: `accept` or `decline`.
#[derive(Clone, Debug, Default)]
pub struct Confirm {
    /// Where the answer goes.
    pub form: Form,
    /// Who is asked.
    pub user: String,
    /// The host that the browser goes on to, if the user is to know.
    pub goes_on_to: Option<String>,
}

impl Page for Confirm {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "confirmation",
            name: "confirmation",
            title: Text::ConfirmPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    card!(Confirm, "pages/confirm.html");
}
