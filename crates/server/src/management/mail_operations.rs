//! The mails that the Management API asks for.

use grantor_management::{LinkRules, MailOperations, Pending, VerificationMail};
use grantor_protocol::{model::TenantSettings, tenant::TenantId};
use grantor_storage::{Error, SealedMail, Store};
use serde_json::{Map, Value};

use crate::{
    outbound::mail::{Mail, MailKind, Occasion},
    pages::Language,
};

/// Mails of the server's only writer.
#[derive(Clone, Debug)]
pub(super) struct ServerMails {
    mail: Mail,
    store: Store,
}

impl ServerMails {
    pub(super) const fn new(mail: Mail, store: Store) -> Self {
        Self { mail, store }
    }

    /// The tenant's first language: no browser is there that could be asked.
    async fn language(&self, tenant: &TenantId) -> Result<Language, Error> {
        let found = self
            .store
            .typed::<TenantSettings>(tenant, TenantSettings::ID);
        let found = found.await?;
        let locales = found
            .as_ref()
            .and_then(|found| found.value.rest.get("enabled_locales"));
        let first = locales
            .and_then(|locales| locales.get(0))
            .and_then(Value::as_str);
        Ok(first.and_then(Language::of).unwrap_or_default())
    }
}

impl MailOperations for ServerMails {
    fn verification_rules<'a>(
        &'a self,
        mail: &'a VerificationMail<'a>,
    ) -> Pending<'a, Result<LinkRules, Error>> {
        Box::pin(async move {
            let user = Value::Object(mail.user.fields());
            let language = self.language(mail.tenant).await?;
            let occasion = occasion(mail, &user, (language, None));
            let rules = self.mail.link_rules(mail.tenant, &occasion).await?;
            Ok(LinkRules {
                lifetime_seconds: rules.lifetime_seconds,
                result_url: rules.result_url,
                tells_address: rules.tells_address,
            })
        })
    }

    fn verification<'a>(
        &'a self,
        mail: &'a VerificationMail<'a>,
        link: &'a str,
    ) -> Pending<'a, Result<Option<SealedMail>, Error>> {
        Box::pin(async move {
            let user = Value::Object(mail.user.fields());
            let language = self.language(mail.tenant).await?;
            let occasion = occasion(mail, &user, (language, Some(link)));
            self.mail.compose(mail.tenant, &occasion).await
        })
    }
}

fn occasion<'a>(
    mail: &VerificationMail<'a>,
    user: &'a Value,
    (language, link): (Language, Option<&'a str>),
) -> Occasion<'a> {
    let host = mail.issuer.as_str().split("://").nth(1).unwrap_or_default();
    Occasion {
        kind: MailKind::VerifyEmail,
        to: mail.to,
        language,
        host: host.trim_end_matches('/'),
        client: mail.client,
        connection: Some(mail.connection),
        user,
        url: link,
        code: None,
        more: Map::new(),
    }
}
