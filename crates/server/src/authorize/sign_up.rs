//! The sign-up page.

use axum::response::Response;
use grantor_protocol::{
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::{Authentication, AuthenticationMethod},
    users::{SignUp, SignUpRefusal, identifier::IdentifierKind},
};

use super::{
    answer, connection,
    fault::Fault,
    log_in::{Way, log_in},
    show,
    visit::{Pending, Visit},
    world::World,
};
use crate::{
    pages::{Field, Problem, SignUpField},
    pipeline::sign_up::{self, Problem as SignUpProblem},
};

/// `POST /u/signup`: makes the user and logs it in.
pub(super) async fn submit(
    visit: &Visit<'_>,
    pending: Pending,
    world: World,
    form: &Parameters,
) -> Result<Response, Fault> {
    let connection = connection::database(&world, &pending.login.request)?;
    let text = |name| Ok::<_, Refusal>(form.text(name)?.map(str::to_owned));
    let given = SignUp {
        email: text("email")?,
        username: text("username")?,
        phone_number: text("phone_number")?,
        ..SignUp::default()
    };
    let password = Secret::new(form.text("password")?.unwrap_or_default().to_owned());
    let (app, context) = (visit.app, visit.context);
    let ui_locales = &pending.login.request.ui_locales;
    let language = answer::language(visit, &world.settings, ui_locales);
    let from = (Some(&*world.client), language);
    let outcome = sign_up::sign_up(app, context, &connection, (&given, &password), from).await;
    let name = [&given.email, &given.username, &given.phone_number];
    let name = name.into_iter().flatten().next().map(String::as_str);
    let client_id = Some(world.client.client_id.as_str());
    let at = (
        client_id,
        connection.name.as_str(),
        name.unwrap_or_default(),
    );
    sign_up::journal(app, context, at, &outcome).await;
    let problem = match outcome {
        Ok(user) => {
            let user_id = user.user_id.as_str().to_owned();
            let methods = vec![AuthenticationMethod::Password];
            let proof = Authentication::proven(user_id, methods, context.now);
            return log_in(
                visit,
                (pending, world),
                (Way::Page, proof),
                app.store.batch(),
            )
            .await;
        }
        Err(problem) => shown(problem)?,
    };
    let fields = SignUpField::of(&connection.options, |kind| {
        let entered = match kind {
            IdentifierKind::Email => &given.email,
            IdentifierKind::Username => &given.username,
            IdentifierKind::PhoneNumber => &given.phone_number,
        };
        entered.clone().unwrap_or_default()
    });
    show::sign_up(
        visit,
        &pending,
        &world,
        (&connection, fields),
        Some(problem),
    )
    .await
}

/// What the page says. That an address has an account already is not told: only that it did not work.
fn shown(problem: SignUpProblem) -> Result<Problem, Fault> {
    let field = |name: &str| match name {
        "email" => Field::Email,
        "username" => Field::Username,
        "phone_number" => Field::PhoneNumber,
        _ => Field::Password,
    };
    Ok(match problem {
        SignUpProblem::Failed(failure) => return busy(failure.refusal),
        SignUpProblem::Taken(kind) if kind == "username" => Problem::Taken(Field::Username),
        SignUpProblem::Taken(_) | SignUpProblem::Refused(SignUpRefusal::Disabled) => {
            Problem::SignUpRefused
        }
        SignUpProblem::Refused(SignUpRefusal::Missing(name)) => Problem::Missing(field(name)),
        SignUpProblem::Refused(SignUpRefusal::Malformed(name)) => Problem::Invalid(field(name)),
        SignUpProblem::Refused(SignUpRefusal::Password(refusal)) => Problem::from(&refusal),
    })
}

/// Too many passwords wait already: the page says so, and the user tries again. Anything else is an error page.
pub(crate) fn busy(refusal: Refusal) -> Result<Problem, Fault> {
    match refusal.rule {
        Rule::RateLimited => Ok(Problem::TooManyAttempts),
        _ => Err(refusal.into()),
    }
}
