//! How a resource is declared. The engine interprets what is written with these types; see `resources/`.

mod field;
mod operation;

use std::sync::LazyLock;

use grantor_protocol::{document::Kind, env::IdForm};
use serde_json::{Map, Value};

use crate::{
    engine::{Call, Change},
    failure::Failure,
    keys::Pending,
    schema::{Member, Schema, parse},
};

pub(crate) use self::{
    field::{Field, Patch, field},
    operation::{
        Action, Answer, Operation, Run, Scopes, create, delete, find, list, replace, run, update,
    },
};

/// A resource of the Management API.
pub(crate) struct Resource {
    /// The path of the collection (or of the one object), below `/api/v2`.
    pub(crate) path: &'static str,
    /// What one of them is called in events and OpenAPI: `Client`.
    pub(crate) title: &'static str,
    /// How it is stored.
    pub(crate) kind: &'static Kind,
    /// How it is identified.
    pub(crate) identity: Identity,
    /// Its fields.
    pub(crate) fields: &'static [Field],
    /// How it is listed.
    pub(crate) listing: Listing,
    /// What is answered when there is none.
    pub(crate) missing: Missing,
    /// Unique keys and what is said when one is taken.
    pub(crate) conflicts: &'static [(&'static str, &'static str)],
    /// Scopes that show the fields which name none themselves; none means that the operation's scope is enough.
    pub(crate) read_by: &'static [&'static str],
    /// The rules that are not in the table.
    pub(crate) rules: Rules,
    /// The operations.
    pub(crate) operations: &'static [Operation],
}

/// The kind of resources that keep no documents.
static NO_DOCUMENTS: Kind = Kind {
    name: "none",
    id: "/id",
    unique: &[],
    links: &[],
    secrets: &[],
};

impl Resource {
    /// A resource that keeps no documents of its own: operations alone.
    pub(crate) const fn of_operations(
        path: &'static str,
        title: &'static str,
        fields: &'static [Field],
        operations: &'static [Operation],
    ) -> Self {
        Self {
            path,
            title,
            kind: &NO_DOCUMENTS,
            identity: Identity::One("none"),
            fields,
            listing: Listing::NONE,
            missing: Missing::NOT_FOUND,
            conflicts: &[],
            read_by: &[],
            rules: Rules::NONE,
            operations,
        }
    }
}

/// How an object is identified.
pub(crate) enum Identity {
    /// By a made-up id in the field `field`.
    Made { field: &'static str, form: IdForm },
    /// By the name that a create request gives in the field `field`.
    Named { field: &'static str },
    /// There is one, stored under this id.
    One(&'static str),
    /// The same, and it can always be read: it is empty until somebody changes it.
    Always(&'static str),
}

impl Identity {
    /// The field that holds the id.
    pub(crate) const fn field(&self) -> &'static str {
        match self {
            Self::Made { field, .. } | Self::Named { field } => field,
            Self::One(_) | Self::Always(_) => "id",
        }
    }
}

/// How a collection is listed.
pub(crate) struct Listing {
    /// The member that holds the entries where the list is an object.
    pub(crate) key: &'static str,
    /// Whether it knows `from` and `take`.
    pub(crate) checkpoint: bool,
    /// Whether it knows `include_totals`; otherwise it is an array.
    pub(crate) totals: bool,
    /// The filters.
    pub(crate) filters: &'static [Filter],
}

impl Listing {
    /// Nothing is listed.
    pub(crate) const NONE: Self = Self {
        key: "entries",
        checkpoint: false,
        totals: false,
        filters: &[],
    };
}

/// A query parameter that narrows a list.
pub(crate) struct Filter {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may be.
    pub(crate) schema: &'static str,
    /// The link of the kind that finds the entries, if there is one.
    pub(crate) link: Option<&'static str>,
    /// How an entry passes.
    pub(crate) pass: Pass,
}

/// How an entry passes a filter.
pub(crate) enum Pass {
    /// This member has one of the values.
    Member(&'static str),
    /// This member names one of these APIs.
    Audience(&'static str),
    /// This function says so.
    Rule(fn(&Map<String, Value>, &[String]) -> bool),
    /// This member has one of the values that this function finds in other documents. Such a filter stands alone.
    Joined(&'static str, Join),
}

/// Finds the values that pass a filter, by what was asked for.
pub(crate) type Join =
    for<'a> fn(&'a Call<'a>, &'a str) -> Pending<'a, Result<Vec<String>, Failure>>;

impl Filter {
    /// Whether `document` passes one of `values`, which are in stored form.
    pub(crate) fn passes(&self, document: &Map<String, Value>, values: &[String]) -> bool {
        match self.pass {
            Pass::Rule(rule) => rule(document, values),
            Pass::Member(member) | Pass::Audience(member) | Pass::Joined(member, _) => {
                match document.get(member) {
                    Some(Value::String(text)) => values.contains(text),
                    Some(Value::Null) | None => false,
                    Some(other) => values.contains(&other.to_string()),
                }
            }
        }
    }

    /// The same, by another member than its own name.
    pub(crate) const fn member(mut self, member: &'static str) -> Self {
        self.pass = Pass::Member(member);
        self
    }

    /// The same, found by the link `link`.
    pub(crate) const fn linked(mut self, link: &'static str) -> Self {
        self.link = Some(link);
        self
    }
}

/// A filter by the member of its own name.
pub(crate) const fn filter(name: &'static str, schema: &'static str) -> Filter {
    Filter {
        name,
        schema,
        link: None,
        pass: Pass::Member(name),
    }
}

/// What is answered when an object does not exist.
pub(crate) struct Missing {
    /// `errorCode`; empty where there is none.
    pub(crate) code: &'static str,
    /// The sentence.
    pub(crate) message: &'static str,
    /// Whether a DELETE says so too; otherwise it answers 204.
    pub(crate) on_delete: bool,
}

impl Missing {
    /// What is said where nothing else is.
    pub(crate) const NOT_FOUND: Self = Self {
        code: "not_found",
        message: "Not Found",
        on_delete: true,
    };

    /// The refusal.
    pub(crate) fn failure(&self) -> Failure {
        Failure {
            code: Some(self.code).filter(|code| !code.is_empty()),
            ..Failure::bare(404, self.message)
        }
    }
}

/// The rules of a resource that no table can say. Each may refuse, change the document and add steps to the batch.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) before_create: Rule,
    pub(crate) before_update: Rule,
    pub(crate) before_delete: Rule,
    /// Refuses what would be stored.
    pub(crate) check: fn(&Map<String, Value>) -> Result<(), Failure>,
    /// Adds to a document that is about to be shown what it tells of others.
    pub(crate) mirror: Mirror,
    /// Changes what is shown of a document.
    pub(crate) render: fn(&Rendering<'_>, &mut Map<String, Value>),
}

/// Completes or refuses a change.
pub(crate) type Rule = for<'a> fn(&'a mut Change<'_>) -> Pending<'a, Result<(), Failure>>;

/// Looks up what a document shows of others; never stored.
pub(crate) type Mirror =
    for<'a> fn(&'a Call<'a>, &'a mut Map<String, Value>) -> Pending<'a, Result<(), Failure>>;

/// What a document is shown for.
pub(crate) struct Rendering<'a> {
    /// The document as stored.
    pub(crate) document: &'a Map<String, Value>,
    /// The request.
    pub(crate) call: &'a Call<'a>,
    /// Whether the document was made by this request.
    pub(crate) created: bool,
}

impl Rules {
    /// No rules beyond the table.
    pub(crate) const NONE: Self = Self {
        before_create: |_| Box::pin(async { Ok(()) }),
        before_update: |_| Box::pin(async { Ok(()) }),
        before_delete: |_| Box::pin(async { Ok(()) }),
        check: |_| Ok(()),
        mirror: |_, _| Box::pin(async { Ok(()) }),
        render: |_, _| {},
    };
}

/// A resource with its schemas, read once.
pub(crate) struct Compiled {
    pub(crate) resource: &'static Resource,
    /// The body of a create request.
    pub(crate) create: Schema,
    /// The body of an update request.
    pub(crate) update: Schema,
    /// Every field, as stored.
    pub(crate) stored: Schema,
}

impl Compiled {
    /// Reads the table of `resource`.
    pub(crate) fn new(resource: &'static Resource) -> Self {
        let members = |used: char| {
            let fields = resource
                .fields
                .iter()
                .filter(|field| field.uses.contains(used));
            let members = fields.map(|field| {
                let on_update = field.update_schema.filter(|_| used == 'U');
                Member {
                    name: field.name.to_owned(),
                    required: field.required && used == 'C',
                    schema: parse(on_update.unwrap_or(field.schema)),
                }
            });
            Schema::object(members.collect())
        };
        let all = resource.fields.iter().map(|field| Member {
            name: field.name.to_owned(),
            required: false,
            schema: parse(field.schema),
        });
        Self {
            resource,
            create: members('C'),
            update: members('U'),
            stored: Schema::object(all.collect()),
        }
    }
}

/// Every resource, compiled.
pub(crate) static RESOURCES: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    crate::resources::ALL
        .iter()
        .map(|resource| Compiled::new(resource))
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_schema_is_understood() {
        for compiled in RESOURCES.iter() {
            let resource = compiled.resource;
            for schema in [&compiled.create, &compiled.update, &compiled.stored] {
                assert_eq!(schema.misread(), None, "{}", resource.path);
            }
            for filter in resource.listing.filters {
                assert_eq!(parse(filter.schema).misread(), None, "{}", filter.name);
            }
            for operation in resource.operations {
                let body = match operation.action {
                    Action::Run(_, notation) => notation,
                    _ => None,
                };
                let answer = match operation.answer {
                    Answer::Shape(notation) => Some(notation),
                    Answer::One | Answer::Array => None,
                };
                for notation in body.into_iter().chain(answer) {
                    assert_eq!(parse(notation).misread(), None, "{}", operation.path);
                }
            }
        }
    }

    #[test]
    fn every_default_is_json_that_its_field_accepts() {
        for compiled in RESOURCES.iter() {
            for field in compiled.resource.fields {
                let Some(default) = field.default else {
                    continue;
                };
                let value: Value = serde_json::from_str(default).unwrap();
                let schema = compiled.stored.member(field.name).unwrap();
                assert!(schema.check(&value).is_ok(), "{}", field.name);
            }
        }
    }

    #[test]
    fn every_filter_by_a_link_names_one_of_the_kind() {
        for compiled in RESOURCES.iter() {
            for filter in compiled.resource.listing.filters {
                let Some(link) = filter.link else {
                    continue;
                };
                let links = compiled.resource.kind.links;
                assert!(links.iter().any(|known| known.name == link), "{link}");
            }
        }
    }
}
