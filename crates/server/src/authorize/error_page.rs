//! The end of what cannot go on: the tenant's own error page, or ours.

use axum::response::{IntoResponse, Response};
use grantor_protocol::{
    liquid::{Escaping, Template},
    model::TenantSettings,
    profile::ErrorDialect,
    rule::Rule,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::{
    answer::{self, Reader},
    drive::redirect,
    fault::Fault,
    visit::Visit,
};
use crate::{
    pages::{ErrorPage, Language},
    pipeline::load,
};

/// What HTML of the tenant's own may do: look like something. Nothing in it runs, whatever a request puts into it.
const OWN_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline' https:; img-src https: data:; font-src https:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// What is known of an error.
struct Told {
    client_id: Option<String>,
    language: Language,
    error: String,
    description: String,
    tracking: String,
    logo: Option<String>,
}

/// Shows an error; a login that is over leads to where one can begin again, if there is such a place.
pub(super) async fn show(visit: &Visit<'_>, fault: &Fault) -> Result<Response, Fault> {
    let client = fault.client.as_deref();
    let settings = load::settings(&visit.app.store, &visit.context.site).await?;
    let back = client
        .and_then(|client| client.rest.get("initiate_login_uri")?.as_str())
        .or_else(|| text(&settings, "default_redirection_uri"))
        .filter(|url| !url.is_empty());
    let refusal = &fault.error.refusal;
    if let (Rule::LoginNotFound, Some(back)) = (refusal.rule, back) {
        let issuer = visit.context.site.issuer.as_str();
        return Ok(redirect(&with_query(back, &[("iss", issuer)])));
    }
    let dialect = client.map_or(ErrorDialect::Vendor, |client| {
        client.switches().error_dialect
    });
    let status = StatusCode::from_u16(refusal.status(dialect));
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let told = Told {
        client_id: client.map(|client| client.client_id.clone()),
        language: answer::language(visit, &settings, &fault.ui_locales),
        error: refusal.code(dialect).as_str().to_owned(),
        description: refusal.description(),
        tracking: (*visit.context.request_id).to_owned(),
        logo: text(&settings, "picture_url").map(str::to_owned),
    };
    if let Some(response) = own(visit, &settings, &told, status) {
        return Ok(response);
    }
    let page = ErrorPage {
        status,
        error: told.error,
        description: told.description,
        tracking_id: told.tracking,
        back: back.map(str::to_owned),
    };
    let reader = Reader {
        client,
        ui_locales: &fault.ui_locales,
    };
    answer::page(visit, reader, &page).await
}

/// The tenant's own error page: a URL that is told in its query, or HTML in Liquid.
fn own(
    visit: &Visit<'_>,
    settings: &TenantSettings,
    told: &Told,
    status: StatusCode,
) -> Option<Response> {
    let page = settings.rest.get("error_page")?;
    let member = |name: &str| {
        let text = page.get(name).and_then(Value::as_str);
        text.filter(|text| !text.trim().is_empty())
    };
    if let Some(url) = member("url") {
        let parameters = [
            ("client_id", told.client_id.as_deref().unwrap_or_default()),
            ("lang", told.language.tag()),
            ("error", &told.error),
            ("error_description", &told.description),
            ("tracking", &told.tracking),
            ("logo_url", told.logo.as_deref().unwrap_or_default()),
        ];
        return Some(redirect(&with_query(url, &parameters)));
    }
    let variables = json!({
        "client_id": told.client_id,
        "lang": told.language.tag(),
        "error": told.error,
        "error_description": told.description,
        "tracking": told.tracking,
        "logo_url": told.logo,
    });
    let rendered = Template::parse(member("html")?)
        .map_err(|error| error.to_string())
        .and_then(|template| {
            template
                .render(&variables, Escaping::Html, visit.context.now)
                .map_err(|error| error.to_string())
        });
    match rendered {
        Ok(html) => Some(respond(status, html)),
        Err(error) => {
            let tenant = visit.context.site.tenant.as_str();
            tracing::warn!(tenant, error, "the tenant's own error page does not work");
            None
        }
    }
}

fn respond(status: StatusCode, html: String) -> Response {
    let html_type = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, html_type),
        (header::CONTENT_SECURITY_POLICY, OWN_POLICY),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (status, headers, html).into_response()
}

fn text<'a>(settings: &'a TenantSettings, name: &str) -> Option<&'a str> {
    settings.rest.get(name).and_then(Value::as_str)
}

/// An administrator's URL with what is known added to its query.
fn with_query(url: &str, parameters: &[(&str, &str)]) -> String {
    let known = parameters.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(known)
        .finish();
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{query}")
}
