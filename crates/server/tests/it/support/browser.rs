//! A browser without scripts: cookies, redirects, and forms that are filled and sent.

use std::collections::BTreeMap;

use axum::body::Body;
use http::Request;
use serde_json::Value;

use super::server::{Answer, ISSUER, TestServer};

/// A browser with its cookies.
pub(crate) struct Browser<'a> {
    server: &'a TestServer,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// Where a browser ended up.
#[derive(Debug)]
pub(crate) struct Page {
    /// The path and query that were shown, or the URL of somebody else that it was sent to.
    pub(crate) url: String,
    pub(crate) answer: Answer,
}

impl Page {
    pub(crate) fn html(&self) -> String {
        String::from_utf8(self.answer.body.clone()).unwrap()
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.url.split('?').next().unwrap()
    }

    /// A parameter of the URL's query or fragment.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, encoded) = self.url.split_once(['?', '#'])?;
        form_urlencoded::parse(encoded.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The value of an attribute in the first element that contains `mark`.
    pub(crate) fn attribute(&self, mark: &str, attribute: &str) -> Option<String> {
        let html = self.html();
        let element = html.split('<').find(|element| element.contains(mark))?;
        let (_, rest) = element.split_once(&format!("{attribute}=\""))?;
        Some(decoded(rest.split('"').next()?))
    }

    /// The response in the message that the page sends.
    #[track_caller]
    pub(crate) fn message(&self) -> Value {
        let content = self.attribute("name=\"web-message\"", "content");
        let content = content.unwrap_or_else(|| panic!("{} {}", self.url, self.html()));
        let message: Value = serde_json::from_str(&content).unwrap();
        assert_eq!(message["type"], "authorization_response");
        message["response"].clone()
    }

    /// Hidden fields of the first form that contains `mark`, and where it goes.
    #[track_caller]
    pub(crate) fn form(&self, mark: &str) -> (String, Vec<(String, String)>) {
        let html = self.html();
        let forms = html.split("<form").skip(1);
        let forms = forms.map(|form| form.split("</form>").next().unwrap());
        let form = forms
            .into_iter()
            .find(|form| form.contains(mark))
            .unwrap_or_else(|| panic!("no form with {mark}: {html}"));
        let value = |element: &str, name: &str| {
            let (_, rest) = element.split_once(&format!("{name}=\""))?;
            Some(decoded(rest.split('"').next()?))
        };
        let action = value(form, "action").unwrap();
        let inputs = form.split("<input").skip(1);
        let hidden = inputs.filter(|input| input.contains("type=\"hidden\""));
        let fields = hidden.map(|input| {
            let of = |name| value(input, name).unwrap_or_default();
            (of("name"), of("value"))
        });
        (action, fields.collect())
    }
}

fn decoded(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&amp;", "&")
}

impl<'a> Browser<'a> {
    pub(crate) fn new(server: &'a TestServer) -> Self {
        Self {
            server,
            cookies: BTreeMap::new(),
        }
    }

    /// Goes to a path, and wherever the server sends it.
    pub(crate) async fn go(&mut self, path: &str) -> Page {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.follow(path, request).await
    }

    /// Fills the form of `page` with `fields` and sends it.
    pub(crate) async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let (action, mut all) = page.form("");
        for (name, value) in fields {
            all.retain(|(known, _)| known != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        self.post(&action, &all).await
    }

    /// Posts a form.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        self.follow(path, request).await
    }

    /// Posts JSON, as a page's script does.
    pub(crate) async fn json(&mut self, path: &str, body: &serde_json::Value) -> Answer {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    async fn follow(&mut self, path: &str, request: Request<Body>) -> Page {
        let mut url = path.to_owned();
        let mut answer = self.send(request).await;
        for _ in 0..10 {
            let Some(location) = answer.headers.get("location") else {
                return Page { url, answer };
            };
            url = location.to_str().unwrap().to_owned();
            let local = match url.strip_prefix(ISSUER) {
                Some(path) => format!("/{path}"),
                None => url.clone(),
            };
            if !local.starts_with('/') {
                return Page { url, answer };
            }
            answer = self
                .send(Request::get(&local).body(Body::empty()).unwrap())
                .await;
        }
        panic!("sent in circles: {url}");
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !pairs.is_empty() {
            let value = pairs.join("; ").parse().unwrap();
            request.headers_mut().insert("cookie", value);
        }
        let answer = self.server.send(request).await;
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}
