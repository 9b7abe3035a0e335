//! The settings of a tenant.

use grantor_protocol::{
    document::Document,
    model::{Branding, Prompts, ResourceServer, TenantSettings, UniversalLoginTemplate},
    passwordless::links_work_anywhere,
};
use serde_json::{Map, Value, json};

use crate::{
    engine::{Call, Change},
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Identity, Listing, Missing, Rendering, Resource, Rules, field, find, update,
    },
};

/// `/tenants/settings`.
pub(crate) const TENANT_SETTINGS: Resource = Resource {
    path: "/tenants/settings",
    title: "TenantSettings",
    kind: &TenantSettings::KIND,
    identity: Identity::One(TenantSettings::ID),
    fields: FIELDS,
    listing: Listing {
        key: "settings",
        checkpoint: false,
        totals: false,
        filters: &[],
    },
    missing: Missing {
        code: "inexistent_tenant",
        message: "The tenant does not exist",
        on_delete: true,
    },
    conflicts: &[],
    read_by: &[],
    rules: Rules {
        before_update,
        mirror,
        render,
        ..Rules::NONE
    },
    operations: &[
        find(&["read:tenant_settings"], "Read the tenant settings"),
        update(&["update:tenant_settings"], "Update the tenant settings"),
    ],
};

/// What a new tenant has.
pub(crate) fn fresh() -> Value {
    json!({
        "id": TenantSettings::ID,
        "enabled_locales": ["en"],
        "flags": {
            "allow_changing_enable_sso": false,
            "cannot_change_enforce_client_authentication_on_passwordless_start": true,
            "disable_impersonation": true,
            "enable_sso": true,
            "enforce_client_authentication_on_passwordless_start": true,
            "universal_login": true,
            "new_universal_login_experience_enabled": true,
            "revoke_refresh_token_grant": false,
            "disable_clickjack_protection_headers": false,
        },
        "session_lifetime": 168,
        "idle_session_lifetime": 72,
        "ephemeral_session_lifetime": 72,
        "idle_ephemeral_session_lifetime": 24,
        "sandbox_version": "22",
        "oidc_logout": {"rp_logout_end_session_endpoint_discovery": true},
        "resource_parameter_profile": "audience",
        "client_id_metadata_document_supported": false,
        "phone_consolidated_experience": false,
        "dynamic_client_registration_security_mode": "strict",
    })
}

const QUOTA: &str = "{clients: {client_credentials*: {enforce: bool, per_day: int 1..2147483647, \
    per_hour: int 1..2147483647}}, organizations: {client_credentials*: {enforce: bool, \
    per_day: int 1..2147483647, per_hour: int 1..2147483647}}}?";

macro_rules! flags {
    () => {
        "change_pwd_flow_v1: bool, enable_apis_section: bool, \
    disable_impersonation: bool, enable_client_connections: bool, enable_pipeline2: bool, \
    allow_legacy_delegation_grant_types: bool, allow_legacy_ro_grant_types: bool, \
    allow_legacy_tokeninfo_endpoint: bool, enable_legacy_profile: bool, \
    enable_idtoken_api2: bool, enable_public_signup_user_exists_error: bool, enable_sso: bool, \
    allow_changing_enable_sso: bool, disable_clickjack_protection_headers: bool, \
    no_disclose_enterprise_connections: bool, \
    enforce_client_authentication_on_passwordless_start: bool, \
    enable_adfs_waad_email_verification: bool, revoke_refresh_token_grant: bool, \
    dashboard_log_streams_next: bool, dashboard_insights_view: bool, \
    disable_fields_map_fix: bool, mfa_show_factor_list_on_enrollment: bool, \
    remove_alg_from_jwks: bool, improved_signup_bot_detection_in_classic: bool, \
    genai_trial: bool, enable_dynamic_client_registration: bool, \
    disable_management_api_sms_obfuscation: bool, \
    trust_azure_adfs_email_verified_connection_property: bool, \
    custom_domains_provisioning: bool, use_scope_descriptions_for_consent: bool, \
    universal_login: bool, allow_other_legacy_grant_types: bool, \
    new_universal_login_experience_enabled: bool, enable_custom_domain_in_emails: bool, \
    enable_legacy_logs_search_v2: bool, require_pushed_authorization_requests: bool, \
    require_signed_request_object: bool, dashboard_new_onboarding: bool, \
    grantor_legacy_pipeline: bool, grantor_allow_plain_pkce: bool, \
    grantor_login_link_in_any_browser: bool, \
    grantor_password_no_default_scope: bool"
    };
}

/// The flags that may be changed.
const FLAGS: &str = concat!("{", flags!(), "}");

/// The flags that there are.
const ALL_FLAGS: &str = concat!(
    "{",
    flags!(),
    ", cannot_change_enforce_client_authentication_on_passwordless_start: bool}"
);

const SECURITY_HEADERS: &str = "{content_security_policy: {enabled: bool, policies: \
    [{mode: enum(enforcing, reporting), directives: map([str ..2048]) ..30, flags: \
    [enum(upgrade-insecure-requests, block-all-mixed-content)], reporting: {report_uri: str, \
    report_to_group: str}?}], reporting_infrastructure: {report_to: {group: str, max_age: int, \
    endpoints: [{url: str}]}?, reporting_endpoints: map(str)?}?}?, x_xss_protection: \
    {enabled: bool, mode: enum(block), report_uri: str}?}?";

const FIELDS: &[Field] = &[
    field(
        "change_password",
        "UR",
        "{enabled: bool = false, html: str}?",
    ),
    field(
        "device_flow",
        "UR",
        "{charset: enum(base20, digits) = \"base20\", mask: str ..20}?",
    ),
    field(
        "guardian_mfa_page",
        "UR",
        "{enabled: bool = false, html: str}?",
    ),
    field("default_audience", "UR", "str ..600 audience"),
    field("default_directory", "UR", "str ..128"),
    field(
        "error_page",
        "UR",
        "{html: str, show_log_link: bool = false, url: str absolute-uri-or-empty}?",
    ),
    field("default_token_quota", "UR", QUOTA),
    field("flags", "UR", ALL_FLAGS).on_update(FLAGS).merged(),
    field("friendly_name", "UR", "str ..256"),
    field("picture_url", "UR", "str absolute-uri-or-empty"),
    field("support_email", "UR", "str email-or-empty"),
    field("support_url", "UR", "str absolute-uri-or-empty"),
    field(
        "allowed_logout_urls",
        "UR",
        "[str ..2000 url-with-placeholders] ..100",
    ),
    field("session_lifetime", "UR", "num"),
    field("session_lifetime_in_minutes", "U", "int 1..525600"),
    field("idle_session_lifetime", "UR", "num"),
    field("idle_session_lifetime_in_minutes", "U", "int 1..525600"),
    field("ephemeral_session_lifetime", "UR", "num"),
    field(
        "ephemeral_session_lifetime_in_minutes",
        "U",
        "int 1..525600",
    ),
    field("idle_ephemeral_session_lifetime", "UR", "num"),
    field(
        "idle_ephemeral_session_lifetime_in_minutes",
        "U",
        "int 1..525600",
    ),
    field("sandbox_version", "UR", "str ..8"),
    field("legacy_sandbox_version", "UR", "str ..8"),
    field("sandbox_versions_available", "R", "[str]"),
    field(
        "default_redirection_uri",
        "UR",
        "str absolute-https-uri-or-empty",
    ),
    field("enabled_locales", "UR", "[str locale] 1.. unique"),
    field("security_headers", "UR", SECURITY_HEADERS),
    field(
        "session_cookie",
        "UR",
        "{mode*: enum(persistent, non-persistent)}?",
    ),
    field(
        "sessions",
        "UR",
        "{oidc_logout_prompt_enabled: bool = true}?",
    ),
    field(
        "oidc_logout",
        "UR",
        "{rp_logout_end_session_endpoint_discovery: bool = true}",
    ),
    field("customize_mfa_in_postlogin_action", "UR", "bool?"),
    field(
        "allow_organization_name_in_authentication_api",
        "UR",
        "bool?",
    ),
    field("acr_values_supported", "UR", "[str 1..] unique?"),
    field("mtls", "UR", "{enable_endpoint_aliases: bool = false}?"),
    field("pushed_authorization_requests_supported", "UR", "bool?"),
    field(
        "authorization_response_iss_parameter_supported",
        "UR",
        "bool?",
    ),
    field(
        "skip_non_verifiable_callback_uri_confirmation_prompt",
        "UR",
        "bool?",
    ),
    field(
        "resource_parameter_profile",
        "UR",
        "enum(audience, compatibility)",
    ),
    field("client_id_metadata_document_supported", "UR", "bool"),
    field("enable_ai_guide", "UR", "bool"),
    field("phone_consolidated_experience", "UR", "bool"),
    field("include_session_metadata_in_tenant_logs", "UR", "bool"),
    field(
        "dynamic_client_registration_security_mode",
        "UR",
        "enum(strict, permissive)",
    ),
    field(
        "country_codes",
        "UR",
        "{list: [str 2..2 /^[A-Z]{2}$/], mode: enum(allow, deny)}?",
    ),
    // Sent by tools that write back all that they read; nothing of it is kept.
    field("universal_login", "UR", "{...}"),
];

/// Versions of the script environment that may be named; all mean the same.
const SANDBOX_VERSIONS: [&str; 2] = ["22", "18"];

/// Session lifetimes, which are kept in hours and may be sent in minutes.
const LIFETIMES: [&str; 4] = [
    "session_lifetime",
    "idle_session_lifetime",
    "ephemeral_session_lifetime",
    "idle_ephemeral_session_lifetime",
];

fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        settle_lifetimes(change)?;
        // What it mirrors is changed where it is kept.
        change.document.remove("universal_login");
        let audience = change
            .call
            .body
            .get("default_audience")
            .and_then(Value::as_str);
        if let Some(audience) = audience.filter(|audience| !audience.is_empty()) {
            let call = change.call;
            let stored = call.request.issuer.to_stored(audience);
            let (store, kind) = (&call.management.store, &ResourceServer::KIND);
            if store
                .find_by(call.tenant, kind, "identifier", &[&stored])
                .await?
                .is_none()
            {
                return Err(Failure::body(format!(
                    "The default audience {audience} is not the identifier of an API."
                )));
            }
        }
        Ok(())
    })
}

fn settle_lifetimes(change: &mut Change<'_>) -> Result<(), Failure> {
    for name in LIFETIMES {
        let in_minutes = format!("{name}_in_minutes");
        if let Some(minutes) = change
            .document
            .remove(&in_minutes)
            .and_then(|value| value.as_i64())
        {
            let hours = if minutes % 60 == 0 {
                json!(minutes / 60)
            } else {
                // A year of minutes is far from where doubles lose whole numbers.
                json!(f64::from(i32::try_from(minutes).unwrap_or(i32::MAX)) / 60.0)
            };
            change.set(name, hours);
        } else if let Some(sent) = change.call.body.get(name)
            && sent
                .as_i64()
                .is_none_or(|hours| !(1..=8_760).contains(&hours))
        {
            return Err(Failure::body(format!(
                "Payload validation error: 'Value {sent} is not a whole number between 1 and \
                 8760' on property {name}."
            )));
        }
    }
    Ok(())
}

/// `universal_login` tells what others keep: the colours, and after a change also whether there is a page template and
/// how the pages ask.
fn mirror<'a>(
    call: &'a Call<'a>,
    document: &'a mut Map<String, Value>,
) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let (store, tenant) = (&call.management.store, call.tenant);
        let mut told = Map::new();
        let branding = store.typed::<Branding>(tenant, Branding::ID).await?;
        let colors = branding.and_then(|branding| branding.value.rest.get("colors").cloned());
        if let Some(colors) = colors {
            told.insert("colors".to_owned(), colors);
        }
        let flags = document.get("flags").and_then(Value::as_object);
        if flags.is_some_and(links_work_anywhere) {
            let told_of_links = json!({"allow_magiclink_verify_without_session": true});
            told.insert("passwordless".to_owned(), told_of_links);
        }
        if call.operation.method == "GET" {
            document.insert("universal_login".to_owned(), Value::Object(told));
            return Ok(());
        }
        let template = store
            .typed::<UniversalLoginTemplate>(tenant, UniversalLoginTemplate::ID)
            .await?;
        if template.is_some() {
            told.insert("is_custom_template_set".to_owned(), json!(true));
        }
        if let Some(prompts) = store.typed::<Prompts>(tenant, Prompts::ID).await? {
            let prompts = &prompts.value;
            for (name, value) in [
                ("identifier_first", prompts.identifier_first),
                (
                    "webauthn_platform_first_factor",
                    prompts.webauthn_platform_first_factor,
                ),
            ] {
                told.extend(value.map(|value| (name.to_owned(), json!(value))));
            }
        }
        document.insert("universal_login".to_owned(), Value::Object(told));
        Ok(())
    })
}

fn render(rendering: &Rendering<'_>, shown: &mut Map<String, Value>) {
    // The live service leaves it out of every answer to a change.
    if rendering.call.operation.method == "GET" {
        shown.insert(
            "sandbox_versions_available".to_owned(),
            json!(SANDBOX_VERSIONS),
        );
    }
}
