//! The login pages of connections whose users prove an address: the address, and then the code that was sent there.

use axum::response::Response;
use grantor_protocol::{
    authorize::{Event, Page},
    parameters::{Parameters, clipped},
    passwordless::Address,
    rule::Rule,
    users::{Connection, identifier::IdentifierKind},
};

use super::{
    answer, connection, drive,
    fault::Fault,
    journal,
    log_in::{Way, log_in},
    login::record,
    show,
    visit::{Pending, Visit},
    world::World,
};
use crate::{
    http::failure::Failure,
    pages::{Field, Problem},
    pipeline::one_time_code::{self, Place, Wanted},
};

/// `POST` of the address: sends a code there, and asks for it, whoever is meant.
pub(super) async fn ask(
    visit: &Visit<'_>,
    pending: Pending,
    world: World,
    connection: &Connection,
    entered: &str,
) -> Result<Response, Fault> {
    let kind = connection.proves().unwrap_or(IdentifierKind::Email);
    let (field, shown) = (Field::from(kind), clipped(entered));
    let Some(address) = Address::read(kind, entered) else {
        let problem = if entered.is_empty() {
            Problem::Missing(field)
        } else {
            Problem::Invalid(field)
        };
        return show::again(
            visit,
            &pending,
            &world,
            (&Page::Identifier, &shown),
            problem,
        )
        .await;
    };
    let sent = send(visit, &pending, &world, (connection, &address)).await;
    if let Err(failure) = sent {
        let problem = not_sent(failure)?;
        return show::again(
            visit,
            &pending,
            &world,
            (&Page::Identifier, &shown),
            problem,
        )
        .await;
    }
    let event = Event::EnteredIdentifier(Some(address.value));
    record(visit, pending, world, event).await
}

async fn send(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    (connection, address): (&Connection, &Address),
) -> Result<(), Failure> {
    let request = &pending.login.request;
    let wanted = Wanted {
        at: Place {
            connection,
            address,
        },
        client: &world.client,
        language: answer::language(visit, &world.settings, &request.ui_locales),
        browser: None,
    };
    one_time_code::send(visit.app, visit.context, &wanted, None).await
}

/// What the page says of a code that was not sent.
fn not_sent(failure: Failure) -> Result<Problem, Fault> {
    match failure.refusal.rule {
        Rule::RateLimited => Ok(Problem::TooManyAttempts),
        Rule::SmsGatewayRefused
        | Rule::SmsGatewayUnexpected
        | Rule::SmsGatewayTimeout
        | Rule::SmsProviderMissing => Ok(Problem::MessageNotSent),
        _ => Err(failure.into()),
    }
}

/// `POST /u/login/code`: the code, or that another one be sent.
pub(super) async fn submit(
    visit: &Visit<'_>,
    pending: Pending,
    world: World,
    form: &Parameters,
) -> Result<Response, Fault> {
    let connection = connection::choose(&world, &pending.login.request)?;
    let entered = pending.login.progress.identifier().map(str::to_owned);
    let kind = connection.proves();
    let address = kind
        .zip(entered)
        .and_then(|(kind, entered)| Address::read(kind, &entered));
    // Nobody was sent anything in this login.
    let Some(address) = address else {
        return Ok(drive::look_again(&pending));
    };
    let page = Page::Code {
        identifier: address.value.clone(),
    };
    if form.text("action")? == Some("resend") {
        return match send(visit, &pending, &world, (&connection, &address)).await {
            Ok(()) => drive::go_on(visit, &pending, &world).await,
            Err(failure) => {
                let problem = not_sent(failure)?;
                show::again(visit, &pending, &world, (&page, ""), problem).await
            }
        };
    }
    let Some(code) = form.text("code")?.filter(|code| !code.trim().is_empty()) else {
        let problem = Problem::Missing(Field::Code);
        return show::again(visit, &pending, &world, (&page, ""), problem).await;
    };
    let at = Place {
        connection: &connection,
        address: &address,
    };
    let (app, context) = (visit.app, visit.context);
    let outcome = async {
        let right = one_time_code::check(app, context, at, code).await?;
        one_time_code::prove(app, context, at, &right).await
    };
    match outcome.await {
        Ok(proven) => {
            let proof = (Way::Page, proven.authentication);
            log_in(visit, (pending, world), proof, proven.batch).await
        }
        Err(failure) => match failure.refusal.rule {
            Rule::EmailCodeWrong | Rule::PhoneCodeWrong => {
                let client_id = &world.client.client_id;
                let who = (connection.name.as_str(), address.value.as_str());
                journal::wrong_code(visit, client_id, who, &failure.refusal).await;
                show::again(visit, &pending, &world, (&page, ""), Problem::WrongCode).await
            }
            _ => Err(failure.into()),
        },
    }
}
