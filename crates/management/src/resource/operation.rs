//! An operation of a resource.

use crate::{call::Response, engine::Call, failure::Failure, keys::Pending};

/// An operation of a resource.
pub(crate) struct Operation {
    /// `GET` …
    pub(crate) method: &'static str,
    /// The path below `/api/v2`; `{name}` stands for a segment. Empty means the resource's own path, with `/{id}` for
    /// the actions on one of a collection.
    pub(crate) path: &'static str,
    /// Who may.
    pub(crate) scopes: Scopes,
    /// What it does.
    pub(crate) action: Action,
    /// The status of success.
    pub(crate) status: u16,
    /// Whether success may also be 204, where there is nothing to tell.
    pub(crate) or_nothing: bool,
    /// What it does, in words.
    pub(crate) summary: &'static str,
    /// Query parameters with their notation, where the declaration of lists does not tell them.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// What success answers, where the action does not tell it.
    pub(crate) answer: Answer,
}

/// What an operation that is not CRUD answers on success.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// One of the resource.
    One,
    /// An array of the resource.
    Array,
    /// What this notation describes.
    Shape(&'static str),
}

/// Which scopes an operation asks for.
#[derive(Clone, Copy)]
pub(crate) enum Scopes {
    /// One of them.
    Any(&'static [&'static str]),
    /// All of them.
    All(&'static [&'static str]),
}

impl Scopes {
    /// Every scope that is named.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Any(names) | Self::All(names) => names,
        }
    }
}

/// What an operation does.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    List,
    Create,
    Find,
    Update,
    /// Makes the one that the path names be what was sent, whether or not it was there.
    Replace,
    Delete,
    /// Something else: its function, and the notation of its body if it has one.
    Run(Run, Option<&'static str>),
}

/// An operation that is not CRUD.
pub(crate) type Run = for<'a> fn(&'a Call<'a>) -> Pending<'a, Result<Response, Failure>>;

/// `GET` of the collection.
pub(crate) const fn list(scopes: &'static [&'static str], summary: &'static str) -> Operation {
    crud("GET", scopes, Action::List, 200, summary)
}

/// `POST` to the collection.
pub(crate) const fn create(scopes: &'static [&'static str], summary: &'static str) -> Operation {
    crud("POST", scopes, Action::Create, 201, summary)
}

/// `GET` of one.
pub(crate) const fn find(scopes: &'static [&'static str], summary: &'static str) -> Operation {
    crud("GET", scopes, Action::Find, 200, summary)
}

/// `PATCH` of one.
pub(crate) const fn update(scopes: &'static [&'static str], summary: &'static str) -> Operation {
    crud("PATCH", scopes, Action::Update, 200, summary)
}

/// `PUT` of one that is named by its path.
pub(crate) const fn replace(scopes: &'static [&'static str], summary: &'static str) -> Operation {
    crud("PUT", scopes, Action::Replace, 200, summary)
}

/// `DELETE` of one.
pub(crate) const fn delete(scopes: &'static [&'static str], summary: &'static str) -> Operation {
    crud("DELETE", scopes, Action::Delete, 204, summary)
}

const fn crud(
    method: &'static str,
    scopes: &'static [&'static str],
    action: Action,
    status: u16,
    summary: &'static str,
) -> Operation {
    Operation {
        method,
        path: "",
        scopes: Scopes::Any(scopes),
        action,
        status,
        or_nothing: false,
        summary,
        query: &[],
        answer: Answer::One,
    }
}

/// An operation that is not CRUD, without a body.
pub(crate) const fn run(
    method: &'static str,
    path: &'static str,
    scopes: Scopes,
    status: u16,
    run: Run,
    summary: &'static str,
) -> Operation {
    Operation {
        method,
        path,
        scopes,
        action: Action::Run(run, None),
        status,
        or_nothing: false,
        summary,
        query: &[],
        answer: Answer::One,
    }
}

impl Operation {
    /// The same with these query parameters.
    pub(crate) const fn with_query(
        mut self,
        query: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.query = query;
        self
    }

    /// The same with this status of success.
    pub(crate) const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same, with 204 where there is nothing to tell.
    pub(crate) const fn or_nothing(mut self) -> Self {
        self.or_nothing = true;
        self
    }

    /// The same with this answer.
    pub(crate) const fn answering(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// The same with a body of this notation.
    pub(crate) const fn with_body(mut self, notation: &'static str) -> Self {
        if let Action::Run(run, _) = self.action {
            self.action = Action::Run(run, Some(notation));
        }
        self
    }
}
