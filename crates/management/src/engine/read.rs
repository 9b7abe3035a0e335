//! Reading: one, and lists.

use grantor_storage::{Record, Selection, Window};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::{Call, members},
    failure::Failure,
    query::{Cursor, Paging, Selected},
    resource::{Filter, Identity, Pass},
};

/// How many entries are read at once when a filter has no index.
const SCAN: i64 = 1_000;

impl Call<'_> {
    /// One, by its id.
    pub(crate) async fn find(&self) -> Result<Response, Failure> {
        let selected = self.selected()?;
        let record = self.load().await?;
        let mut document = members(&record);
        (self.compiled.resource.rules.mirror)(self, &mut document).await?;
        let shown = self.render(&document, &selected, false);
        Ok(Response::json(200, Value::Object(shown)).with_header("ETag", etag(record.revision)))
    }

    /// The object that the path names, or the refusal that says it does not exist.
    pub(crate) async fn load(&self) -> Result<Record, Failure> {
        match (self.find_record().await?, &self.compiled.resource.identity) {
            (Some(record), _) => Ok(record),
            (None, Identity::Always(id)) => Ok(self.vacant(id)),
            (None, _) => Err(self.compiled.resource.missing.failure()),
        }
    }

    /// What stands for an object under `id` that is not stored yet; its revision is 0.
    pub(super) fn vacant(&self, id: &str) -> Record {
        Record {
            id: id.to_owned(),
            body: json!({ self.compiled.resource.identity.field(): id }),
            revision: 0,
            created_at: self.now,
            updated_at: self.now,
        }
    }

    /// The object that the path names.
    pub(crate) async fn find_record(&self) -> Result<Option<Record>, Failure> {
        let (store, kind) = (&self.management.store, self.compiled.resource.kind);
        let identity = &self.compiled.resource.identity;
        if let Identity::One(id) | Identity::Always(id) = identity {
            return Ok(store.find(self.tenant, kind, id).await?);
        }
        let readings = self
            .ids
            .first()
            .map(|id| id.readings.as_slice())
            .unwrap_or_default();
        for reading in readings {
            if let Some(record) = store.find(self.tenant, kind, reading).await? {
                return Ok(Some(record));
            }
        }
        // An API is also found by its identifier, however often that was encoded.
        if kind.unique.iter().any(|key| key.name == "identifier") {
            for reading in readings {
                let stored = self.request.issuer.to_stored(reading);
                let found = store
                    .find_by(self.tenant, kind, "identifier", &[&stored])
                    .await?;
                if found.is_some() {
                    return Ok(found);
                }
            }
        }
        Ok(None)
    }

    /// A list, in one of its three shapes.
    pub(crate) async fn list(&self) -> Result<Response, Failure> {
        let listing = &self.compiled.resource.listing;
        let paging = Paging::read(&self.query, listing.checkpoint)?;
        let selected = self.selected()?;
        let filters = self.filters().await?;
        let window = match &paging {
            Paging::Offset { page, per_page, .. } => Window::Offset {
                start: page * per_page,
                limit: *per_page,
            },
            Paging::Checkpoint { from, take } => Window::After {
                cursor: match from {
                    Some(from) => {
                        let cursor = Cursor::read(from)?;
                        Some((cursor.created_at, cursor.id))
                    }
                    None => None,
                },
                // One more than asked tells whether there is a next part.
                limit: take + 1,
            },
        };
        let with_total = matches!(paging, Paging::Offset { .. });
        let (mut records, total) = self.select(&filters, window, with_total).await?;
        let next = match &paging {
            Paging::Checkpoint { take, .. } => cut(&mut records, *take),
            Paging::Offset { .. } => None,
        };
        let entries: Vec<Value> = records
            .iter()
            .map(|record| Value::Object(self.render(&members(record), &selected, false)))
            .collect();
        Ok(self.envelope(&paging, &entries, total, next))
    }

    fn envelope(
        &self,
        paging: &Paging,
        entries: &[Value],
        total: i64,
        next: Option<String>,
    ) -> Response {
        let listing = &self.compiled.resource.listing;
        let key = listing.key;
        match paging {
            Paging::Checkpoint { .. } => {
                let mut body = json!({ key: entries });
                if let (Some(next), Value::Object(body)) = (next, &mut body) {
                    body.insert("next".to_owned(), json!(next));
                }
                Response::json(200, body)
            }
            Paging::Offset {
                page,
                per_page,
                totals,
            } => {
                let body = if *totals && listing.totals {
                    json!({"start": page * per_page, "limit": per_page, "total": total,
                        key: entries})
                } else {
                    json!(entries)
                };
                let links = self.links(*page, *per_page, total);
                Response::json(200, body).with_header("Link", links)
            }
        }
    }

    /// RFC 8288 links to the parts of an offset-paged list.
    fn links(&self, page: i64, per_page: i64, total: i64) -> String {
        let last = if per_page == 0 {
            0
        } else {
            (total - 1).max(0) / per_page
        };
        let parts = [
            ("first", Some(0)),
            ("prev", (0 < page).then(|| page - 1)),
            ("next", (page < last).then(|| page + 1)),
            ("last", Some(last)),
        ];
        let path = self.request.issuer.url("api/v2");
        let links = parts.into_iter().filter_map(|(relation, page)| {
            let query = self.query.with("page", &page?.to_string());
            Some(format!(
                "<{path}{}?{query}>; rel=\"{relation}\"",
                self.request.path
            ))
        });
        links.collect::<Vec<_>>().join(", ")
    }

    /// The filters that the query uses, with their values as they are stored.
    async fn filters(&self) -> Result<Vec<(&'static Filter, Vec<String>)>, Failure> {
        let mut used: Vec<(&Filter, Vec<String>)> = Vec::new();
        let mut joined = None;
        for filter in self.compiled.resource.listing.filters {
            self.query.checked(filter.name, filter.schema)?;
            let values = self.query.all(filter.name).map(|value| match filter.pass {
                Pass::Audience(_) => self.request.issuer.to_stored(value),
                _ => value.to_owned(),
            });
            let values: Vec<_> = values.collect();
            match (&filter.pass, values.last()) {
                (_, None) => {}
                (Pass::Joined(_, join), Some(asked)) => {
                    joined = Some((filter, join(self, asked).await?));
                }
                _ => used.push((filter, values)),
            }
        }
        match joined {
            None => Ok(used),
            Some(joined) if used.is_empty() => Ok(vec![joined]),
            Some((filter, _)) => Err(Failure::query(format!(
                "The parameter {} cannot be used together with other filters.",
                filter.name
            ))),
        }
    }

    /// Reads a window of what passes `filters`, and how many pass.
    async fn select(
        &self,
        filters: &[(&'static Filter, Vec<String>)],
        window: Window,
        with_total: bool,
    ) -> Result<(Vec<Record>, i64), Failure> {
        let linked = filters
            .iter()
            .position(|(filter, values)| filter.link.is_some() && values.len() == 1);
        let link = linked
            .and_then(|at| filters.get(at))
            .and_then(|(filter, values)| Some((filter.link?.to_owned(), values.first()?.clone())));
        let rest: Vec<_> = filters
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != linked)
            .map(|(_, filter)| filter)
            .collect();
        if !rest.is_empty() {
            return self.scan(link, &rest, window).await;
        }
        let selection = Selection {
            link,
            window,
            with_total,
        };
        let kind = self.compiled.resource.kind;
        let page = self
            .management
            .store
            .list(self.tenant, kind, &selection)
            .await?;
        Ok((page.records, page.total.unwrap_or(0)))
    }

    /// The same where a filter has no index: reads everything that the link leaves, part by part.
    async fn scan(
        &self,
        link: Option<(String, String)>,
        filters: &[&(&'static Filter, Vec<String>)],
        window: Window,
    ) -> Result<(Vec<Record>, i64), Failure> {
        let (mut cursor, skip, limit, counts) = match window {
            Window::Offset { start, limit } => (None, start, limit, true),
            Window::After { cursor, limit } => (cursor, 0, limit, false),
        };
        let (mut total, mut kept) = (0, Vec::new());
        loop {
            let selection = Selection {
                link: link.clone(),
                window: Window::After {
                    cursor,
                    limit: SCAN,
                },
                with_total: false,
            };
            let kind = self.compiled.resource.kind;
            let page = self
                .management
                .store
                .list(self.tenant, kind, &selection)
                .await?;
            let Some(last) = page.records.last() else {
                return Ok((kept, total));
            };
            cursor = Some((last.created_at, last.id.clone()));
            for record in page.records {
                let document = members(&record);
                if filters
                    .iter()
                    .all(|(filter, values)| filter.passes(&document, values))
                {
                    if skip <= total && i64::try_from(kept.len()).unwrap_or(i64::MAX) < limit {
                        kept.push(record);
                    }
                    total += 1;
                }
            }
            if !counts && limit <= total {
                return Ok((kept, total));
            }
        }
    }

    /// The choice of fields, refused where it names what the caller may not read.
    pub(crate) fn selected(&self) -> Result<Selected, Failure> {
        let fields = self.compiled.resource.fields;
        let known: Vec<_> = fields
            .iter()
            .filter(|field| field.is_returned())
            .map(|field| field.name)
            .collect();
        let selected = Selected::read(&self.query, &known)?;
        let unreadable: Vec<_> = fields
            .iter()
            .filter(|field| selected.named().iter().any(|name| name == field.name))
            .filter(|field| !self.may_read(field))
            .map(|field| field.name)
            .collect();
        if unreadable.is_empty() {
            return Ok(selected);
        }
        Err(Failure::new(
            403,
            "insufficient_scope",
            format!(
                "Some fields cannot be read with the permissions granted by the bearer token \
                 scopes. {}",
                unreadable.join(", ")
            ),
        ))
    }
}

/// Cuts `records` to `take` and says where the list goes on, if it does.
pub(crate) fn cut(records: &mut Vec<Record>, take: i64) -> Option<String> {
    let take = usize::try_from(take).unwrap_or(usize::MAX);
    if records.len() <= take {
        return None;
    }
    records.truncate(take);
    let last = records.last()?;
    let cursor = Cursor {
        created_at: last.created_at,
        id: last.id.clone(),
    };
    Some(cursor.write())
}

/// The entity tag of a revision.
pub(crate) fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

impl Call<'_> {
    /// Whether `If-Match`, if it was sent, names `revision` (RFC 9110 §13.1.1).
    pub(crate) fn check_match(&self, revision: i64) -> Result<(), Failure> {
        let Some(condition) = self.request.if_match else {
            return Ok(());
        };
        let tags = condition.split(',').map(str::trim);
        if tags
            .into_iter()
            .any(|tag| tag == "*" || tag == etag(revision))
        {
            return Ok(());
        }
        Err(Failure::precondition())
    }

    /// A rendered document in an answer.
    pub(crate) fn show(
        &self,
        status: u16,
        document: &Map<String, Value>,
        created: bool,
    ) -> Response {
        let shown = self.render(document, &Selected::All, created);
        Response::json(status, Value::Object(shown))
    }
}
