//! The OpenAPI 3.1 description, made from the declarations.

use serde_json::{Map, Value, json};

use crate::{
    resource::{Action, Answer, Compiled, Operation, Scopes},
    routes::{ROUTES, Route},
    schema::parse,
};

/// The OpenAPI 3.1 description of the implemented operations.
pub fn openapi() -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for route in ROUTES.iter() {
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            path.insert(route.operation.method.to_ascii_lowercase(), describe(route));
        }
        let (compiled, title) = (route.compiled, route.compiled.resource.title);
        schemas.insert(title.to_owned(), returned(compiled));
        let body = match route.operation.action {
            Action::Create | Action::Replace => &compiled.create,
            Action::Update => &compiled.update,
            _ => continue,
        };
        schemas.insert(body_name(route), body.describe());
    }
    schemas.insert("Error".to_owned(), error());
    let responses = REFUSALS.iter();
    let responses: Map<_, _> = responses
        .map(|(status, description)| (status.to_string(), refusal(description)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Management API", "version": "2.0"},
        "servers": [{"url": "/api/v2"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    })
}

fn describe(route: &Route) -> Value {
    let operation = route.operation;
    let scopes = operation.scopes.names();
    let any = matches!(operation.scopes, Scopes::Any(_));
    let joiner = if any { " or " } else { " and " };
    let mut described = json!({
        "operationId": operation_id(route),
        "summary": operation.summary,
        "tags": [route.compiled.resource.title],
        "description": format!("Needs the scope {}.", scopes.join(joiner)),
        "x-required-scopes": {if any { "any" } else { "all" }: scopes},
        "parameters": parameters(route),
        "responses": responses(route),
    });
    if let (Some(body), Value::Object(described)) = (body(route), &mut described) {
        described.insert(
            "requestBody".to_owned(),
            json!({"content": {
                "application/json": {"schema": body},
                "application/x-www-form-urlencoded": {"schema": body},
            }}),
        );
    }
    described
}

fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '-', '_', '{', '}'])
        .filter(|word| !word.is_empty());
    let words = words.flat_map(|word| ["_", word]);
    let method = route.operation.method.to_ascii_lowercase();
    format!("{method}{}", words.collect::<String>())
}

fn parameters(route: &Route) -> Vec<Value> {
    let parameter = |name: &str, place: &str, schema: Value| json!({"name": name, "in": place, "required": place == "path", "schema": schema});
    let open = route.path.split('/').filter_map(|segment| {
        segment
            .strip_prefix('{')
            .and_then(|segment| segment.strip_suffix('}'))
    });
    let mut parameters: Vec<_> = open
        .map(|name| parameter(name, "path", json!({"type": "string"})))
        .collect();
    let mut query = |name: &str, notation: &str| {
        parameters.push(parameter(name, "query", parse(notation).describe()));
    };
    let listing = &route.compiled.resource.listing;
    if matches!(route.operation.action, Action::List) {
        query("page", "int 0..1000000");
        query("per_page", "int 0..100");
        if listing.totals {
            query("include_totals", "bool");
        }
        if listing.checkpoint {
            query("from", "str");
            query("take", "int 1..100");
        }
        for filter in listing.filters {
            query(filter.name, filter.schema);
        }
    }
    for (name, notation) in route.operation.query {
        query(name, notation);
    }
    if matches!(route.operation.action, Action::List | Action::Find) {
        query("fields", "str");
        query("include_fields", "bool");
    }
    parameters
}

fn body(route: &Route) -> Option<Value> {
    match route.operation.action {
        Action::Create | Action::Update | Action::Replace => {
            let name = body_name(route);
            Some(json!({"$ref": format!("#/components/schemas/{name}")}))
        }
        Action::Run(_, notation) => notation.map(|notation| parse(notation).describe()),
        Action::List | Action::Find | Action::Delete => None,
    }
}

/// What the schema of a body is called: `ClientCreate`.
fn body_name(route: &Route) -> String {
    let verb = match route.operation.action {
        Action::Create | Action::Replace => "Create",
        _ => "Update",
    };
    format!("{}{verb}", route.compiled.resource.title)
}

fn responses(route: &Route) -> Value {
    let operation: &Operation = route.operation;
    let mut success = json!({"description": "Success"});
    if let (Some(schema), Value::Object(success)) = (answer(route), &mut success) {
        success.insert(
            "content".to_owned(),
            json!({"application/json": {"schema": schema}}),
        );
    }
    let mut responses = json!({operation.status.to_string(): success});
    if let (true, Value::Object(responses)) = (operation.or_nothing, &mut responses) {
        let nothing = json!({"description": "There is nothing to tell"});
        responses.insert("204".to_owned(), nothing);
    }
    let applying = refusals(route);
    for (status, _) in REFUSALS.iter().filter(|(status, _)| applying(*status)) {
        let refusal = json!({"$ref": format!("#/components/responses/{status}")});
        if let Value::Object(responses) = &mut responses {
            responses.insert(status.to_string(), refusal);
        }
    }
    responses
}

/// The schema of what success answers.
fn answer(route: &Route) -> Option<Value> {
    let resource = route.compiled.resource;
    let one = json!({"$ref": format!("#/components/schemas/{}", resource.title)});
    let array = json!({"type": "array", "items": one});
    match (route.operation.action, route.operation.answer) {
        (Action::Delete | Action::Run(..), _) if route.operation.status == 204 => None,
        (Action::Delete, _) => Some(json!({"type": "object"})),
        (Action::Create | Action::Find | Action::Update | Action::Replace, _)
        | (Action::Run(..), Answer::One) => Some(one),
        (Action::List, _) => {
            let key = resource.listing.key;
            let object = json!({
                "type": "object",
                "required": [key],
                "properties": {
                    "start": {"type": "integer"},
                    "limit": {"type": "integer"},
                    "total": {"type": "integer"},
                    "next": {"type": "string"},
                    key: array,
                },
            });
            Some(json!({"anyOf": [array, object]}))
        }
        (Action::Run(..), Answer::Array) => Some(array),
        (Action::Run(..), Answer::Shape(notation)) => Some(parse(notation).describe()),
    }
}

/// The refusals that there are.
const REFUSALS: [(u16, &str); 10] = [
    (400, "The request breaks a rule"),
    (401, "No valid token"),
    (403, "The token lacks a scope"),
    (404, "There is no such object"),
    (409, "Another object is in the way"),
    (412, "The object was changed meanwhile"),
    (413, "The body is too large"),
    (415, "The body has another type"),
    (429, "Too many requests"),
    (503, "Try again later"),
];

/// Which refusals an operation may answer with.
fn refusals(route: &Route) -> impl Fn(u16) -> bool {
    let writes = route.operation.method != "GET";
    // A write may name another object, or be refused by the state of one.
    let finds = matches!(route.operation.action, Action::Find);
    let on_one = route.path.contains('{') || writes || finds;
    let has_body = body(route).is_some();
    move |status| match status {
        404 => on_one,
        409 | 412 => writes,
        413 | 415 => has_body,
        _ => true,
    }
}

fn refusal(description: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    })
}

fn returned(compiled: &Compiled) -> Value {
    let fields = compiled
        .resource
        .fields
        .iter()
        .filter(|field| field.is_returned());
    let properties: Map<String, Value> = fields
        .filter_map(|field| {
            Some((
                field.name.to_owned(),
                compiled.stored.member(field.name)?.describe(),
            ))
        })
        .collect();
    json!({"type": "object", "properties": properties})
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["statusCode", "error", "message"],
        "properties": {
            "statusCode": {"type": "integer"},
            "error": {"type": "string"},
            "message": {"type": "string"},
            "errorCode": {"type": "string"},
        },
    })
}
