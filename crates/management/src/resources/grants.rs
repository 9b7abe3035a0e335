//! User grants: what users consented to.

use grantor_protocol::{document::Document, env::IdForm, model::UserGrant};

use crate::{
    call::Response,
    engine::{Call, Change},
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Filter, Identity, Listing, Missing, Pass, Resource, Rules, Scopes, delete, field,
        filter, list, run,
    },
};

/// `/grants`.
pub(crate) const GRANTS: Resource = Resource {
    path: "/grants",
    title: "Grant",
    kind: &UserGrant::KIND,
    identity: Identity::Made {
        field: "id",
        form: IdForm::Hex(24),
    },
    fields: FIELDS,
    listing: Listing {
        key: "grants",
        checkpoint: false,
        totals: true,
        filters: &[
            filter("user_id", "str").linked("user_id"),
            filter("client_id", "str")
                .linked("client_id")
                .member("clientID"),
            Filter {
                name: "audience",
                schema: "str",
                link: Some("audience"),
                pass: Pass::Audience("audience"),
            },
        ],
    },
    missing: Missing {
        code: "inexistent_grant",
        message: "The grant does not exist.",
        on_delete: false,
    },
    conflicts: &[],
    read_by: &[],
    rules: Rules {
        before_delete,
        ..Rules::NONE
    },
    operations: &[
        list(&["read:grants"], "List user grants"),
        delete(&["delete:grants"], "Delete a user grant"),
        run(
            "DELETE",
            "/grants",
            Scopes::Any(&["delete:grants"]),
            204,
            delete_all,
            "Delete the grants of a user",
        )
        .with_query(&[("user_id", "str 1..")]),
    ],
};

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("clientID", "R", "str"),
    field("user_id", "R", "str"),
    field("audience", "R", "str audience"),
    field("scope", "R", "[str]"),
    field("organization_id", "R", "str"),
];

/// Deletes every grant whose link is `target`, with the change.
pub(super) fn delete_linked(change: &mut Change<'_>, link: (&str, &str)) {
    let (tenant, now) = (change.call.tenant, change.call.now);
    change
        .batch
        .delete_linked(tenant, &UserGrant::KIND, link, now);
}

/// What came of a consent goes with it.
fn before_delete<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let text = |name| change.text(name).unwrap_or_default().to_owned();
        let (user_id, client_id, audience) = (text("user_id"), text("clientID"), text("audience"));
        let tenant = change.call.tenant;
        change
            .batch
            .revoke_tokens_of_grant(tenant, &user_id, &client_id, &audience);
        Ok(())
    })
}

/// `DELETE /grants?user_id=…`: with every token of the user, because not every application asks for consent.
fn delete_all<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let Some(user_id) = call
            .query
            .find("user_id")
            .filter(|user_id| !user_id.is_empty())
        else {
            let message = "Query validation error: 'Missing required property: user_id'.";
            return Err(Failure::query(message));
        };
        let store = &call.management.store;
        let mut batch = store.batch();
        batch.delete_linked(
            call.tenant,
            &UserGrant::KIND,
            ("user_id", user_id),
            call.now,
        );
        batch.revoke_tokens_of_user(call.tenant, user_id);
        let response = Response::nothing();
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}
