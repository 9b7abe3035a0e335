//! What a user is found by at a connection: e-mail address, username, phone number, each in one normal form.

/// A kind of identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    /// An e-mail address.
    Email,
    /// A username.
    Username,
    /// A phone number.
    PhoneNumber,
}

impl IdentifierKind {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
            Self::PhoneNumber => "phone_number",
        }
    }
}

/// An identifier in its normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// Its value.
    pub value: String,
}

/// Longest address, RFC 5321 §4.5.3.1.3.
const MAX_EMAIL: usize = 254;

/// Longest part before the at-sign, RFC 5321 §4.5.3.1.1.
const MAX_LOCAL: usize = 64;

/// Longest label of a domain, RFC 1035 §2.3.4.
const MAX_LABEL: usize = 63;

/// An e-mail address in lower case; `None` if it is none.
///
/// Letters outside of ASCII that become ASCII in lower case are refused: `ada@x.test` and the same address with a Kelvin
/// sign must not be one.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "()<>[],;:\\\"@".contains(letter)
    };
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|letter| letter == '-' || letter.is_alphanumeric())
    };
    let well_formed = text.len() <= MAX_EMAIL
        && (1..=MAX_LOCAL).contains(&local.len())
        && dots
        && !local.contains(odd)
        && domain.contains('.')
        && domain.split('.').all(label);
    well_formed.then_some(text).and_then(lower_case)
}

/// A username in lower case, if it has only characters that usernames have and is within `limits`.
pub fn username(text: &str, limits: UsernameLimits) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_+-.!#$'^`~@?".contains(letter);
    let length = text.chars().count();
    let well_formed = limits.min <= length && length <= limits.max && text.chars().all(plain);
    // Whoever may choose an address or a number as a username can take the name that another logs in with.
    let allowed = (limits.email == Allowed::Yes || email(text).is_none())
        && (limits.phone_number == Allowed::Yes || phone_number(text).is_none());
    (well_formed && allowed)
        .then_some(text)
        .and_then(lower_case)
}

/// What a username may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsernameLimits {
    /// Fewest characters.
    pub min: usize,
    /// Most characters.
    pub max: usize,
    /// Whether it may look like an e-mail address.
    pub email: Allowed,
    /// Whether it may look like a phone number.
    pub phone_number: Allowed,
}

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl Default for UsernameLimits {
    fn default() -> Self {
        Self {
            min: 1,
            max: 15,
            email: Allowed::No,
            phone_number: Allowed::No,
        }
    }
}

/// A phone number in E.164, without the punctuation that people write; `None` if it is none.
pub fn phone_number(text: &str) -> Option<String> {
    let punctuation = |letter: &char| !matches!(letter, ' ' | '-' | '(' | ')' | '.' | '/');
    let number: String = text.trim().chars().filter(punctuation).collect();
    let digits = number.strip_prefix('+')?;
    let well_formed =
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then_some(number)
}

/// What somebody who logs in may have meant, most likely first: each kind in which the text is well-formed.
pub fn candidates(text: &str) -> Vec<Identifier> {
    let text = text.trim();
    let found = |kind, value: Option<String>| value.map(|value| Identifier { kind, value });
    let any = UsernameLimits {
        min: 1,
        max: 128,
        email: Allowed::Yes,
        phone_number: Allowed::Yes,
    };
    let all = [
        found(IdentifierKind::Email, email(text)),
        found(IdentifierKind::PhoneNumber, phone_number(text)),
        found(IdentifierKind::Username, username(text, any)),
    ];
    all.into_iter().flatten().collect()
}

fn lower_case(text: &str) -> Option<String> {
    let becomes_ascii =
        |letter: char| !letter.is_ascii() && letter.to_lowercase().any(|lower| lower.is_ascii());
    (!text.contains(becomes_ascii)).then(|| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_kept_in_lower_case() {
        for (text, expected) in [
            ("Ada@X.Test", "ada@x.test"),
            (" ada@x.test\n", "ada@x.test"),
            ("a+b.c@sub.x-y.test", "a+b.c@sub.x-y.test"),
            ("o'brien@x.test", "o'brien@x.test"),
            ("ÄDA@münchen.test", "äda@münchen.test"),
            ("a@1.test", "a@1.test"),
        ] {
            assert_eq!(email(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@x.test", "a".repeat(65));
        let longer = format!("a@{}.test", "b.".repeat(130));
        for bad in [
            "",
            "ada",
            "@x.test",
            "ada@",
            "ada@x",
            "ada@x..test",
            "ada@-x.test",
            "a b@x.test",
            "a@b@x.test",
            "a@x.test\nBcc: b@x.test",
            "a,b@x.test",
            "<a@x.test>",
            ".a@x.test",
            "a..b@x.test",
            "a@x_y.test",
            "a@x.test\0",
            "ad\u{212A}@x.test",
            "\u{130}@x.test",
            &long,
            &longer,
        ] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_username_has_the_length_and_the_form_that_its_connection_wants() {
        let limits = UsernameLimits::default();
        assert_eq!(username("Ada_L-1.x", limits).as_deref(), Some("ada_l-1.x"));
        assert_eq!(
            username(&"a".repeat(15), limits).map(|name| name.len()),
            Some(15)
        );
        for bad in [
            "",
            "ada lovelace",
            "ädä",
            &"a".repeat(16),
            "a@x.test",
            "+15551234",
            "a|b",
            "a\0",
        ] {
            assert_eq!(username(bad, limits), None, "{bad}");
        }
        let open = UsernameLimits {
            min: 3,
            max: 128,
            email: Allowed::Yes,
            phone_number: Allowed::Yes,
        };
        assert_eq!(username("A@x.test", open).as_deref(), Some("a@x.test"));
        assert_eq!(username("+15551234", open).as_deref(), Some("+15551234"));
        assert_eq!(username("ab", open), None);
    }

    #[test]
    fn a_phone_number_is_kept_without_punctuation() {
        assert_eq!(phone_number("+1 (555) 123-4").as_deref(), Some("+15551234"));
        for bad in [
            "",
            "+",
            "5551234",
            "+12345678901234567",
            "+1555x",
            "++1",
            "+1+2",
        ] {
            assert_eq!(phone_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_text_at_login_is_looked_up_as_everything_it_can_be() {
        let kinds =
            |text: &str| -> Vec<_> { candidates(text).iter().map(|found| found.kind).collect() };
        assert_eq!(
            kinds("ada@x.test"),
            [IdentifierKind::Email, IdentifierKind::Username]
        );
        assert_eq!(
            kinds("+15551234"),
            [IdentifierKind::PhoneNumber, IdentifierKind::Username]
        );
        assert_eq!(kinds("ada"), [IdentifierKind::Username]);
        assert_eq!(kinds("\0"), []);
    }

    proptest! {
        #[test]
        fn normal_forms_stay_as_they_are(text in "\\PC{0,40}", local in "[a-zA-Z.+]{1,8}") {
            for text in [text, format!("{local}@X.test")] {
                for form in [email, phone_number] {
                    if let Some(normal) = form(&text) {
                        prop_assert_eq!(form(&normal), Some(normal.clone()));
                        prop_assert!(!normal.contains(char::is_control));
                    }
                }
            }
        }
    }
}
