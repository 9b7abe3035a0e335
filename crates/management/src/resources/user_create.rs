//! Making users.

use grantor_protocol::{
    env::{IdForm, Timestamp},
    secret::Secret,
    users::{Connection, Identity, User, UserId, identifier::IdentifierKind},
};
use grantor_storage::{Batch, users::IdentityKey};
use serde_json::{Map, Value};

use crate::{
    Management,
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Selected,
    resources::{user_profile as profile, users},
    schema::Problem,
};

/// The body of `POST /users`.
pub(super) const BODY: &str = "{email: str email, phone_number: str /^\\+[0-9]{1,15}$/, \
    user_metadata: {...}, blocked: bool, email_verified: bool, phone_verified: bool, \
    app_metadata: {...}, given_name: str 1..150, family_name: str 1..150, name: str 1..300, \
    nickname: str 1..300, picture: str 1..2000 uri, user_id: str ..255 /^\\S*$/, \
    connection*: str 1.., password: str 1..1024 secret, verify_email: bool, username: str 1..128}";

/// `POST /users`.
pub(super) fn create<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let name = text(&call.body, "connection").unwrap_or_default();
        let connection = profile::connection(call.management, call.tenant, name).await?;
        let connection = connection.ok_or_else(profile::no_connection)?;
        let user = new_user(call.management, &connection, &call.body, call.now)?;
        let mut batch = call.management.store.batch();
        profile::require_connection(&mut batch, call.tenant, &connection);
        batch.insert_user(
            call.tenant,
            &user,
            &profile::identifiers(&connection, &user),
        );
        set_password(call, &connection, &user, &mut batch).await?;
        // Unless the request says otherwise, whoever has an address is asked whether it is its own.
        if call.body.get("verify_email") != Some(&Value::Bool(false)) {
            profile::ask_to_verify(call, &user, &mut batch).await?;
        }
        let shown = users::show(call, &user, &Selected::All);
        let response = Response::json(201, Value::Object(shown));
        let committed = call.commit_recorded(batch, &response).await;
        committed.map_err(profile::taken)?;
        Ok(response)
    })
}

/// The user that a body describes, as one of `connection`. Its password is not looked at.
pub(crate) fn new_user(
    management: &Management,
    connection: &Connection,
    body: &Map<String, Value>,
    now: Timestamp,
) -> Result<User, Failure> {
    if !matches!(connection.strategy.as_str(), "auth0" | "email" | "sms") {
        return Err(Failure::body(
            "Connection does not support user creation through the API. It must either be a \
             database or passwordless connection",
        ));
    }
    let made = management.env.id(IdForm::Hex(24));
    let bare = text(body, "user_id").filter(|id| !id.is_empty());
    let id = UserId::of(&connection.strategy, bare.unwrap_or(&made)).ok_or_else(|| {
        let problem = "String does not match pattern ^\\S*$".to_owned();
        Failure::payload(&Problem::new(problem).inside("user_id"))
    })?;
    let identity = Identity::database(&connection.name, &id);
    let mut user = User::new(id, identity, now);
    for kind in profile::KINDS {
        if let Some(value) = text(body, kind.as_str()) {
            profile::check_kind(connection, kind)?;
            let normal = Some(profile::normal(connection, kind, value)?);
            match kind {
                IdentifierKind::Email => user.email = normal,
                IdentifierKind::Username => user.username = normal,
                IdentifierKind::PhoneNumber => user.phone_number = normal,
            }
        }
    }
    profile::check_required(connection, &user)?;
    let own = |name: &str| text(body, name).map(str::to_owned);
    let flag = |name: &str| body.get(name).and_then(Value::as_bool);
    let object = |name: &str| body.get(name).and_then(Value::as_object).cloned();
    user.given_name = own("given_name");
    user.family_name = own("family_name");
    user.name = own("name");
    user.nickname = own("nickname");
    user.picture = own("picture");
    user.blocked = flag("blocked");
    user.email_verified = flag("email_verified").filter(|_| user.email.is_some());
    user.phone_verified = flag("phone_verified").filter(|_| user.phone_number.is_some());
    user.user_metadata = object("user_metadata");
    user.app_metadata = object("app_metadata").filter(|members| !members.is_empty());
    if let Some(app_metadata) = &user.app_metadata {
        profile::check_metadata(app_metadata)?;
    }
    user.fill_in_defaults();
    Ok(user)
}

async fn set_password(
    call: &Call<'_>,
    connection: &Connection,
    user: &User,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let password = text(&call.body, "password");
    if !connection.is_database() {
        return match password {
            None => Ok(()),
            Some(_) => Err(Failure::body(
                "Connection is not supported for this operation",
            )),
        };
    }
    let Some(password) = password else {
        if is_password_optional(connection) {
            return Ok(());
        }
        let problem = Problem::new("Missing required property: password".to_owned());
        return Err(Failure::payload(&problem));
    };
    let password = Secret::new(password.to_owned());
    let key = IdentityKey::from(&user.user_id);
    let (management, tenant) = (call.management, call.tenant);
    let subject = (&password, user, &key);
    let (hash, history) = profile::hash(management, tenant, connection, subject).await?;
    batch.set_password(tenant, &key, &hash, history, call.now);
    Ok(())
}

/// Whether users of the connection can be made without a password.
fn is_password_optional(connection: &Connection) -> bool {
    let methods = connection.options.rest.get("authentication_methods");
    let behavior = methods.and_then(|methods| methods.pointer("/password/api_behavior"));
    behavior.and_then(Value::as_str) == Some("optional")
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    body.get(name).and_then(Value::as_str)
}
