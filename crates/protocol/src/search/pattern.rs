//! Values with wildcards.

/// A value with wildcards: pieces, of which no two neighbours are both texts or both [`Piece::Any`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Exactly this.
    Text(String),
    /// `*`: any characters, or none.
    Any,
    /// `?`: one character.
    One,
}

impl Pattern {
    /// Joins neighbours that say the same as one.
    pub fn new(parts: impl IntoIterator<Item = Piece>) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for part in parts {
            match (pieces.last_mut(), part) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (Some(Piece::Any), Piece::Any) => {}
                (_, Piece::Text(text)) if text.is_empty() => {}
                (_, part) => pieces.push(part),
            }
        }
        Self { pieces }
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text, if there is no wildcard in it.
    pub fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is a lone `*`.
    pub fn is_anything(&self) -> bool {
        self.pieces == [Piece::Any]
    }

    /// The text before the first wildcard.
    pub fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// How many characters are no wildcards.
    pub fn literal_length(&self) -> usize {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.chars().count(),
            Piece::Any | Piece::One => 0,
        });
        lengths.sum()
    }

    /// The same pattern with every text changed.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self::new(self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => Piece::Text(change(text)),
            other => other.clone(),
        }))
    }

    /// The same pattern after `text`.
    #[must_use]
    pub fn after(&self, text: &str) -> Self {
        let first = Piece::Text(text.to_owned());
        Self::new(std::iter::once(first).chain(self.pieces.iter().cloned()))
    }

    /// Whether `value` has this form.
    pub fn matches(&self, value: &str) -> bool {
        matches(&self.pieces, value)
    }
}

/// Greedy with one point to return to, so the time is bounded by the product of the lengths.
fn matches(pieces: &[Piece], value: &str) -> bool {
    let (mut pieces, mut value) = (pieces, value);
    let mut again: Option<(&[Piece], &str)> = None;
    loop {
        let advanced = match pieces.split_first() {
            None if value.is_empty() => return true,
            None => None,
            Some((Piece::Any, rest)) => {
                again = Some((rest, value));
                pieces = rest;
                continue;
            }
            Some((Piece::One, rest)) => {
                let mut characters = value.chars();
                characters.next().map(|_| (rest, characters.as_str()))
            }
            Some((Piece::Text(text), rest)) => {
                value.strip_prefix(text.as_str()).map(|value| (rest, value))
            }
        };
        if let Some((next_pieces, next_value)) = advanced {
            (pieces, value) = (next_pieces, next_value);
            continue;
        }
        // The last `*` takes one character more.
        let Some((after, from)) = again else {
            return false;
        };
        let mut characters = from.chars();
        if characters.next().is_none() {
            return false;
        }
        again = Some((after, characters.as_str()));
        (pieces, value) = (after, characters.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.chars().map(|letter| match letter {
            '*' => Piece::Any,
            '?' => Piece::One,
            letter => Piece::Text(letter.to_string()),
        }))
    }

    #[test]
    fn a_pattern_matches_what_its_wildcards_stand_for() {
        for (form, good, bad) in [
            ("ab*", &["ab", "abc"][..], &["a", "xab"][..]),
            ("*ab", &["ab", "cab", "abab"], &["abc"]),
            ("a*b*c", &["abc", "aXbYc", "abcbc"], &["acb", "abcd"]),
            ("a?c", &["abc", "aéc"], &["ac", "abbc"]),
            ("*?x*", &["ax", "aaxb"], &["x", "xa"]),
            ("", &[""], &["a"]),
            ("*", &["", "a"], &[]),
        ] {
            for value in good {
                assert!(pattern(form).matches(value), "{form} {value}");
            }
            for value in bad {
                assert!(!pattern(form).matches(value), "{form} {value}");
            }
        }
    }

    #[test]
    fn a_pattern_tells_what_is_literal_in_it() {
        assert_eq!(pattern("ab**c?").literal_length(), 3);
        assert_eq!(pattern("ab**c?").prefix(), "ab");
        assert_eq!(pattern("*c").prefix(), "");
        assert_eq!(pattern("ab").as_text(), Some("ab"));
        assert!(pattern("**").is_anything());
        assert!(pattern("b*").after("a").matches("abx"));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let form = "a*".repeat(200) + "b";
        assert!(!pattern(&form).matches(&"a".repeat(2000)));
    }
}
