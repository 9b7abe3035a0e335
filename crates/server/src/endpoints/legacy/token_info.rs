//! `/tokeninfo`: an ID token for the profile of its user.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Extension, RawQuery, State, rejection::BytesRejection},
    response::Response,
};
use grantor_protocol::{
    id_token::Person,
    legacy::{Feature, profile},
    model::Client,
    parameters::Parameters,
};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Map;

use super::{Visit, id_token, required};
use crate::{
    app::App,
    http::{
        context::Context,
        failure::{Failure, json},
    },
};

/// `GET` and `POST /tokeninfo`.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let visit = Visit {
        app: &app,
        context: &context,
        headers: &headers,
    };
    let mut client = None;
    let query = query.filter(|_| method == Method::GET);
    let outcome = tell(&visit, query.as_deref(), body, &mut client).await;
    visit.finish(outcome, client.as_deref())
}

async fn tell(
    visit: &Visit<'_>,
    query: Option<&str>,
    body: Result<Bytes, BytesRejection>,
    client: &mut Option<Arc<Client>>,
) -> Result<Response, Failure> {
    let posted = visit.read(body)?;
    let parameters = match query {
        Some(query) => Parameters::parse_form(query.as_bytes())?,
        None => posted,
    };
    let Some(text) = parameters.text("id_token")? else {
        // Where there is no such endpoint, nothing is missing.
        visit.admit(Feature::TokenInfo, None).await?;
        required(&parameters, "id_token")?;
        return Ok(Response::default());
    };
    let proof = match id_token::prove(visit, text).await {
        Ok(proof) => proof,
        Err(failure) => {
            visit.admit(Feature::TokenInfo, None).await?;
            return Err(failure);
        }
    };
    *client = Some(Arc::clone(&proof.client));
    visit.admit(Feature::TokenInfo, client.as_ref()).await?;
    let person = Person {
        user_id: proof.user.user_id.as_str(),
        fields: &proof.user.fields(),
        custom: &Map::new(),
    };
    let mut told = profile(&person);
    told.insert(
        "clientID".to_owned(),
        proof.client.client_id.as_str().into(),
    );
    Ok(json(StatusCode::OK, &told))
}
