//! Writing: create, update, delete.

use grantor_protocol::event::Event;
use grantor_storage::{Batch, Error as StoreError, Record};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::{Call, Change, audit::Audited, members, read::etag, render::to_stored, same},
    failure::Failure,
    resource::{Field, Identity, Patch},
};

/// How often a write is tried again when another one came between.
const ATTEMPTS: usize = 100;

impl Call<'_> {
    /// Makes one.
    pub(crate) async fn create(&self) -> Result<Response, Failure> {
        let fields = self.compiled.resource.fields;
        self.check_writable(fields, |field| field.created_by)?;
        for _ in 0..ATTEMPTS {
            let mut change = Change {
                call: self,
                before: None,
                document: self.new_document(),
                batch: self.management.store.batch(),
            };
            (self.compiled.resource.rules.before_create)(&mut change).await?;
            let (document, response) = self.finish(&mut change, true).await?;
            let kind = self.compiled.resource.kind;
            change.batch.insert(self.tenant, kind, &document, self.now);
            match self.commit(change, &document, &response).await {
                Ok(()) => return Ok(response.with_header("ETag", etag(1))),
                // An id that is taken: another one will not be. A guard: another write came between.
                Err(StoreError::Conflict { unique: "id" } | StoreError::Guard { .. }) => {}
                Err(error) => return Err(self.conflict(error)),
            }
        }
        Err(Failure::busy())
    }

    /// Changes one.
    pub(crate) async fn update(&self) -> Result<Response, Failure> {
        let fields = self.compiled.resource.fields;
        self.check_writable(fields, |field| field.updated_by)?;
        for _ in 0..ATTEMPTS {
            let record = self.load().await?;
            self.check_match(record.revision)?;
            let mut change = Change {
                call: self,
                before: Some(&record),
                document: self.merged(members(&record)),
                batch: self.management.store.batch(),
            };
            (self.compiled.resource.rules.before_update)(&mut change).await?;
            let (document, response) = self.finish(&mut change, false).await?;
            if change.batch.is_empty() && same(&members(&record), &change.document) {
                return Ok(response.with_header("ETag", etag(record.revision)));
            }
            self.write(&mut change.batch, &document, record.revision);
            match self.commit(change, &document, &response).await {
                Ok(()) => return Ok(response.with_header("ETag", etag(record.revision + 1))),
                Err(error) => self.retry(error)?,
            }
        }
        Err(Failure::busy())
    }

    /// Makes the one that the path names be what was sent.
    pub(crate) async fn replace(&self) -> Result<Response, Failure> {
        let (field, id) = (self.compiled.resource.identity.field(), self.id(0));
        let mut document = self.new_document();
        document.retain(|_, value| !value.is_null());
        if document.get(field).and_then(Value::as_str) != Some(id) {
            let message = format!("The {field} of the body is not that of the path.");
            return Err(Failure::body(message));
        }
        (self.compiled.resource.rules.check)(&document)?;
        let response = self.show(self.operation.status, &document, false);
        self.put(id, &document, |_| response.clone()).await
    }

    /// Makes the object `id` be `document`, whether or not it was there; `answer` is told whether it is new.
    pub(crate) async fn put(
        &self,
        id: &str,
        document: &Map<String, Value>,
        answer: impl Fn(bool) -> Response + Send + Sync,
    ) -> Result<Response, Failure> {
        for _ in 0..ATTEMPTS {
            let (store, kind) = (&self.management.store, self.compiled.resource.kind);
            let stored = store.find(self.tenant, kind, id).await?;
            let response = answer(stored.is_none());
            let record = stored.unwrap_or_else(|| self.vacant(id));
            self.check_match(record.revision)?;
            let mut after = members(&self.vacant(id));
            after.extend(document.clone());
            let mut change = Change {
                call: self,
                before: Some(&record),
                document: after.clone(),
                batch: self.management.store.batch(),
            };
            let after = Value::Object(after);
            self.write(&mut change.batch, &after, record.revision);
            match self.commit(change, &after, &response).await {
                Ok(()) => return Ok(response.with_header("ETag", etag(record.revision + 1))),
                Err(error) => self.retry(error)?,
            }
        }
        Err(Failure::busy())
    }

    /// Adds to `batch` that what had `revision`, 0 for nothing, becomes `document`.
    fn write(&self, batch: &mut Batch, document: &Value, revision: i64) {
        let kind = self.compiled.resource.kind;
        if revision == 0 {
            batch.insert(self.tenant, kind, document, self.now);
        } else {
            batch.replace(self.tenant, kind, document, revision, self.now);
        }
    }

    /// Deletes one.
    pub(crate) async fn delete(&self) -> Result<Response, Failure> {
        let response = match self.operation.status {
            204 => Response::nothing(),
            status => Response::json(status, json!({})),
        };
        for _ in 0..ATTEMPTS {
            let Some(record) = self.find_record().await? else {
                let missing = &self.compiled.resource.missing;
                return if missing.on_delete {
                    Err(missing.failure())
                } else {
                    Ok(response)
                };
            };
            self.check_match(record.revision)?;
            let mut change = Change {
                call: self,
                before: Some(&record),
                document: members(&record),
                batch: self.management.store.batch(),
            };
            // First the object, then what hangs on it: so whoever adds to that meanwhile is seen, or sees this.
            let kind = self.compiled.resource.kind;
            change
                .batch
                .delete_revision(self.tenant, kind, &record.id, record.revision, self.now);
            (self.compiled.resource.rules.before_delete)(&mut change).await?;
            match self.commit(change, &Value::Null, &response).await {
                Ok(()) => return Ok(response),
                Err(error) => self.retry(error)?,
            }
        }
        Err(Failure::busy())
    }

    /// Changes the object that the path names by `change`, for operations that are not CRUD. Answers with what is stored
    /// then.
    pub(crate) async fn change_record(
        &self,
        change: impl Fn(&mut Map<String, Value>) -> Result<(), Failure>,
    ) -> Result<Record, Failure> {
        for _ in 0..ATTEMPTS {
            let mut record = self.load().await?;
            self.check_match(record.revision)?;
            let mut document = members(&record);
            change(&mut document)?;
            let prepared = Change {
                call: self,
                before: Some(&record),
                document,
                batch: self.management.store.batch(),
            };
            let after = Value::Object(prepared.document.clone());
            let mut prepared = prepared;
            let kind = self.compiled.resource.kind;
            prepared
                .batch
                .replace(self.tenant, kind, &after, record.revision, self.now);
            let response = Response::nothing();
            match self.commit(prepared, &after, &response).await {
                Ok(()) => {
                    record.revision += 1;
                    record.body = after;
                    return Ok(record);
                }
                Err(error) => self.retry(error)?,
            }
        }
        Err(Failure::busy())
    }

    /// What a create request makes: its id, what was sent, the defaults.
    fn new_document(&self) -> Map<String, Value> {
        let resource = self.compiled.resource;
        let mut document = Map::new();
        let id = match &resource.identity {
            Identity::Made { form, .. } => Some(self.management.env.id(*form)),
            Identity::One(id) | Identity::Always(id) => Some((*id).to_owned()),
            Identity::Named { .. } => None,
        };
        if let Some(id) = id {
            document.insert(resource.identity.field().to_owned(), Value::from(id));
        }
        let mut sent = Value::Object(self.body.clone());
        self.compiled.create.complete(&mut sent);
        if let Value::Object(sent) = sent {
            document.extend(to_stored(self.compiled, self.request.issuer, sent));
        }
        for field in resource.fields {
            let Some(default) = field.default.filter(|_| !document.contains_key(field.name)) else {
                continue;
            };
            let default = serde_json::from_str(default).unwrap_or_default();
            document.insert(field.name.to_owned(), default);
        }
        document
    }

    /// `document` with what an update request sent.
    fn merged(&self, mut document: Map<String, Value>) -> Map<String, Value> {
        let sent = to_stored(self.compiled, self.request.issuer, self.body.clone());
        for (name, value) in sent {
            let field = self
                .compiled
                .resource
                .fields
                .iter()
                .find(|field| field.name == name);
            let merges = field.is_some_and(|field| field.patch == Patch::Merge);
            let value = match (document.get(&name), value) {
                (present, Value::Object(sent)) if merges => {
                    let present = present.and_then(Value::as_object);
                    let mut both = present.cloned().unwrap_or_default();
                    both.extend(sent);
                    both.retain(|_, value| !value.is_null());
                    Value::Object(both)
                }
                (_, value) => value,
            };
            document.insert(name, value);
        }
        let mut value = Value::Object(document);
        self.compiled.stored.complete(&mut value);
        match value {
            Value::Object(document) => document,
            _ => Map::new(),
        }
    }

    /// What is stored (nothing that is unset) and what is answered.
    async fn finish(
        &self,
        change: &mut Change<'_>,
        created: bool,
    ) -> Result<(Value, Response), Failure> {
        change.document.retain(|_, value| !value.is_null());
        (self.compiled.resource.rules.check)(&change.document)?;
        let mut shown = change.document.clone();
        (self.compiled.resource.rules.mirror)(self, &mut shown).await?;
        let response = self.show(self.operation.status, &shown, created);
        Ok((Value::Object(change.document.clone()), response))
    }

    /// Commits the batch of `change` together with its event.
    async fn commit(
        &self,
        change: Change<'_>,
        after: &Value,
        response: &Response,
    ) -> Result<(), StoreError> {
        let audited = Audited {
            kind: self.compiled,
            before: change.before.map(|record| &record.body),
            after,
        };
        let event = self.event(Some(&audited), response);
        self.commit_with(change.batch, &event).await
    }

    /// Commits `batch` together with the event of this request, for operations that are not CRUD.
    pub(crate) async fn commit_recorded(
        &self,
        batch: Batch,
        response: &Response,
    ) -> Result<(), StoreError> {
        self.commit_with(batch, &self.event(None, response)).await
    }

    async fn commit_with(&self, mut batch: Batch, event: &Event) -> Result<(), StoreError> {
        let store = &self.management.store;
        store.record_event(&mut batch, self.tenant, event);
        store.commit(batch).await
    }

    /// Goes on if another write came between, unless the caller said which state it meant.
    fn retry(&self, error: StoreError) -> Result<(), Failure> {
        match error {
            // An id that is taken: what was not there has been made meanwhile.
            StoreError::Guard { .. } | StoreError::Conflict { unique: "id" } => {
                match self.request.if_match {
                    Some(_) => Err(Failure::precondition()),
                    None => Ok(()),
                }
            }
            error => Err(self.conflict(error)),
        }
    }

    /// The refusal for a unique key that is taken.
    fn conflict(&self, error: StoreError) -> Failure {
        if let StoreError::Conflict { unique } = &error {
            let texts = self.compiled.resource.conflicts;
            let text = texts.iter().find(|(name, _)| name == unique);
            return Failure::conflict(text.map_or("The resource already exists", |(_, text)| text));
        }
        Failure::from(error)
    }

    /// Refuses fields that the caller's scopes do not let it write.
    fn check_writable(
        &self,
        fields: &'static [Field],
        scopes: fn(&Field) -> &'static [&'static str],
    ) -> Result<(), Failure> {
        let sent = fields
            .iter()
            .filter(|field| self.body.contains_key(field.name));
        for field in sent {
            let needed = scopes(field);
            if !needed.is_empty() && !self.caller.has_any(needed) {
                return Err(Failure::scope(needed));
            }
        }
        Ok(())
    }
}
