//! What the Management API asks of whoever writes mails. Implemented by the server.

use grantor_protocol::{
    env::Timestamp,
    model::Client,
    tenant::{Issuer, TenantId},
    users::{Identity, Ticket, TicketKind, User},
};
use grantor_storage::{Batch, Error as StoreError, SealedMail};

use crate::{Management, keys::Pending};

/// Writes mails from the tenant's templates.
pub trait MailOperations: Send + Sync {
    /// What the tenant says of the links in mails that verify an address.
    fn verification_rules<'a>(
        &'a self,
        mail: &'a VerificationMail<'a>,
    ) -> Pending<'a, Result<LinkRules, StoreError>>;

    /// The mail that asks to verify an address by opening `link`; none if the tenant turned such mails off.
    fn verification<'a>(
        &'a self,
        mail: &'a VerificationMail<'a>,
        link: &'a str,
    ) -> Pending<'a, Result<Option<SealedMail>, StoreError>>;
}

/// What a mail that asks to verify an address tells of.
#[derive(Clone, Copy, Debug)]
pub struct VerificationMail<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The issuer under which its links lead to it.
    pub issuer: &'a Issuer,
    /// The address.
    pub to: &'a str,
    /// Whose it is.
    pub user: &'a User,
    /// The connection of the account.
    pub connection: &'a str,
    /// The application on whose behalf it is sent.
    pub client: Option<&'a Client>,
}

/// What a tenant says of the links in its mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRules {
    /// How long a link works, in seconds.
    pub lifetime_seconds: i64,
    /// Where a browser goes after it.
    pub result_url: Option<String>,
    /// Whether the address is told there.
    pub tells_address: bool,
}

/// Whom a mail that verifies an address is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verification<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) user: &'a User,
    pub(crate) identity: &'a Identity,
    /// The address of the identity.
    pub(crate) email: &'a str,
    pub(crate) client: Option<&'a Client>,
    pub(crate) now: Timestamp,
}

impl Management {
    /// Adds a ticket that verifies the address of an identity to `batch`, and the mail with its link.
    pub(crate) async fn queue_verification(
        &self,
        batch: &mut Batch,
        wanted: Verification<'_>,
    ) -> Result<(), StoreError> {
        let issuer = self.issuer(wanted.tenant).await?;
        let mail = VerificationMail {
            tenant: wanted.tenant,
            issuer: &issuer,
            to: wanted.email,
            user: wanted.user,
            connection: &wanted.identity.connection,
            client: wanted.client,
        };
        let rules = self.mails.verification_rules(&mail).await?;
        let ticket = Ticket {
            user_id: wanted.user.user_id.as_str().to_owned(),
            provider: wanted.identity.provider.clone(),
            identity: wanted.identity.user_id.clone(),
            connection: wanted.identity.connection.clone(),
            email: Some(wanted.email.to_owned()),
            result_url: rules.result_url,
            client_id: wanted.client.map(|client| client.client_id.clone()),
            include_email_in_redirect: rules.tells_address,
            mark_email_as_verified: false,
        };
        let link = self.issue_ticket(
            batch,
            (wanted.tenant, &issuer),
            (TicketKind::EmailVerification, &ticket),
            wanted.now.plus_seconds(rules.lifetime_seconds),
        );
        if let Some(sealed) = self.mails.verification(&mail, &link).await? {
            batch.queue_mail(&sealed);
        }
        Ok(())
    }
}
