//! An HTTP server of the tenant that sends texts: `sms_gateway` of the compatible API.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantor_protocol::{env::Timestamp, refusal::Refusal, rule::Rule, secret::Secret};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Text;
use crate::{
    outbound::http::{Error, Gateway as Outbound, Json},
    pipeline::mint::sign_with_secret,
};

/// How long the gateway may take, as with the compatible API.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long what the gateway recognises us by is good, in seconds.
const BEARER_SECONDS: i64 = 60;

/// Where texts are posted to, and how.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    url: String,
    from: Option<String>,
    authentication: Option<Authentication>,
    tells_of_request: bool,
    timeout: Duration,
}

/// `gateway_authentication`.
#[derive(Clone, Debug, Deserialize)]
struct Authentication {
    method: String,
    audience: String,
    secret: Secret,
    #[serde(default)]
    secret_base64_encoded: bool,
    #[serde(default)]
    subject: Option<String>,
}

/// A message on its way.
pub(super) struct Message {
    body: Value,
}

impl Gateway {
    /// The gateway of a connection with these options; `None` without its URL.
    pub(super) fn of(options: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
        let authentication = options.get("gateway_authentication").cloned();
        Some(Self {
            url: text("gateway_url").filter(|url| !url.is_empty())?,
            from: text("from"),
            authentication: authentication
                .and_then(|authentication| serde_json::from_value(authentication).ok()),
            tells_of_request: options.get("forward_req_info") == Some(&Value::Bool(true)),
            timeout: TIMEOUT,
        })
    }

    /// The message that brings `body` to the number `to`.
    pub(super) fn message(&self, text: &Text<'_>, to: &str, body: &str) -> Message {
        let mut message = json!({"recipient": to, "body": body, "sender": self.from});
        if self.tells_of_request
            && let Value::Object(members) = &mut message
        {
            let about = json!({
                "ip": text.request_ip.to_string(),
                "language": text.occasion.language.tag(),
                "client_id": text.occasion.client.map(|client| &client.client_id),
            });
            members.insert("req".to_owned(), about);
        }
        Message { body: message }
    }

    /// Posts the message.
    ///
    /// # Errors
    /// The `sms_provider_error` rules.
    pub(super) async fn send(
        &self,
        outbound: &Outbound,
        message: Message,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let bearer = match &self.authentication {
            None => None,
            Some(authentication) => Some(authentication.bearer(now)?),
        };
        let json = Json {
            body: &message.body,
            bearer: bearer.as_deref(),
            timeout: self.timeout,
        };
        let refuse = |rule| Refusal::new(rule).with("gateway", &self.url);
        match outbound.post_json(&self.url, json).await {
            Ok(200..=299) => Ok(()),
            Ok(401) => Err(refuse(Rule::SmsGatewayRefused)),
            Ok(status) => Err(refuse(Rule::SmsGatewayUnexpected).naming("status", status)),
            Err(Error::Request(error)) if error.is_timeout() => {
                Err(refuse(Rule::SmsGatewayTimeout).naming("code", "ETIMEDOUT"))
            }
            Err(error) => {
                let refusal = refuse(Rule::SmsGatewayUnexpected).naming("status", "no answer");
                Err(refusal.with("because", error))
            }
        }
    }
}

impl Authentication {
    /// A token that only somebody with the secret can make, RFC 7519.
    fn bearer(&self, now: Timestamp) -> Result<String, Refusal> {
        let unusable =
            |because: &str| Refusal::new(Rule::SmsGatewayRefused).with("because", because);
        if self.method != "bearer" {
            return Err(unusable("gateway_authentication.method is not bearer"));
        }
        let secret = if self.secret_base64_encoded {
            let decoded = STANDARD.decode(self.secret.expose().trim());
            decoded.map_err(|_| unusable("the secret of the gateway is not base64"))?
        } else {
            self.secret.expose().as_bytes().to_vec()
        };
        let mut claims = json!({
            "aud": self.audience,
            "iat": now.seconds(),
            "exp": now.seconds() + BEARER_SECONDS,
        });
        if let (Some(subject), Value::Object(claims)) = (&self.subject, &mut claims) {
            claims.insert("sub".to_owned(), json!(subject));
        }
        sign_with_secret(&secret, "JWT", claims.to_string().as_bytes()).map_err(|error| {
            unusable("the token for the gateway cannot be signed").with("error", error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::cidr::Cidr;

    #[tokio::test]
    async fn t6_11_a_gateway_that_does_not_answer_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let options = json!({"gateway_url": url});
        let mut gateway = Gateway::of(options.as_object().unwrap()).unwrap();
        assert_eq!(gateway.timeout, Duration::from_secs(30));
        gateway.timeout = Duration::from_millis(50);
        let outbound = Outbound::new(&[Cidr::parse("127.0.0.0/8").unwrap()]);
        let message = Message { body: json!({}) };
        let sent = gateway.send(&outbound, message, Timestamp::from_seconds(0));
        let told = sent.await.unwrap_err().description();
        assert_eq!(told, "Timeout while calling the SMS gateway: ETIMEDOUT");
    }
}
