//! From characters to words, operators and quotations.

use super::{Edge, Pattern, Piece, Problem, SearchError};

/// A part of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word with its wildcards; `raw` says whether it was written without escapes, so that it may be an operator.
    Word(Pattern, Spelling),
    /// A text in quotation marks.
    Quoted(String),
    /// `:`
    Colon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `AND`, `&&`
    And,
    /// `OR`, `||`
    Or,
    /// `NOT`, `!`, or `-` before a term
    Not,
    /// `+` before a term
    Must,
    /// `TO`
    To,
    /// `[` or `{`
    From(Edge),
    /// `]` or `}`
    Until(Edge),
    /// `>` (exclusive) or `>=`
    Above(Edge),
    /// `<` (exclusive) or `<=`
    Below(Edge),
}

/// Whether a word needed an escape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Plain,
    Escaped,
}

/// A token and how many characters come before it.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) position: usize,
}

/// Reads the tokens of a search. A word that follows a colon may contain colons, as instants and URLs do.
pub(super) fn read(text: &str) -> Result<Vec<Placed>, SearchError> {
    let mut lexer = Lexer {
        characters: text.chars().collect(),
        position: 0,
        tokens: Vec::new(),
    };
    while let Some(next) = lexer.peek() {
        if next.is_whitespace() {
            lexer.position += 1;
        } else {
            let position = lexer.position;
            let token = lexer.token(next)?;
            lexer.tokens.push(Placed { token, position });
        }
    }
    Ok(lexer.tokens)
}

struct Lexer {
    characters: Vec<char>,
    position: usize,
    tokens: Vec<Placed>,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.characters.get(self.position).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.position += usize::from(found);
        found
    }

    fn token(&mut self, first: char) -> Result<Token, SearchError> {
        let start = self.position;
        self.position += 1;
        let after_colon = self.last() == Some(&Token::Colon);
        Ok(match first {
            '(' => Token::Open,
            ')' => Token::Close,
            '[' => Token::From(Edge::Inclusive),
            '{' => Token::From(Edge::Exclusive),
            ']' => Token::Until(Edge::Inclusive),
            '}' => Token::Until(Edge::Exclusive),
            ':' => Token::Colon,
            '"' => return self.quoted(start),
            '>' if after_colon => Token::Above(self.edge()),
            '<' if after_colon => Token::Below(self.edge()),
            '&' if self.take('&') => Token::And,
            '|' if self.take('|') => Token::Or,
            '!' => Token::Not,
            '-' if !after_colon && !self.in_range() => Token::Not,
            '+' if !after_colon && !self.in_range() => Token::Must,
            '~' | '^' => return Err(unsupported(first).at(start)),
            _ => {
                self.position = start;
                return self.word();
            }
        })
    }

    fn last(&self) -> Option<&Token> {
        self.tokens.last().map(|placed| &placed.token)
    }

    /// Whether a bound of a range is read: there a sign belongs to a number.
    fn in_range(&self) -> bool {
        matches!(self.last(), Some(Token::From(_) | Token::To))
    }

    fn edge(&mut self) -> Edge {
        if self.take('=') {
            Edge::Inclusive
        } else {
            Edge::Exclusive
        }
    }

    fn quoted(&mut self, start: usize) -> Result<Token, SearchError> {
        let mut text = String::new();
        loop {
            let Some(next) = self.peek() else {
                return Err(Problem::OpenQuotation.at(start));
            };
            self.position += 1;
            match next {
                '"' => return Ok(Token::Quoted(text)),
                '\\' => text.push(self.escaped()?),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, SearchError> {
        let Some(next) = self.peek() else {
            return Err(Problem::DanglingEscape.at(self.position));
        };
        self.position += 1;
        Ok(next)
    }

    fn word(&mut self) -> Result<Token, SearchError> {
        let colons = matches!(
            self.last(),
            Some(Token::Colon | Token::From(_) | Token::To | Token::Above(_) | Token::Below(_))
        );
        let mut pieces = Vec::new();
        let mut spelling = Spelling::Plain;
        while let Some(next) = self.peek() {
            let ends = next.is_whitespace()
                || matches!(next, '(' | ')' | '[' | ']' | '{' | '}' | '"')
                || next == ':' && !colons;
            if ends {
                break;
            }
            let position = self.position;
            self.position += 1;
            pieces.push(match next {
                '\\' => {
                    spelling = Spelling::Escaped;
                    Piece::Text(self.escaped()?.to_string())
                }
                '*' => Piece::Any,
                '?' => Piece::One,
                '~' | '^' => return Err(unsupported(next).at(position)),
                other => Piece::Text(other.to_string()),
            });
        }
        let word = Pattern::new(pieces);
        let operator = match (word.as_text(), spelling) {
            (Some("AND"), Spelling::Plain) => Some(Token::And),
            (Some("OR"), Spelling::Plain) => Some(Token::Or),
            (Some("NOT"), Spelling::Plain) => Some(Token::Not),
            (Some("TO"), Spelling::Plain) => Some(Token::To),
            _ => None,
        };
        // What follows a colon is a value, whatever it reads like.
        let is_value = self.last() == Some(&Token::Colon);
        Ok(operator
            .filter(|_| !is_value)
            .unwrap_or(Token::Word(word, spelling)))
    }
}

fn unsupported(letter: char) -> Problem {
    let what = if letter == '~' {
        "the operator ~"
    } else {
        "the operator ^"
    };
    Problem::Unsupported { what }
}
