//! The Management API, as the operator uses it.

use grantor_management::Caller;
use grantor_protocol::tenant::{Issuer, TenantId};
use serde_json::Value;

use super::TestServer;

impl TestServer {
    /// What the Management API answers to the operator.
    pub(crate) async fn manage(&self, method: &str, path: &str, body: Value) -> Value {
        let tenant = TenantId::default_tenant();
        let issuer = Issuer::new("https", "login.orchard.test");
        let caller = Caller::operator();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = grantor_management::Request {
            query: Some(query),
            body: text.as_bytes(),
            ..grantor_management::Request::new(method, path, &issuer)
        };
        let answer = self.app.management.answer(&tenant, &caller, request).await;
        assert!(answer.status < 400, "{method} {path} {:?}", answer.body);
        answer.body.unwrap_or_default()
    }
}
