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

/// How many entries an index may have for a part of a search, so that all of them are fetched and then put in order.
/// With more of them it is quicker to go through the users in order and to look at each.
pub(super) const NARROW: i64 = 2000;

/// The part of a search that tells where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The users in their order.
    Order,
    /// Those that an index names for this part of the conjunction.
    Part(usize),
}

/// What is known of a part of a search.
pub(super) enum Width {
    /// An index names few users for it.
    Narrow,
    /// An index names users for it; how many, up to [`NARROW`], this tells.
    Ask(Composed),
    /// No index helps.
    Wide,
}

/// The parts that must all hold.
pub(super) fn parts(predicate: &Predicate) -> &[Predicate] {
    match predicate {
        Predicate::And(parts) => parts,
        other => std::slice::from_ref(other),
    }
}

/// How many users a part of a search names.
pub(super) fn width(tenant: &TenantId, part: &Predicate) -> Width {
    use TextColumn::{Email, Name, PhoneNumber, UserId, Username};

    let mut ask = Composed::new("USER_WIDTH", "SELECT count(*) FROM (SELECT 1 FROM ");
    match part {
        Predicate::Text(UserId | Email | Username | PhoneNumber | Name, TextTest::Is(_)) => {
            return Width::Narrow;
        }
        Predicate::Identity(column, found) => identities(&mut ask, tenant, *column, found),
        Predicate::Attribute(path, found) => attributes(&mut ask, tenant, path, found),
        _ => return Width::Wide,
    }
    ask.push(" LIMIT ").bind(NARROW).push(") n");
    Width::Ask(ask)
}

/// Adds the condition that a user `u` is of the tenant and like the predicate.
pub(super) fn condition(
    composed: &mut Composed,
    tenant: &TenantId,
    predicate: &Predicate,
    start: Start,
) {
    composed.push("u.tenant = ").bind(tenant);
    // Parts of a conjunction stand side by side, where the engines look for indexes.
    for (number, part) in parts(predicate).iter().enumerate() {
        composed.push(" AND ");
        match part {
            Predicate::Identity(column, found) if start == Start::Part(number) => {
                composed.push("u.user_id IN (SELECT i.user_id FROM ");
                identities(composed, tenant, *column, found);
                composed.push(")");
            }
            Predicate::Attribute(path, found) if start == Start::Part(number) => {
                composed.push("u.user_id IN (SELECT a.user_id FROM ");
                attributes(composed, tenant, path, found);
                composed.push(")");
            }
            part => test(composed, tenant, part),
        }
    }
}

/// Adds the order of a list. Where the list does not begin at the users in their order, the order is written so that no
/// engine takes an index for it: without statistics SQLite would rather go through all users than sort a few.
pub(super) fn order(composed: &mut Composed, order: Order, start: Start) {
    let direction = match order.direction {
        Direction::Ascending => "",
        Direction::Descending => " DESC",
    };
    let (column, neutral) = match order.by {
        OrderColumn::Text(column) => (text_column(column), " || ''"),
        OrderColumn::Instant(column) => (instant_column(column), " + 0"),
        OrderColumn::LoginsCount => ("u.logins_count", " + 0"),
    };
    composed.push(" ORDER BY ").push(column);
    if start != Start::Order {
        composed.push(neutral);
    }
    composed.push(direction);
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
        Predicate::Identity(IdentityColumn::UserId, found) => {
            // No index leads from a user to this, so all that match are listed once.
            composed.push("u.user_id IN (SELECT i.user_id FROM ");
            identities(composed, tenant, IdentityColumn::UserId, found);
            composed.push(")");
        }
        Predicate::Identity(column, found) => {
            composed.push("EXISTS (SELECT 1 FROM ");
            identities(composed, tenant, *column, found);
            composed.push(" AND i.user_id = u.user_id)");
        }
        Predicate::Attribute(path, found) => {
            composed.push("EXISTS (SELECT 1 FROM ");
            attributes(composed, tenant, path, found);
            composed.push(" AND a.user_id = u.user_id)");
        }
    }
}

fn identities(composed: &mut Composed, tenant: &TenantId, column: IdentityColumn, test: &TextTest) {
    composed
        .push("identities i WHERE i.tenant = ")
        .bind(tenant)
        .push(" AND ");
    text(composed, identity_column(column), test);
}

fn attributes(composed: &mut Composed, tenant: &TenantId, path: &str, test: &AttributeTest) {
    composed
        .push("user_attributes a WHERE a.tenant = ")
        .bind(tenant);
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
        condition(
            &mut composed,
            &TenantId::default_tenant(),
            &predicate,
            Start::Order,
        );
        composed
    }

    #[test]
    fn a_search_becomes_placeholders_and_constants() {
        let found = composed("email:ada@x.test AND NOT (blocked:true OR app_metadata.plan:gold)");
        assert_eq!(
            found.text(),
            "u.tenant = ?1 AND (u.email = ?2) AND NOT (u.blocked = 1 OR EXISTS (SELECT 1 FROM \
             user_attributes a WHERE a.tenant = ?3 AND a.path = ?4 AND (a.value = ?5) \
             AND a.user_id = u.user_id))"
        );
        assert_eq!(found.params().len(), 5);
    }

    #[test]
    fn a_search_that_begins_at_an_index_does_not_go_through_all_users_in_order() {
        let search = |text: &str| resolve(&parse(text).unwrap()).unwrap();
        let tenant = TenantId::default_tenant();
        let narrow = search("blocked:true AND app_metadata.plan:gold");
        let widths = parts(&narrow).iter().map(|part| width(&tenant, part));
        let asked: Vec<_> = widths.map(|width| matches!(width, Width::Ask(_))).collect();
        assert_eq!(asked, [false, true]);
        assert!(matches!(
            width(&tenant, &search("email:ada@x.test")),
            Width::Narrow
        ));

        let mut composed = Composed::new("TEST", "");
        condition(&mut composed, &tenant, &narrow, Start::Part(1));
        order(&mut composed, Order::default(), Start::Part(1));
        assert_eq!(
            composed.text(),
            "u.tenant = ?1 AND u.blocked = 1 AND u.user_id IN (SELECT a.user_id FROM user_attributes a \
             WHERE a.tenant = ?2 AND a.path = ?3 AND (a.value = ?4)) \
             ORDER BY u.created_at + 0, u.user_id"
        );
        let mut composed = Composed::new("TEST", "");
        order(&mut composed, Order::default(), Start::Order);
        assert_eq!(composed.text(), " ORDER BY u.created_at, u.user_id");
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
