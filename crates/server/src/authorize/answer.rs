//! How a login, or a page outside of one, answers: by a page, by a redirect, or by a form or a message that the browser
//! sends.

use std::sync::Arc;

use axum::response::Response;
use grantor_protocol::{
    authorize,
    model::{Branding, Client, CustomText, PromptPartials, TenantSettings, UniversalLoginTemplate},
};
use http::header;
use serde_json::Value;

use super::{drive::redirect, error_page, fault::Fault, journal, visit::Visit};
use crate::{
    http::failure::Failure,
    pages::{self, FormPost, Language, Page, Shell, language::negotiate},
    pipeline::load,
};

/// Whom a page is shown to, as far as that changes its words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a> {
    /// The application that sent the user.
    pub(crate) client: Option<&'a Client>,
    /// The languages that it asked for.
    pub(crate) ui_locales: &'a [String],
}

/// A page, in the tenant's look and the reader's language.
pub(crate) async fn page(
    visit: &Visit<'_>,
    reader: Reader<'_>,
    page: &(dyn Page + Sync),
) -> Result<Response, Fault> {
    let shell = shell(visit, reader, page).await?;
    Ok(pages::respond(&shell, page))
}

async fn shell(
    visit: &Visit<'_>,
    reader: Reader<'_>,
    page: &(dyn Page + Sync),
) -> Result<Shell, Fault> {
    let (store, site) = (&visit.app.store, &visit.context.site);
    let settings = load::settings(store, site).await?;
    let language = language(visit, &settings, reader.ui_locales);
    let locales = locales(&settings);
    let branding = store.typed::<Branding>(&site.tenant, Branding::ID).await?;
    let branding = branding.as_ref().map(|branding| &*branding.value);
    let template = store
        .typed::<UniversalLoginTemplate>(&site.tenant, UniversalLoginTemplate::ID)
        .await?;
    let prompt = page.screen().prompt;
    let texts = store
        .typed::<CustomText>(
            &site.tenant,
            &CustomText::id(prompt, language.tag_among(&locales)),
        )
        .await?;
    let partials = store.typed::<PromptPartials>(&site.tenant, prompt).await?;
    let (host, now) = (&visit.context.host, visit.context.now);
    let shell = Shell::new(language, &settings, branding, host, now)
        .with_template(template.as_ref().map(|template| &*template.value))
        .with_partials(prompt, partials.as_ref().map(|partials| &*partials.value))
        .with_texts(prompt, texts.as_ref().map(|texts| &*texts.value));
    Ok(match reader.client {
        Some(client) => shell.for_client(client),
        None => shell,
    })
}

/// The language of a page: what the application asked for, else what the browser does, among those of the tenant.
pub(crate) fn language(
    visit: &Visit<'_>,
    settings: &TenantSettings,
    ui_locales: &[String],
) -> Language {
    let accepted = visit.headers.get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    negotiate(Some(&ui_locales.join(" ")), accepted, &locales(settings))
}

/// The languages of the tenant.
pub(crate) fn locales(settings: &TenantSettings) -> Vec<String> {
    let enabled = settings.rest.get("enabled_locales");
    let enabled = enabled.and_then(Value::as_array).into_iter().flatten();
    enabled
        .filter_map(|tag| tag.as_str().map(str::to_owned))
        .collect()
}

/// An authorization response, on its way through the browser.
pub(crate) async fn authorization(
    visit: &Visit<'_>,
    client: &Arc<Client>,
    response: authorize::Response,
) -> Result<Response, Fault> {
    match response {
        authorize::Response::Redirect(location) => Ok(redirect(&location)),
        authorize::Response::FormPost { action, fields } => {
            let fields = fields.into_iter();
            let fields = fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            let reader = Reader {
                client: Some(client),
                ui_locales: &[],
            };
            page(visit, reader, &FormPost::new(&action, fields)).await
        }
        authorize::Response::WebMessage {
            target_origin,
            message,
        } => Ok(pages::web_message(&target_origin, &message)),
    }
}

/// The response of `outcome`: what went wrong is recorded here, and told where it belongs.
pub(crate) async fn outcome(visit: &Visit<'_>, outcome: Result<Response, Fault>) -> Response {
    let fault = match outcome {
        Ok(response) => return response,
        Err(fault) => fault,
    };
    journal::failed(visit, &fault).await;
    match told(visit, &fault).await {
        Ok(response) => response,
        // The store does not answer even for the page that says so.
        Err(_) => axum::response::IntoResponse::into_response(Failure::from(fault.error.refusal)),
    }
}

async fn told(visit: &Visit<'_>, fault: &Fault) -> Result<Response, Fault> {
    let issuer = &visit.context.site.issuer;
    if let Some(client) = &fault.client
        && let Some(response) = fault.error.response(client, issuer)
    {
        return authorization(visit, client, response).await;
    }
    error_page::show(visit, fault).await
}
