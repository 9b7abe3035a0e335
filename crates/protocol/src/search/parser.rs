//! From tokens to a [`Search`].

use super::{
    Bound, Edge, MAX_DEPTH, MAX_LENGTH, MAX_TERMS, Matcher, Pattern, Problem, Search, SearchError,
    lexer::{self, Placed, Token},
};

/// Reads a search. Terms that follow each other without an operator must all match.
///
/// # Errors
/// What cannot be understood or is past a limit, and where.
pub fn parse(text: &str) -> Result<Search, SearchError> {
    if MAX_LENGTH < text.len() {
        return Err(Problem::TooLong.at(0));
    }
    let mut parser = Parser {
        tokens: lexer::read(text)?,
        next: 0,
        end: text.chars().count(),
        terms: 0,
    };
    if parser.tokens.is_empty() {
        return Ok(Search::All);
    }
    let search = parser.alternatives(None, 0)?;
    match parser.peek() {
        None => Ok(search),
        Some(_) => Err(parser.expected("AND, OR, NOT or another term")),
    }
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    end: usize,
    terms: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn peek_second(&self) -> Option<&Token> {
        self.tokens.get(self.next + 1).map(|placed| &placed.token)
    }

    fn position(&self) -> usize {
        let placed = self.tokens.get(self.next);
        placed.map_or(self.end, |placed| placed.position)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn expected(&self, wanted: &'static str) -> SearchError {
        Problem::Expected { wanted }.at(self.position())
    }

    fn alternatives(&mut self, field: Option<&str>, depth: usize) -> Result<Search, SearchError> {
        let mut parts = vec![self.conjunction(field, depth)?];
        while self.take(&Token::Or) {
            parts.push(self.conjunction(field, depth)?);
        }
        Ok(single(parts, Search::Or))
    }

    fn conjunction(&mut self, field: Option<&str>, depth: usize) -> Result<Search, SearchError> {
        let mut parts = vec![self.negation(field, depth)?];
        loop {
            let joined = self.take(&Token::And);
            if !joined && matches!(self.peek(), None | Some(Token::Or | Token::Close)) {
                return Ok(single(parts, Search::And));
            }
            parts.push(self.negation(field, depth)?);
        }
    }

    fn negation(&mut self, field: Option<&str>, depth: usize) -> Result<Search, SearchError> {
        if MAX_DEPTH < depth {
            return Err(Problem::TooDeep.at(self.position()));
        }
        if self.take(&Token::Not) {
            let part = self.negation(field, depth + 1)?;
            return Ok(Search::Not(Box::new(part)));
        }
        if self.take(&Token::Must) {
            return self.negation(field, depth + 1);
        }
        self.primary(field, depth)
    }

    fn primary(&mut self, field: Option<&str>, depth: usize) -> Result<Search, SearchError> {
        let start = self.position();
        if self.take(&Token::Open) {
            let inner = self.alternatives(field, depth + 1)?;
            if !self.take(&Token::Close) {
                return Err(Problem::OpenParenthesis.at(start));
            }
            return Ok(inner);
        }
        if field.is_none() && self.peek_second() == Some(&Token::Colon) {
            return self.fielded(depth);
        }
        self.value(field)
    }

    fn fielded(&mut self, depth: usize) -> Result<Search, SearchError> {
        let name = match self.peek() {
            Some(Token::Word(word, _)) => word.as_text().map(str::to_owned),
            _ => None,
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Err(self.expected("the name of a field"));
        };
        self.next += 2;
        if name == "_exists_" {
            return self.existence();
        }
        if self.peek() == Some(&Token::Open) {
            return self.primary(Some(&name), depth + 1);
        }
        self.value(Some(&name))
    }

    fn existence(&mut self) -> Result<Search, SearchError> {
        let name = match self.peek() {
            Some(Token::Word(word, _)) => word.as_text().map(str::to_owned),
            Some(Token::Quoted(text)) => Some(text.clone()),
            _ => None,
        };
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Err(self.expected("the name of a field"));
        };
        self.next += 1;
        self.term(Some(&name), Matcher::Exists)
    }

    fn value(&mut self, field: Option<&str>) -> Result<Search, SearchError> {
        let wanted = "a value";
        let Some(token) = self.peek().cloned() else {
            return Err(self.expected(wanted));
        };
        let matcher = match token {
            Token::Quoted(text) => Matcher::Is(text),
            Token::Word(word, _) if word.is_anything() && field.is_none() => {
                self.next += 1;
                return Ok(Search::All);
            }
            Token::Word(word, _) if word.is_anything() => Matcher::Exists,
            Token::Word(word, _) => literal_or_like(word),
            Token::From(edge) if field.is_some() => return self.range(field, edge),
            Token::Above(edge) => return self.comparison(field, |bound| (Some(bound), None), edge),
            Token::Below(edge) => return self.comparison(field, |bound| (None, Some(bound)), edge),
            _ => return Err(self.expected(wanted)),
        };
        self.next += 1;
        self.term(field, matcher)
    }

    fn comparison(
        &mut self,
        field: Option<&str>,
        bounds: impl Fn(Bound) -> (Option<Bound>, Option<Bound>),
        edge: Edge,
    ) -> Result<Search, SearchError> {
        self.next += 1;
        let Some(value) = self.bound()? else {
            return Err(self.expected("a value"));
        };
        let (from, to) = bounds(Bound { value, edge });
        self.term(field, Matcher::Between { from, to })
    }

    fn range(&mut self, field: Option<&str>, from_edge: Edge) -> Result<Search, SearchError> {
        self.next += 1;
        let from = self.bound()?;
        if !self.take(&Token::To) {
            return Err(self.expected("TO"));
        }
        let to = self.bound()?;
        let Some(&Token::Until(to_edge)) = self.peek() else {
            return Err(self.expected("] or }"));
        };
        self.next += 1;
        let bound = |value: Option<String>, edge| value.map(|value| Bound { value, edge });
        let matcher = Matcher::Between {
            from: bound(from, from_edge),
            to: bound(to, to_edge),
        };
        self.term(field, matcher)
    }

    /// A bound; `None` stands for `*`.
    fn bound(&mut self) -> Result<Option<String>, SearchError> {
        let bound = match self.peek() {
            Some(Token::Quoted(text)) => Some(text.clone()),
            Some(Token::Word(word, _)) if word.is_anything() => None,
            Some(Token::Word(word, _)) => {
                let text = word.as_text().map(str::to_owned);
                let what = "a wildcard in a range";
                let refused = || Problem::Unsupported { what }.at(self.position());
                Some(text.ok_or_else(refused)?)
            }
            _ => return Err(self.expected("a bound or *")),
        };
        self.next += 1;
        Ok(bound)
    }

    fn term(&mut self, field: Option<&str>, matcher: Matcher) -> Result<Search, SearchError> {
        self.terms += 1;
        if MAX_TERMS < self.terms {
            return Err(Problem::TooManyTerms.at(self.position()));
        }
        let field = field.map(str::to_owned);
        Ok(Search::Term { field, matcher })
    }
}

fn literal_or_like(word: Pattern) -> Matcher {
    match word.as_text() {
        Some(text) => Matcher::Is(text.to_owned()),
        None => Matcher::Like(word),
    }
}

fn single(mut parts: Vec<Search>, join: fn(Vec<Search>) -> Search) -> Search {
    if parts.len() == 1 {
        parts.pop().unwrap_or(Search::All)
    } else {
        join(parts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::Piece, *};

    fn is(field: &str, value: &str) -> Search {
        Search::Term {
            field: (!field.is_empty()).then(|| field.to_owned()),
            matcher: Matcher::Is(value.to_owned()),
        }
    }

    fn not(search: Search) -> Search {
        Search::Not(Box::new(search))
    }

    fn between(field: &str, from: Option<(&str, Edge)>, to: Option<(&str, Edge)>) -> Search {
        let bound = |bound: Option<(&str, Edge)>| {
            bound.map(|(value, edge)| Bound {
                value: value.to_owned(),
                edge,
            })
        };
        let matcher = Matcher::Between {
            from: bound(from),
            to: bound(to),
        };
        Search::Term {
            field: Some(field.to_owned()),
            matcher,
        }
    }

    #[test]
    fn terms_and_operators_are_read_by_their_precedence() {
        let (a, b, c) = (is("a", "1"), is("b", "2"), is("c", "3"));
        for (text, expected) in [
            ("a:1", a.clone()),
            ("a:\"1\"", a.clone()),
            ("  a : 1 ", a.clone()),
            ("word", is("", "word")),
            ("a:1 b:2", Search::And(vec![a.clone(), b.clone()])),
            ("a:1 AND b:2", Search::And(vec![a.clone(), b.clone()])),
            ("a:1 && b:2", Search::And(vec![a.clone(), b.clone()])),
            ("a:1 OR b:2", Search::Or(vec![a.clone(), b.clone()])),
            (
                "a:1 OR b:2 AND c:3",
                Search::Or(vec![a.clone(), Search::And(vec![b.clone(), c.clone()])]),
            ),
            (
                "(a:1 || b:2) c:3",
                Search::And(vec![Search::Or(vec![a.clone(), b.clone()]), c.clone()]),
            ),
            ("NOT a:1", not(a.clone())),
            ("-a:1", not(a.clone())),
            ("!a:1", not(a.clone())),
            ("+a:1 -b:2", Search::And(vec![a.clone(), not(b.clone())])),
            ("a:1 NOT b:2", Search::And(vec![a.clone(), not(b.clone())])),
            ("NOT (a:1 OR b:2)", not(Search::Or(vec![a.clone(), b]))),
            ("a:(1 OR 2)", Search::Or(vec![a, is("a", "2")])),
            ("a:AND", is("a", "AND")),
            ("\\AND", is("", "AND")),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn values_keep_their_punctuation() {
        for (text, field, value) in [
            ("user_id:auth0|63d17c", "user_id", "auth0|63d17c"),
            ("email:a+b@x.test", "email", "a+b@x.test"),
            ("email:\"a b\"", "email", "a b"),
            ("date:2026-01-01T10:00:00Z", "date", "2026-01-01T10:00:00Z"),
            ("url:https\\://x.test/a", "url", "https://x.test/a"),
            ("a:\\\"x\\\"", "a", "\"x\""),
            ("a:\"say \\\"x\\\"\"", "a", "say \"x\""),
            ("a:\"\"", "a", ""),
            ("a:-5", "a", "-5"),
            ("a:\"x*\"", "a", "x*"),
            ("a:x\\*", "a", "x*"),
            ("app_metadata.b-c.d:1", "app_metadata.b-c.d", "1"),
            ("a\\ b:1", "a b", "1"),
        ] {
            assert_eq!(parse(text), Ok(is(field, value)), "{text}");
        }
    }

    #[test]
    fn wildcards_ranges_and_existence_are_read() {
        use Edge::{Exclusive, Inclusive};
        let like = |field: &str, pieces: Vec<Piece>| Search::Term {
            field: Some(field.to_owned()),
            matcher: Matcher::Like(Pattern::new(pieces)),
        };
        let text = |text: &str| Piece::Text(text.to_owned());
        let exists = Search::Term {
            field: Some("a".to_owned()),
            matcher: Matcher::Exists,
        };
        for (query, expected) in [
            ("a:x*", like("a", vec![text("x"), Piece::Any])),
            (
                "a:*x?y",
                like("a", vec![Piece::Any, text("x"), Piece::One, text("y")]),
            ),
            ("_exists_:a", exists.clone()),
            ("a:*", exists),
            ("*", Search::All),
            ("", Search::All),
            (" \t", Search::All),
            (
                "a:[1 TO 2]",
                between("a", Some(("1", Inclusive)), Some(("2", Inclusive))),
            ),
            (
                "a:{1 TO 2]",
                between("a", Some(("1", Exclusive)), Some(("2", Inclusive))),
            ),
            ("a:[-1 TO *}", between("a", Some(("-1", Inclusive)), None)),
            (
                "a:[* TO \"b c\"}",
                between("a", None, Some(("b c", Exclusive))),
            ),
            ("a:>5", between("a", Some(("5", Exclusive)), None)),
            ("a:>=5", between("a", Some(("5", Inclusive)), None)),
            (
                "a:<2026-01-01T00:00:00Z",
                between("a", None, Some(("2026-01-01T00:00:00Z", Exclusive))),
            ),
        ] {
            assert_eq!(parse(query).as_ref(), Ok(&expected), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_told_with_its_place() {
        for (text, position, message) in [
            ("a:\"x", 2, "a quotation that is not closed"),
            ("(a:1", 0, "a parenthesis that is not closed"),
            ("a:1)", 3, "expected AND, OR, NOT or another term"),
            ("a:", 2, "expected a value"),
            (":1", 0, "expected a value"),
            ("\"a\":1", 0, "expected the name of a field"),
            ("a*:1", 0, "expected the name of a field"),
            ("a:1 OR", 6, "expected a value"),
            ("AND a:1", 0, "expected a value"),
            ("NOT", 3, "expected a value"),
            ("()", 1, "expected a value"),
            ("a:[1 2]", 5, "expected TO"),
            ("a:[1 TO 2", 9, "expected ] or }"),
            ("a:[1* TO 2]", 3, "a wildcard in a range is not supported"),
            ("[1 TO 2]", 0, "expected a value"),
            ("a:x~2", 3, "the operator ~ is not supported"),
            ("a:x^2", 3, "the operator ^ is not supported"),
            ("a:\"x\"~3", 5, "the operator ~ is not supported"),
            ("a:\\", 3, "nothing follows the backslash"),
            ("_exists_:*", 9, "expected the name of a field"),
            ("é:1)", 3, "expected AND, OR, NOT or another term"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.position, position, "{text}");
            let full = format!("Invalid search at position {position}: {message}");
            assert_eq!(error.to_string(), full, "{text}");
        }
    }

    #[test]
    fn length_depth_and_terms_are_bounded() {
        let problem = |text: &str| parse(text).map_err(|error| error.problem);
        let long = format!("a:{}", "x".repeat(MAX_LENGTH - 2));
        assert!(problem(&long).is_ok());
        assert_eq!(problem(&(long + "x")), Err(Problem::TooLong));
        let nested = |depth: usize| "(".repeat(depth) + "a" + &")".repeat(depth);
        assert!(problem(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(problem(&nested(MAX_DEPTH + 1)), Err(Problem::TooDeep));
        assert_eq!(problem(&("!".repeat(2000) + "a")), Err(Problem::TooDeep));
        assert!(problem(&"a ".repeat(MAX_TERMS)).is_ok());
        assert_eq!(
            problem(&"a ".repeat(MAX_TERMS + 1)),
            Err(Problem::TooManyTerms)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_fail_otherwise_than_with_an_error(text in "\\PC{0,64}") {
            if let Err(error) = parse(&text) {
                prop_assert!(error.position <= text.chars().count());
            }
        }

        #[test]
        fn no_mixture_of_operators_does_either(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "a", ":", "(", ")", "[", "]", "{", "}", "\"", "\\", "*", "?", "~", "^", "-", "+", "!",
                    " TO ", " AND ", " OR ", " NOT ", "&&", "||", ">", "<=", "_exists_", " ", "é",
                ]),
                0..64,
            )
        ) {
            let text = parts.concat();
            if let Err(error) = parse(&text) {
                prop_assert!(error.position <= text.chars().count());
            }
        }

        #[test]
        fn any_value_can_be_asked_for_in_quotes(value in "\\PC{0,64}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(parse(&format!("f:\"{quoted}\"")), Ok(is("f", &value)));
        }
    }
}
