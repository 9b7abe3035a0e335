//! From a predicate to SQL that both engines understand. No column is ever NULL, so every test is true or false.

use grantor_protocol::{
    search::{
        Pattern, Piece,
        predicate::{
            AttributeTest, Direction, Flag, FlagColumn, IdentityColumn, InstantColumn, Order,
            OrderColumn, Predicate, TextColumn, TextTest,
        },
    },
    tenant::TenantId,
};

use crate::value::Composed;

/// Sorts after every text that begins with what comes before it.
const LAST: char = '\u{10FFFF}';

/// Adds the condition that a user `u` is of the tenant and like the predicate.
pub(super) fn condition(composed: &mut Composed, tenant: &TenantId, predicate: &Predicate) {
    composed.push("u.tenant = ").bind(tenant);
    match predicate {
        // Parts of a conjunction stand side by side, where the engines look for indexes.
        Predicate::And(parts) => {
            for part in parts {
                composed.push(" AND ");
                test(composed, tenant, part);
            }
        }
        other => {
            composed.push(" AND ");
            test(composed, tenant, other);
        }
    }
}

/// Adds the order of a list.
pub(super) fn order(composed: &mut Composed, order: Order) {
    composed.push(" ORDER BY ");
    let direction = match order.direction {
        Direction::Ascending => "",
        Direction::Descending => " DESC",
    };
    let column = match order.by {
        OrderColumn::Text(column) => text_column(column),
        OrderColumn::Instant(column) => instant_column(column),
        OrderColumn::LoginsCount => "u.logins_count",
    };
    composed.push(column).push(direction);
    composed.push(", u.user_id").push(direction);
}

fn test(composed: &mut Composed, tenant: &TenantId, predicate: &Predicate) {
    match predicate {
        Predicate::And(parts) => join(composed, parts, " AND ", "1 = 1", |composed, part| {
            test(composed, tenant, part);
        }),
        Predicate::Or(parts) => join(composed, parts, " OR ", "1 = 0", |composed, part| {
            test(composed, tenant, part);
        }),
        Predicate::Not(part) => {
            composed.push("NOT ");
            test(composed, tenant, part);
        }
        Predicate::Text(column, test) => {
            composed.push("(");
            if let Some(indexed) = partly_indexed(*column) {
                composed.push(indexed).push(" AND ");
            }
            text(composed, text_column(*column), test);
            composed.push(")");
        }
        Predicate::Instant(column, from, below) => {
            let column = instant_column(*column);
            composed.push("(").push(column).push(" <> 0");
            if let Some(from) = from {
                composed.push(" AND ").push(column).push(" >= ").bind(*from);
            }
            if let Some(below) = below {
                composed.push(" AND ").push(column).push(" < ").bind(*below);
            }
            composed.push(")");
        }
        Predicate::LoginsCount(from, to) => {
            composed.push("(1 = 1");
            if let Some(from) = from {
                composed.push(" AND u.logins_count >= ").bind(*from);
            }
            if let Some(to) = to {
                composed.push(" AND u.logins_count <= ").bind(*to);
            }
            composed.push(")");
        }
        Predicate::Flag(column, flag) => {
            composed.push(flag_column(*column)).push(match flag {
                Flag::Set => " = 1",
                Flag::Clear => " < 1",
                Flag::Present => " >= 0",
            });
        }
        Predicate::Identity(column, test) => {
            composed.push("u.user_id IN (SELECT i.user_id FROM identities i WHERE i.tenant = ");
            composed.bind(tenant).push(" AND ");
            text(composed, identity_column(*column), test);
            composed.push(")");
        }
        Predicate::Attribute(path, test) => attribute(composed, tenant, path, test),
    }
}

fn attribute(composed: &mut Composed, tenant: &TenantId, path: &str, test: &AttributeTest) {
    composed.push("u.user_id IN (SELECT a.user_id FROM user_attributes a WHERE a.tenant = ");
    composed.bind(tenant);
    match test {
        AttributeTest::Any(tests) => {
            composed.push(" AND a.path = ").bind(path).push(" AND ");
            join(composed, tests, " OR ", "1 = 0", |composed, test| {
                text(composed, "a.value", test);
            });
        }
        AttributeTest::Exists => {
            // What is below a path sorts between its dot and the character after the dot.
            composed.push(" AND (a.path = ").bind(path);
            composed.push(" OR a.path > ").bind(format!("{path}."));
            composed.push(" AND a.path < ").bind(format!("{path}/"));
            composed.push(")");
        }
    }
    composed.push(")");
}

fn join<T>(
    composed: &mut Composed,
    parts: &[T],
    word: &'static str,
    none: &'static str,
    add: impl Fn(&mut Composed, &T),
) {
    composed.push("(");
    if parts.is_empty() {
        composed.push(none);
    }
    for (number, part) in parts.iter().enumerate() {
        if 0 < number {
            composed.push(word);
        }
        add(composed, part);
    }
    composed.push(")");
}

fn text(composed: &mut Composed, column: &'static str, test: &TextTest) {
    match test {
        TextTest::Is(value) if value.is_empty() => {
            // An absent text is kept as an empty one, but is none.
            composed.push("1 = 0");
        }
        TextTest::Is(value) => {
            composed.push(column).push(" = ").bind(value);
        }
        TextTest::Exists => {
            composed.push(column).push(" <> ''");
        }
        TextTest::Between(from, below) => {
            composed.push("(").push(column).push(" <> ''");
            between(composed, column, from.as_deref(), below.as_deref());
            composed.push(")");
        }
        TextTest::Like(pattern) => {
            composed.push("(").push(column).push(" <> ''");
            let prefix = pattern.prefix();
            if !prefix.is_empty() {
                // The range is what an index can answer.
                let past = format!("{prefix}{LAST}");
                between(composed, column, Some(prefix), Some(&past));
            }
            composed.push(" AND ").push(column).push(" LIKE ");
            composed.bind(like(pattern)).push(" ESCAPE '\\')");
        }
    }
}

fn between(composed: &mut Composed, column: &'static str, from: Option<&str>, below: Option<&str>) {
    if let Some(from) = from {
        composed.push(" AND ").push(column).push(" >= ").bind(from);
    }
    if let Some(below) = below {
        composed.push(" AND ").push(column).push(" < ").bind(below);
    }
}

/// The pattern in SQL's words.
fn like(pattern: &Pattern) -> String {
    let mut text = String::new();
    for piece in pattern.pieces() {
        match piece {
            Piece::Any => text.push('%'),
            Piece::One => text.push('_'),
            Piece::Text(literal) => {
                for letter in literal.chars() {
                    if matches!(letter, '%' | '_' | '\\') {
                        text.push('\\');
                    }
                    text.push(letter);
                }
            }
        }
    }
    text
}

const fn text_column(column: TextColumn) -> &'static str {
    match column {
        TextColumn::UserId => "u.user_id",
        TextColumn::Email => "u.email",
        TextColumn::Username => "u.username",
        TextColumn::PhoneNumber => "u.phone_number",
        TextColumn::Name => "u.name",
        TextColumn::Nickname => "u.nickname",
        TextColumn::GivenName => "u.given_name",
        TextColumn::FamilyName => "u.family_name",
        TextColumn::LastIp => "u.last_ip",
    }
}

/// The condition of an index that does not hold every user.
const fn partly_indexed(column: TextColumn) -> Option<&'static str> {
    match column {
        TextColumn::Username => Some("u.username <> ''"),
        TextColumn::PhoneNumber => Some("u.phone_number <> ''"),
        _ => None,
    }
}

const fn instant_column(column: InstantColumn) -> &'static str {
    match column {
        InstantColumn::CreatedAt => "u.created_at",
        InstantColumn::UpdatedAt => "u.updated_at",
        InstantColumn::LastLogin => "u.last_login",
        InstantColumn::LastPasswordReset => "u.last_password_reset",
    }
}

const fn flag_column(column: FlagColumn) -> &'static str {
    match column {
        FlagColumn::EmailVerified => "u.email_verified",
        FlagColumn::PhoneVerified => "u.phone_verified",
        FlagColumn::Blocked => "u.blocked",
    }
}

const fn identity_column(column: IdentityColumn) -> &'static str {
    match column {
        IdentityColumn::Connection => "i.connection",
        IdentityColumn::Provider => "i.provider",
        IdentityColumn::UserId => "i.identity",
    }
}

#[cfg(test)]
mod tests {
    use grantor_protocol::search::{parse, users::resolve};
    use proptest::prelude::*;

    use super::*;

    fn composed(search: &str) -> Composed {
        let predicate = resolve(&parse(search).unwrap()).unwrap();
        let mut composed = Composed::new("TEST", "");
        condition(&mut composed, &TenantId::default_tenant(), &predicate);
        composed
    }

    #[test]
    fn a_search_becomes_placeholders_and_constants() {
        let found = composed("email:ada@x.test AND NOT (blocked:true OR app_metadata.plan:gold)");
        assert_eq!(
            found.text(),
            "u.tenant = ?1 AND (u.email = ?2) AND NOT (u.blocked = 1 OR u.user_id IN (SELECT a.user_id \
             FROM user_attributes a WHERE a.tenant = ?3 AND a.path = ?4 AND (a.value = ?5)))"
        );
        assert_eq!(found.params().len(), 5);
    }

    #[test]
    fn wildcards_of_sql_are_literal_in_a_pattern() {
        let found = composed("name:50%_\\\\*");
        assert_eq!(
            found.params().last(),
            Some(&crate::Value::from("50\\%\\_\\\\%"))
        );
    }

    proptest! {
        #[test]
        fn no_text_of_a_search_becomes_sql(value in "[ -~]{1,30}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let usual = composed("name:x OR app_metadata.y:z OR z");
            let odd = composed(&format!("name:\"{quoted}\" OR app_metadata.y:\"t{quoted}\" OR \"{quoted}\""));
            prop_assert_eq!(usual.text(), odd.text());
        }
    }
}
