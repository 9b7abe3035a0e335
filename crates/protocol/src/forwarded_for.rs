//! `auth0-forwarded-for`: for whom an application with a server asks, when its users type passwords into its own form.
//!
//! Not the header of a proxy: those are believed by where they come from, this one by who proved itself.

use std::net::IpAddr;

use crate::client_auth::{AuthenticatedClient, Method};

/// The header's name.
pub const HEADER: &str = "auth0-forwarded-for";

/// The end user's address that `client` sent on these lines, if the client is believed: it must have proved itself, and
/// an administrator must have said so. One line with one address; anything else counts as nothing.
pub fn end_user<'a>(
    client: &AuthenticatedClient,
    lines: impl IntoIterator<Item = &'a [u8]>,
) -> Option<IpAddr> {
    if !client.client().is_token_endpoint_ip_header_trusted || client.method() == Method::None {
        return None;
    }
    let mut lines = lines.into_iter();
    let line = lines.next().filter(|_| lines.next().is_none())?;
    let text = std::str::from_utf8(line).ok()?;
    let address: IpAddr = text.trim_ascii().parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::{
        client_auth::{Credential, authenticate},
        secret::Secret,
    };

    fn client(members: &Value) -> AuthenticatedClient {
        let mut document = json!({"client_id": "pos", "name": "Till", "client_secret": "s",
            "is_token_endpoint_ip_header_trusted": true});
        let members = members.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        let client = Arc::new(serde_json::from_value(document).unwrap());
        let credential = Credential::Post(Secret::new("s".to_owned()));
        authenticate(client, &credential, |_, _| Ok(())).unwrap()
    }

    fn read(client: &AuthenticatedClient, lines: &[&str]) -> Option<String> {
        let lines = lines.iter().map(|line| line.as_bytes());
        end_user(client, lines).map(|address| address.to_string())
    }

    #[test]
    fn one_address_is_read() {
        let client = client(&json!({}));
        for (line, address) in [
            ("203.0.113.9", "203.0.113.9"),
            (" 203.0.113.9 ", "203.0.113.9"),
            ("2001:DB8::9", "2001:db8::9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
        ] {
            assert_eq!(read(&client, &[line]).as_deref(), Some(address), "{line}");
        }
    }

    #[test]
    fn t27_anything_else_counts_as_nothing() {
        let client = client(&json!({}));
        for lines in [
            &[][..],
            &[""],
            &["203.0.113.9, 10.0.0.1"],
            &["203.0.113.9", "203.0.113.9"],
            &["203.0.113"],
            &["203.0.113.9:443"],
            &["[2001:db8::9]"],
            &["0xcb.0.113.9"],
            &["localhost"],
        ] {
            assert_eq!(read(&client, lines), None, "{lines:?}");
        }
        assert_eq!(end_user(&client, [&b"\xff"[..]]), None);
    }

    #[test]
    fn t27_2_a_client_that_is_not_trusted_or_did_not_prove_itself_is_not_believed() {
        let untrusted = client(&json!({"is_token_endpoint_ip_header_trusted": false}));
        assert_eq!(read(&untrusted, &["203.0.113.9"]), None);
        let public = client(&json!({"token_endpoint_auth_method": "none"}));
        assert_eq!(read(&public, &["203.0.113.9"]), None);
    }
}
