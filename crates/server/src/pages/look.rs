//! What a tenant's branding makes of the pages: colours, logo, font.

use std::fmt::Write as _;

use grantor_protocol::model::Branding;
use serde_json::Value;

use super::colour::Colour;

/// What text stands on where the browser prefers light: the tint of `assets/pages.css`, which is darker than its card.
const LIGHT: Colour = Colour::new(0xf4, 0xf6, 0xf4);

/// The same where it prefers dark; it is lighter than the card.
const DARK: Colour = Colour::new(0x25, 0x28, 0x2d);

/// How much black a tenant's page has where the browser prefers dark, in percent.
const DIMMED: u8 = 78;

/// What a tenant's branding says, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// An `https` URL.
    pub(super) logo: Option<String>,
    /// An `https` URL.
    pub(super) favicon: Option<String>,
    primary: Option<Colour>,
    background: Option<Background>,
    font: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Background {
    Plain(Colour),
    Gradient {
        start: Colour,
        end: Colour,
        degrees: i64,
    },
}

impl Look {
    /// What is not a colour or a plain `https` URL is as if it were not there: it goes into a style sheet.
    pub(super) fn new(branding: Option<&Branding>) -> Self {
        let Some(branding) = branding else {
            return Self::default();
        };
        let at = |pointer: [&str; 2]| {
            let [outer, inner] = pointer;
            branding.rest.get(outer).and_then(|value| value.get(inner))
        };
        let filled = |url: &Option<String>| url.clone().filter(|url| !url.is_empty());
        Self {
            logo: filled(&branding.logo_url),
            favicon: filled(&branding.favicon_url),
            primary: at(["colors", "primary"]).and_then(colour),
            background: at(["colors", "page_background"]).and_then(Background::read),
            font: at(["font", "url"]).and_then(Value::as_str).and_then(font),
        }
    }

    /// The `https` URL of the tenant's font; it has no character that ends a string of CSS.
    pub(super) fn font(&self) -> Option<&str> {
        self.font.as_deref()
    }

    /// Declarations for what the tenant chose; empty if it chose nothing.
    pub(super) fn stylesheet(&self) -> String {
        let mut css = String::new();
        if let Some(url) = &self.font {
            // Writing to a string does not fail.
            let _ = write!(
                css,
                "@font-face{{font-family:tenant;src:url(\"{url}\");font-display:swap}}"
            );
            css.push_str(":root{--font:tenant,system-ui,sans-serif}");
        }
        let [light, dark] = [LIGHT, DARK].map(|ground| self.declarations(ground));
        if !light.is_empty() {
            let _ = write!(
                css,
                ":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
            );
        }
        css
    }

    fn declarations(&self, ground: Colour) -> String {
        let mut css = String::new();
        if let Some(primary) = self.primary {
            let text = primary.text();
            // Away from the text, so that it reads better still.
            let opposite = if text == Colour::WHITE {
                Colour::BLACK
            } else {
                Colour::WHITE
            };
            for (name, colour) in [
                ("primary", primary),
                ("primary-hover", primary.mixed(opposite, 14)),
                ("on-primary", text),
                ("accent", primary.readable_on(ground)),
            ] {
                let _ = write!(css, "--{name}:{};", colour.css());
            }
        }
        if let Some(background) = self.background {
            let _ = write!(css, "--page:{};", background.css(ground));
        }
        css
    }
}

impl Background {
    fn read(value: &Value) -> Option<Self> {
        if let Some(plain) = colour(value) {
            return Some(Self::Plain(plain));
        }
        Some(Self::Gradient {
            start: value.get("start").and_then(colour)?,
            end: value.get("end").and_then(colour)?,
            degrees: value.get("angle_deg").and_then(Value::as_i64).unwrap_or(0) % 360,
        })
    }

    /// Around a dark card it is dimmed, and only a hue of it is left.
    fn css(self, ground: Colour) -> String {
        let dim = |colour: Colour| {
            if ground == LIGHT {
                colour
            } else {
                colour.mixed(Colour::BLACK, DIMMED)
            }
        };
        match self {
            Self::Plain(colour) => dim(colour).css(),
            Self::Gradient {
                start,
                end,
                degrees,
            } => {
                let (start, end) = (dim(start).css(), dim(end).css());
                format!("linear-gradient({degrees}deg,{start},{end})")
            }
        }
    }
}

fn colour(value: &Value) -> Option<Colour> {
    Colour::parse(value.as_str()?)
}

fn font(url: &str) -> Option<String> {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%*".contains(&byte);
    let fits = url.starts_with("https://") && url.len() <= 2048 && url.bytes().all(harmless);
    fits.then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(branding: Value) -> Look {
        Look::new(Some(&serde_json::from_value(branding).unwrap()))
    }

    #[test]
    fn j2_8_a_tenant_without_branding_has_no_style_of_its_own() {
        assert_eq!(Look::new(None).stylesheet(), "");
        assert_eq!(look(json!({"id": "branding"})).stylesheet(), "");
    }

    #[test]
    fn j2_8_a_tenants_colours_are_used_and_can_be_read() {
        let css = look(json!({"id": "branding", "colors": {"primary": "#ffee00",
            "page_background": {"type": "linear-gradient", "start": "#fff", "end": "#00f", "angle_deg": 35}}}))
        .stylesheet();
        assert!(css.contains("--primary:#ffee00;--primary-hover:"), "{css}");
        assert!(css.contains("--on-primary:#000000;"), "{css}");
        assert!(
            css.contains("--page:linear-gradient(35deg,#ffffff,#0000ff)"),
            "{css}"
        );
        let accents: Vec<Colour> = css
            .split("--accent:")
            .skip(1)
            .map(|rest| Colour::parse(rest.split_once(';').unwrap().0).unwrap())
            .collect();
        assert_eq!(accents.len(), 2, "{css}");
        for (accent, ground) in accents.into_iter().zip([LIGHT, DARK]) {
            assert!(4.5 <= accent.contrast(ground), "{css}");
        }
    }

    #[test]
    fn what_could_end_a_declaration_is_left_out() {
        let css = look(json!({"id": "branding",
            "colors": {"primary": "#fff;}body{display:none}", "page_background": "red"},
            "font": {"url": "https://a.test/f\");}*{display:none}"}}))
        .stylesheet();
        assert_eq!(css, "");
        for url in [
            "http://a.test/f",
            "https://a.test/\\",
            "https://a.test/</style>",
            "https://a.test/'",
        ] {
            assert_eq!(font(url), None, "{url}");
        }
    }
}
