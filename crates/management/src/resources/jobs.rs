//! Jobs: imports and exports of users, and mails that verify an address.

use grantor_protocol::{
    env::IdForm,
    model::Client,
    users::{Connection, UserId},
};
use grantor_storage::{Batch, JobPart, StoredJob};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    jobs::{self, JobKind, export, import, verification},
    keys::Pending,
    multipart,
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::tickets::named_identity,
};

/// `/jobs`.
pub(crate) const JOBS: Resource = Resource::of_operations(
    "/jobs",
    "Job",
    FIELDS,
    &[
        run(
            "POST",
            "/jobs/users-imports",
            Scopes::Any(&["create:users"]),
            202,
            import_users,
            "Import users from a file (multipart/form-data)",
        ),
        run(
            "POST",
            "/jobs/users-exports",
            Scopes::Any(&["read:users"]),
            200,
            export_users,
            "Export users into a file",
        )
        .with_body(EXPORT),
        run(
            "POST",
            "/jobs/verification-email",
            Scopes::Any(&["update:users"]),
            201,
            send_verification,
            "Send a mail that verifies an address",
        )
        .with_body(VERIFICATION),
        run(
            "GET",
            "/jobs/{id}",
            Scopes::Any(READ),
            200,
            find,
            "Read a job",
        ),
        run(
            "GET",
            "/jobs/{id}/errors",
            Scopes::Any(READ),
            200,
            errors,
            "Read what went wrong in a job",
        )
        .answering(Answer::Shape(
            "any of([{user: {...}, errors: [{code: str, message: str, path: str}]}]; \
             {status_details: str})",
        ))
        .or_nothing(),
    ],
);

const READ: &[&str] = &["create:users", "read:users"];

const EXPORT: &str = "{connection_id: str 1..100, format: enum(json, csv), limit: int 1.., \
    fields: [{name*: str 1..100, export_as: str 1..100}] ..100}";

const VERIFICATION: &str = "{user_id*: str 1..255, client_id: str 1..100, \
    organization_id: str 1..100, \
    identity: {user_id*: str 1..255, provider*: str 1..100, connection_id: str 1..100}}";

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field(
        "type",
        "R",
        "enum(users_import, users_export, verification_email)",
    ),
    field(
        "status",
        "R",
        "enum(pending, processing, completed, failed)",
    ),
    field("created_at", "R", "str date-time"),
    field("connection_id", "R", "str"),
    field("connection", "R", "str"),
    field("upsert", "R", "bool"),
    field("external_id", "R", "str"),
    field("send_completion_email", "R", "bool"),
    field("format", "R", "enum(json, csv)"),
    field("limit", "R", "int"),
    field("fields", "R", "[{name: str, export_as: str}]"),
    field("percentage_done", "R", "int"),
    field("time_left_seconds", "R", "int"),
    field("location", "R", "str url"),
    field("status_details", "R", "str"),
    field(
        "summary",
        "R",
        "{failed: int, updated: int, inserted: int, total: int}",
    ),
];

/// Most imports of a tenant that are open at once.
const MAX_IMPORTS: usize = 2;

/// Most other jobs of a kind that are open at once.
const MAX_OTHERS: usize = 100;

/// Most rows that are told in one answer.
const MAX_ERRORS: i64 = 1_000;

fn import_users<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let upload = Upload::read(call)?;
        let connection = connection(call, upload.connection_id).await?;
        if connection.strategy != "auth0" {
            return Err(Failure::body("Connection must be a database connection"));
        }
        refuse_more_than(call, JobKind::UsersImport, MAX_IMPORTS).await?;
        let mut shown = Map::new();
        for (name, value) in [
            ("connection_id", json!(connection.id)),
            ("connection", json!(connection.name)),
            ("upsert", json!(upload.upsert)),
            ("external_id", json!(upload.external_id)),
            ("send_completion_email", json!(upload.send_completion_email)),
        ] {
            if !value.is_null() {
                shown.insert(name.to_owned(), value);
            }
        }
        let mut work = import::Work::default();
        work.connection = connection.name;
        work.upsert = upload.upsert.unwrap_or(false);
        let input = JobPart {
            number: 0,
            content: upload.users.to_vec(),
        };
        open(
            call,
            (JobKind::UsersImport, 202),
            shown,
            &work,
            |batch, id| {
                batch.put_job_part(call.tenant, id, import::INPUT, &input);
            },
        )
        .await
    })
}

/// The fields of an upload.
struct Upload<'a> {
    users: &'a [u8],
    connection_id: &'a str,
    upsert: Option<bool>,
    external_id: Option<&'a str>,
    send_completion_email: Option<bool>,
}

impl<'a> Upload<'a> {
    fn read(call: &'a Call<'_>) -> Result<Self, Failure> {
        let kind = call.request.content_type.unwrap_or_default();
        let parts = multipart::parts(kind, call.request.body)
            .ok_or_else(|| Failure::body("Invalid multipart payload format"))?;
        let find = |name: &str| parts.iter().find(|part| part.name == name);
        let text = |name: &str| {
            let text = find(name).and_then(|part| std::str::from_utf8(part.content).ok());
            text.filter(|text| !text.is_empty() && text.len() <= 255 && !text.contains('\0'))
        };
        let flag = |name: &str| text(name).map(|text| text == "true");
        let users = find("users")
            .map(|part| part.content)
            .ok_or_else(|| Failure::body("Must provide 'users' file as multipart part"))?;
        if users.iter().all(u8::is_ascii_whitespace) {
            return Err(Failure::body("Users file must not be empty"));
        }
        if import::MAX_BYTES < users.len() {
            let message = "Payload content length greater than maximum allowed: 512000";
            return Err(Failure::new(413, "payload_too_large", message));
        }
        Ok(Self {
            users,
            connection_id: text("connection_id")
                .ok_or_else(|| Failure::body("Must provide 'connection_id' as multipart part"))?,
            upsert: flag("upsert"),
            external_id: text("external_id"),
            send_completion_email: flag("send_completion_email"),
        })
    }
}

fn export_users<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let mut shown = Map::new();
        let mut work = export::Work::default();
        if let Some(id) = call.body.get("connection_id").and_then(Value::as_str) {
            let connection = connection(call, id).await?;
            shown.insert("connection_id".to_owned(), json!(connection.id));
            shown.insert("connection".to_owned(), json!(connection.name));
            work.connection = Some(connection.name);
        }
        refuse_more_than(call, JobKind::UsersExport, MAX_OTHERS).await?;
        if call.body.get("format") == Some(&json!("csv")) {
            work.format = export::Format::Csv;
        }
        shown.insert("format".to_owned(), json!(work.format));
        work.limit = call.body.get("limit").and_then(Value::as_i64);
        for name in ["limit", "fields"] {
            if let Some(value) = call.body.get(name) {
                shown.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(fields) = call.body.get("fields") {
            // The schema has seen to it that they are.
            work.fields = serde_json::from_value(fields.clone()).unwrap_or_default();
        }
        open(call, (JobKind::UsersExport, 200), shown, &work, |_, _| {}).await
    })
}

fn send_verification<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let text = |name: &str| call.body.get(name).and_then(Value::as_str);
        let store = &call.management.store;
        let found = match text("user_id").and_then(UserId::parse) {
            Some(id) => store.find_user(call.tenant, &id).await?,
            None => None,
        };
        let user = found
            .map(|stored| stored.user)
            .ok_or_else(|| Failure::new(404, "inexistent_user", "The user does not exist."))?;
        let identity = named_identity(call, &user)?;
        if user.email_of(identity).is_none() {
            return Err(Failure::body("User does not have an email address"));
        }
        if text("organization_id").is_some() {
            return Err(Failure::body("The organization does not exist"));
        }
        if let Some(client_id) = text("client_id")
            && store
                .typed::<Client>(call.tenant, client_id)
                .await?
                .is_none()
        {
            return Err(Failure::body("The client does not exist"));
        }
        refuse_more_than(call, JobKind::VerificationEmail, MAX_OTHERS).await?;
        let work = verification::Work {
            user_id: user.user_id.as_str().to_owned(),
            provider: identity.provider.clone(),
            identity: identity.user_id.clone(),
            client_id: text("client_id").map(str::to_owned),
        };
        let kind = (JobKind::VerificationEmail, 201);
        open(call, kind, Map::new(), &work, |_, _| {}).await
    })
}

/// Opens a job and tells of it.
async fn open(
    call: &Call<'_>,
    (kind, status): (JobKind, u16),
    mut shown: Map<String, Value>,
    work: &impl Serialize,
    more: impl FnOnce(&mut Batch, &str),
) -> Result<Response, Failure> {
    let id = call.management.env.id(IdForm::Alphanumeric("job_", 16));
    for (name, value) in [
        ("type", json!(kind.name())),
        ("status", json!("pending")),
        ("created_at", json!(call.now.rfc3339())),
        ("id", json!(id)),
    ] {
        shown.insert(name.to_owned(), value);
    }
    let mut batch = call.management.store.batch();
    let body = jobs::body(&shown, work);
    batch.open_job(call.tenant, &id, kind.name(), &body, call.now);
    more(&mut batch, &id);
    let response = Response::json(status, Value::Object(shown));
    call.commit_recorded(batch, &response).await?;
    Ok(response)
}

async fn refuse_more_than(call: &Call<'_>, kind: JobKind, most: usize) -> Result<(), Failure> {
    let open = call.management.store.open_jobs(call.tenant, kind.name());
    let open = open.await?.len();
    if open < most {
        return Ok(());
    }
    let name = kind.name();
    let message = format!("There are {open} active {name} jobs, wait until one is finished");
    Err(Failure::new(429, "too_many_requests", message))
}

async fn connection(call: &Call<'_>, id: &str) -> Result<Connection, Failure> {
    let store = &call.management.store;
    let found = store.typed::<Connection>(call.tenant, id).await?;
    let missing = || {
        let message = "The connection does not exist";
        Failure::new(400, "inexistent_connection", message)
    };
    found
        .map(|found| Connection::clone(&found.value))
        .ok_or_else(missing)
}

async fn load(call: &Call<'_>) -> Result<StoredJob, Failure> {
    let found = call.management.store.find_job(call.tenant, call.id(0));
    let told = |job: &StoredJob| {
        let kind = JobKind::of(job);
        kind.is_some_and(|kind| kind != JobKind::ConnectionDeletion)
    };
    let missing = || Failure::new(404, "inexistent_job", "The job does not exist");
    found.await?.filter(told).ok_or_else(missing)
}

fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let job = load(call).await?;
        let mut shown = jobs::shown(&job.body);
        if job.is_open {
            let (done, total) = progress(&job);
            let percentage = if total == 0 { 0 } else { done * 100 / total };
            shown.insert("percentage_done".to_owned(), json!(percentage));
            if 0 < done {
                let passed = call.now.seconds() - job.created_at.seconds();
                let left = passed * (total - done) / done;
                shown.insert("time_left_seconds".to_owned(), json!(left.max(0)));
            }
        } else if JobKind::of(&job) == Some(JobKind::UsersExport)
            && shown.get("status") == Some(&json!("completed"))
        {
            let link = call.management.export_link(call.tenant, &job.id, call.now);
            shown.insert("location".to_owned(), json!(link.await?));
        }
        Ok(Response::json(200, Value::Object(shown)))
    })
}

/// How much of a job is done, and how much there is.
fn progress(job: &StoredJob) -> (i64, i64) {
    match JobKind::of(job) {
        Some(JobKind::UsersImport) => {
            let work: import::Work = jobs::work(&job.body).unwrap_or_default();
            let number = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
            (number(work.position), number(work.total))
        }
        Some(JobKind::UsersExport) => {
            let work: export::Work = jobs::work(&job.body).unwrap_or_default();
            (work.exported, work.total)
        }
        _ => (0, 0),
    }
}

fn errors<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let job = load(call).await?;
        let store = &call.management.store;
        let parts = store.job_parts(call.tenant, &job.id, import::ERRORS, (-1, MAX_ERRORS));
        let told: Vec<Value> = parts
            .await?
            .iter()
            .filter_map(|part| serde_json::from_slice(&part.content).ok())
            .collect();
        if !told.is_empty() {
            return Ok(Response::json(200, json!(told)));
        }
        let shown = jobs::shown(&job.body);
        Ok(match shown.get("status_details") {
            Some(details) => Response::json(200, json!({"status_details": details})),
            None => Response::nothing(),
        })
    })
}
