//! Passwords that everybody tries first.
//!
//! The list has the words; a word with up to four digits behind it, and an exclamation mark behind those, counts as the
//! word, because that is how people get a common password past a rule.

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common.txt")
        .split_ascii_whitespace()
        .collect()
});

/// Digits behind a word that do not make it another.
const DIGITS: usize = 4;

/// Whether a password is common, or one of the tenant's own words.
pub(super) fn contains(password: &str, custom: &[String]) -> bool {
    let password = password.to_lowercase();
    let mut bare = password.trim_end_matches('!');
    if is_listed(&password, custom) || is_listed(bare, custom) {
        return true;
    }
    for _ in 0..DIGITS {
        let Some(shorter) = bare.strip_suffix(|letter: char| letter.is_ascii_digit()) else {
            return false;
        };
        bare = shorter;
        if is_listed(bare, custom) {
            return true;
        }
    }
    false
}

fn is_listed(word: &str, custom: &[String]) -> bool {
    COMMON.contains(word)
        || custom
            .iter()
            .any(|own| !own.is_empty() && own.to_lowercase() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_in_lower_case_and_without_repetition() {
        let words: Vec<_> = include_str!("common.txt")
            .split_ascii_whitespace()
            .collect();
        assert!(600 < words.len());
        assert!(words.is_sorted_by(|one, two| one < two));
        assert!(words.iter().all(|word| word.to_lowercase() == *word));
    }

    #[test]
    fn nothing_and_bare_numbers_are_no_words() {
        for password in ["", "!", "7", "9438", "9438!"] {
            assert!(!contains(password, &[String::new()]), "{password}");
        }
    }
}
