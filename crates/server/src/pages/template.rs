//! What the tenant writes in Liquid: the page around the card, and parts of the card.
//!
//! What the template prints is escaped, so that only its author writes HTML. Of what the author writes, the texts of style
//! elements take effect, and those of script elements that contain no Liquid: a script that is put together from values
//! could be taken over by whoever chose one of them. Files of other places do not load, but for images.

use std::{collections::BTreeMap, ops::Range};

use grantor_protocol::liquid::{Escaping, Template};
use serde_json::{Map, Value, json};

use super::{Screen, Shell};

/// The tag for what stands in the head of every page.
const HEAD: &str = "auth0:head";

/// The tag for the card.
const WIDGET: &str = "auth0:widget";

/// The texts of elements that take effect, though the page's policy forbids all others.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Elements {
    pub(super) styles: Vec<String>,
    pub(super) scripts: Vec<String>,
}

/// A page that the tenant's template made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OwnPage {
    pub(super) html: String,
    pub(super) elements: Elements,
}

/// What the tenant puts into a card.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// By place.
    pub(super) html: BTreeMap<String, String>,
    pub(super) elements: Elements,
}

/// The page, if the tenant has a template that works.
pub(super) fn page(shell: &Shell, screen: Screen, head: &str, card: &str) -> Option<OwnPage> {
    let source = shell.template.as_ref()?;
    let mut elements = Elements::default();
    let tags = [(HEAD, head), (WIDGET, card)];
    let html = render(shell, screen, source, &tags, &mut elements)?;
    Some(OwnPage { html, elements })
}

/// What the tenant puts into the card of a screen; a part that does not work is left out.
pub(super) fn parts(shell: &Shell, screen: Screen) -> Parts {
    let mut parts = Parts::default();
    let screens = shell.partials.get(screen.prompt);
    for (place, source) in screens
        .and_then(|screens| screens.get(screen.name))
        .into_iter()
        .flatten()
    {
        if let Some(html) = render(shell, screen, source, &[], &mut parts.elements) {
            parts.html.insert(place.clone(), html);
        }
    }
    parts
}

/// A template of the tenant as HTML, and the elements of its author. A line of the log says why there is none.
fn render(
    shell: &Shell,
    screen: Screen,
    source: &str,
    tags: &[(&'static str, &str)],
    elements: &mut Elements,
) -> Option<String> {
    // The browser reads line ends as one character, and so must whoever counts with its hashes.
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let names: Vec<&'static str> = tags.iter().map(|(name, _)| *name).collect();
    let template = Template::parse_with(&source, &names)
        .inspect_err(
            |error| tracing::warn!(%error, prompt = screen.prompt, "a template is not used"),
        )
        .ok()?;
    let html = template
        .render_with(&variables(shell, screen), tags, Escaping::Html, shell.now)
        .inspect_err(
            |error| tracing::warn!(%error, prompt = screen.prompt, "a template is not used"),
        )
        .ok()?;
    elements.styles.extend(texts_of(&html, "style"));
    let constant = |text: &String| !text.contains("{{") && !text.contains("{%");
    elements
        .scripts
        .extend(texts_of(&source, "script").into_iter().filter(constant));
    Some(html)
}

/// What a template can print.
fn variables(shell: &Shell, screen: Screen) -> Value {
    let application = shell.application.as_ref().map(|application| {
        json!({
            "id": application.client_id,
            "name": application.name,
            "logo_url": application.logo,
            "metadata": application.metadata,
        })
    });
    let mut tenant: Map<String, Value> = shell.settings.clone();
    tenant.insert("friendly_name".to_owned(), json!(shell.tenant_name));
    json!({
        "application": application,
        "branding": shell.branding,
        "tenant": tenant,
        "prompt": {"name": screen.prompt, "screen": {"name": screen.name}},
        "locale": shell.language.tag(),
        "dir": shell.language.direction(),
    })
}

/// The texts of all elements of this name, which cannot contain others of it.
fn texts_of(html: &str, name: &str) -> Vec<String> {
    // Of the same length as the text, so that places in one are places in the other.
    let lower = html.to_ascii_lowercase();
    let (open, close) = (format!("<{name}"), format!("</{name}"));
    let mut texts = Vec::new();
    let mut from = 0;
    while let Some(Range { start, end }) = element(&lower, from, &open, &close) {
        texts.extend(html.get(start..end).map(str::to_owned));
        from = end;
    }
    texts.retain(|text| !text.trim().is_empty());
    texts
}

/// Where the text of the next element after `from` is.
fn element(lower: &str, from: usize, open: &str, close: &str) -> Option<Range<usize>> {
    let tag = from + lower.get(from..)?.find(open)?;
    let start = tag + lower.get(tag..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find(close)?;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use grantor_protocol::{
        env::Timestamp,
        model::{PromptPartials, TenantSettings, UniversalLoginTemplate},
    };

    use super::*;
    use crate::pages::{Language, Text};

    const SCREEN: Screen = Screen {
        prompt: "login",
        name: "login-id",
        title: Text::LoginTitle,
    };

    fn shell() -> Shell {
        let settings: TenantSettings =
            serde_json::from_value(json!({"id": "settings", "friendly_name": "<b>Orchard"}))
                .unwrap();
        let now = Timestamp::from_millis(0);
        Shell::new(Language::Arabic, &settings, None, "host.test", now)
    }

    fn page(body: &str) -> Option<OwnPage> {
        let template = UniversalLoginTemplate {
            id: UniversalLoginTemplate::ID.to_owned(),
            body: body.to_owned(),
        };
        let shell = shell().with_template(Some(&template));
        super::page(&shell, SCREEN, "<meta>", "<main>{{ 1 }}</main>")
    }

    #[test]
    fn parts_of_a_card_are_rendered_one_by_one() {
        let partials: PromptPartials = serde_json::from_value(json!({"id": "login", "screens": {
            "login-id": {"form-content-start": "<p>{{ tenant.friendly_name }}</p><style>p{}</style>",
                "form-content-end": "{% if %}"},
            "other": {"form-footer-start": "no"}}}))
        .unwrap();
        let parts = parts(&shell().with_partials("login", Some(&partials)), SCREEN);
        let html: Vec<_> = parts.html.into_iter().collect();
        let expected = "<p>&lt;b&gt;Orchard</p><style>p{}</style>".to_owned();
        assert_eq!(html, [("form-content-start".to_owned(), expected)]);
        assert_eq!(parts.elements.styles, ["p{}"]);
    }

    #[test]
    fn j2_2_the_tenants_page_stands_around_the_card() {
        let page = page(
            "<html dir={{dir}}>{%- auth0:head -%}\n<h1>{{ tenant.friendly_name }}</h1>\
             {% if prompt.screen.name == 'login-id' %}{%auth0:widget%}{% endif %}",
        )
        .unwrap();
        assert_eq!(
            page.html,
            "<html dir=rtl><meta><h1>&lt;b&gt;Orchard</h1><main>{{ 1 }}</main>"
        );
    }

    #[test]
    fn j2_2_a_template_that_does_not_work_leaves_the_built_in_page() {
        assert_eq!(page("{% auth0:head %}{% auth0:widget %}{% if %}"), None);
        assert_eq!(page("{% auth0:head %}{% auth0:widget"), None);
        let endless =
            "{% for a in (1..100000) %}{% for b in (1..100000) %}{% endfor %}{% endfor %}";
        assert_eq!(page(endless), None);
    }

    #[test]
    fn styles_may_be_filled_and_scripts_may_not() {
        let page = page(
            "<STYLE media=all>h1{content:'{{ locale }}'}\r\nb{}</STYLE><style> </style>\
             <script>a()\r\nb()</script><script>c('{{ locale }}')</script><script>d",
        )
        .unwrap();
        assert_eq!(page.elements.styles, ["h1{content:'ar'}\nb{}"]);
        assert_eq!(page.elements.scripts, ["a()\nb()"]);
    }
}
