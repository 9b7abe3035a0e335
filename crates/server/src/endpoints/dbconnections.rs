//! Sign-up without a page: `/dbconnections/signup` of the compatible API.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    model::Client,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    users::{Connection, SignUp, SignUpRefusal, User},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    authorize::{answer::language, visit::Visit},
    http::{
        context::Context,
        cors,
        failure::{Failure, json as answer},
    },
    pipeline::{
        load,
        sign_up::{self, Problem},
    },
    tickets::reset_request::{self, Whom},
};

/// What is posted. Members that are not listed are ignored, as the compatible API does.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Posted {
    pub(super) client_id: Option<String>,
    pub(super) connection: Option<String>,
    password: Option<Secret>,
    pub(super) email: Option<String>,
    pub(super) username: Option<String>,
    phone_number: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    name: Option<String>,
    nickname: Option<String>,
    picture: Option<String>,
    user_metadata: Option<Map<String, Value>>,
}

impl Posted {
    /// Reads a body, JSON or a form.
    ///
    /// # Errors
    /// [`Rule::MalformedJson`] and what [`Parameters`] reports.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/json") {
            return serde_json::from_slice(body)
                .map_err(|error| Refusal::new(Rule::MalformedJson).with("because", error));
        }
        let form = Parameters::parse(Some(kind), body)?;
        let text = |name| Ok::<_, Refusal>(form.text(name)?.map(str::to_owned));
        Ok(Self {
            client_id: text("client_id")?,
            connection: text("connection")?,
            password: text("password")?.map(Secret::new),
            email: text("email")?,
            username: text("username")?,
            phone_number: text("phone_number")?,
            given_name: text("given_name")?,
            family_name: text("family_name")?,
            name: text("name")?,
            nickname: text("nickname")?,
            picture: text("picture")?,
            user_metadata: None,
        })
    }

    fn into_sign_up(self) -> (SignUp, Secret) {
        let given = SignUp {
            email: self.email,
            username: self.username,
            phone_number: self.phone_number,
            given_name: self.given_name,
            family_name: self.family_name,
            name: self.name,
            nickname: self.nickname,
            picture: self.picture,
            user_metadata: self.user_metadata,
        };
        let password = self.password.unwrap_or_else(|| Secret::new(String::new()));
        (given, password)
    }
}

/// `POST /dbconnections/signup`.
pub(super) async fn signup(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = try_signup(&app, &context, &headers, &body).await;
    let mut response = answer.unwrap_or_else(Failure::into_response);
    // Recorded: this endpoint names the encoding.
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

async fn try_signup(
    app: &App,
    context: &Context,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Failure> {
    app.sign_in_rate.take(&context.site.tenant, context.now).1?;
    let posted = Posted::read(headers, body)?;
    let client_id = posted.client_id.clone();
    let connection = match connection(app, context, &posted).await? {
        Ok(connection) => connection,
        Err(response) => return Ok(response),
    };
    let name = [&posted.email, &posted.username, &posted.phone_number];
    let name = name
        .into_iter()
        .flatten()
        .next()
        .cloned()
        .unwrap_or_default();
    let (given, password) = posted.into_sign_up();
    let client = client(app, context, client_id.as_deref()).await?;
    let settings = load::settings(&app.store, &context.site).await?;
    let visit = Visit::new(app, context, headers);
    let from = (client.as_deref(), language(&visit, &settings, &[]));
    let outcome = sign_up::sign_up(app, context, &connection, (&given, &password), from).await;
    let at = (
        client_id.as_deref(),
        connection.name.as_str(),
        name.as_str(),
    );
    sign_up::journal(app, context, at, &outcome).await;
    let mut response = match outcome {
        Ok(user) => answer(StatusCode::OK, &shown(&user, &given)),
        Err(Problem::Failed(failure)) => return Err(failure),
        Err(problem) => {
            let tells = settings.flag("enable_public_signup_user_exists_error");
            answer(StatusCode::BAD_REQUEST, &refusal(&problem, tells))
        }
    };
    if let (Some(origin), Some(client)) = (cors::origin(headers), &client) {
        cors::allow(response.headers_mut(), client, origin);
    }
    Ok(response)
}

/// What everybody hears who asks for a new password.
const MAIL_SENT: &str = "We've just sent you an email to reset your password.";

/// `POST /dbconnections/change_password`. A password that is sent along is ignored: only who reads the mail may choose one.
pub(super) async fn change_password(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    app.sign_in_rate.take(&context.site.tenant, context.now).1?;
    let posted = Posted::read(&headers, &body)?;
    let connection = match connection(&app, &context, &posted).await? {
        Ok(connection) => connection,
        Err(response) => return Ok(response),
    };
    let missing = || Refusal::new(Rule::MissingParameter).naming("parameter", "email");
    let name = posted.email.as_deref().or(posted.username.as_deref());
    let name = name.filter(|name| !name.trim().is_empty() && name.len() <= 512);
    let client = client(&app, &context, posted.client_id.as_deref()).await?;
    let settings = load::settings(&app.store, &context.site).await?;
    let visit = Visit::new(&app, &context, &headers);
    let whom = Whom {
        connection: &connection,
        name: name.ok_or_else(missing)?,
        client: client.as_deref(),
        language: language(&visit, &settings, &[]),
    };
    reset_request::request(&app, &context, &whom).await?;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = ([(header::CONTENT_TYPE, html)], MAIL_SENT).into_response();
    if let (Some(origin), Some(client)) = (cors::origin(&headers), whom.client) {
        cors::allow(response.headers_mut(), client, origin);
    }
    Ok(response)
}

async fn client(
    app: &App,
    context: &Context,
    client_id: Option<&str>,
) -> Result<Option<Arc<Client>>, Failure> {
    let Some(client_id) = client_id else {
        return Ok(None);
    };
    let tenant = &context.site.tenant;
    let found = app.store.typed::<Client>(tenant, client_id).await?;
    Ok(found.map(|found| Arc::clone(&found.value)))
}

/// The database connection that is named. Whether a client uses it is looked at where a client is named.
pub(super) async fn connection(
    app: &App,
    context: &Context,
    posted: &Posted,
) -> Result<Result<Arc<Connection>, Response>, Failure> {
    let Some(name) = &posted.connection else {
        let refusal = Refusal::new(Rule::MissingParameter).naming("parameter", "connection");
        return Err(refusal.into());
    };
    let tenant = &context.site.tenant;
    let found = app
        .store
        .typed_by::<Connection>(tenant, "name", &[name])
        .await?;
    let found = found
        .map(|found| Arc::clone(&found.value))
        .filter(|connection| {
            let client_id = posted.client_id.as_deref();
            connection.is_database()
                && client_id.is_none_or(|client_id| connection.serves(client_id))
        });
    let nothing = || {
        answer(
            StatusCode::BAD_REQUEST,
            &json!({"error": "connection not found"}),
        )
    };
    Ok(found.ok_or_else(nothing))
}

/// The new user, as the compatible API shows it: what was given, and whether it is verified.
fn shown(user: &User, given: &SignUp) -> Value {
    let mut body = Map::new();
    body.insert("_id".to_owned(), user.user_id.bare().into());
    let mut show = |name: &str, value: Option<Value>| {
        body.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    show("email", text(&user.email));
    show("username", text(&user.username));
    show("email_verified", user.email.as_ref().map(|_| false.into()));
    show("phone_number", text(&user.phone_number));
    show(
        "phone_verified",
        user.phone_number.as_ref().map(|_| false.into()),
    );
    for (name, value) in [
        ("given_name", &given.given_name),
        ("family_name", &given.family_name),
        ("name", &given.name),
        ("nickname", &given.nickname),
        ("picture", &given.picture),
    ] {
        show(name, text(value));
    }
    show("user_metadata", user.user_metadata.clone().map(Value::from));
    Value::Object(body)
}

/// Why nobody signed up, as the compatible API says it. That somebody is there already is told only where the tenant
/// wants it so.
fn refusal(problem: &Problem, tells: bool) -> Value {
    let bad = |code: &str, description: &str| json!({"name": "BadRequestError", "code": code, "description": description, "statusCode": 400});
    match problem {
        Problem::Taken(kind) if tells && kind == "username" => bad(
            "username_exists",
            "The username provided is in use already.",
        ),
        Problem::Taken(_) if tells => bad("user_exists", "The user already exists."),
        Problem::Taken(_) | Problem::Failed(_) => bad("invalid_signup", "Invalid sign up"),
        Problem::Refused(SignUpRefusal::Disabled) => json!({"error": "public signup is disabled"}),
        Problem::Refused(SignUpRefusal::Password(refusal)) => refusal.body(),
        Problem::Refused(SignUpRefusal::Missing(name)) => {
            json!({"error": format!("{name} is required")})
        }
        Problem::Refused(SignUpRefusal::Malformed(name)) => {
            json!({"error": format!("error in {name} - invalid format")})
        }
    }
}
