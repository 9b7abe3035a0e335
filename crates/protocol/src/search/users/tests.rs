//! What searches of users mean.

use proptest::prelude::*;

use super::{super::parse, *};
use crate::env::Timestamp;

fn ask(text: &str) -> Result<Predicate, String> {
    let search = parse(text).map_err(|error| error.problem.to_string())?;
    resolve(&search).map_err(|error| error.problem.to_string())
}

fn day(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn attribute(path: &str, tests: Vec<TextTest>) -> Predicate {
    Predicate::Attribute(path.to_owned(), AttributeTest::Any(tests))
}

#[test]
fn case_matters_except_for_names_and_addresses() {
    let is = |column, value: &str| Predicate::Text(column, TextTest::Is(value.to_owned()));
    for (text, expected) in [
        ("email:Ada@X.test", is(TextColumn::Email, "ada@x.test")),
        ("name:\"Ada L\"", is(TextColumn::Name, "ada l")),
        ("given_name:ADA", is(TextColumn::GivenName, "ada")),
        ("family_name:ADA", is(TextColumn::FamilyName, "ada")),
        ("nickname:ADA", is(TextColumn::Nickname, "ada")),
        ("user_id:auth0|ABC", is(TextColumn::UserId, "auth0|ABC")),
    ] {
        assert_eq!(ask(text), Ok(expected), "{text}");
    }
    let connection = TextTest::Is("Customers".to_owned());
    assert_eq!(
        ask("identities.connection:Customers"),
        Ok(Predicate::Identity(IdentityColumn::Connection, connection))
    );
    assert_eq!(
        ask("app_metadata.Plan:Gold"),
        Ok(attribute(
            "app_metadata.Plan",
            vec![TextTest::Is("tGold".to_owned())]
        ))
    );
}

#[test]
fn a_value_without_a_type_is_looked_for_as_everything_it_can_be() {
    let is = |value: String| TextTest::Is(value);
    assert_eq!(
        ask("app_metadata.n:5"),
        Ok(attribute(
            "app_metadata.n",
            vec![is("t5".to_owned()), is(attribute::number(5.0))]
        ))
    );
    assert_eq!(
        ask("user_metadata.b:true"),
        Ok(attribute(
            "user_metadata.b",
            vec![is("ttrue".to_owned()), is("btrue".to_owned())]
        ))
    );
    // Rust reads this as a number; the search language does not.
    assert_eq!(
        ask("app_metadata.n:infinity"),
        Ok(attribute(
            "app_metadata.n",
            vec![is("tinfinity".to_owned())]
        ))
    );
}

#[test]
fn dates_are_spans_and_ranges_respect_their_edges() {
    let instant = |from, below| Predicate::Instant(InstantColumn::LastLogin, from, below);
    for (text, from, below) in [
        (
            "last_login:1970-01-02",
            Some(day(86_400)),
            Some(day(172_800)),
        ),
        (
            "last_login:[1970-01-02 TO 1970-01-03]",
            Some(day(86_400)),
            Some(day(259_200)),
        ),
        (
            "last_login:{1970-01-02 TO 1970-01-03}",
            Some(day(172_800)),
            Some(day(172_800)),
        ),
        ("last_login:[1970-01-02 TO *]", Some(day(86_400)), None),
        ("last_login:<1970-01-02", None, Some(day(86_400))),
        ("last_login:*", None, None),
    ] {
        assert_eq!(ask(text), Ok(instant(from, below)), "{text}");
    }
    for (text, from, to) in [
        ("logins_count:5", Some(5), Some(5)),
        ("logins_count:[100 TO *]", Some(100), None),
        ("logins_count:{100 TO 200}", Some(101), Some(199)),
        ("logins_count:>=3", Some(3), None),
    ] {
        assert_eq!(ask(text), Ok(Predicate::LoginsCount(from, to)), "{text}");
    }
}

#[test]
fn ranges_of_attributes_are_of_numbers_or_of_texts() {
    let between = |from: String, below: String| TextTest::Between(Some(from), Some(below));
    let n = attribute::number;
    for (text, expected) in [
        ("a:[5 TO 7}", between(n(5.0), n(7.0))),
        (
            "a:{5 TO *]",
            between(format!("{}{LAST}", n(5.0)), format!("n{LAST}")),
        ),
        (
            "a:[* TO -5]",
            between("n".to_owned(), format!("{}{LAST}", n(-5.0))),
        ),
        (
            "a:[2025-01-01 TO 2025-12-31]",
            between("t2025-01-01".to_owned(), format!("t2025-12-31{LAST}")),
        ),
        ("a:[b TO *]", between("tb".to_owned(), format!("t{LAST}"))),
    ] {
        assert_eq!(ask(text), Ok(attribute("a", vec![expected])), "{text}");
    }
}

#[test]
fn what_a_field_does_not_allow_is_refused_in_words() {
    for (text, message) in [
        (
            "user_metadata.a:x*",
            "a wildcard is not available for the field user_metadata.a",
        ),
        (
            "user_metadata.a:[1 TO 2]",
            "a range is not available for the field user_metadata.a",
        ),
        (
            "name:*ab",
            "a wildcard before fewer than 3 characters is not available for the field name",
        ),
        (
            "name:?ab*",
            "a wildcard before fewer than 3 characters is not available for the field name",
        ),
        (
            "last_login:soon",
            "the field last_login takes a date such as 2026-01-31 or 2026-01-31T10:00:00Z",
        ),
        (
            "last_login:2025*",
            "a wildcard is not available for the field last_login",
        ),
        (
            "logins_count:few",
            "the field logins_count takes a whole number",
        ),
        ("blocked:maybe", "the field blocked takes true or false"),
    ] {
        assert_eq!(ask(text), Err(message.to_owned()), "{text}");
    }
    assert!(ask("name:*abc*").is_ok());
    assert!(ask("name:a*").is_ok());
}

#[test]
fn a_term_without_a_field_looks_at_the_usual_texts_and_at_no_metadata() {
    let Ok(Predicate::Or(tests)) = ask("Ada") else {
        panic!("alternatives");
    };
    assert_eq!(tests.len(), USUAL.len());
    let text = |test: &Predicate| matches!(test, Predicate::Text(_, TextTest::Is(_)));
    assert!(tests.iter().all(text), "{tests:?}");
    assert_eq!(ask("*"), Ok(Predicate::ALL));
}

#[test]
fn one_known_field_orders_a_list() {
    let by = |by, direction| Ok(Order { by, direction });
    let created = OrderColumn::Instant(InstantColumn::CreatedAt);
    assert_eq!(order("created_at:1"), by(created, Direction::Ascending));
    let email = OrderColumn::Text(TextColumn::Email);
    assert_eq!(order("email:-1"), by(email, Direction::Descending));
    assert_eq!(
        order("logins_count:1"),
        by(OrderColumn::LoginsCount, Direction::Ascending)
    );
    for bad in [
        "",
        "email",
        "email:2",
        "user_metadata.a:1",
        "blocked:1",
        "email:1,name:1",
    ] {
        let error = order(bad).unwrap_err();
        assert_eq!(error.problem.to_string(), format!("cannot sort by {bad}"));
    }
}

proptest! {
    #[test]
    fn whatever_parses_resolves_or_is_refused(text in "[a-z_.]{0,12}[:]?[\\[\\]{}*?0-9a-zTO \"-]{0,24}") {
        if let Ok(search) = parse(&text) {
            let resolved = resolve(&search);
            prop_assert!(resolved.is_ok() || resolved.is_err_and(|error| !error.to_string().is_empty()));
        }
    }
}
