//! The tenant's own page around the card, in Liquid.
//!
//! What the template prints is escaped, so that only its author writes HTML. Of what the author writes, the texts of style
//! elements take effect, and those of script elements that contain no Liquid: a script that is put together from values
//! could be taken over by whoever chose one of them. Files of other places do not load, but for images.

use std::ops::Range;

use grantor_protocol::{
    env::Timestamp,
    liquid::{Escaping, Template},
};
use serde_json::{Map, Value, json};

use super::{Screen, Shell};

/// The tag for what stands in the head of every page.
const HEAD: &str = "auth0:head";

/// The tag for the card.
const WIDGET: &str = "auth0:widget";

/// A page that the tenant's template made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OwnPage {
    pub(super) html: String,
    /// The texts of the template's style elements.
    pub(super) styles: Vec<String>,
    /// The texts of the template's script elements.
    pub(super) scripts: Vec<String>,
}

/// A template and the moment in which it is rendered.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) source: String,
    pub(super) now: Timestamp,
}

/// The page, if the tenant has a template that works; a line of the log says why not.
pub(super) fn render(shell: &Shell, screen: Screen, head: &str, card: &str) -> Option<OwnPage> {
    let own = shell.template.as_ref()?;
    // The browser reads line ends as one character, and so must whoever counts with its hashes.
    let source = own.source.replace("\r\n", "\n").replace('\r', "\n");
    let rendered = Template::parse_with(&source, &[HEAD, WIDGET])
        .inspect_err(|error| tracing::warn!(%error, "the page template is not used"))
        .ok()?
        .render_with(
            &variables(shell, screen),
            &[(HEAD, head), (WIDGET, card)],
            Escaping::Html,
            own.now,
        );
    let html = rendered
        .inspect_err(|error| tracing::warn!(%error, "the page template is not used"))
        .ok()?;
    let mut scripts = elements(&source, "script");
    scripts.retain(|text| !text.contains("{{") && !text.contains("{%"));
    Some(OwnPage {
        styles: elements(&html, "style"),
        scripts,
        html,
    })
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
fn elements(html: &str, name: &str) -> Vec<String> {
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
    use grantor_protocol::model::{TenantSettings, UniversalLoginTemplate};

    use super::*;
    use crate::pages::{Language, Text};

    const SCREEN: Screen = Screen {
        prompt: "login",
        name: "login-id",
        title: Text::LoginTitle,
    };

    fn page(body: &str) -> Option<OwnPage> {
        let settings: TenantSettings =
            serde_json::from_value(json!({"id": "settings", "friendly_name": "<b>Orchard"}))
                .unwrap();
        let template = UniversalLoginTemplate {
            id: UniversalLoginTemplate::ID.to_owned(),
            body: body.to_owned(),
        };
        let now = Timestamp::from_millis(0);
        let shell = Shell::new(Language::Arabic, &settings, None, "host.test");
        render(
            &shell.with_template(Some(&template), now),
            SCREEN,
            "<meta>",
            "<main>{{ 1 }}</main>",
        )
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
        assert_eq!(page.styles, ["h1{content:'ar'}\nb{}"]);
        assert_eq!(page.scripts, ["a()\nb()"]);
    }
}
