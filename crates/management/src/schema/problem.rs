//! What is wrong with a value, in the words of the compatible API.

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

    /// What is wrong.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where: `a.b[0]`; empty for the value itself.
    pub(crate) fn path(&self) -> String {
        let path: String = self.steps.iter().rev().map(String::as_str).collect();
        path.trim_start_matches('.').to_owned()
    }

    /// The whole sentence; `place` is `Payload`, `Query` or `Path`.
    pub(crate) fn sentence(&self, place: &str) -> String {
        let sentence = self.clause(place);
        let inner: Vec<_> = self
            .inner
            .iter()
            .map(|problem| problem.clause(place))
            .collect();
        if inner.is_empty() {
            return format!("{sentence}.");
        }
        format!("{sentence}. Inner errors: [ {} ]", inner.join(", "))
    }

    fn clause(&self, place: &str) -> String {
        let problem = format!("{place} validation error: '{}'", self.text);
        match (self.steps.is_empty(), self.path()) {
            (false, path) if !path.starts_with('[') => format!("{problem} on property {path}"),
            _ => problem,
        }
    }
}
