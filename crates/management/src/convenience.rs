//! The same API for callers within the process: the command line and configuration that is applied.

use grantor_protocol::tenant::{Issuer, TenantId};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{
    Management,
    call::{Caller, Request},
    failure::Failure,
};

impl Management {
    /// Makes one of `collection` (such as `clients`). `POST /{collection}`.
    pub async fn create(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        issuer: &Issuer,
        collection: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        self.request(
            tenant,
            caller,
            issuer,
            ("POST", &format!("/{collection}")),
            Some(body),
        )
        .await
    }

    /// A list. `GET /{collection}?{query}`.
    pub async fn list(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        issuer: &Issuer,
        collection: &str,
        query: &str,
    ) -> Result<Value, Failure> {
        let path = format!("/{collection}");
        let request = Request {
            query: Some(query),
            ..Request::new("GET", &path, issuer)
        };
        Ok(self
            .perform(tenant, caller, &request)
            .await?
            .body
            .unwrap_or_default())
    }

    /// One, by its id. `GET /{collection}/{id}`.
    pub async fn find(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        issuer: &Issuer,
        collection: &str,
        id: &str,
    ) -> Result<Value, Failure> {
        self.request(
            tenant,
            caller,
            issuer,
            ("GET", &path_of(collection, id)),
            None,
        )
        .await
    }

    /// Changes one. `PATCH /{collection}/{id}`; of a single object (`tenants/settings`) the id is empty.
    pub async fn update(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        issuer: &Issuer,
        (collection, id): (&str, &str),
        body: &Value,
    ) -> Result<Value, Failure> {
        let path = path_of(collection, id);
        self.request(tenant, caller, issuer, ("PATCH", &path), Some(body))
            .await
    }

    /// Deletes one. `DELETE /{collection}/{id}`.
    pub async fn delete(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        issuer: &Issuer,
        collection: &str,
        id: &str,
    ) -> Result<(), Failure> {
        let path = path_of(collection, id);
        self.request(tenant, caller, issuer, ("DELETE", &path), None)
            .await
            .map(|_| ())
    }

    /// Any operation, such as `("POST", "/clients/{id}/rotate-secret")`. Answers with the body.
    pub async fn request(
        &self,
        tenant: &TenantId,
        caller: &Caller,
        issuer: &Issuer,
        (method, path): (&str, &str),
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request {
            body: body.as_bytes(),
            ..Request::new(method, path, issuer)
        };
        Ok(self
            .perform(tenant, caller, &request)
            .await?
            .body
            .unwrap_or_default())
    }
}

fn path_of(collection: &str, id: &str) -> String {
    if id.is_empty() {
        return format!("/{collection}");
    }
    format!(
        "/{collection}/{}",
        utf8_percent_encode(id, NON_ALPHANUMERIC)
    )
}
