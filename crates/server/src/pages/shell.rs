//! What all pages of one request share: language, texts and look.

use std::collections::BTreeMap;

use grantor_protocol::{
    env::Timestamp,
    model::{
        Branding, Client, CustomText, PromptPartials, Screens, TenantSettings,
        UniversalLoginTemplate,
    },
};
use serde_json::{Map, Value, json};

use super::{Language, Screen, Text, assets, look::Look, template::Parts, texts};

/// Longest custom text that is shown, in bytes.
const MAX_TEXT_LENGTH: usize = 4096;

/// Settings that a page template may print.
const PUBLIC: [&str; 3] = ["support_email", "support_url", "enabled_locales"];

/// What all pages of one request share.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The language.
    pub language: Language,
    /// The tenant's name for people.
    pub tenant_name: String,
    /// The application that sent the user, if one did.
    pub application: Option<Application>,
    /// Where users find help: a URL or an address with `mailto:`.
    pub support: Option<String>,
    pub(super) look: Look,
    pub(super) now: Timestamp,
    pub(super) template: Option<String>,
    pub(super) partials: BTreeMap<&'static str, Screens>,
    pub(super) branding: Value,
    pub(super) settings: Map<String, Value>,
    custom_texts: BTreeMap<&'static str, Screens>,
}

/// An application, as it is shown.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its identifier.
    pub client_id: String,
    /// Its name.
    pub name: String,
    /// An `https` URL.
    pub logo: Option<String>,
    /// `client_metadata`, which page templates can read.
    pub metadata: Map<String, Value>,
}

impl Shell {
    /// The pages of a tenant. `host` stands in for a tenant that has no `friendly_name`; `now` is for
    /// what the tenant's templates say of the date.
    pub fn new(
        language: Language,
        settings: &TenantSettings,
        branding: Option<&Branding>,
        host: &str,
        now: Timestamp,
    ) -> Self {
        let text = |key: &str| {
            let text = settings.rest.get(key).and_then(Value::as_str);
            text.filter(|text| !text.trim().is_empty())
        };
        let mail = |address: &str| format!("mailto:{address}");
        let mut look = Look::new(branding);
        look.logo = look.logo.or_else(|| text("picture_url").map(str::to_owned));
        let setting = |key: &&str| Some(((*key).to_owned(), settings.rest.get(*key)?.clone()));
        Self {
            language,
            tenant_name: text("friendly_name").unwrap_or(host).to_owned(),
            application: None,
            support: text("support_url")
                .map(str::to_owned)
                .or_else(|| text("support_email").map(mail)),
            look,
            now,
            template: None,
            partials: BTreeMap::new(),
            branding: branding.map_or(Value::Null, shown),
            settings: PUBLIC.iter().filter_map(setting).collect(),
            custom_texts: BTreeMap::new(),
        }
    }

    /// With the application that sent the user.
    #[must_use]
    pub fn for_client(mut self, client: &Client) -> Self {
        let logo = client.rest.get("logo_uri").and_then(Value::as_str);
        let metadata = client
            .rest
            .get("client_metadata")
            .and_then(Value::as_object);
        self.application = Some(Application {
            client_id: client.client_id.clone(),
            name: client.name.clone(),
            logo: logo.filter(|logo| !logo.is_empty()).map(str::to_owned),
            metadata: metadata.cloned().unwrap_or_default(),
        });
        self
    }

    /// With the tenant's own page around the card.
    #[must_use]
    pub fn with_template(mut self, template: Option<&UniversalLoginTemplate>) -> Self {
        self.template = template.map(|template| template.body.clone());
        self
    }

    /// With what the tenant puts into the cards of one prompt.
    #[must_use]
    pub fn with_partials(
        mut self,
        prompt: &'static str,
        partials: Option<&PromptPartials>,
    ) -> Self {
        if let Some(partials) = partials {
            self.partials.insert(prompt, partials.screens.clone());
        }
        self
    }

    /// With the tenant's custom texts of one prompt in [`Shell::language`].
    #[must_use]
    pub fn with_texts(mut self, prompt: &'static str, texts: Option<&CustomText>) -> Self {
        if let Some(texts) = texts {
            self.custom_texts.insert(prompt, texts.screens.clone());
        }
        self
    }

    /// Where the browser finds a file of ours.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// What `clientName` stands for; the tenant, where no application sent the user.
    pub fn application_name(&self) -> &str {
        let application = self.application.as_ref();
        application.map_or(&self.tenant_name, |application| &application.name)
    }

    /// The tenant's logo.
    pub fn logo(&self) -> Option<&str> {
        self.look.logo.as_deref().and_then(link)
    }

    /// The icon of the browser's tab.
    pub fn favicon(&self) -> Option<&str> {
        self.look.favicon.as_deref().and_then(link)
    }

    /// The application's logo.
    pub fn application_logo(&self) -> Option<&str> {
        let application = self.application.as_ref()?;
        application.logo.as_deref().and_then(link)
    }

    /// What stands for the tenant where it has no logo.
    pub fn initial(&self) -> String {
        initial(&self.tenant_name)
    }

    /// What stands for the application where it has no logo.
    pub fn application_initial(&self) -> String {
        initial(self.application_name())
    }

    pub(super) fn speech<'a>(&'a self, screen: Screen, parts: &'a Parts) -> Speech<'a> {
        Speech {
            shell: self,
            screen,
            parts,
        }
    }
}

/// What one screen says.
#[derive(Clone, Copy, Debug)]
pub struct Speech<'a> {
    /// The page around it.
    pub shell: &'a Shell,
    screen: Screen,
    parts: &'a Parts,
}

impl Speech<'_> {
    /// The HTML that the tenant puts at a place of the card.
    pub fn part(&self, place: &str) -> &str {
        self.parts.html.get(place).map_or("", String::as_str)
    }

    /// A text.
    pub fn say(&self, text: Text) -> String {
        self.fill(text, &[])
    }

    /// A text with one variable of its own.
    pub fn say_of(&self, text: Text, name: &str, value: &str) -> String {
        self.fill(text, &[(name, value)])
    }

    /// Things in a row: "read, write and delete".
    pub fn list(&self, things: &[String]) -> String {
        let Some((last, others)) = things.split_last() else {
            return String::new();
        };
        if others.is_empty() {
            return last.clone();
        }
        others.join(&self.say(Text::ListComma)) + &self.say(Text::ListAnd) + last
    }

    pub(super) fn fill(&self, text: Text, values: &[(&str, &str)]) -> String {
        let custom = text.key().and_then(|key| self.custom(key));
        let template = custom.unwrap_or_else(|| text.in_language(self.shell.language));
        texts::fill(template, |name| {
            let own = values.iter().find(|(known, _)| *known == name);
            match (own, name) {
                (Some((_, value)), _) => Some(*value),
                (None, "clientName") => Some(self.shell.application_name()),
                (None, "companyName") => Some(&self.shell.tenant_name),
                (None, _) => None,
            }
        })
    }

    /// What the tenant says in place of our text.
    fn custom(&self, key: &str) -> Option<&str> {
        let screens = self.shell.custom_texts.get(self.screen.prompt)?;
        let text = screens.get(self.screen.name)?.get(key)?;
        (!text.is_empty() && text.len() <= MAX_TEXT_LENGTH).then_some(text)
    }
}

/// Branding, as a page template may print it.
fn shown(branding: &Branding) -> Value {
    json!({
        "logo_url": branding.logo_url,
        "favicon_url": branding.favicon_url,
        "colors": branding.rest.get("colors"),
        "font": branding.rest.get("font"),
    })
}

pub(super) fn initial(name: &str) -> String {
    let first = name.chars().find(|letter| letter.is_alphanumeric());
    first.into_iter().flat_map(char::to_uppercase).collect()
}

/// `url`, if it may stand behind a link: a path of ours, or a page or a mail address elsewhere. Scripts and data are not
/// links, wherever the value came from.
pub(super) fn link(url: &str) -> Option<&str> {
    let path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    let known = ["https://", "http://", "mailto:"];
    (path || known.iter().any(|scheme| url.starts_with(scheme))).then_some(url)
}
