//! The OpenAPI 3.1 description, made from the declarations.

use serde_json::{Map, Value, json};

use crate::{
    Management,
    resource::{Action, Compiled, Operation, Scopes},
    routes::{ROUTES, Route},
    schema::parse,
};

impl Management {
    /// The OpenAPI 3.1 description of the implemented operations.
    pub fn openapi(&self) -> Value {
        let mut paths = Map::new();
        let mut schemas = Map::new();
        for route in ROUTES.iter() {
            let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
            if let Value::Object(path) = path {
                path.insert(route.operation.method.to_ascii_lowercase(), describe(route));
            }
            let title = route.compiled.resource.title;
            schemas.insert(title.to_owned(), returned(route.compiled));
        }
        schemas.insert("Error".to_owned(), error());
        json!({
            "openapi": "3.1.0",
            "info": {"title": "Management API", "version": "2.0"},
            "servers": [{"url": "/api/v2"}],
            "security": [{"bearer": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                },
            },
        })
    }
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
        Action::Create => Some(route.compiled.create.describe()),
        Action::Update => Some(route.compiled.update.describe()),
        Action::Run(_, notation) => notation.map(|notation| parse(notation).describe()),
        Action::List | Action::Find | Action::Delete => None,
    }
}

fn responses(route: &Route) -> Value {
    let operation: &Operation = route.operation;
    let one = json!({"$ref": format!("#/components/schemas/{}", route.compiled.resource.title)});
    let content = match operation.action {
        Action::Create | Action::Find | Action::Update => Some(one),
        Action::List => {
            let entries = json!({"type": "array", "items": one});
            let listing = &route.compiled.resource.listing;
            let object = json!({"type": "object", "properties": {listing.key: entries}});
            Some(json!({"anyOf": [entries, object]}))
        }
        Action::Run(..) if operation.status != 204 => Some(json!({})),
        Action::Run(..) | Action::Delete => None,
    };
    let mut success = json!({"description": "Success"});
    if let (Some(schema), Value::Object(success)) = (content, &mut success) {
        success.insert(
            "content".to_owned(),
            json!({"application/json": {"schema": schema}}),
        );
    }
    let refusal = json!({
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    });
    json!({operation.status.to_string(): success, "default": refusal})
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
