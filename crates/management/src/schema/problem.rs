//! What is wrong with a value, in the words of the compatible API.

use std::fmt;

/// The first thing that is wrong with a value.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    text: String,
    /// Where, outermost last: `.name` and `[index]`.
    steps: Vec<String>,
    /// The problems of each alternative, if there were several.
    inner: Vec<Problem>,
}

impl Problem {
    /// `text` about the value itself.
    pub(crate) fn new(text: String) -> Self {
        Self {
            text,
            steps: Vec::new(),
            inner: Vec::new(),
        }
    }

    /// None of several schemas accepted the value.
    pub(crate) fn none_of(inner: Vec<Self>) -> Self {
        Self {
            inner,
            ..Self::new("None of the valid schemas were met".to_owned())
        }
    }

    /// The same problem, seen from the object whose member `name` has it.
    pub(crate) fn inside(mut self, name: &str) -> Self {
        self.steps.push(format!(".{name}"));
        self
    }

    /// The same problem, seen from the array whose item `index` has it.
    pub(crate) fn inside_item(mut self, index: usize) -> Self {
        self.steps.push(format!("[{index}]"));
        self
    }

    /// The whole sentence; `place` is `Payload`, `Query` or `Path`, `means` describes the outermost property.
    pub(crate) fn sentence(&self, place: &str, means: Option<&str>) -> String {
        let path: String = self.steps.iter().rev().map(String::as_str).collect();
        let mut sentence = format!("{place} validation error: '{}'", self.text);
        if let Some(path) = path.strip_prefix('.') {
            sentence.push_str(" on property ");
            sentence.push_str(path);
        }
        if let Some(means) = means {
            sentence.push_str(&format!(" ({means})"));
        }
        sentence.push('.');
        if !self.inner.is_empty() {
            let inner: Vec<_> = self
                .inner
                .iter()
                .map(|problem| problem.sentence(place, None))
                .collect();
            let inner: Vec<_> = inner
                .iter()
                .map(|text| text.trim_end_matches('.'))
                .collect();
            sentence.push_str(&format!(" Inner errors: [ {} ]", inner.join(", ")));
        }
        sentence
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
