//! `POST /clients/{id}/rotate-secret`.

use grantor_protocol::env::IdForm;
use serde_json::Value;

use crate::{
    call::Response,
    engine::{Call, members},
    failure::Failure,
    keys::Pending,
};

/// Gives a client a new secret; the one before stops at once.
pub(super) fn rotate<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let record = call
            .change_record(|document| {
                let secret = call.management.env.id(IdForm::UrlSafe(64));
                document.insert("client_secret".to_owned(), Value::from(secret));
                Ok(())
            })
            .await?;
        let document = members(&record);
        let mut response = call.show(200, &document, false);
        // Who may replace the secret is told it: there is no other moment to learn it.
        if let (Some(Value::Object(body)), Some(secret)) =
            (&mut response.body, document.get("client_secret"))
        {
            body.insert("client_secret".to_owned(), secret.clone());
        }
        Ok(response)
    })
}
