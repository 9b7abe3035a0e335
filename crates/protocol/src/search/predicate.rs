//! What a store is asked: tests of named columns and attributes, without a word of the text that a client sent as such.

use super::Pattern;
use crate::env::Timestamp;

/// What an entry must be like. An empty [`Predicate::And`] holds for every entry, an empty [`Predicate::Or`] for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Every one of them.
    And(Vec<Predicate>),
    /// One of them.
    Or(Vec<Predicate>),
    /// Not this; an entry that lacks the value tested inside matches.
    Not(Box<Predicate>),
    /// A text of the user.
    Text(TextColumn, TextTest),
    /// An instant, from the first (inclusive) to the second (exclusive).
    Instant(InstantColumn, Option<Timestamp>, Option<Timestamp>),
    /// How often the user logged in, from the first to the second, both inclusive.
    LoginsCount(Option<i64>, Option<i64>),
    /// A flag; users without it count as `false`.
    Flag(FlagColumn, Flag),
    /// Something of one of the user's identities.
    Identity(IdentityColumn, TextTest),
    /// Something else of the profile, under its path, in the form of [`super::attribute`].
    Attribute(String, AttributeTest),
}

impl Predicate {
    /// Holds for every entry.
    pub const ALL: Self = Self::And(Vec::new());

    /// Holds for none.
    pub const NONE: Self = Self::Or(Vec::new());
}

/// What a text must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    /// It is this.
    Is(String),
    /// It has this form.
    Like(Pattern),
    /// It sorts from the first (inclusive) to the second (exclusive), by its bytes.
    Between(Option<String>, Option<String>),
    /// It is there.
    Exists,
}

/// What an attribute must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeTest {
    /// One of its values passes one of these.
    Any(Vec<TextTest>),
    /// It, or something below it, is there.
    Exists,
}

/// Texts that have a column. All but `UserId`, `PhoneNumber` and `LastIp` are kept in lower case, and so are the texts
/// that they are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextColumn {
    /// `user_id`, with the provider.
    UserId,
    /// `email`
    Email,
    /// `username`
    Username,
    /// `phone_number`
    PhoneNumber,
    /// `name`
    Name,
    /// `nickname`
    Nickname,
    /// `given_name`
    GivenName,
    /// `family_name`
    FamilyName,
    /// `last_ip`
    LastIp,
}

/// Instants that have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstantColumn {
    /// `created_at`
    CreatedAt,
    /// `updated_at`
    UpdatedAt,
    /// `last_login`
    LastLogin,
    /// `last_password_reset`
    LastPasswordReset,
}

/// Flags that have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagColumn {
    /// `email_verified`
    EmailVerified,
    /// `phone_verified`
    PhoneVerified,
    /// `blocked`
    Blocked,
}

/// The value of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// `true`
    Set,
    /// `false`
    Clear,
    /// Either.
    Present,
}

/// Members of an identity that have a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityColumn {
    /// `identities.connection`
    Connection,
    /// `identities.provider`
    Provider,
    /// `identities.user_id`
    UserId,
}

/// In which order users are listed; ties are broken by `user_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: OrderColumn,
    /// Which way.
    pub direction: Direction,
}

/// What users can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderColumn {
    /// A text.
    Text(TextColumn),
    /// An instant.
    Instant(InstantColumn),
    /// `logins_count`
    LoginsCount,
}

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `:1`
    Ascending,
    /// `:-1`
    Descending,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            by: OrderColumn::Instant(InstantColumn::CreatedAt),
            direction: Direction::Ascending,
        }
    }
}
