//! What a write leaves in the tenant's log: who, what, before and after, without secrets.

use grantor_protocol::event::Event;
use serde_json::{Map, Value, json};

use crate::{
    call::{Authority, Response},
    engine::Call,
    failure::Failure,
    resource::Compiled,
    schema::Text,
};

/// The type of an entry about an operation that was done.
const SUCCEEDED: &str = "sapi";

/// The type of an entry about an operation that was refused.
const REFUSED: &str = "fapi";

/// What stands for a secret in the log.
const REDACTED: &str = "[REDACTED]";

/// Members that are secret in whatever they are found, beside those that a schema marks.
const SECRET_MEMBERS: [&str; 13] = [
    "access_token",
    "app_secret",
    "client_secret",
    "consumer_secret",
    "hash",
    "signing_secret",
    "pem",
    "key",
    "password",
    "private_key",
    "refresh_token",
    "twilio_token",
    "secret",
];

/// A document before and after.
pub(crate) struct Audited<'a> {
    pub(crate) kind: &'static Compiled,
    pub(crate) before: Option<&'a Value>,
    pub(crate) after: &'a Value,
}

impl Call<'_> {
    /// The event of this request, which succeeded with `response`.
    pub(crate) fn event(&self, audited: Option<&Audited<'_>>, response: &Response) -> Event {
        let caller = self.caller;
        let mut details = json!({
            "request": {
                "method": self.operation.method.to_ascii_lowercase(),
                "path": format!("/api/v2{}", self.request.path),
                "query": self.query.as_json(),
                "userAgent": self.request.user_agent,
                "ip": self.request.ip,
                "channel": match caller.authority {
                    Authority::Token => "api",
                    Authority::Operator => "command line",
                },
                "body": redact(self.compiled, Some(&Value::Object(self.body.clone()))),
                "auth": {
                    "user": {"user_id": caller.subject},
                    "strategy": match caller.authority {
                        Authority::Token => "jwt",
                        Authority::Operator => "operator",
                    },
                    "credentials": {"scopes": caller.scopes},
                },
            },
            "response": {
                "statusCode": response.status,
                "body": redact(self.compiled, response.body.as_ref()),
            },
        });
        if let (Some(audited), Value::Object(details)) = (audited, &mut details) {
            details.insert("before".to_owned(), redact(audited.kind, audited.before));
            details.insert(
                "after".to_owned(),
                redact(audited.kind, Some(audited.after)),
            );
        }
        let mut members = Map::new();
        members.insert("description".to_owned(), json!(self.operation.summary));
        members.insert("ip".to_owned(), json!(self.request.ip));
        members.insert("user_agent".to_owned(), json!(self.request.user_agent));
        members.insert("details".to_owned(), details);
        Event {
            code: SUCCEEDED,
            at: self.now,
            client_id: caller.client_id.clone(),
            user_id: self.acting_user(),
            members,
        }
    }

    /// Records that this request succeeded with `response`, for operations that are not CRUD.
    pub(crate) async fn recorded(&self, response: Response) -> Response {
        self.management
            .record(self.tenant, self.event(None, &response))
            .await;
        response
    }

    /// Records that a write was refused, as far as the caller is to blame. Reads leave no trace.
    pub(super) async fn record_refusal(&self, failure: &Failure) {
        if self.operation.method == "GET" || 500 <= failure.status {
            return;
        }
        let mut event = self.event(None, &Response::from(failure.clone()));
        event.code = REFUSED;
        let description = json!(failure.message);
        event.members.insert("description".to_owned(), description);
        self.management.record(self.tenant, event).await;
    }

    /// The user who acts; a machine is named by its client.
    fn acting_user(&self) -> Option<String> {
        let machine = self.caller.subject.ends_with("@clients");
        let token = self.caller.authority == Authority::Token;
        (token && !machine).then(|| self.caller.subject.clone())
    }
}

fn redact(compiled: &Compiled, value: Option<&Value>) -> Value {
    let mut value = value.cloned().unwrap_or_default();
    compiled
        .stored
        .map_texts(&mut value, Text::is_secret, &|_| REDACTED.to_owned());
    redact_members(&mut value);
    value
}

/// The net below the schemas: documents hold more than the fields that were declared.
fn redact_members(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if SECRET_MEMBERS.contains(&name.as_str()) && value.is_string() {
                    *value = Value::from(REDACTED);
                } else {
                    redact_members(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact_members),
        _ => {}
    }
}
