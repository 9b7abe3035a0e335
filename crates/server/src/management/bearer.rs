//! Bearer authentication of the Management API.

use std::collections::BTreeSet;

use grantor_management::{Authority, Caller, Response};
use grantor_verify::VerifyError;

use super::refusal;
use crate::{app::App, http::context::Context, pipeline::own_token};

/// The caller that the `Authorization` header proves.
///
/// # Errors
/// The response to give instead.
pub(super) async fn authenticate(
    app: &App,
    context: &Context,
    authorization: Option<&str>,
) -> Result<Caller, Response> {
    let header = authorization
        .ok_or_else(|| refusal(401, "Unauthorized", "Missing authentication", None))?;
    let token = own_token::bearer(header)
        .filter(|token| token.split('.').count() == 3)
        .ok_or_else(|| {
            refusal(
                400,
                "Bad Request",
                "Bad HTTP authentication header format",
                Some("Bearer"),
            )
        })?;
    let checked = own_token::check(app, context, token, "api/v2/").await;
    let token = checked
        .map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the signing keys could not be read"
            );
            refusal(
                503,
                "Service Unavailable",
                "The service is temporarily unavailable",
                None,
            )
        })?
        .map_err(|error| refused(&error))?;
    Ok(Caller {
        subject: token.subject().to_owned(),
        client_id: Some(token.client_id().to_owned()),
        scopes: token.scopes().iter().cloned().collect::<BTreeSet<_>>(),
        authority: Authority::Token,
    })
}

fn refused(error: &VerifyError) -> Response {
    let message = match error {
        VerifyError::Expired => "Expired token received for JSON Web Token validation".to_owned(),
        VerifyError::BadSignature | VerifyError::UnknownKey => {
            "Invalid signature received for JSON Web Token validation".to_owned()
        }
        VerifyError::WrongAudience { received, .. } => {
            format!("Bad audience: {}", received.join(","))
        }
        _ => "Invalid token".to_owned(),
    };
    let mut response = refusal(401, "Unauthorized", &message, None);
    if let Some(members) = response
        .body
        .as_mut()
        .and_then(serde_json::Value::as_object_mut)
    {
        members.insert(
            "attributes".to_owned(),
            serde_json::json!({"error": message}),
        );
    }
    response
        .headers
        .push(("www-authenticate", format!("Bearer error=\"{message}\"")));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_the_recorded_text() {
        for (error, message) in [
            (
                VerifyError::Expired,
                "Expired token received for JSON Web Token validation",
            ),
            (
                VerifyError::BadSignature,
                "Invalid signature received for JSON Web Token validation",
            ),
            (VerifyError::Malformed, "Invalid token"),
            (
                VerifyError::WrongAudience {
                    expected: Vec::new(),
                    received: vec!["https://a.test".to_owned()],
                },
                "Bad audience: https://a.test",
            ),
        ] {
            let response = refused(&error);
            let body = response.body.unwrap();
            assert_eq!(
                (response.status, body["message"].as_str()),
                (401, Some(message))
            );
            assert_eq!(body["attributes"]["error"], message);
        }
    }
}
