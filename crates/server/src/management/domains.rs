//! Looking at the domain name system for custom domains.

use std::collections::BTreeSet;

use grantor_management::{DomainLookup, Pending};

/// The operating system's resolver: a domain points to a host if it resolves to one of the host's addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemResolver;

impl DomainLookup for SystemResolver {
    fn points_to<'a>(&'a self, domain: &'a str, record: &'a str) -> Pending<'a, bool> {
        Box::pin(async move {
            let wanted = addresses(record).await;
            addresses(domain)
                .await
                .iter()
                .any(|address| wanted.contains(address))
        })
    }
}

async fn addresses(host: &str) -> BTreeSet<std::net::IpAddr> {
    let found = tokio::net::lookup_host((host, 443)).await;
    found
        .map(|found| found.map(|address| address.ip()).collect())
        .unwrap_or_default()
}
