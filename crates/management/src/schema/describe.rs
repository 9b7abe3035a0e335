//! Schemas as JSON Schema, for the OpenAPI description.

use serde_json::{Map, Value, json};

use super::{Bounds, Schema, Shape, Text};

impl Schema {
    /// As JSON Schema, for OpenAPI.
    pub(crate) fn describe(&self) -> Value {
        let mut described = match &self.shape {
            Shape::Any | Shape::Never(_) => json!({}),
            Shape::Boolean | Shape::Number => json!({ "type": self.type_name() }),
            Shape::Integer(bounds) => describe_bounds(json!({"type": "integer"}), "imum", *bounds),
            Shape::Text(text) => text.describe(),
            Shape::Choice(values) => json!({"type": "string", "enum": values}),
            Shape::Array {
                items,
                size,
                unique,
            } => {
                let mut array = describe_bounds(json!({"type": "array"}), "Items", *size);
                set(&mut array, "items", items.describe());
                if unique.as_deref() == Some("") {
                    set(&mut array, "uniqueItems", json!(true));
                }
                array
            }
            Shape::Object { members, open } => {
                let properties: Map<_, _> = members
                    .iter()
                    .map(|member| (member.name.clone(), member.schema.describe()))
                    .collect();
                let required: Vec<_> = members
                    .iter()
                    .filter(|member| member.required)
                    .map(|member| &member.name)
                    .collect();
                let mut object = json!({"type": "object", "properties": properties,
                    "additionalProperties": open});
                if !required.is_empty() {
                    set(&mut object, "required", json!(required));
                }
                object
            }
            Shape::Map { values, size } => {
                let map = json!({"type": "object", "additionalProperties": values.describe()});
                describe_bounds(map, "Properties", *size)
            }
            Shape::Either(schemas) => {
                json!({"anyOf": schemas.iter().map(Self::describe).collect::<Vec<_>>()})
            }
        };
        if self.nullable {
            // A choice that may also be null has no type of its own in JSON Schema.
            described = json!({"anyOf": [described, {"type": "null"}]});
        }
        if let Some(default) = &self.default {
            set(&mut described, "default", default.clone());
        }
        described
    }
}

impl Text {
    fn describe(&self) -> Value {
        let mut text = describe_bounds(json!({"type": "string"}), "Length", self.length);
        if let Some(pattern) = &self.pattern {
            set(&mut text, "pattern", json!(pattern.as_str()));
        }
        if let Some(format) = self.format {
            set(&mut text, "format", json!(format.name));
        }
        text
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(name.to_owned(), value);
    }
}

fn describe_bounds(mut object: Value, noun: &str, bounds: Bounds) -> Value {
    if let Some(minimum) = bounds.minimum {
        set(&mut object, &format!("min{noun}"), json!(minimum));
    }
    if let Some(maximum) = bounds.maximum {
        set(&mut object, &format!("max{noun}"), json!(maximum));
    }
    object
}
