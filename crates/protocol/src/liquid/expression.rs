//! Expressions: values, filters and conditions.

use super::filters::Filter;

/// What stands for a value.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Nil,
    Empty,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    /// A text of the template's author.
    Literal(String),
    /// A variable and the steps into it.
    Path(String, Vec<Step>),
}

/// A step into a value.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name`.
    Name(String),
    /// `[…]`.
    Index(Operand),
}

/// A value with filters.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) operand: Operand,
    pub(super) filters: Vec<(Filter, Vec<Operand>)>,
}

/// Something true or false.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Is(Operand),
    Not(Box<Condition>),
    Compare(Operand, Relation, Operand),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

/// How two values stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

const RELATIONS: [(&str, Relation); 8] = [
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    ("<>", Relation::Unequal),
    ("<=", Relation::LessOrEqual),
    (">=", Relation::GreaterOrEqual),
    ("<", Relation::Less),
    (">", Relation::Greater),
    ("contains", Relation::Contains),
];

/// Deepest nesting of `[…]` and longest chain of `and` and `or`.
const MAX_DEPTH: usize = 32;

/// Reads what is between the delimiters, from left to right.
pub(super) struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

type Read<T> = Result<T, String>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text.trim(),
            depth: 0,
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Read<()> {
        if self.is_at_end() {
            return Ok(());
        }
        Err(format!("{:?} is not understood", shortened(self.rest)))
    }

    /// Takes `token` if it comes next.
    pub(super) fn take(&mut self, token: &str) -> bool {
        let Some(after) = self.rest.strip_prefix(token) else {
            return false;
        };
        let is_word = token.starts_with(|first: char| first.is_ascii_alphabetic());
        if is_word && after.starts_with(belongs_to_name) {
            return false;
        }
        self.rest = after.trim_start();
        true
    }

    /// A name.
    pub(super) fn name(&mut self) -> Read<&'a str> {
        let end = self.rest.find(|character| !belongs_to_name(character));
        let (name, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if name.is_empty() {
            return Err(format!("a name is missing at {:?}", shortened(self.rest)));
        }
        self.rest = after.trim_start();
        Ok(name)
    }

    /// A value with filters.
    pub(super) fn expression(&mut self) -> Read<Expression> {
        let operand = self.operand()?;
        let mut filters = Vec::new();
        while self.take("|") {
            let name = self.name()?;
            let filter = Filter::named(name).ok_or_else(|| format!("unknown filter {name}"))?;
            let mut arguments = Vec::new();
            if self.take(":") {
                arguments.push(self.operand()?);
                while self.take(",") {
                    arguments.push(self.operand()?);
                }
            }
            filters.push((filter, arguments));
        }
        Ok(Expression { operand, filters })
    }

    /// Conditions; the last `and` or `or` binds closest, as the language has it.
    pub(super) fn condition(&mut self) -> Read<Condition> {
        self.deeper()?;
        let left = self.operand()?;
        let relation = RELATIONS
            .iter()
            .find(|(token, _)| self.take(token))
            .map(|(_, relation)| *relation);
        let first = match relation {
            Some(relation) => Condition::Compare(left, relation, self.operand()?),
            None => Condition::Is(left),
        };
        if self.take("and") {
            let second = self.condition()?;
            return Ok(Condition::And(Box::new(first), Box::new(second)));
        }
        if self.take("or") {
            let second = self.condition()?;
            return Ok(Condition::Or(Box::new(first), Box::new(second)));
        }
        Ok(first)
    }

    /// A literal or a variable.
    pub(super) fn operand(&mut self) -> Read<Operand> {
        for quote in ['"', '\''] {
            if let Some(after) = self.rest.strip_prefix(quote) {
                let (text, after) = after
                    .split_once(quote)
                    .ok_or_else(|| "a text is not closed".to_owned())?;
                self.rest = after.trim_start();
                return Ok(Operand::Literal(text.to_owned()));
            }
        }
        if self
            .rest
            .starts_with(|first: char| first.is_ascii_digit() || first == '-')
        {
            return self.number();
        }
        let name = self.name()?;
        match name {
            "nil" | "null" => return Ok(Operand::Nil),
            "empty" | "blank" => return Ok(Operand::Empty),
            "true" => return Ok(Operand::Boolean(true)),
            "false" => return Ok(Operand::Boolean(false)),
            _ => {}
        }
        let mut steps = Vec::new();
        loop {
            // `..` belongs to a range.
            if !self.rest.starts_with("..") && self.take(".") {
                steps.push(Step::Name(self.name()?.to_owned()));
            } else if self.take("[") {
                self.deeper()?;
                steps.push(Step::Index(self.operand()?));
                self.depth -= 1;
                if !self.take("]") {
                    return Err("[ is not closed".to_owned());
                }
            } else {
                return Ok(Operand::Path(name.to_owned(), steps));
            }
        }
    }

    fn number(&mut self) -> Read<Operand> {
        let digits_end = |text: &str| {
            text.find(|character: char| !character.is_ascii_digit())
                .unwrap_or(text.len())
        };
        let sign = usize::from(self.rest.starts_with('-'));
        let mut end = sign + digits_end(self.rest.get(sign..).unwrap_or_default());
        let fraction = self.rest.get(end..).and_then(|rest| rest.strip_prefix('.'));
        let fraction = fraction.map(digits_end).filter(|digits| 0 < *digits);
        if let Some(digits) = fraction {
            end += 1 + digits;
        }
        let (number, after) = self.rest.split_at(end);
        self.rest = after.trim_start();
        let read = if fraction.is_some() {
            number.parse().ok().map(Operand::Float)
        } else {
            number.parse().ok().map(Operand::Integer)
        };
        read.ok_or_else(|| format!("{number:?} is no number"))
    }

    fn deeper(&mut self) -> Read<()> {
        self.depth += 1;
        if MAX_DEPTH < self.depth {
            return Err("an expression is too deep".to_owned());
        }
        Ok(())
    }
}

fn belongs_to_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '-'
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
