//! The tenant's own page around the card, in Liquid.

use super::{Screen, Shell};

/// A page that the tenant's template made.
#[derive(Debug, Default)]
pub(super) struct OwnPage {
    pub(super) html: String,
    /// The texts of the template's style elements.
    pub(super) styles: Vec<String>,
    /// The texts of the template's script elements.
    pub(super) scripts: Vec<String>,
}

/// The page, if the tenant has a template that works.
pub(super) fn render(
    shell: &Shell,
    _screen: Screen,
    _title: &str,
    _head: &str,
    _card: &str,
) -> Option<OwnPage> {
    shell.template.as_ref()?;
    None
}
