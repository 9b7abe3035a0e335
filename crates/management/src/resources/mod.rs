//! The resources, one file each.

mod blacklists;
mod branding;
mod client_credentials;
mod client_defaults;
mod client_grants;
mod client_rules;
mod client_secret;
mod clients;
mod connection_clients;
mod connection_deletion;
mod connection_options;
mod connection_rules;
mod connection_social;
mod connections;
mod custom_domains;
mod device_credentials;
mod email_provider;
mod email_templates;
mod grants;
mod jobs;
mod logs;
mod migrations;
mod permissions;
mod prompt_texts;
mod prompts;
mod refresh_tokens;
mod resource_servers;
mod role_members;
mod roles;
mod sessions;
mod signing_keys;
mod stats;
mod system_api;
mod tenant_settings;
mod tickets;
mod user_create;
mod user_identities;
pub(crate) mod user_profile;
mod user_search;
mod user_update;
mod users;

pub(crate) use self::{
    connection_options::fresh_database as fresh_database_options,
    tenant_settings::fresh as fresh_settings, user_create::new_user,
};

use grantor_protocol::document::Kind;
use grantor_storage::{Record, Selection, Window};

use serde_json::{Value, json};

use crate::{call::Response, engine::Call, failure::Failure, resource::Resource};

/// Every implemented resource.
pub(crate) const ALL: &[&Resource] = &[
    &blacklists::BLACKLISTS,
    &branding::BRANDING,
    &branding::UNIVERSAL_LOGIN_TEMPLATE,
    &client_grants::CLIENT_GRANTS,
    &clients::CLIENTS,
    &connections::CONNECTIONS,
    &custom_domains::CUSTOM_DOMAINS,
    &device_credentials::DEVICE_CREDENTIALS,
    &email_provider::EMAIL_PROVIDER,
    &email_templates::EMAIL_TEMPLATES,
    &grants::GRANTS,
    &jobs::JOBS,
    &logs::LOGS,
    &migrations::MIGRATIONS,
    &permissions::USER_PERMISSIONS,
    &prompt_texts::CUSTOM_TEXT,
    &prompt_texts::PARTIALS,
    &prompts::PROMPTS,
    &refresh_tokens::REFRESH_TOKENS,
    &resource_servers::RESOURCE_SERVERS,
    &role_members::USER_ROLES,
    &roles::ROLES,
    &sessions::SESSIONS,
    &signing_keys::SIGNING_KEYS,
    &stats::STATS,
    &tenant_settings::TENANT_SETTINGS,
    &tickets::TICKETS,
    &users::USERS,
];

/// Every document of `kind`, or every one that has the link.
async fn all_documents(
    call: &Call<'_>,
    kind: &Kind,
    link: Option<(&str, &str)>,
) -> Result<Vec<Record>, Failure> {
    let mut found: Vec<Record> = Vec::new();
    loop {
        let selection = Selection {
            link: link.map(|(name, target)| (name.to_owned(), target.to_owned())),
            window: Window::After {
                cursor: found.last().map(|last| (last.created_at, last.id.clone())),
                limit: grantor_storage::MAX_LIMIT,
            },
            with_total: false,
        };
        let page = call
            .management
            .store
            .list(call.tenant, kind, &selection)
            .await?;
        if page.records.is_empty() {
            return Ok(found);
        }
        found.extend(page.records);
    }
}

/// A part of a list that is paged by number: an array, or with totals an object that has it as `key`.
fn offset_list(
    key: &str,
    (page, per_page, totals): (i64, i64, bool),
    entries: Vec<Value>,
    total: i64,
) -> Response {
    let body = if totals {
        json!({"start": page * per_page, "limit": per_page, "total": total, key: entries})
    } else {
        Value::Array(entries)
    };
    Response::json(200, body)
}
