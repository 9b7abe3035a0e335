//! Why a search was refused.

use super::{MAX_DEPTH, MAX_LENGTH, MAX_TERMS};

/// Why a search was refused, and where. The text is fit for a client: it names nothing but the search itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid search at position {position}: {problem}")]
pub struct SearchError {
    /// Characters before the problem.
    pub position: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a search.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More than [`MAX_LENGTH`] bytes.
    #[error("the search is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// Deeper than [`MAX_DEPTH`].
    #[error("more than {MAX_DEPTH} levels of nesting")]
    TooDeep,
    /// More than [`MAX_TERMS`].
    #[error("more than {MAX_TERMS} terms")]
    TooManyTerms,
    /// A quotation mark without its partner.
    #[error("a quotation that is not closed")]
    OpenQuotation,
    /// A backslash at the end.
    #[error("nothing follows the backslash")]
    DanglingEscape,
    /// A parenthesis without its partner.
    #[error("a parenthesis that is not closed")]
    OpenParenthesis,
    /// Something else belongs here.
    #[error("expected {wanted}")]
    Expected {
        /// What belongs here.
        wanted: &'static str,
    },
    /// A part of Lucene's language that is not of this one.
    #[error("{what} is not supported")]
    Unsupported {
        /// Which part.
        what: &'static str,
    },
    /// The field cannot be searched in this way.
    #[error("{what} is not available for the field {field}")]
    NotForField {
        /// The field.
        field: String,
        /// The way.
        what: &'static str,
    },
    /// The value cannot be read as what the field holds.
    #[error("the field {field} takes {wanted}")]
    Value {
        /// The field.
        field: String,
        /// What it holds.
        wanted: &'static str,
    },
    /// A list cannot be ordered like this.
    #[error("cannot sort by {field}")]
    Sort {
        /// What was asked for.
        field: String,
    },
}

impl Problem {
    pub(super) fn at(self, position: usize) -> SearchError {
        SearchError {
            position,
            problem: self,
        }
    }
}
