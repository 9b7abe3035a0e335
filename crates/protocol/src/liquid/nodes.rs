//! The tree of a template.

use super::{
    MAX_DEPTH, SyntaxError,
    expression::{Condition, Expression, Operand, Reader},
    segments::{Placed, Segment, cut},
};

/// A part of a template.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    /// A tag of the caller's own.
    Tag(&'static str),
    Output(Expression),
    Assign(String, Expression),
    Capture(String, Vec<Node>),
    /// The first whose condition holds; no condition always does.
    If(Vec<(Option<Condition>, Vec<Node>)>),
    /// The first that has the value; no values stand for `else`.
    Case(Operand, Vec<(Option<Vec<Operand>>, Vec<Node>)>),
    For(Box<Loop>),
    Break,
    Continue,
}

/// `for`.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub(super) variable: String,
    pub(super) over: Over,
    pub(super) limit: Option<Operand>,
    pub(super) offset: Option<Operand>,
    pub(super) reversed: bool,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// What a loop goes over.
#[derive(Clone, Debug)]
pub(super) enum Over {
    Items(Operand),
    Range(Operand, Operand),
}

/// Reads a whole template.
pub(super) fn parse(source: &str, tags: &[&'static str]) -> Result<Vec<Node>, SyntaxError> {
    let pieces = cut(source)?;
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        tags,
        line: 1,
        depth: 0,
    };
    let (nodes, end) = parser.block(&[])?;
    match end {
        None => Ok(nodes),
        Some(end) => Err(parser.problem(format!("{} opens nothing", end.name))),
    }
}

struct Parser<'a> {
    pieces: std::vec::IntoIter<Placed<'a>>,
    tags: &'a [&'static str],
    line: usize,
    depth: usize,
}

/// A tag: its name and what follows it.
#[derive(Clone, Copy)]
struct Tag<'a> {
    name: &'a str,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    fn read(text: &'a str) -> Self {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        Self { name, rest }
    }
}

type Parsed<T> = Result<T, SyntaxError>;

impl<'a> Parser<'a> {
    fn problem(&self, problem: String) -> SyntaxError {
        SyntaxError {
            problem,
            line: self.line,
        }
    }

    /// The nodes up to one of the tags `ends`, and that tag.
    fn block(&mut self, ends: &[&str]) -> Parsed<(Vec<Node>, Option<Tag<'a>>)> {
        self.depth += 1;
        if MAX_DEPTH < self.depth {
            return Err(self.problem("too many blocks in each other".to_owned()));
        }
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            self.line = piece.line;
            match piece.segment {
                Segment::Text(text) => nodes.push(Node::Text(text.to_owned())),
                Segment::Output(text) => {
                    nodes.push(Node::Output(self.whole(text, Reader::expression)?));
                }
                Segment::Tag(text) => {
                    let tag = Tag::read(text);
                    if ends.contains(&tag.name) {
                        self.depth -= 1;
                        return Ok((nodes, Some(tag)));
                    }
                    nodes.extend(self.tag(tag)?);
                }
            }
        }
        self.depth -= 1;
        match ends.last() {
            None => Ok((nodes, None)),
            Some(end) => Err(self.problem(format!("{end} is missing"))),
        }
    }

    fn tag(&mut self, tag: Tag<'a>) -> Parsed<Option<Node>> {
        match tag.name {
            "assign" => self.assign(tag).map(Some),
            "capture" => {
                let name = self.whole(tag.rest, Reader::name)?.to_owned();
                let (body, _) = self.block(&["endcapture"])?;
                Ok(Some(Node::Capture(name, body)))
            }
            "if" | "unless" => self.branches(tag).map(Some),
            "case" => self.case(tag).map(Some),
            "for" => self.for_each(tag).map(Some),
            "comment" => self.skip_comment(),
            "break" => Ok(Some(Node::Break)),
            "continue" => Ok(Some(Node::Continue)),
            name => match self.tags.iter().find(|tag| **tag == name) {
                Some(tag) => Ok(Some(Node::Tag(tag))),
                None => Err(self.problem(format!("unknown tag {name:?}"))),
            },
        }
    }

    /// What a comment says is not even read.
    fn skip_comment(&mut self) -> Parsed<Option<Node>> {
        for piece in self.pieces.by_ref() {
            if let Segment::Tag(text) = piece.segment
                && Tag::read(text).name == "endcomment"
            {
                return Ok(None);
            }
        }
        Err(self.problem("endcomment is missing".to_owned()))
    }

    fn assign(&self, tag: Tag<'a>) -> Parsed<Node> {
        self.whole(tag.rest, |reader| {
            let name = reader.name()?.to_owned();
            if !reader.take("=") {
                return Err("= is missing".to_owned());
            }
            Ok(Node::Assign(name, reader.expression()?))
        })
    }

    fn branches(&mut self, tag: Tag<'a>) -> Parsed<Node> {
        let negated = tag.name == "unless";
        let end = if negated { "endunless" } else { "endif" };
        let mut branches = Vec::new();
        let first = self.whole(tag.rest, Reader::condition)?;
        let mut condition = Some(if negated {
            Condition::Not(Box::new(first))
        } else {
            first
        });
        loop {
            let (body, next) = self.block(&["elsif", "else", end])?;
            branches.push((condition, body));
            let next = next.filter(|next| next.name != end);
            condition = match next {
                None => break,
                Some(next) if next.name == "elsif" => {
                    Some(self.whole(next.rest, Reader::condition)?)
                }
                Some(_) => None,
            };
        }
        Ok(Node::If(branches))
    }

    fn case(&mut self, tag: Tag<'a>) -> Parsed<Node> {
        let subject = self.whole(tag.rest, Reader::operand)?;
        let mut branches = Vec::new();
        let ends = ["when", "else", "endcase"];
        // What stands before the first `when` belongs to none.
        let (_, mut next) = self.block(&ends)?;
        while let Some(tag) = next.filter(|next| next.name != "endcase") {
            let values = if tag.name == "when" {
                Some(self.whole(tag.rest, when_values)?)
            } else {
                None
            };
            let (body, following) = self.block(&ends)?;
            branches.push((values, body));
            next = following;
        }
        Ok(Node::Case(subject, branches))
    }

    fn for_each(&mut self, tag: Tag<'a>) -> Parsed<Node> {
        let mut found = self.whole(tag.rest, loop_head)?;
        let (body, end) = self.block(&["else", "endfor"])?;
        found.body = body;
        if end.is_some_and(|end| end.name == "else") {
            (found.otherwise, _) = self.block(&["endfor"])?;
        }
        Ok(Node::For(Box::new(found)))
    }

    /// Reads `text` to its end.
    fn whole<T>(
        &self,
        text: &'a str,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, String>,
    ) -> Parsed<T> {
        let mut reader = Reader::new(text);
        let read = read(&mut reader).and_then(|read| reader.end().map(|()| read));
        read.map_err(|problem| self.problem(problem))
    }
}

fn when_values(reader: &mut Reader<'_>) -> Result<Vec<Operand>, String> {
    let mut values = vec![reader.operand()?];
    while reader.take(",") || reader.take("or") {
        values.push(reader.operand()?);
    }
    Ok(values)
}

/// `x in items limit: 2 offset: 1 reversed`.
fn loop_head(reader: &mut Reader<'_>) -> Result<Loop, String> {
    let variable = reader.name()?.to_owned();
    if !reader.take("in") {
        return Err("in is missing".to_owned());
    }
    let over = if reader.take("(") {
        let from = reader.operand()?;
        if !reader.take("..") {
            return Err(".. is missing".to_owned());
        }
        let to = reader.operand()?;
        if !reader.take(")") {
            return Err(") is missing".to_owned());
        }
        Over::Range(from, to)
    } else {
        Over::Items(reader.operand()?)
    };
    let mut found = Loop {
        variable,
        over,
        limit: None,
        offset: None,
        reversed: false,
        body: Vec::new(),
        otherwise: Vec::new(),
    };
    while !reader.is_at_end() {
        let place = match reader.name()? {
            "reversed" => {
                found.reversed = true;
                continue;
            }
            "limit" => &mut found.limit,
            "offset" => &mut found.offset,
            name => return Err(format!("{name:?} is not understood")),
        };
        if !reader.take(":") {
            return Err(": is missing".to_owned());
        }
        *place = Some(reader.operand()?);
    }
    Ok(found)
}
