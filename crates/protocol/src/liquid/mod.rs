//! Liquid: the language in which tenants write their mails.
//!
//! A subset, interpreted here because templates come from tenants: whatever a template says, rendering it ends, and takes
//! a bounded amount of time and memory ([`MAX_WORK`]). What is printed is escaped for HTML unless the template's author
//! wrote it: see [`Escaping`].
//!
//! Knows `if`, `elsif`, `else`, `unless`, `case`, `for`, `assign`, `capture`, `comment`, `raw`, and the filters in
//! `filters`. Opens no file and includes no other template.

mod expression;
mod filters;
mod nodes;
mod render;
mod segments;
mod value;

use serde_json::Value as Json;

use self::{nodes::Node, render::Renderer};
use crate::env::Timestamp;

/// Longest template, in bytes.
pub const MAX_TEMPLATE: usize = 102_400;

/// Most work of one rendering: steps, and bytes that are made or copied.
pub const MAX_WORK: usize = 4 * 1_048_576;

/// Deepest nesting of blocks.
const MAX_DEPTH: usize = 32;

/// A template that was understood.
#[derive(Clone, Debug)]
pub struct Template {
    nodes: Vec<Node>,
}

/// Why a template is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} in line {line}")]
pub struct SyntaxError {
    problem: String,
    line: usize,
}

/// A template asks for more than [`MAX_WORK`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template asks for too much work")]
pub struct TooMuchWork;

/// What happens to a value that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escaping {
    /// Values become text of an HTML page. Texts of the template itself, what it captured and what the filter `escape`
    /// made are HTML already.
    Html,
    /// Values are printed as they are.
    None,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Which tag or expression is not understood; or the template is longer than [`MAX_TEMPLATE`] bytes.
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        Self::parse_with(source, &[])
    }

    /// The same with tags of the caller's own, such as `auth0:head`, for which [`Self::render_with`] puts HTML.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_with(source: &str, tags: &[&'static str]) -> Result<Self, SyntaxError> {
        if MAX_TEMPLATE < source.len() {
            return Err(SyntaxError {
                problem: format!("more than {MAX_TEMPLATE} bytes"),
                line: 1,
            });
        }
        nodes::parse(source, tags).map(|nodes| Self { nodes })
    }

    /// Fills the template with `variables`, an object. What is not there is empty. `now` is what the filter `date` takes
    /// for "now".
    ///
    /// # Errors
    /// [`TooMuchWork`].
    pub fn render(
        &self,
        variables: &Json,
        escaping: Escaping,
        now: Timestamp,
    ) -> Result<String, TooMuchWork> {
        self.render_with(variables, &[], escaping, now)
    }

    /// The same with the HTML that stands for each tag of the caller's own.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_with(
        &self,
        variables: &Json,
        tags: &[(&'static str, &str)],
        escaping: Escaping,
        now: Timestamp,
    ) -> Result<String, TooMuchWork> {
        let mut renderer = Renderer::new(variables, tags, escaping, now);
        renderer.render(&self.nodes)?;
        Ok(renderer.into_output())
    }
}

#[cfg(test)]
mod tests;
