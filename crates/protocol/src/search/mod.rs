//! The search language of users and logs: a subset of Lucene's, read by a real parser.
//!
//! `email:"ada@x.test" AND (logins_count:[100 TO *] OR _exists_:app_metadata.plan) NOT blocked:true`
//!
//! [`parse`] turns a text into a [`Search`]; [`users::resolve`] says what its fields mean for users and gives the
//! [`predicate::Predicate`] that a store answers. Knows no SQL.

pub mod attribute;
mod error;
mod lexer;
mod parser;
mod pattern;
pub mod predicate;
pub mod users;

pub use error::{Problem, SearchError};
pub use parser::parse;
pub use pattern::{Pattern, Piece};

/// Longest search, in bytes.
pub const MAX_LENGTH: usize = 4_096;

/// Deepest nesting of parentheses and negations.
pub const MAX_DEPTH: usize = 32;

/// Most terms of one search.
pub const MAX_TERMS: usize = 128;

/// What an entry must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Anything.
    All,
    /// Every one of them.
    And(Vec<Search>),
    /// One of them.
    Or(Vec<Search>),
    /// Not this.
    Not(Box<Search>),
    /// A field has such a value; without a field, any of the usual ones.
    Term {
        /// The field's path, such as `app_metadata.plan`.
        field: Option<String>,
        /// What its value must be like.
        matcher: Matcher,
    },
}

/// What a value must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// It is this text.
    Is(String),
    /// It has this form.
    Like(Pattern),
    /// It is there.
    Exists,
    /// It lies between two bounds.
    Between {
        /// The lower one; `None` is unbounded.
        from: Option<Bound>,
        /// The upper one.
        to: Option<Bound>,
    },
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The value.
    pub value: String,
    /// Whether it belongs to the range.
    pub edge: Edge,
}

/// Whether an end belongs to its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// It does: `[` and `]`.
    Inclusive,
    /// It does not: `{` and `}`.
    Exclusive,
}
