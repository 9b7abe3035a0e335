//! The notation of schemas, so that a field of a resource is one line of its table.
//!
//! ```text
//! type    = base [ "?" ] [ "=" JSON scalar ]          "?": null is a value; "=": what stands for an absent member
//! base    = "bool" | "num" | "any" | "int" [range] | "str" words | "enum(" name, … ")"
//!         | "[" type "]" [range] [ "unique" [ "(" member ")" ] ]
//!         | "{" member, … [ "..." ] "}" | "map(" type ")" [range] | "any of(" type; … ")"
//! member  = name [ "*" ] ":" type                     "*": required; "...": unknown members are kept
//! words   = [range] [ "/" pattern "/" ] [ format ] [ "secret" ] [ "audience" ]
//! range   = n ".." m, either may be missing
//! ```

use regex_lite::Regex;

use super::{Bounds, Member, Schema, Shape, Text, format::Format};

/// Reads `notation`; what is not understood becomes [`Shape::Never`].
pub(crate) fn parse(notation: &str) -> Schema {
    let mut rest = notation;
    let schema = schema(&mut rest).and_then(|schema| match rest.trim() {
        "" => Ok(schema),
        rest => Err(format!("left over: {rest}")),
    });
    schema.unwrap_or_else(|problem| Schema {
        shape: Shape::Never(format!("{problem} in {notation}")),
        nullable: false,
        default: None,
    })
}

type Parsed<T> = Result<T, String>;

fn schema(rest: &mut &str) -> Parsed<Schema> {
    let shape = shape(rest)?;
    let nullable = take(rest, "?");
    let default = if take(rest, "=") {
        let word = word(rest, |character| !",;}])".contains(character));
        Some(serde_json::from_str(word.trim()).map_err(|_| format!("default {word}"))?)
    } else {
        None
    };
    Ok(Schema {
        shape,
        nullable,
        default,
    })
}

fn shape(rest: &mut &str) -> Parsed<Shape> {
    if take(rest, "[") {
        let items = Box::new(schema(rest)?);
        expect(rest, "]")?;
        let size = range(rest);
        return Ok(Shape::Array {
            items,
            size,
            unique: unique(rest)?,
        });
    }
    if take(rest, "{") {
        return object(rest);
    }
    if take(rest, "enum(") {
        let names = word(rest, |character| character != ')');
        expect(rest, ")")?;
        return Ok(Shape::Choice(
            names
                .split(',')
                .map(|name| name.trim().to_owned())
                .collect(),
        ));
    }
    if take(rest, "map(") {
        let values = Box::new(schema(rest)?);
        expect(rest, ")")?;
        return Ok(Shape::Map {
            values,
            size: range(rest),
        });
    }
    if take(rest, "any of(") {
        let mut schemas = vec![schema(rest)?];
        while take(rest, ";") {
            schemas.push(schema(rest)?);
        }
        expect(rest, ")")?;
        return Ok(Shape::Either(schemas));
    }
    match name(rest) {
        "bool" => Ok(Shape::Boolean),
        "num" => Ok(Shape::Number),
        "any" => Ok(Shape::Any),
        "int" => Ok(Shape::Integer(range(rest))),
        "str" => text(rest).map(Shape::Text),
        other => Err(format!("type {other:?}")),
    }
}

fn object(rest: &mut &str) -> Parsed<Shape> {
    let mut members = Vec::new();
    let mut open = false;
    while !take(rest, "}") {
        if take(rest, "...") {
            open = true;
        } else {
            let name = name(rest).to_owned();
            let required = take(rest, "*");
            expect(rest, ":")?;
            let schema = schema(rest)?;
            members.push(Member {
                name,
                required,
                schema,
            });
        }
        take(rest, ",");
        if rest.trim().is_empty() {
            return Err("unclosed object".to_owned());
        }
    }
    Ok(Shape::Object { members, open })
}

fn text(rest: &mut &str) -> Parsed<Text> {
    let mut text = Text {
        length: range(rest),
        ..Text::default()
    };
    if take(rest, "/") {
        let pattern = word(rest, |character| character != '/');
        expect(rest, "/")?;
        text.pattern = Some(Regex::new(pattern).map_err(|_| format!("pattern {pattern}"))?);
    }
    loop {
        match name(rest) {
            "" => return Ok(text),
            "secret" => text.secret = true,
            "audience" => text.audience = true,
            other => {
                text.format = Some(Format::find(other).ok_or_else(|| format!("format {other}"))?);
            }
        }
    }
}

fn unique(rest: &mut &str) -> Parsed<Option<String>> {
    if !take(rest, "unique") {
        return Ok(None);
    }
    if !take(rest, "(") {
        return Ok(Some(String::new()));
    }
    let member = name(rest).to_owned();
    expect(rest, ")")?;
    Ok(Some(member))
}

/// `n..m`; nothing if there is none.
fn range(rest: &mut &str) -> Bounds {
    *rest = rest.trim_start();
    let digits = |rest: &mut &str| {
        word(rest, |character| character.is_ascii_digit())
            .parse()
            .ok()
    };
    let mut ahead = *rest;
    let minimum = digits(&mut ahead);
    if !take(&mut ahead, "..") {
        return Bounds::default();
    }
    let maximum = digits(&mut ahead);
    *rest = ahead;
    Bounds { minimum, maximum }
}

fn name<'a>(rest: &mut &'a str) -> &'a str {
    *rest = rest.trim_start();
    word(rest, |character| {
        character.is_ascii_alphanumeric() || "_-$".contains(character)
    })
}

fn word<'a>(rest: &mut &'a str, belongs: impl Fn(char) -> bool) -> &'a str {
    let end = rest
        .find(|character| !belongs(character))
        .unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    word
}

fn take(rest: &mut &str, token: &str) -> bool {
    match rest.trim_start().strip_prefix(token) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn expect(rest: &mut &str, token: &str) -> Parsed<()> {
    if take(rest, token) {
        Ok(())
    } else {
        Err(format!("{token:?} expected before {rest:?}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(notation: &str, value: &Value) -> String {
        parse(notation)
            .check(value)
            .unwrap_err()
            .sentence("Payload")
    }

    #[test]
    fn the_first_problem_is_told_in_the_words_of_the_compatible_api() {
        let api = "{identifier*: str 1..600, name: str ..3 /^[^<>]+$/, scopes: [{value*: str 1..280}] ..2 unique(value), life: int 1..9}";
        let told = [
            (json!({}), "'Missing required property: identifier'."),
            (
                json!({"identifier": "a", "x": 1, "y": 2}),
                "'Additional properties not allowed: x, y'.",
            ),
            (
                json!({"identifier": 1}),
                "'Expected type string but found type integer' on property identifier.",
            ),
            (
                json!({"identifier": ""}),
                "'String is too short (0 chars), minimum 1' on property identifier.",
            ),
            (
                json!({"identifier": "a", "name": "abcd"}),
                "'String is too long (4 chars), maximum 3' on property name.",
            ),
            (
                json!({"identifier": "a", "name": "<"}),
                "'String does not match pattern ^[^<>]+$: <' on property name.",
            ),
            (
                json!({"identifier": "a", "scopes": [{"value": "r"}, {}]}),
                "'Missing required property: value' on property scopes[1].",
            ),
            (
                json!({"identifier": "a", "scopes": [{"value": "r"}, {"value": "r"}]}),
                "'Array items are not unique (indexes 0 and 1)' on property scopes.",
            ),
            (
                json!({"identifier": "a", "scopes": [{"value": "r"}, {"value": "s"}, {"value": "t"}]}),
                "'Array is too long (3), maximum 2' on property scopes.",
            ),
            (
                json!({"identifier": "a", "life": 10}),
                "'Value 10 is greater than maximum 9' on property life.",
            ),
            (
                json!({"identifier": "a", "life": 1.5}),
                "'Expected type integer but found type number' on property life.",
            ),
            (json!([]), "'Expected type object but found type array'."),
        ];
        for (value, told) in told {
            assert_eq!(
                problem(api, &value),
                format!("Payload validation error: {told}"),
                "{value}"
            );
        }
    }

    #[test]
    fn alternatives_tell_each_of_their_problems() {
        assert_eq!(
            problem("any of(str; [str])", &json!(1)),
            "Payload validation error: 'None of the valid schemas were met'. Inner errors: [ \
             Payload validation error: 'Expected type string but found type integer', \
             Payload validation error: 'Expected type array but found type integer' ]"
        );
    }

    #[test]
    fn nullable_defaults_and_open_objects_are_read() {
        let schema =
            parse("{a: bool = false, b: enum(x, y)? = \"x\", c: {...}, d: map(str ..2) ..1}");
        let mut value = json!({"b": null, "c": {"any": 1}, "d": {"k": "v"}});
        assert!(schema.check(&value).is_ok());
        schema.complete(&mut value);
        assert_eq!(
            value,
            json!({"b": null, "c": {"any": 1}, "d": {"k": "v"}, "a": false})
        );
        assert!(schema.check(&json!({"d": {"k": "v", "l": "v"}})).is_err());
        assert!(schema.check(&json!({"b": "z"})).is_err());
    }

    #[test]
    fn a_notation_that_is_not_understood_accepts_nothing() {
        for bad in [
            "string",
            "str nonsense",
            "{a str}",
            "[int",
            "{a: int",
            "int 1..2 x",
        ] {
            let schema = parse(bad);
            assert!(matches!(schema.shape, Shape::Never(_)), "{bad}");
            assert!(schema.check(&json!("x")).is_err());
        }
    }
}
