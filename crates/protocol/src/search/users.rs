//! What the fields of a search mean for users.

use super::{
    Bound, Edge, Matcher, Pattern, Piece, Problem, Search, SearchError, attribute,
    predicate::{
        AttributeTest, Direction, Flag, FlagColumn, IdentityColumn, InstantColumn, Order,
        OrderColumn, Predicate, TextColumn, TextTest,
    },
};
use crate::users::instant;

/// Literal characters that a pattern must have which does not begin with one.
pub const MIN_LITERAL: usize = 3;

/// Sorts after every text that begins with what comes before it.
const LAST: char = '\u{10FFFF}';

/// The fields that a term without a field looks at.
const USUAL: [TextColumn; 7] = [
    TextColumn::Email,
    TextColumn::Username,
    TextColumn::PhoneNumber,
    TextColumn::Name,
    TextColumn::Nickname,
    TextColumn::GivenName,
    TextColumn::FamilyName,
];

enum Target {
    Text(TextColumn),
    Instant(InstantColumn),
    LoginsCount,
    Flag(FlagColumn),
    Identity(IdentityColumn),
    Attribute,
}

/// What a search asks of users.
///
/// # Errors
/// A test that the field does not allow, or a value that it cannot have.
pub fn resolve(search: &Search) -> Result<Predicate, SearchError> {
    let all = |parts: &[Search]| parts.iter().map(resolve).collect::<Result<Vec<_>, _>>();
    Ok(match search {
        Search::All => Predicate::ALL,
        Search::And(parts) => Predicate::And(all(parts)?),
        Search::Or(parts) => Predicate::Or(all(parts)?),
        Search::Not(part) => Predicate::Not(Box::new(resolve(part)?)),
        Search::Term {
            field: Some(field),
            matcher,
        } => fielded(field, matcher).map_err(|problem| problem.at(0))?,
        Search::Term {
            field: None,
            matcher,
        } => {
            let tests = USUAL.map(|column| text_column(column, "without a name", matcher));
            let tests = tests.into_iter().collect::<Result<_, _>>();
            Predicate::Or(tests.map_err(|problem: Problem| problem.at(0))?)
        }
    })
}

/// Reads `sort`: a field, a colon and `1` or `-1`.
///
/// # Errors
/// Another form, or a field that users cannot be ordered by.
pub fn order(sort: &str) -> Result<Order, SearchError> {
    let refused = || {
        let field = sort.to_owned();
        Problem::Sort { field }.at(0)
    };
    let (field, direction) = sort.rsplit_once(':').ok_or_else(refused)?;
    let direction = match direction {
        "1" => Direction::Ascending,
        "-1" => Direction::Descending,
        _ => return Err(refused()),
    };
    let by = match target(field) {
        Target::Text(column) => OrderColumn::Text(column),
        Target::Instant(column) => OrderColumn::Instant(column),
        Target::LoginsCount => OrderColumn::LoginsCount,
        Target::Flag(_) | Target::Identity(_) | Target::Attribute => return Err(refused()),
    };
    Ok(Order { by, direction })
}

fn target(field: &str) -> Target {
    match field {
        "user_id" => Target::Text(TextColumn::UserId),
        "email" => Target::Text(TextColumn::Email),
        "username" => Target::Text(TextColumn::Username),
        "phone_number" => Target::Text(TextColumn::PhoneNumber),
        "name" => Target::Text(TextColumn::Name),
        "nickname" => Target::Text(TextColumn::Nickname),
        "given_name" => Target::Text(TextColumn::GivenName),
        "family_name" => Target::Text(TextColumn::FamilyName),
        "last_ip" => Target::Text(TextColumn::LastIp),
        "created_at" => Target::Instant(InstantColumn::CreatedAt),
        "updated_at" => Target::Instant(InstantColumn::UpdatedAt),
        "last_login" => Target::Instant(InstantColumn::LastLogin),
        "last_password_reset" => Target::Instant(InstantColumn::LastPasswordReset),
        "logins_count" => Target::LoginsCount,
        "email_verified" => Target::Flag(FlagColumn::EmailVerified),
        "phone_verified" => Target::Flag(FlagColumn::PhoneVerified),
        "blocked" => Target::Flag(FlagColumn::Blocked),
        "identities.connection" => Target::Identity(IdentityColumn::Connection),
        "identities.provider" => Target::Identity(IdentityColumn::Provider),
        "identities.user_id" => Target::Identity(IdentityColumn::UserId),
        _ => Target::Attribute,
    }
}

fn fielded(field: &str, matcher: &Matcher) -> Result<Predicate, Problem> {
    match target(field) {
        Target::Text(column) => text_column(column, field, matcher),
        Target::Instant(column) => instant_column(column, field, matcher),
        Target::LoginsCount => logins_count(field, matcher),
        Target::Flag(column) => flag_column(column, field, matcher),
        Target::Identity(column) => {
            let test = text_test(field, matcher, str::to_owned)?;
            Ok(Predicate::Identity(column, test))
        }
        Target::Attribute => attribute_path(field, matcher),
    }
}

fn text_column(column: TextColumn, field: &str, matcher: &Matcher) -> Result<Predicate, Problem> {
    let fold = match column {
        TextColumn::UserId | TextColumn::PhoneNumber | TextColumn::LastIp => str::to_owned,
        _ => str::to_lowercase,
    };
    Ok(Predicate::Text(column, text_test(field, matcher, fold)?))
}

fn text_test(
    field: &str,
    matcher: &Matcher,
    fold: impl Fn(&str) -> String,
) -> Result<TextTest, Problem> {
    Ok(match matcher {
        Matcher::Is(value) => TextTest::Is(fold(value)),
        Matcher::Like(pattern) => TextTest::Like(checked(field, pattern)?.map(fold)),
        Matcher::Exists => TextTest::Exists,
        Matcher::Between { from, to } => {
            let (from, below) = text_range(from.as_ref(), to.as_ref());
            TextTest::Between(from.map(|text| fold(&text)), below.map(|text| fold(&text)))
        }
    })
}

/// A bound stands for everything that begins with it, so that a day stands for all its instants.
fn text_range(from: Option<&Bound>, to: Option<&Bound>) -> (Option<String>, Option<String>) {
    let past = |bound: &Bound| format!("{}{LAST}", bound.value);
    let from = from.map(|bound| match bound.edge {
        Edge::Inclusive => bound.value.clone(),
        Edge::Exclusive => past(bound),
    });
    let below = to.map(|bound| match bound.edge {
        Edge::Inclusive => past(bound),
        Edge::Exclusive => bound.value.clone(),
    });
    (from, below)
}

/// A pattern that begins with a wildcard reads every entry, so it must at least tell something.
fn checked<'a>(field: &str, pattern: &'a Pattern) -> Result<&'a Pattern, Problem> {
    let open = !matches!(pattern.pieces().first(), Some(Piece::Text(_)));
    if open && pattern.literal_length() < MIN_LITERAL {
        return Err(Problem::NotForField {
            field: field.to_owned(),
            what: "a wildcard before fewer than 3 characters",
        });
    }
    Ok(pattern)
}

fn instant_column(
    column: InstantColumn,
    field: &str,
    matcher: &Matcher,
) -> Result<Predicate, Problem> {
    let read = |value: &str| {
        instant::span(value).ok_or_else(|| Problem::Value {
            field: field.to_owned(),
            wanted: "a date such as 2026-01-31 or 2026-01-31T10:00:00Z",
        })
    };
    let (from, below) = match matcher {
        Matcher::Exists => (None, None),
        Matcher::Is(value) => {
            let (first, next) = read(value)?;
            (Some(first), Some(next))
        }
        Matcher::Between { from, to } => {
            let from = from.as_ref().map(|bound| {
                let (first, next) = read(&bound.value)?;
                Ok(if bound.edge == Edge::Inclusive {
                    first
                } else {
                    next
                })
            });
            let below = to.as_ref().map(|bound| {
                let (first, next) = read(&bound.value)?;
                Ok(if bound.edge == Edge::Inclusive {
                    next
                } else {
                    first
                })
            });
            (from.transpose()?, below.transpose()?)
        }
        Matcher::Like(_) => return Err(no_wildcards(field)),
    };
    Ok(Predicate::Instant(column, from, below))
}

fn logins_count(field: &str, matcher: &Matcher) -> Result<Predicate, Problem> {
    let read = |value: &str| {
        value.parse::<i64>().map_err(|_| Problem::Value {
            field: field.to_owned(),
            wanted: "a whole number",
        })
    };
    let inward = |bound: &Bound, step: i64| {
        let value = read(&bound.value)?;
        Ok(if bound.edge == Edge::Inclusive {
            value
        } else {
            value.saturating_add(step)
        })
    };
    let (from, to) = match matcher {
        Matcher::Exists => (None, None),
        Matcher::Is(value) => (Some(read(value)?), Some(read(value)?)),
        Matcher::Between { from, to } => (
            from.as_ref().map(|bound| inward(bound, 1)).transpose()?,
            to.as_ref().map(|bound| inward(bound, -1)).transpose()?,
        ),
        Matcher::Like(_) => return Err(no_wildcards(field)),
    };
    Ok(Predicate::LoginsCount(from, to))
}

fn flag_column(column: FlagColumn, field: &str, matcher: &Matcher) -> Result<Predicate, Problem> {
    let flag = match matcher {
        Matcher::Exists => Flag::Present,
        Matcher::Is(value) if value == "true" => Flag::Set,
        Matcher::Is(value) if value == "false" => Flag::Clear,
        Matcher::Is(_) | Matcher::Like(_) | Matcher::Between { .. } => {
            return Err(Problem::Value {
                field: field.to_owned(),
                wanted: "true or false",
            });
        }
    };
    Ok(Predicate::Flag(column, flag))
}

fn attribute_path(field: &str, matcher: &Matcher) -> Result<Predicate, Problem> {
    let not_here = |what| Problem::NotForField {
        field: field.to_owned(),
        what,
    };
    let of_the_user = field == "user_metadata" || field.starts_with("user_metadata.");
    if of_the_user {
        match matcher {
            Matcher::Like(_) => return Err(no_wildcards(field)),
            Matcher::Between { .. } => return Err(not_here("a range")),
            Matcher::Is(_) | Matcher::Exists => {}
        }
    }
    let tests = match matcher {
        Matcher::Exists => {
            return Ok(Predicate::Attribute(
                field.to_owned(),
                AttributeTest::Exists,
            ));
        }
        Matcher::Is(value) => values(value).into_iter().map(TextTest::Is).collect(),
        Matcher::Like(pattern) => {
            vec![TextTest::Like(checked(field, pattern)?.after("t"))]
        }
        Matcher::Between { from, to } => vec![attribute_range(from.as_ref(), to.as_ref())],
    };
    Ok(Predicate::Attribute(
        field.to_owned(),
        AttributeTest::Any(tests),
    ))
}

/// What a value may be: a text always; a number or a flag as well if it reads like one.
fn values(value: &str) -> Vec<String> {
    let mut values = vec![attribute::text(value)];
    values.extend(number(value).map(attribute::number));
    match value {
        "true" => values.push(attribute::flag(true)),
        "false" => values.push(attribute::flag(false)),
        _ => {}
    }
    values
}

fn number(value: &str) -> Option<f64> {
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'));
    value.parse().ok().filter(|_| plain)
}

/// A range of numbers if its bounds are numbers, else of texts.
fn attribute_range(from: Option<&Bound>, to: Option<&Bound>) -> TextTest {
    let numeric = |bound: Option<&Bound>| bound.is_none_or(|bound| number(&bound.value).is_some());
    if (from.is_some() || to.is_some()) && numeric(from) && numeric(to) {
        let indexed = |bound: &Bound| Bound {
            value: attribute::number(number(&bound.value).unwrap_or_default()),
            edge: bound.edge,
        };
        let (from, below) = text_range(from.map(indexed).as_ref(), to.map(indexed).as_ref());
        return within('n', from, below);
    }
    let indexed = |bound: &Bound| Bound {
        value: attribute::text(&bound.value),
        edge: bound.edge,
    };
    let (from, below) = text_range(from.map(indexed).as_ref(), to.map(indexed).as_ref());
    within('t', from, below)
}

/// An open end stays within the values of its type.
fn within(kind: char, from: Option<String>, below: Option<String>) -> TextTest {
    let from = from.unwrap_or_else(|| kind.to_string());
    let below = below.unwrap_or_else(|| format!("{kind}{LAST}"));
    TextTest::Between(Some(from), Some(below))
}

fn no_wildcards(field: &str) -> Problem {
    Problem::NotForField {
        field: field.to_owned(),
        what: "a wildcard",
    }
}

#[cfg(test)]
mod tests;
