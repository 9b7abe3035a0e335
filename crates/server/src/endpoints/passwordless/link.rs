//! `GET /passwordless/verify_redirect`: a link from a mail, or a browser that brings a code which was typed in. It asks
//! for what an authorization request asks for, and answers like one.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{OriginalUri, State},
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    authorize, parameters::Parameters, passwordless::links_work_anywhere, refusal::Refusal,
    rule::Rule,
};
use http::{HeaderMap, Method, StatusCode};

use super::verify::place;
use crate::{
    app::App,
    authorize::{
        answer, drive,
        fault::Fault,
        log_in::{Way, log_in},
        visit::{self, Visit},
        world,
    },
    http::context::Context,
    pipeline::one_time_code::{self, Place, Right},
};

/// `GET /passwordless/verify_redirect`.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    if method == Method::HEAD {
        // Mail programs look whether a link is alive; that is not what it is for.
        return StatusCode::OK.into_response();
    }
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        app.sign_in_rate.take(&context.site.tenant, context.now).1?;
        enter(&visit, &visit::query(&uri)?).await
    };
    answer::outcome(&visit, outcome.await).await
}

async fn enter(visit: &Visit<'_>, query: &Parameters) -> Result<Response, Fault> {
    let (app, context) = (visit.app, visit.context);
    let client = world::client(visit, authorize::client_id(query)?).await?;
    let (mut request, world) = drive::read(visit, client, query).await?;
    // Who reads a mail may be another than who sits in front of the browser for the next month.
    request.scope.retain(|scope| scope != "offline_access");
    let code = query.required("verification_code")?;
    let (connection, address) = place(app, context, query).await?;
    let client = &world.client;
    let met = |refusal: Refusal| Fault::met(client, &request, refusal);
    if !connection.serves(&client.client_id) {
        let refusal = Refusal::new(Rule::ConnectionUnknown).with("connection", &connection.name);
        return Err(met(refusal));
    }
    let at = Place {
        connection: &connection,
        address: &address,
    };
    let right = one_time_code::check(app, context, at, code).await;
    let right = right.map_err(|failure| met(failure.refusal))?;
    let anywhere = links_work_anywhere(&world.settings.flags);
    if !anywhere && !works_here(visit, &right, &client.client_id) {
        let refusal = Refusal::new(Rule::LoginNotFound);
        return Err(met(
            refusal.with("because", "it was asked for in another browser")
        ));
    }
    let proven = one_time_code::prove(app, context, at, &right).await;
    let proven = proven.map_err(|failure| met(failure.refusal))?;
    let browser = visit.browser().unwrap_or_else(|| visit.secret());
    let pending = drive::keep(visit, &request, browser.clone()).await?;
    let proof = (Way::Page, proven.authentication);
    let entered = log_in(visit, (pending, world), proof, proven.batch);
    let mut response = entered.await?;
    visit.keep_browser(&mut response, &browser);
    Ok(response)
}

/// Whether the browser is the one in which the link was asked for, on behalf of the same client. Otherwise anybody could
/// log somebody else's browser in to an account of its own, and read what is entered there.
fn works_here(visit: &Visit<'_>, right: &Right, client_id: &str) -> bool {
    right.client_id() == client_id && right.works_in(visit.app, visit.browser().as_ref())
}
