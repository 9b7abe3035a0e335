//! Writing users into a file: piece by piece, each a gzip member of its own (RFC 1952 §2.2), which together are a file.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use grantor_protocol::{
    env::Timestamp,
    search::predicate::{IdentityColumn, Order, Predicate, TextTest},
    users::User,
};
use grantor_storage::{Error as StoreError, JobPart, Window, users::UserSelection};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Held, work};

/// Users per piece.
const PIECE: i64 = 200;

/// How the pieces are called among the parts of the job.
pub(crate) const OUTPUT: &str = "output";

/// The columns of a table about which nobody said anything.
const USUAL: [&str; 15] = [
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "name",
    "nickname",
    "given_name",
    "family_name",
    "picture",
    "blocked",
    "created_at",
    "updated_at",
    "last_login",
    "logins_count",
];

/// Members of an identity that no export tells.
const TOKENS: [&str; 3] = ["access_token", "access_token_secret", "refresh_token"];

/// What the file looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// A JSON object a line.
    #[default]
    Json,
    /// A table, RFC 4180.
    Csv,
}

/// A member of each user that is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Column {
    /// Where it is in the user: `identities[0].connection`.
    pub(crate) name: String,
    /// What it is called in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) export_as: Option<String>,
}

/// How far an export is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Work {
    /// Of which connection, by name; none means all.
    pub(crate) connection: Option<String>,
    /// The form of the file.
    pub(crate) format: Format,
    /// What is told of each; empty means everything, or the usual columns of a table.
    pub(crate) fields: Vec<Column>,
    /// Most users.
    pub(crate) limit: Option<i64>,
    /// How many there are.
    pub(crate) total: i64,
    /// How many are written.
    pub(crate) exported: i64,
    /// After which user it goes on.
    cursor: Option<(Timestamp, String)>,
    /// How many pieces there are.
    pieces: i64,
}

impl Work {
    fn predicate(&self) -> Predicate {
        match &self.connection {
            Some(name) => {
                Predicate::Identity(IdentityColumn::Connection, TextTest::Is(name.clone()))
            }
            None => Predicate::ALL,
        }
    }

    fn columns(&self) -> Vec<Column> {
        if self.fields.is_empty() && self.format == Format::Csv {
            let usual = USUAL.iter();
            return usual
                .map(|name| Column {
                    name: (*name).to_owned(),
                    export_as: None,
                })
                .collect();
        }
        self.fields.clone()
    }
}

impl Held<'_> {
    /// Writes the pieces that are left.
    pub(super) async fn export(mut self) -> Result<(), StoreError> {
        let Some(mut state) = work::<Work>(&self.job.body) else {
            return self.fail("The job cannot be read.").await;
        };
        let store = self.management.store.clone();
        let predicate = state.predicate();
        let columns = state.columns();
        let all = store.count_users(self.tenant, &predicate).await?;
        state.total = all.min(state.limit.unwrap_or(i64::MAX));
        loop {
            let left = state.limit.map_or(PIECE, |limit| limit - state.exported);
            let selection = UserSelection {
                predicate: predicate.clone(),
                order: Order::default(),
                window: Window::After {
                    cursor: state.cursor.clone(),
                    limit: left.min(PIECE),
                },
                with_total: false,
            };
            let page = store.search_users(self.tenant, &selection).await?;
            let mut text = String::new();
            if state.pieces == 0 && state.format == Format::Csv {
                let names = columns.iter().map(|column| json!(label(column)));
                row(&mut text, names);
            }
            for stored in &page.users {
                write(&mut text, state.format, &columns, &stored.user);
            }
            let Some(last) = page.users.last().map(|stored| &stored.user) else {
                if !text.is_empty() || state.pieces == 0 {
                    self.put(&mut state, &text).await?;
                }
                break;
            };
            state.cursor = Some((last.created_at, last.user_id.as_str().to_owned()));
            state.exported += i64::try_from(page.users.len()).unwrap_or(i64::MAX);
            self.put(&mut state, &text).await?;
        }
        self.complete(store.batch()).await
    }

    /// Commits a piece and how far the job is.
    async fn put(&mut self, state: &mut Work, text: &str) -> Result<(), StoreError> {
        let content = compress(text).map_err(|error| StoreError::Malformed {
            what: format!("a piece of an export: {error}"),
        })?;
        let part = JobPart {
            number: state.pieces,
            content,
        };
        state.pieces += 1;
        let mut batch = self.management.store.batch();
        batch.put_job_part(self.tenant, &self.job.id, OUTPUT, &part);
        self.set_work(state);
        self.advance(batch).await
    }
}

fn compress(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

fn label(column: &Column) -> &str {
    column.export_as.as_deref().unwrap_or(&column.name)
}

fn write(text: &mut String, format: Format, columns: &[Column], user: &User) {
    let user = exported(user);
    let of = |column: &Column| find(&user, &column.name).cloned();
    match format {
        Format::Csv => row(text, columns.iter().map(|one| of(one).unwrap_or_default())),
        Format::Json if columns.is_empty() => {
            text.push_str(&user.to_string());
            text.push('\n');
        }
        Format::Json => {
            let members = columns
                .iter()
                .filter_map(|one| Some((label(one).to_owned(), of(one)?)));
            let members: Map<String, Value> = members.collect();
            text.push_str(&Value::Object(members).to_string());
            text.push('\n');
        }
    }
}

/// Everything of a user but the tokens of its providers.
fn exported(user: &User) -> Value {
    let mut fields = user.fields();
    let identities = fields.get_mut("identities").and_then(Value::as_array_mut);
    for identity in identities.into_iter().flatten() {
        if let Some(identity) = identity.as_object_mut() {
            identity.retain(|name, _| !TOKENS.contains(&name.as_str()));
        }
    }
    Value::Object(fields)
}

/// What is at `path`: names with dots between them, and numbers in brackets.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |value, step| {
        let (name, rest) = step
            .split_once('[')
            .map_or((step, ""), |(name, rest)| (name, rest));
        let mut found = value.get(name)?;
        for index in rest.split('[').filter(|index| !index.is_empty()) {
            found = found.get(index.strip_suffix(']')?.parse::<usize>().ok()?)?;
        }
        Some(found)
    })
}

/// A row of a table.
fn row(text: &mut String, cells: impl Iterator<Item = Value>) {
    for (number, cell) in cells.enumerate() {
        if 0 < number {
            text.push(',');
        }
        let cell = match cell {
            Value::Null => String::new(),
            Value::String(cell) => cell,
            other => other.to_string(),
        };
        if cell.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_into_objects_and_lists() {
        let user = json!({"a": {"b": [{"c": 1}, [2, 3]]}});
        for (path, expected) in [
            ("a.b[0].c", Some(json!(1))),
            ("a.b[1][1]", Some(json!(3))),
            ("a.b[2]", None),
            ("a.x", None),
            ("a.b[x]", None),
            ("", None),
        ] {
            assert_eq!(find(&user, path).cloned(), expected, "{path}");
        }
    }

    #[test]
    fn a_cell_with_a_separator_is_quoted() {
        let mut text = String::new();
        let cells = [
            json!("a,b"),
            json!("say \"x\""),
            json!(true),
            json!(null),
            json!({"k": 1}),
        ];
        row(&mut text, cells.into_iter());
        assert_eq!(
            text,
            "\"a,b\",\"say \"\"x\"\"\",true,,\"{\"\"k\"\":1}\"\r\n"
        );
    }
}
