//! Branding, and the page template of the login pages.

use grantor_protocol::{
    document::Document,
    model::{Branding, UniversalLoginTemplate},
};
use serde_json::{Map, Value, json};

use crate::{
    body::read_json,
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Identity, Listing, Missing, Resource, Rules, Scopes, delete, field, find, run,
        update,
    },
};

/// `/branding`.
pub(crate) const BRANDING: Resource = Resource {
    path: "/branding",
    title: "Branding",
    kind: &Branding::KIND,
    identity: Identity::Always(Branding::ID),
    fields: FIELDS,
    listing: Listing::NONE,
    missing: Missing::NOT_FOUND,
    conflicts: &[],
    read_by: &[],
    rules: Rules::NONE,
    operations: &[
        find(&["read:branding"], "Read the branding"),
        update(&["update:branding"], "Update the branding"),
    ],
};

const COLORS: &str = "{primary: str /^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/?, page_background: any of(\
    str /^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/; {type*: enum(linear-gradient), \
    start*: str /^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/, \
    end*: str /^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/, angle_deg*: int 0..360})?}?";

const FIELDS: &[Field] = &[
    field("colors", "UR", COLORS).merged(),
    field(
        "favicon_url",
        "UR",
        "str ..2048 absolute-https-uri-or-empty?",
    ),
    field("logo_url", "UR", "str ..2048 absolute-https-uri-or-empty?"),
    field(
        "font",
        "UR",
        "{url: str ..2048 absolute-https-uri-or-empty?}?",
    ),
];

/// `/branding/templates/universal-login`.
pub(crate) const UNIVERSAL_LOGIN_TEMPLATE: Resource = Resource {
    path: "/branding/templates/universal-login",
    title: "UniversalLoginTemplate",
    kind: &UniversalLoginTemplate::KIND,
    identity: Identity::One(UniversalLoginTemplate::ID),
    fields: &[field("body", "R", "str")],
    listing: Listing::NONE,
    missing: Missing {
        code: "inexistent_templates_universal_login",
        message: "Template does not exist.",
        on_delete: false,
    },
    conflicts: &[],
    read_by: &[],
    rules: Rules::NONE,
    operations: &[
        find(&["read:branding"], "Read the page template"),
        run(
            "PUT",
            "/branding/templates/universal-login",
            Scopes::Any(&["update:branding"]),
            204,
            put_template,
            "Set the page template",
        )
        .with_body("any of(str; {template*: str})"),
        delete(&["delete:branding"], "Delete the page template"),
    ],
};

/// Longest page template, in bytes.
const MAX_TEMPLATE: usize = 102_400;

/// `PUT /branding/templates/universal-login`: the template is the whole body, a JSON string, or a member of it.
fn put_template<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let sent = match call.body.get("template") {
            Some(template) => template.clone(),
            None => read_json(call.request.body).unwrap_or_default(),
        };
        let template = sent.as_str().unwrap_or_default();
        if MAX_TEMPLATE < template.len() {
            let message = "Payload content length greater than maximum allowed: 102400";
            return Err(Failure::body(message));
        }
        if !["auth0:head", "auth0:widget"]
            .iter()
            .all(|name| has_tag(template, name))
        {
            let message = "Payload content missing required Liquid tags \
                (auth0:head and auth0:widget)";
            return Err(Failure::body(message));
        }
        let document = Map::from_iter([("body".to_owned(), Value::from(template))]);
        let answer = |is_new| {
            if is_new {
                Response::json(201, json!({}))
            } else {
                Response::nothing()
            }
        };
        call.put(UniversalLoginTemplate::ID, &document, answer)
            .await
    })
}

/// Whether `template` has the Liquid tag `name`, with or without the marks that trim the space around it.
fn has_tag(template: &str, name: &str) -> bool {
    template.split("{%").skip(1).any(|after| {
        let Some((tag, _)) = after.split_once("%}") else {
            return false;
        };
        let tag = tag.strip_prefix('-').unwrap_or(tag);
        tag.strip_suffix('-').unwrap_or(tag).trim() == name
    })
}
