//! Connections: the table of their fields and operations.

use grantor_protocol::{document::Document, env::IdForm, users::Connection};

use crate::{
    resource::{
        Answer, Field, Identity, Listing, Missing, Resource, Rules, Scopes, create, field, filter,
        find, list, run, update,
    },
    resources::{connection_clients, connection_deletion, connection_rules},
};

/// `/connections`.
pub(crate) const CONNECTIONS: Resource = Resource {
    path: "/connections",
    title: "Connection",
    kind: &Connection::KIND,
    identity: Identity::Made {
        field: "id",
        form: IdForm::Alphanumeric("con_", 16),
    },
    fields: FIELDS,
    listing: Listing {
        key: "connections",
        checkpoint: true,
        totals: true,
        filters: &[
            filter("strategy", "str 1..100").linked("strategy"),
            filter("name", "str 1..128"),
        ],
    },
    missing: Missing {
        code: "inexistent_connection",
        message: "The connection does not exist",
        on_delete: false,
    },
    conflicts: &[("name", "A connection with the same name already exists")],
    read_by: &[],
    rules: Rules {
        before_create: connection_rules::before_create,
        before_update: connection_rules::before_update,
        render: connection_rules::render,
        ..Rules::NONE
    },
    operations: &[
        list(READ, "List connections"),
        create(&["create:connections"], "Create a connection"),
        find(READ, "Read a connection"),
        update(UPDATE, "Update a connection"),
        run(
            "DELETE",
            "/connections/{id}",
            Scopes::Any(&["delete:connections"]),
            202,
            connection_deletion::delete,
            "Delete a connection with its users",
        )
        .answering(Answer::Shape("{deleted_at: str date-time}"))
        .or_nothing(),
        run(
            "DELETE",
            "/connections/{id}/users",
            Scopes::Any(&["delete:users"]),
            204,
            connection_deletion::delete_user,
            "Delete a user of a connection",
        )
        .with_query(&[("email", "str 1..")]),
        run(
            "GET",
            "/connections/{id}/clients",
            Scopes::Any(READ),
            200,
            connection_clients::list,
            "List the clients of a connection",
        )
        .with_query(&[("from", "str"), ("take", "int 1..1000")])
        .answering(Answer::Shape("{clients: [{client_id: str}], next: str}")),
        run(
            "PATCH",
            "/connections/{id}/clients",
            Scopes::Any(UPDATE),
            204,
            connection_clients::update,
            "Enable or disable clients of a connection",
        )
        .with_body("[{client_id*: str 1..100, status*: bool}] 1..1000"),
        run(
            "GET",
            "/clients/{id}/connections",
            Scopes::All(&["read:connections", "read:clients"]),
            200,
            connection_clients::list_of_client,
            "List the connections of a client",
        )
        .with_query(&[
            ("from", "str"),
            ("take", "int 1..100"),
            ("strategy", "str 1..100"),
            ("fields", "str"),
            ("include_fields", "bool"),
        ])
        .answering(Answer::Shape("{connections: [{...}], next: str}")),
    ],
};

const READ: &[&str] = &["read:connections"];

const UPDATE: &[&str] = &["update:connections"];

const STRATEGIES: &str = "enum(ad, adfs, amazon, apple, dropbox, bitbucket, auth0-oidc, auth0, \
    baidu, bitly, box, custom, daccount, dwolla, email, evernote-sandbox, evernote, exact, \
    facebook, fitbit, github, google-apps, google-oauth2, instagram, ip, line, linkedin, oauth1, \
    oauth2, office365, oidc, okta, paypal, paypal-sandbox, pingfederate, planningcenter, \
    salesforce-community, salesforce-sandbox, salesforce, samlp, sharepoint, shopify, shop, sms, \
    soundcloud, thirtysevensignals, twitter, untappd, vkontakte, waad, weibo, windowslive, \
    wordpress, yahoo, yandex)";

/// What options of every strategy are like; the rest depends on the strategy.
const OPTIONS: &str = "{configuration: map(str ..10000 secret) ..100?, ...}";

const FIELDS: &[Field] = &[
    field("id", "R", "str").always(),
    field("options", "CUR", OPTIONS).on_update("{...}?"),
    field("strategy", "CR", STRATEGIES).required(),
    field(
        "name",
        "CR",
        "str 1..128 /^[a-zA-Z0-9](-[a-zA-Z0-9]|[a-zA-Z0-9])*$/",
    )
    .required(),
    field("display_name", "CUR", "str 1..128"),
    field("is_domain_connection", "CUR", "bool")
        .or("false")
        .always(),
    field("show_as_button", "CUR", "bool"),
    field("authentication", "CUR", "{active*: bool}").always(),
    field(
        "connected_accounts",
        "CUR",
        "{active*: bool, cross_app_access: bool}",
    )
    .always(),
    field("cross_app_access_requesting_app", "CUR", "{active*: bool}"),
    field("cross_app_access_resource_app", "CUR", "{status: str ..50}"),
    field("enabled_clients", "CUR", "[str 1..100] ..10000").on_update("[str 1..100] ..10000?"),
    field("realms", "CUR", "[str 1..128] ..100"),
    field("metadata", "CUR", "map(str ..255?) ..10"),
];
