//! Fills a template.

use std::{borrow::Cow, cmp::Ordering, rc::Rc};

use serde_json::Value as Json;

use super::{
    Escaping, MAX_WORK, TooMuchWork,
    expression::{Condition, Expression, Operand, Relation, Step},
    filters::{self, escape_into},
    nodes::{Loop, Node, Over},
    value::Value,
};
use crate::env::Timestamp;

/// What is left of the work that may be done.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Budget {
    /// Takes `work` from it.
    pub(super) fn charge(&mut self, work: usize) -> Result<(), TooMuchWork> {
        self.0 = self.0.checked_sub(work).ok_or(TooMuchWork)?;
        Ok(())
    }
}

/// How it goes on after a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

/// A rendering.
pub(super) struct Renderer<'a> {
    variables: &'a Json,
    /// What stands for the caller's own tags.
    tags: &'a [(&'static str, &'a str)],
    escaping: Escaping,
    now: Timestamp,
    /// What the template assigned, and the variables of its loops; the last one of a name counts.
    scope: Vec<(&'a str, Value<'a>)>,
    output: String,
    budget: Budget,
}

type Rendered<T> = Result<T, TooMuchWork>;

/// What a loop takes to remember an item.
const ITEM: usize = 64;

impl<'a> Renderer<'a> {
    pub(super) fn new(
        variables: &'a Json,
        tags: &'a [(&'static str, &'a str)],
        escaping: Escaping,
        now: Timestamp,
    ) -> Self {
        Self {
            variables,
            tags,
            escaping,
            now,
            scope: Vec::new(),
            output: String::new(),
            budget: Budget(MAX_WORK),
        }
    }

    pub(super) fn into_output(self) -> String {
        self.output
    }

    pub(super) fn render(&mut self, nodes: &'a [Node]) -> Rendered<()> {
        self.nodes(nodes).map(drop)
    }

    fn nodes(&mut self, nodes: &'a [Node]) -> Rendered<Flow> {
        for node in nodes {
            self.budget.charge(1)?;
            let flow = self.node(node)?;
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn node(&mut self, node: &'a Node) -> Rendered<Flow> {
        match node {
            Node::Text(text) => {
                self.budget.charge(text.len())?;
                self.output.push_str(text);
            }
            Node::Tag(name) => {
                let own = self.tags.iter().find(|(known, _)| known == name);
                let html = own.map_or("", |(_, html)| html);
                self.budget.charge(html.len())?;
                self.output.push_str(html);
            }
            Node::Output(expression) => {
                let value = self.evaluate(expression)?;
                self.print(&value)?;
            }
            Node::Assign(name, expression) => {
                let value = self.evaluate(expression)?;
                self.set(name, value)?;
            }
            Node::Capture(name, body) => {
                let around = std::mem::take(&mut self.output);
                let flow = self.nodes(body)?;
                let captured = std::mem::replace(&mut self.output, around);
                self.set(name, Value::Html(Cow::Owned(captured)))?;
                return Ok(flow);
            }
            Node::If(branches) => {
                for (condition, body) in branches {
                    let holds = match condition {
                        Some(condition) => self.holds(condition)?,
                        None => true,
                    };
                    if holds {
                        return self.nodes(body);
                    }
                }
            }
            Node::Case(subject, branches) => return self.case(subject, branches),
            Node::For(found) => return self.for_each(found),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::On)
    }

    fn case(
        &mut self,
        subject: &'a Operand,
        branches: &'a [(Option<Vec<Operand>>, Vec<Node>)],
    ) -> Rendered<Flow> {
        let subject = self.operand(subject)?;
        for (values, body) in branches {
            let mut matches = values.is_none();
            for value in values.iter().flatten() {
                let value = self.operand(value)?;
                self.charge_comparison(&subject, &value)?;
                matches |= subject.compare(&value) == Some(Ordering::Equal);
            }
            if matches {
                return self.nodes(body);
            }
        }
        Ok(Flow::On)
    }

    fn for_each(&mut self, found: &'a Loop) -> Rendered<Flow> {
        let items = match &found.over {
            Over::Items(operand) => {
                let value = self.operand(operand)?;
                self.budget.charge(value.text_weight())?;
                let items = value.items();
                self.budget.charge(ITEM.saturating_mul(items.len()))?;
                items
            }
            Over::Range(from, to) => {
                let (from, to) = (self.operand(from)?.integer(), self.operand(to)?.integer());
                let (from, to) = (from.unwrap_or(0), to.unwrap_or(-1));
                let length = usize::try_from(to.saturating_sub(from).saturating_add(1));
                self.budget
                    .charge(ITEM.saturating_mul(length.unwrap_or(0)))?;
                (from..=to).map(Value::Integer).collect()
            }
        };
        let offset = self.count(found.offset.as_ref())?.unwrap_or(0);
        let limit = self.count(found.limit.as_ref())?.unwrap_or(usize::MAX);
        let mut items: Vec<_> = items.into_iter().skip(offset).take(limit).collect();
        if found.reversed {
            items.reverse();
        }
        if items.is_empty() {
            return self.nodes(&found.otherwise);
        }
        let (length, outside) = (items.len(), self.scope.len());
        for (index, item) in items.into_iter().enumerate() {
            self.budget.charge(ITEM)?;
            self.scope.push((&found.variable, item));
            self.scope.push(("forloop", Value::Loop(index, length)));
            let flow = self.nodes(&found.body)?;
            // What the body assigned stays after the loop; its own two variables do not.
            self.scope.drain(outside..outside + 2);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    fn count(&mut self, operand: Option<&'a Operand>) -> Rendered<Option<usize>> {
        let Some(operand) = operand else {
            return Ok(None);
        };
        let count = self.operand(operand)?.integer();
        Ok(count.and_then(|count| usize::try_from(count).ok()))
    }

    fn set(&mut self, name: &'a str, value: Value<'a>) -> Rendered<()> {
        self.budget.charge(ITEM)?;
        let present = self.scope.iter_mut().rfind(|(known, _)| *known == name);
        match present {
            Some((_, present)) => *present = value,
            None => self.scope.push((name, value)),
        }
        Ok(())
    }

    fn print(&mut self, value: &Value<'_>) -> Rendered<()> {
        // A character becomes at most six.
        self.budget.charge(value.text_weight())?;
        let text = value.text();
        if self.escaping == Escaping::None || matches!(value, Value::Html(_)) {
            self.output.push_str(&text);
            return Ok(());
        }
        let before = self.output.len();
        escape_into(&mut self.output, &text);
        self.budget.charge(self.output.len() - before)
    }

    fn evaluate(&mut self, expression: &'a Expression) -> Rendered<Value<'a>> {
        let mut value = self.operand(&expression.operand)?;
        for (filter, arguments) in &expression.filters {
            let mut values = Vec::with_capacity(arguments.len());
            for argument in arguments {
                values.push(self.operand(argument)?);
            }
            value = filters::apply(*filter, value, &values, self.now, &mut self.budget)?;
        }
        Ok(value)
    }

    fn operand(&mut self, operand: &'a Operand) -> Rendered<Value<'a>> {
        self.budget.charge(1)?;
        let (name, steps) = match operand {
            Operand::Nil => return Ok(Value::Nil),
            Operand::Empty => return Ok(Value::Empty),
            Operand::Boolean(value) => return Ok(Value::Boolean(*value)),
            Operand::Integer(value) => return Ok(Value::Integer(*value)),
            Operand::Float(value) => return Ok(Value::Float(*value)),
            Operand::Literal(text) => return Ok(Value::Html(Cow::Borrowed(text))),
            Operand::Path(name, steps) => (name, steps),
        };
        self.budget.charge(self.scope.len())?;
        let own = self.scope.iter().rfind(|(known, _)| known == name);
        let mut value = match own {
            Some((_, value)) => {
                self.budget.charge(value.weight())?;
                value.clone()
            }
            None => self.variables.get(name).map_or(Value::Nil, Value::from),
        };
        for step in steps {
            self.budget.charge(1)?;
            value = match step {
                Step::Name(name) => value.member(name),
                Step::Index(operand) => {
                    let index = self.operand(operand)?;
                    self.budget.charge(index.text_weight())?;
                    value.member(&index.text())
                }
            };
            self.budget.charge(value.weight())?;
        }
        Ok(value)
    }

    fn holds(&mut self, condition: &'a Condition) -> Rendered<bool> {
        match condition {
            Condition::Is(operand) => Ok(self.operand(operand)?.is_true()),
            Condition::Not(condition) => Ok(!self.holds(condition)?),
            Condition::And(one, other) => Ok(self.holds(one)? && self.holds(other)?),
            Condition::Or(one, other) => Ok(self.holds(one)? || self.holds(other)?),
            Condition::Compare(left, relation, right) => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                self.charge_comparison(&left, &right)?;
                let order = left.compare(&right);
                Ok(match relation {
                    Relation::Equal => order == Some(Ordering::Equal),
                    Relation::Unequal => order != Some(Ordering::Equal),
                    Relation::Less => order == Some(Ordering::Less),
                    Relation::LessOrEqual => order.is_some_and(Ordering::is_le),
                    Relation::Greater => order == Some(Ordering::Greater),
                    Relation::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
                    Relation::Contains => left.contains(&right),
                })
            }
        }
    }

    fn charge_comparison(&mut self, one: &Value<'_>, other: &Value<'_>) -> Rendered<()> {
        self.budget.charge(one.text_weight())?;
        self.budget.charge(other.text_weight())
    }
}

/// A list of texts.
pub(super) fn list(items: Vec<Value<'_>>) -> Value<'_> {
    Value::List(Rc::new(items))
}
