//! The headers of every page: what it may load, where its forms may lead, that nobody may keep it, and who may frame it:
//! nobody, but for the page that is there for that.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Page, template::Elements};

/// The content security policy of one page.
///
/// Nothing but our own files, images of anywhere (logos), and what is written into the page by us or by the tenant's template
/// may take effect. No text that a user or an application chose can become a script, a style or a form of another place.
#[derive(Debug, Default)]
pub(super) struct Policy {
    styles: Vec<String>,
    scripts: Vec<String>,
    fonts: Vec<String>,
    frames: Vec<String>,
    targets: Vec<String>,
    crosses: bool,
    /// Who may frame the page.
    ancestor: Option<String>,
}

impl Policy {
    pub(super) fn of(page: &dyn Page) -> Self {
        let form = page.form();
        let mut targets: Vec<String> = form
            .iter()
            .flat_map(|form| &form.leads_to)
            .filter_map(|target| scheme(target))
            .collect();
        targets.sort_unstable();
        targets.dedup();
        Self {
            frames: page
                .frames()
                .iter()
                .filter_map(|frame| origin(frame))
                .collect(),
            targets,
            crosses: form.is_some_and(|form| !form.action.starts_with('/')),
            ..Self::default()
        }
    }

    /// The policy of a page that a window of `target_origin` may frame.
    pub(super) fn framed_by(target_origin: &str) -> Self {
        Self {
            ancestor: origin(target_origin),
            ..Self::default()
        }
    }

    /// Allows a style element with exactly this text.
    pub(super) fn allow_style(&mut self, text: &str) {
        let source = hash(text);
        if !text.is_empty() && !self.styles.contains(&source) {
            self.styles.push(source);
        }
    }

    pub(super) fn allow_font(&mut self, url: Option<&str>) {
        self.fonts.extend(url.and_then(origin));
    }

    /// Allows the elements that a template of the tenant has.
    pub(super) fn allow(&mut self, elements: &Elements) {
        for text in &elements.styles {
            self.allow_style(text);
        }
        self.scripts
            .extend(elements.scripts.iter().map(|text| hash(text)));
    }

    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // The state in the URL is nobody else's business. Our own POSTs keep their Origin, which `no-referrer` would
            // turn into null; so does a response that is posted to an application, which may look at it.
            (
                header::REFERRER_POLICY,
                if self.crosses {
                    "strict-origin"
                } else {
                    "same-origin"
                },
            ),
            (
                HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        // The header knows no origins: where one may frame the page, the policy alone says so.
        if self.ancestor.is_none() {
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        }
        // Every part is made of characters that a header may have.
        if let Ok(policy) = HeaderValue::from_str(&self.text()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers
    }

    fn text(&self) -> String {
        let with = |directive: &str, more: &[String]| {
            let mut text = directive.to_owned();
            for source in more {
                text.push(' ');
                text.push_str(source);
            }
            text
        };
        let mut directives = vec![
            "default-src 'none'".to_owned(),
            with("style-src 'self'", &self.styles),
            with("script-src 'self'", &self.scripts),
            "img-src 'self' https: data:".to_owned(),
            with("font-src 'self'", &self.fonts),
            with("form-action 'self'", &self.targets),
            "base-uri 'none'".to_owned(),
            format!(
                "frame-ancestors {}",
                self.ancestor.as_deref().unwrap_or("'none'")
            ),
        ];
        if !self.frames.is_empty() {
            directives.push(with("frame-src", &self.frames));
        }
        directives.join("; ")
    }
}

fn hash(text: &str) -> String {
    format!(
        "'sha256-{}'",
        STANDARD.encode(digest(&SHA256, text.as_bytes()))
    )
}

/// The scheme of a URL as a source, `https:`.
///
/// Chromium holds every redirect after a POST against `form-action`, those of the application behind its callback included,
/// which only the application knows. So the scheme is all that can be said.
fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once(':')?;
    let fits = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    fits.then(|| scheme.to_ascii_lowercase() + ":")
}

/// The origin of a URL of the web as a source; `None` for what a policy cannot name, such as an IPv6 address.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "https" | "http") {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let fits = !authority.is_empty()
        && authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte));
    fits.then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_made_of_urls_and_never_of_more() {
        for (url, expected) in [
            ("https://app.test/cb?a=b", Some("https:")),
            ("http://localhost:3000/cb", Some("http:")),
            ("com.example.App:/cb", Some("com.example.app:")),
            ("/cb", None),
            ("a b://x", None),
            ("x;script-src *:", None),
            ("", None),
        ] {
            assert_eq!(scheme(url).as_deref(), expected, "{url}");
        }
        for (url, expected) in [
            ("https://app.test/a?b#c", Some("https://app.test")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("https://app.test; script-src *", None),
            ("https://a@app.test/", None),
            ("https://[::1]/", None),
            ("javascript://x", None),
            ("https://", None),
        ] {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }
}
