//! Length and characters.

use serde_json::{Value, json};

use super::{
    options::{
        CharacterType, CharacterTypeRule, Complexity, MaxLengthExceeded, Permission, Policy,
    },
    refusal::{PasswordRule, RuleItem},
};

/// Most bytes where more are an error; what the vendor's hash reads.
const MAX_BYTES: usize = 72;

/// Equal or sequential characters in a row that are still allowed.
const IN_A_ROW: usize = 2;

/// What a password must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Strength {
    tests: Vec<Test>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    NotEmpty,
    LengthAtLeast(usize),
    BytesAtMost,
    Contains(Vec<CharacterType>),
    ContainsThree,
    IdenticalAtMost,
    SequentialAtMost,
}

/// In the order of the vendor's sentences.
const TYPES: [CharacterType; 4] = [
    CharacterType::Lowercase,
    CharacterType::Uppercase,
    CharacterType::Number,
    CharacterType::Special,
];

impl Strength {
    pub(super) fn of_level(level: Policy, min_length: Option<usize>) -> Self {
        let length = |fewest: usize| Test::LengthAtLeast(min_length.unwrap_or(fewest));
        let letters_and_numbers = || Test::Contains(TYPES.into_iter().take(3).collect());
        let tests = match level {
            Policy::None if min_length.is_none_or(|length| length <= 1) => vec![Test::NotEmpty],
            Policy::None => vec![length(1)],
            Policy::Low => vec![length(6)],
            Policy::Fair => vec![length(8), letters_and_numbers()],
            Policy::Good => vec![length(8), Test::ContainsThree],
            Policy::Excellent => vec![length(10), Test::ContainsThree, Test::IdenticalAtMost],
        };
        Self { tests }
    }

    pub(super) fn of_complexity(complexity: &Complexity) -> Self {
        let mut tests = vec![Test::LengthAtLeast(complexity.min_length.unwrap_or(15))];
        match complexity.character_type_rule {
            Some(CharacterTypeRule::ThreeOfFour) => tests.push(Test::ContainsThree),
            Some(CharacterTypeRule::All) | None => {
                let wanted = |kind: &CharacterType| complexity.character_types.contains(kind);
                let wanted: Vec<_> = TYPES.into_iter().filter(wanted).collect();
                if !wanted.is_empty() {
                    tests.push(Test::Contains(wanted));
                }
            }
        }
        if complexity.identical_characters == Some(Permission::Block) {
            tests.push(Test::IdenticalAtMost);
        }
        if complexity.sequential_characters == Some(Permission::Block) {
            tests.push(Test::SequentialAtMost);
        }
        if complexity.max_length_exceeded != Some(MaxLengthExceeded::Truncate) {
            tests.push(Test::BytesAtMost);
        }
        Self { tests }
    }

    /// The rules with what `password` makes of them.
    pub(super) fn verify(&self, password: &str) -> Vec<PasswordRule> {
        // The length in bytes is told only to those who exceed it.
        let shown = |test: &&Test| **test != Test::BytesAtMost || !test.holds(password);
        self.tests
            .iter()
            .filter(shown)
            .map(|test| test.rule(password))
            .collect()
    }
}

impl Test {
    fn holds(&self, password: &str) -> bool {
        match self {
            Self::NotEmpty => !password.is_empty(),
            Self::LengthAtLeast(fewest) => *fewest <= password.chars().count(),
            Self::BytesAtMost => password.len() <= MAX_BYTES,
            Self::Contains(types) => types.iter().all(|kind| kind.is_in(password)),
            Self::ContainsThree => 3 <= TYPES.iter().filter(|kind| kind.is_in(password)).count(),
            Self::IdenticalAtMost => longest_run(password, 0..=0) <= IN_A_ROW,
            Self::SequentialAtMost => {
                longest_run(password, 1..=1).max(longest_run(password, -1..=-1)) <= IN_A_ROW
            }
        }
    }

    fn rule(&self, password: &str) -> PasswordRule {
        let items = |types: &[CharacterType]| {
            let item = |kind: &CharacterType| kind.item(password);
            types.iter().map(item).collect::<Vec<_>>()
        };
        let (code, message, format, items): (_, _, Vec<Value>, _) = match self {
            Self::NotEmpty => ("nonEmpty", "Non-empty password required", vec![], vec![]),
            Self::LengthAtLeast(fewest) => (
                "lengthAtLeast",
                "At least %d characters in length",
                vec![json!(fewest)],
                vec![],
            ),
            Self::BytesAtMost => (
                "maxLength",
                "No more than %d bytes in length",
                vec![json!(MAX_BYTES)],
                vec![],
            ),
            Self::Contains(types) => ("shouldContain", "Should contain:", vec![], items(types)),
            Self::ContainsThree => (
                "containsAtLeast",
                "Contain at least %d of the following %d types of characters:",
                vec![json!(3), json!(4)],
                items(&TYPES),
            ),
            Self::IdenticalAtMost => (
                "identicalChars",
                "No more than %d identical characters in a row (e.g., \"%s\" not allowed)",
                vec![json!(IN_A_ROW), json!("aaa")],
                vec![],
            ),
            Self::SequentialAtMost => (
                "sequentialChars",
                "No more than %d sequential characters in a row (e.g., \"%s\" not allowed)",
                vec![json!(IN_A_ROW), json!("abc")],
                vec![],
            ),
        };
        PasswordRule {
            message,
            format,
            code,
            items,
            verified: self.holds(password),
        }
    }
}

impl CharacterType {
    fn is_in(self, password: &str) -> bool {
        password.chars().any(|letter| match self {
            Self::Lowercase => letter.is_ascii_lowercase(),
            Self::Uppercase => letter.is_ascii_uppercase(),
            Self::Number => letter.is_ascii_digit(),
            Self::Special => !letter.is_ascii_alphanumeric(),
        })
    }

    fn item(self, password: &str) -> RuleItem {
        let (message, code) = match self {
            Self::Lowercase => ("lower case letters (a-z)", "lowerCase"),
            Self::Uppercase => ("upper case letters (A-Z)", "upperCase"),
            Self::Number => ("numbers (i.e. 0-9)", "numbers"),
            Self::Special => ("special characters (e.g. !@#$%^&*)", "specialCharacters"),
        };
        RuleItem {
            message,
            code,
            verified: self.is_in(password),
        }
    }
}

/// The longest run of characters of which each is as far from the one before as `steps` says. Only letters and digits
/// make a sequence, whatever makes a repetition.
fn longest_run(password: &str, steps: std::ops::RangeInclusive<i64>) -> usize {
    let repetition = steps.contains(&0);
    let (mut longest, mut run) = (0, 0);
    let mut before: Option<char> = None;
    for letter in password.chars() {
        let continues = before.is_some_and(|before| {
            let counts =
                repetition || letter.is_ascii_alphanumeric() && before.is_ascii_alphanumeric();
            counts && steps.contains(&(i64::from(u32::from(letter)) - i64::from(u32::from(before))))
        });
        run = if continues { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(letter);
    }
    longest
}
