//! Which language a page is in.

/// A language that pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// `en`, what is spoken where nothing else fits.
    #[default]
    English,
    /// `de`
    German,
    /// `fr`
    French,
    /// `es`
    Spanish,
    /// `ja`
    Japanese,
    /// `pt-BR`
    BrazilianPortuguese,
    /// `ar`
    Arabic,
}

/// Preferences that are looked at; a browser sends fewer than ten.
const MAX_PREFERENCES: usize = 32;

impl Language {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Japanese,
        Self::BrazilianPortuguese,
        Self::Arabic,
    ];

    /// BCP 47, as in the `lang` attribute.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
            Self::BrazilianPortuguese => "pt-BR",
            Self::Arabic => "ar",
        }
    }

    /// Which way it is written, as in the `dir` attribute.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Arabic => "rtl",
            _ => "ltr",
        }
    }

    /// The language of a tag; a region that we do not have is as good as none (RFC 4647 §3.4).
    pub fn of(tag: &str) -> Option<Self> {
        let primary = |tag: &str| tag.split(['-', '_']).next().map(str::to_ascii_lowercase);
        let wanted = primary(tag)?;
        Self::ALL
            .into_iter()
            .find(|language| primary(language.tag()).as_deref() == Some(&wanted))
    }

    /// What the tenant calls this language: `fr-CA`, if that is its French. Its custom texts are kept under it.
    pub fn tag_among(self, enabled_locales: &[String]) -> &str {
        let own = enabled_locales
            .iter()
            .find(|tag| Self::of(tag) == Some(self));
        own.map_or(self.tag(), |tag| tag)
    }
}

/// The language that fits best.
///
/// What the application asks for (`ui_locales`, OIDC Core §3.1.2.1: in order of preference) comes before what the browser
/// asks for (`Accept-Language`, RFC 9110 §12.5.4: by quality), and both choose among the tenant's `enabled_locales` only,
/// the first of which is spoken if nothing fits. No locales: all are enabled.
pub fn negotiate(
    ui_locales: Option<&str>,
    accept_language: Option<&str>,
    enabled_locales: &[String],
) -> Language {
    let enabled: Vec<Language> = enabled_locales
        .iter()
        .filter_map(|tag| Language::of(tag))
        .collect();
    let wanted = ui_locales.unwrap_or_default().split_ascii_whitespace();
    let wanted = wanted.take(MAX_PREFERENCES);
    wanted
        .chain(by_quality(accept_language.unwrap_or_default()))
        .filter_map(Language::of)
        .find(|language| enabled_locales.is_empty() || enabled.contains(language))
        .or_else(|| enabled.first().copied())
        .unwrap_or_default()
}

/// The tags of `Accept-Language`, best first; what has quality 0 is left out.
fn by_quality(header: &str) -> Vec<&str> {
    let mut tags: Vec<(&str, f32)> = header
        .split(',')
        .take(MAX_PREFERENCES)
        .filter_map(|part| {
            let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
            let quality = match parameters.trim().strip_prefix("q=") {
                Some(number) => number.trim().parse().ok()?,
                None => 1.0,
            };
            (0.0 < quality).then_some((tag.trim(), quality))
        })
        .collect();
    // Stable: of equals the first comes first.
    tags.sort_by(|one, other| other.1.total_cmp(&one.1));
    tags.into_iter().map(|(tag, _)| tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn the_application_is_heard_before_the_browser() {
        let all: &[String] = &[];
        for (ui_locales, accept, expected) in [
            (Some("de"), Some("fr"), "de"),
            (Some("nl de-AT fr"), Some("fr"), "de"),
            (Some("nl"), Some("fr-CA, en;q=0.5"), "fr"),
            (None, Some("en;q=0.5, ja ; q=0.9, es;q=0.8"), "ja"),
            (None, Some("fr;q=0, pt"), "pt-BR"),
            (None, Some("*"), "en"),
            (None, Some("ar_EG"), "ar"),
            (None, None, "en"),
        ] {
            let language = negotiate(ui_locales, accept, all);
            assert_eq!(language.tag(), expected, "{ui_locales:?} {accept:?}");
        }
    }

    #[test]
    fn only_the_tenants_languages_are_spoken_and_the_first_of_them_otherwise() {
        let locales = enabled(&["nl", "fr-FR", "de"]);
        assert_eq!(negotiate(Some("es"), Some("ja"), &locales).tag(), "fr");
        assert_eq!(negotiate(Some("es"), Some("de"), &locales).tag(), "de");
        // None that we speak.
        assert_eq!(negotiate(Some("de"), None, &enabled(&["nl"])).tag(), "en");
    }

    #[test]
    fn a_language_has_the_tenants_own_name() {
        let locales = enabled(&["en", "fr-CA", "fr-FR"]);
        assert_eq!(Language::French.tag_among(&locales), "fr-CA");
        assert_eq!(Language::German.tag_among(&locales), "de");
    }

    #[test]
    fn a_header_without_end_is_not_read_to_the_end() {
        let header = "xx,".repeat(100_000) + "de";
        assert_eq!(negotiate(Some(&header), Some(&header), &[]).tag(), "en");
    }
}
