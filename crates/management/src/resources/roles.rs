//! Roles: names for what people may do. What a role may do and who has it are in `permissions` and `role_members`.

use grantor_protocol::{document::Document, env::IdForm, model::Role};
use grantor_storage::{Selection, Window};
use serde_json::{Map, Value};

use crate::{
    engine::Change,
    failure::Failure,
    keys::Pending,
    resource::{
        Answer, Field, Filter, Identity, Listing, Missing, Pass, Rendering, Resource, Rules,
        Scopes, create, delete, field, filter, find, list, run, update,
    },
    resources::{permissions, role_members},
};

/// `/roles`.
pub(crate) const ROLES: Resource = Resource {
    path: "/roles",
    title: "Role",
    kind: &Role::KIND,
    identity: Identity::Made {
        field: "id",
        form: IdForm::Alphanumeric("rol_", 16),
    },
    fields: FIELDS,
    listing: Listing {
        key: "roles",
        checkpoint: false,
        totals: true,
        filters: &[
            Filter {
                name: "name_filter",
                schema: "str ..250",
                link: None,
                pass: Pass::Rule(is_called),
            },
            filter("type", "enum(tenant, organization)"),
            filter("owner_id", "str ..64"),
        ],
    },
    missing: Missing {
        code: "",
        message: MISSING,
        on_delete: true,
    },
    conflicts: &[("name", "The role already exists.")],
    read_by: &[],
    rules: Rules {
        before_create,
        before_delete,
        render,
        ..Rules::NONE
    },
    operations: &[
        list(&["read:roles"], "List roles"),
        create(&["create:roles"], "Create a role").with_status(200),
        find(&["read:roles"], "Read a role"),
        update(&["update:roles"], "Update a role"),
        delete(&["delete:roles"], "Delete a role").with_status(200),
        run(
            "GET",
            "/roles/{id}/permissions",
            Scopes::Any(&["read:roles"]),
            200,
            permissions::list_of_role,
            "List the permissions of a role",
        )
        .with_query(permissions::QUERY)
        .answering(Answer::Shape(permissions::OF_ROLE)),
        run(
            "POST",
            "/roles/{id}/permissions",
            Scopes::Any(&["update:roles"]),
            201,
            permissions::give_role,
            "Give a role permissions",
        )
        .with_body(permissions::BODY)
        .answering(Answer::Shape("{}")),
        run(
            "DELETE",
            "/roles/{id}/permissions",
            Scopes::Any(&["update:roles"]),
            204,
            permissions::take_from_role,
            "Take permissions from a role",
        )
        .with_body(permissions::BODY),
        run(
            "GET",
            "/roles/{id}/users",
            Scopes::All(&["read:users", "read:roles"]),
            200,
            role_members::list,
            "List the users that have a role",
        )
        .with_query(role_members::QUERY)
        .answering(Answer::Shape(role_members::ANSWER)),
        run(
            "POST",
            "/roles/{id}/users",
            Scopes::Any(&["update:roles", "create:role_members"]),
            200,
            role_members::add,
            "Give users a role",
        )
        .with_body(role_members::BODY)
        .answering(Answer::Shape("{}")),
    ],
};

/// What is said when there is no such role.
pub(super) const MISSING: &str = "The role does not exist.";

/// Most roles of a tenant.
const MAX_ROLES: i64 = 1_000;

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    // Found by its name, so it has no control characters, which would take more room there.
    field("name", "CUR", r"str 1..250 /^[^\x00-\x1f]+$/").required(),
    field("description", "CUR", "str ..1000"),
    field("type", "CR", "enum(tenant, organization)").or("\"tenant\""),
    field("owner_id", "CR", "str 1..64"),
];

/// Whether the name contains what was asked for, in capitals or not.
fn is_called(document: &Map<String, Value>, wanted: &[String]) -> bool {
    let name = document.get("name").and_then(Value::as_str);
    let name = name.unwrap_or_default().to_lowercase();
    wanted
        .iter()
        .any(|wanted| name.contains(&wanted.to_lowercase()))
}

fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if change.text("type") == Some("organization") || change.has("owner_id") {
            return Err(Failure::bare(
                404,
                "No organization found by that id or name",
            ));
        }
        let selection = Selection {
            link: None,
            window: Window::Offset { start: 0, limit: 0 },
            with_total: true,
        };
        let (call, kind) = (change.call, &Role::KIND);
        let store = &call.management.store;
        let total = store.list(call.tenant, kind, &selection).await?.total;
        if MAX_ROLES <= total.unwrap_or(0) {
            let message = "You reached the limit of entities of this type for this tenant";
            return Err(Failure::bare(403, message));
        }
        Ok(())
    })
}

fn before_delete<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let id = change.text("id").unwrap_or_default().to_owned();
        change.batch.take_role_from_all(change.call.tenant, &id);
        Ok(())
    })
}

/// A role without a description is read with an empty one, but answers its creation without.
fn render(rendering: &Rendering<'_>, shown: &mut Map<String, Value>) {
    if !rendering.created {
        let empty = || Value::from("");
        shown.entry("description".to_owned()).or_insert_with(empty);
    }
}
