//! Making users from a file: one row, one commit, so that a row is done once whatever happens.

use grantor_protocol::users::{
    Connection, User,
    identifier::{Identifier, IdentifierKind},
    metadata::{self, WhenEmpty},
};
use grantor_storage::{
    Batch, Error as StoreError, JobPart,
    users::{IdentityKey, StoredUser, USER_REVISION},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Held, work};
use crate::{
    body::read_json,
    failure::Failure,
    resources::{new_user, user_profile as profile},
    schema::{Problem, parse},
};

/// Largest file, in bytes.
pub(crate) const MAX_BYTES: usize = 512_000;

/// Most rows of a file.
const MAX_ROWS: usize = 30_000;

/// How the uploaded file is called among the parts of the job.
pub(crate) const INPUT: &str = "input";

/// How the rows that failed are called among the parts of the job, each numbered by its row.
pub(crate) const ERRORS: &str = "errors";

/// How often a row is tried again when its user is written in the meantime.
const ATTEMPTS: usize = 5;

/// What a row may be.
const ROW: &str = "{email*: str email, email_verified: bool, \
    phone_number: str /^\\+[0-9]{1,15}$/, phone_verified: bool, user_id: str 1..255 /^\\S*$/, \
    username: str 1..128, given_name: str 1..150, family_name: str 1..150, name: str 1..300, \
    nickname: str 1..300, picture: str 1..2000 uri, blocked: bool, password_hash: str 1..1024, \
    custom_password_hash: {...}, app_metadata: {...}, user_metadata: {...}, \
    mfa_factors: [{...}] 1..10}";

/// How far an import is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Work {
    /// Into which connection, by name.
    pub(crate) connection: String,
    /// Whether users that are there already are changed.
    pub(crate) upsert: bool,
    /// How many rows are done.
    pub(crate) position: usize,
    /// How many rows there are; known once the file was read.
    pub(crate) total: usize,
    failed: usize,
    inserted: usize,
    updated: usize,
}

/// What is wrong with a row.
struct RowError {
    code: &'static str,
    message: String,
    path: Option<String>,
}

/// What a row did.
#[derive(Clone, Copy)]
enum Done {
    Inserted,
    Updated,
}

impl RowError {
    fn duplicate() -> Self {
        Self {
            code: "DUPLICATED_USER",
            message: "The user already exist and upsert parameter is false".to_owned(),
            path: None,
        }
    }

    fn format(message: impl Into<String>, path: &str) -> Self {
        Self {
            code: "INVALID_FORMAT",
            message: message.into(),
            path: Some(path.to_owned()),
        }
    }

    fn of_problem(problem: &Problem) -> Self {
        let missing = problem.text().starts_with("Missing required property");
        Self {
            code: if missing {
                "MISSING_REQUIRED_PROPERTY"
            } else {
                "INVALID_FORMAT"
            },
            message: problem.text().to_owned(),
            path: Some(problem.path()).filter(|path| !path.is_empty()),
        }
    }

    fn of_failure(failure: Failure) -> Self {
        Self {
            code: "INVALID_FORMAT",
            message: failure.message,
            path: None,
        }
    }
}

impl Held<'_> {
    /// Imports the rows that are left.
    pub(super) async fn import(mut self) -> Result<(), StoreError> {
        let Some(mut state) = work::<Work>(&self.job.body) else {
            return self.fail("The job cannot be read.").await;
        };
        let store = self.management.store.clone();
        let input = store.job_parts(self.tenant, &self.job.id, INPUT, (-1, 1));
        let input = input.await?.into_iter().next();
        let rows = match input.map(|part| read_json(&part.content)) {
            Some(Ok(Value::Array(rows))) if rows.len() <= MAX_ROWS => rows,
            Some(Ok(Value::Array(_))) => {
                return self.fail("The users file has too many rows.").await;
            }
            _ => {
                let message = "The users file is not a JSON array of users.";
                return self.fail(message).await;
            }
        };
        state.total = rows.len();
        let found = profile::connection(self.management, self.tenant, &state.connection).await;
        let Ok(Some(connection)) = found else {
            return self.fail("The connection does not exist.").await;
        };
        for (number, row) in rows.iter().enumerate().skip(state.position) {
            self.import_row(&connection, &mut state, (number, row))
                .await?;
        }
        let summary = json!({"failed": state.failed, "updated": state.updated,
            "inserted": state.inserted, "total": state.total});
        self.tell("summary", summary);
        self.complete(store.batch()).await
    }

    async fn import_row(
        &mut self,
        connection: &Connection,
        state: &mut Work,
        (number, row): (usize, &Value),
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let prepared = match self.prepare(connection, state.upsert, row).await? {
                Ok((batch, done)) => {
                    let mut next = state.clone();
                    match done {
                        Done::Inserted => next.inserted += 1,
                        Done::Updated => next.updated += 1,
                    }
                    match self.note(batch, next, number).await {
                        Ok(next) => {
                            *state = next;
                            return Ok(());
                        }
                        // Somebody else has its identifier or its name.
                        Err(StoreError::Conflict { .. }) => RowError::duplicate(),
                        Err(StoreError::Guard {
                            label: USER_REVISION,
                        }) => continue,
                        Err(StoreError::Guard { label: "required" }) => {
                            RowError::of_failure(profile::no_connection())
                        }
                        Err(error) => return Err(error),
                    }
                }
                Err(error) => error,
            };
            *state = self
                .note_error(state.clone(), (number, row), &prepared)
                .await?;
            return Ok(());
        }
        let busy = RowError::format("The user is being changed by others.", "");
        *state = self.note_error(state.clone(), (number, row), &busy).await?;
        Ok(())
    }

    /// Commits what a row does and that it is done.
    async fn note(
        &mut self,
        batch: Batch,
        mut state: Work,
        number: usize,
    ) -> Result<Work, StoreError> {
        state.position = number + 1;
        self.set_work(&state);
        self.advance(batch).await?;
        Ok(state)
    }

    async fn note_error(
        &mut self,
        mut state: Work,
        (number, row): (usize, &Value),
        error: &RowError,
    ) -> Result<Work, StoreError> {
        state.failed += 1;
        let mut told = json!({"code": error.code, "message": error.message});
        if let (Some(path), Some(told)) = (&error.path, told.as_object_mut()) {
            told.insert("path".to_owned(), json!(path));
        }
        let content = json!({"user": masked(row), "errors": [told]}).to_string();
        let part = JobPart {
            number: i64::try_from(number).unwrap_or(i64::MAX),
            content: content.into_bytes(),
        };
        let mut batch = self.management.store.batch();
        batch.put_job_part(self.tenant, &self.job.id, ERRORS, &part);
        self.note(batch, state, number).await
    }

    /// What a row is to do, or what is wrong with it.
    async fn prepare(
        &self,
        connection: &Connection,
        upsert: bool,
        row: &Value,
    ) -> Result<Result<(Batch, Done), RowError>, StoreError> {
        let row = match checked(row) {
            Ok(row) => row,
            Err(error) => return Ok(Err(error)),
        };
        let hash = match self.hash_of(row) {
            Ok(hash) => hash,
            Err(error) => return Ok(Err(error)),
        };
        let now = self.management.env.now();
        let user = match new_user(self.management, connection, row, now) {
            Ok(user) => user,
            Err(failure) => return Ok(Err(RowError::of_failure(failure))),
        };
        let mut batch = self.management.store.batch();
        if let Some(stored) = self.existing(connection, &user).await? {
            if !upsert {
                return Ok(Err(RowError::duplicate()));
            }
            return Ok(self
                .update(&mut batch, &stored, row, hash)
                .map(|()| (batch, Done::Updated)));
        }
        let identifiers = profile::identifiers(connection, &user);
        profile::require_connection(&mut batch, self.tenant, connection);
        batch.insert_user(self.tenant, &user, &identifiers);
        if let Some(hash) = hash {
            let key = IdentityKey::from(&user.user_id);
            batch.set_password(self.tenant, &key, &hash, 0, now);
        }
        Ok(Ok((batch, Done::Inserted)))
    }

    /// The user who has the row's address at the connection.
    async fn existing(
        &self,
        connection: &Connection,
        user: &User,
    ) -> Result<Option<StoredUser>, StoreError> {
        let store = &self.management.store;
        let Some(email) = &user.email else {
            return Ok(None);
        };
        let identifier = Identifier {
            kind: IdentifierKind::Email,
            value: email.clone(),
        };
        let found = store.find_user_by_identifier(self.tenant, &connection.name, &identifier);
        Ok(found.await?.map(|found| found.found))
    }

    /// Changes what an import may change of a user that is there: not how it is named, and its password only until it
    /// logged in.
    fn update(
        &self,
        batch: &mut Batch,
        stored: &StoredUser,
        row: &Map<String, Value>,
        hash: Option<String>,
    ) -> Result<(), RowError> {
        let now = self.management.env.now();
        let mut user = stored.user.clone();
        let object = |name: &str| row.get(name).and_then(Value::as_object);
        if let Some(change) = object("user_metadata") {
            let before = user.user_metadata.take();
            user.user_metadata = metadata::merge(before, change, WhenEmpty::Object);
        }
        if let Some(change) = object("app_metadata") {
            let before = user.app_metadata.take();
            user.app_metadata = metadata::merge(before, change, WhenEmpty::Absent);
        }
        if let Some(verified) = row.get("email_verified").and_then(Value::as_bool) {
            user.email_verified = Some(verified);
        }
        for (name, member) in [
            ("given_name", &mut user.given_name),
            ("family_name", &mut user.family_name),
            ("name", &mut user.name),
            ("nickname", &mut user.nickname),
            ("picture", &mut user.picture),
        ] {
            if let Some(text) = row.get(name).and_then(Value::as_str) {
                *member = Some(text.to_owned());
            }
        }
        user.updated_at = now;
        batch.replace_user(self.tenant, &user, stored.revision);
        if let Some(hash) = hash {
            if user.logins_count.is_some() {
                let message = "The password of a user who logged in cannot be imported.";
                return Err(RowError::format(message, "custom_password_hash"));
            }
            let key = IdentityKey::from(&user.user_id);
            batch.set_password(self.tenant, &key, &hash, 0, now);
        }
        Ok(())
    }

    /// The hash that a row comes with, as it is kept.
    fn hash_of(&self, row: &Map<String, Value>) -> Result<Option<String>, RowError> {
        let (name, hash) = match (row.get("password_hash"), row.get("custom_password_hash")) {
            (None, None) => return Ok(None),
            (Some(hash), None) => ("password_hash", hash),
            (None, Some(hash)) => ("custom_password_hash", hash),
            (Some(_), Some(_)) => {
                let message = "Only one of password_hash and custom_password_hash can be set.";
                return Err(RowError::format(message, "custom_password_hash"));
            }
        };
        let kept = self.management.passwords.imported(hash);
        kept.map(Some)
            .map_err(|problem| RowError::format(problem, name))
    }
}

/// A row that has the form of one.
fn checked(row: &Value) -> Result<&Map<String, Value>, RowError> {
    let checked = parse(ROW).check(row);
    checked.map_err(|problem| RowError::of_problem(&problem))?;
    let Some(row) = row.as_object() else {
        return Err(RowError::format("Expected type object", ""));
    };
    if row.contains_key("mfa_factors") {
        // A user whose second factor was left out would be worse protected than before.
        let message = "Second factors cannot be imported yet.";
        return Err(RowError::format(message, "mfa_factors"));
    }
    Ok(row)
}

/// A row as it may be shown.
fn masked(row: &Value) -> Value {
    let mut row = row.clone();
    for name in ["password_hash", "custom_password_hash", "mfa_factors"] {
        if let Some(value) = row.get_mut(name) {
            *value = json!("*****");
        }
    }
    row
}
