//! What the consent page says, line by line. The words are the page's own.

use crate::model::ResourceServer;

/// One line of the consent page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// `profile`.
    Profile,
    /// `email`.
    Email,
    /// `phone`.
    Phone,
    /// `address`.
    Address,
    /// `offline_access`: while the user is away.
    Offline,
    /// Scopes of the form `action:resource`, by resource.
    Resource {
        /// Such as `orders`.
        resource: &'a str,
        /// Such as `read` and `write`.
        actions: Vec<&'a str>,
    },
    /// The API's own description of a scope.
    Described(&'a str),
    /// Any other scope or claim, by its name.
    Named(&'a str),
}

/// What scopes of an API are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// By resource and action.
    Grouped,
    /// By their descriptions, where they have one: `use_scope_descriptions_for_consent`.
    Described,
}

/// The lines for `items`, in their order; a resource stands where its first scope does.
pub fn lines<'a>(
    items: &'a [String],
    api: Option<&'a ResourceServer>,
    wording: Wording,
) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for item in items {
        let described = description(api, item).filter(|_| wording == Wording::Described);
        let line = match (item.as_str(), described) {
            ("profile", _) => Line::Profile,
            ("email", _) => Line::Email,
            ("phone", _) => Line::Phone,
            ("address", _) => Line::Address,
            ("offline_access", _) => Line::Offline,
            (_, Some(text)) => Line::Described(text),
            (name, None) => match name.split_once(':') {
                Some((action, resource)) if !action.is_empty() && !resource.is_empty() => {
                    if add_action(&mut lines, resource, action) {
                        continue;
                    }
                    Line::Resource {
                        resource,
                        actions: vec![action],
                    }
                }
                _ => Line::Named(name),
            },
        };
        lines.push(line);
    }
    lines
}

/// Adds the action to the resource's line, if there is one.
fn add_action<'a>(lines: &mut [Line<'a>], wanted: &str, action: &'a str) -> bool {
    for line in lines {
        if let Line::Resource { resource, actions } = line
            && *resource == wanted
        {
            actions.push(action);
            return true;
        }
    }
    false
}

fn description<'a>(api: Option<&'a ResourceServer>, scope: &str) -> Option<&'a str> {
    let mut entries = api?.scopes.iter().flatten();
    let entry = entries.find(|entry| entry.value == scope)?;
    entry.description.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api() -> ResourceServer {
        serde_json::from_value(json!({"id": "1", "identifier": "organize", "scopes": [
            {"value": "read:contacts", "description": "See who you know"}, {"value": "write:contacts"},
            {"value": "read:calendar"},
        ]}))
        .unwrap()
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn j1_1_t17_3_scopes_are_grouped_by_resource() {
        let items =
            words("profile read:contacts offline_access read:calendar write:contacts admin :x");
        let api = api();
        assert_eq!(
            lines(&items, Some(&api), Wording::Grouped),
            [
                Line::Profile,
                Line::Resource {
                    resource: "contacts",
                    actions: vec!["read", "write"]
                },
                Line::Offline,
                Line::Resource {
                    resource: "calendar",
                    actions: vec!["read"]
                },
                Line::Named("admin"),
                Line::Named(":x"),
            ]
        );
        assert_eq!(
            lines(&words("email phone address"), None, Wording::Grouped),
            [Line::Email, Line::Phone, Line::Address]
        );
    }

    #[test]
    fn j1_4_descriptions_are_shown_in_place_of_groups_where_the_tenant_says_so() {
        let items = words("read:contacts write:contacts");
        let api = api();
        assert_eq!(
            lines(&items, Some(&api), Wording::Described),
            [
                Line::Described("See who you know"),
                Line::Resource {
                    resource: "contacts",
                    actions: vec!["write"]
                },
            ]
        );
    }
}
