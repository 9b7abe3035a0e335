//! The one engine that interprets the declarations.

mod audit;
mod read;
mod render;
mod write;

pub(crate) use self::read::cut;

use std::collections::BTreeMap;

use grantor_protocol::{env::Timestamp, tenant::TenantId};
use grantor_storage::{Batch, Record};
use serde_json::{Map, Value};

use crate::{
    Management, body,
    call::{Caller, Request, Response},
    failure::Failure,
    query::Query,
    resource::{Action, Compiled, Operation, Scopes},
    routes::{self, Found, Segment},
    schema::{Schema, parse},
};

/// A request that reached an operation.
pub(crate) struct Call<'a> {
    pub(crate) management: &'a Management,
    pub(crate) tenant: &'a TenantId,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a Request<'a>,
    pub(crate) compiled: &'static Compiled,
    pub(crate) operation: &'static Operation,
    /// The open segments of the path.
    pub(crate) ids: Vec<Segment>,
    pub(crate) query: Query,
    /// The body, checked.
    pub(crate) body: Map<String, Value>,
    /// The same, where it is an array.
    pub(crate) items: Vec<Value>,
    pub(crate) now: Timestamp,
}

/// A write that is being prepared.
pub(crate) struct Change<'a> {
    pub(crate) call: &'a Call<'a>,
    /// What is stored now.
    pub(crate) before: Option<&'a Record>,
    /// What will be stored.
    pub(crate) document: Map<String, Value>,
    /// Further steps, committed with it.
    pub(crate) batch: Batch,
}

impl Change<'_> {
    /// The text member `name` of the document.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name).and_then(Value::as_str)
    }

    /// Whether the document has a value for `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.document
            .get(name)
            .is_some_and(|value| !value.is_null())
    }

    /// Sets `name` to what `value` is, or removes it.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.document.insert(name.to_owned(), value.into());
    }

    /// The text member `name` of what is stored now.
    pub(crate) fn text_before(&self, name: &str) -> Option<&str> {
        self.before
            .and_then(|record| record.body.get(name))
            .and_then(Value::as_str)
    }
}

impl Call<'_> {
    /// The open segment number `index`, or what a path without it would be.
    pub(crate) fn id(&self, index: usize) -> &str {
        self.ids.get(index).map_or("", Segment::text)
    }
}

impl Management {
    /// Answers a request that was authenticated as `caller`. Every failure becomes the error envelope.
    pub async fn answer(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        request: Request<'_>,
    ) -> Response {
        self.perform(tenant, caller, &request)
            .await
            .unwrap_or_else(Response::from)
    }

    /// Does what `request` asks.
    pub(crate) async fn perform(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        request: &Request<'_>,
    ) -> Result<Response, Failure> {
        let query = Query::read(request.query)?;
        let (route, ids) = match routes::find(request.method, request.path) {
            Found::Route(route, ids) => (route, ids),
            Found::Pending(pending) => return pending.answer(caller, request, &query),
            Found::OtherMethod | Found::Nothing => return Err(Failure::no_route()),
        };
        let mut call = Call {
            management: self,
            tenant,
            caller,
            request,
            compiled: route.compiled,
            operation: route.operation,
            ids,
            query,
            body: Map::new(),
            items: Vec::new(),
            now: self.env.now(),
        };
        let outcome = call.perform().await;
        if let Err(failure) = &outcome {
            call.record_refusal(failure).await;
        }
        outcome
    }
}

impl Call<'_> {
    async fn perform(&mut self) -> Result<Response, Failure> {
        check_scopes(self.caller, self.operation.scopes)?;
        let readings = self.ids.iter().flat_map(|id| &id.readings);
        if readings.into_iter().any(|text| text.contains('\0')) {
            let message = "Path validation error: 'Invalid path parameter'.";
            return Err(Failure::uri(message));
        }
        match read_body(self.request, self.compiled, self.operation)? {
            Value::Object(body) => self.body = body,
            Value::Array(items) => self.items = items,
            _ => {}
        }
        match self.operation.action {
            Action::List => self.list().await,
            Action::Find => self.find().await,
            Action::Create => self.create().await,
            Action::Update => self.update().await,
            Action::Replace => self.replace().await,
            Action::Delete => self.delete().await,
            Action::Run(run, _) => run(self).await,
        }
    }
}

fn check_scopes(caller: &Caller, scopes: Scopes) -> Result<(), Failure> {
    let granted = match scopes {
        Scopes::Any(names) => caller.has_any(names),
        Scopes::All(names) => caller.has_all(names),
    };
    if granted {
        Ok(())
    } else {
        Err(Failure::scope(scopes.names()))
    }
}

/// Reads and checks the body; operations without one ignore what was sent.
fn read_body(
    request: &Request<'_>,
    compiled: &Compiled,
    operation: &Operation,
) -> Result<Value, Failure> {
    let read = |schema: &Schema| {
        let value = body::read(request.body, request.content_type, schema)?;
        schema
            .check(&value)
            .map_err(|problem| Failure::payload(&problem))?;
        Ok(value)
    };
    match operation.action {
        Action::Create | Action::Replace => read(&compiled.create),
        Action::Update => read(&compiled.update),
        Action::Run(_, Some(notation)) => read(&parse(notation)),
        Action::Run(_, None) | Action::List | Action::Find | Action::Delete => Ok(Value::Null),
    }
}

/// The members of a document; what is stored is always an object.
pub(crate) fn members(record: &Record) -> Map<String, Value> {
    match &record.body {
        Value::Object(map) => map.clone(),
        _ => Map::new(),
    }
}

/// Whether two documents say the same, whatever the order of their members.
pub(crate) fn same(left: &Map<String, Value>, right: &Map<String, Value>) -> bool {
    let sorted = |map: &Map<String, Value>| -> BTreeMap<String, Value> {
        map.iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    sorted(left) == sorted(right)
}
