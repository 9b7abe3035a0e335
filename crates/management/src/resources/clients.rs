//! Applications (clients): the table of their fields and operations.

use grantor_protocol::{document::Document, env::IdForm, model::Client};

use crate::{
    resource::{
        Answer, Field, Filter, Identity, Listing, Missing, Pass, Resource, Rules, Scopes, create,
        delete, field, filter, find, list, run, update,
    },
    resources::{client_credentials, client_grants, client_rules, client_secret},
};

/// `/clients`.
pub(crate) const CLIENTS: Resource = Resource {
    path: "/clients",
    title: "Client",
    kind: &Client::KIND,
    identity: Identity::Made {
        field: "client_id",
        form: IdForm::Alphanumeric("", 32),
    },
    fields: FIELDS,
    listing: Listing {
        key: "clients",
        checkpoint: true,
        totals: true,
        filters: &[
            filter("is_global", "bool")
                .linked("global")
                .member("global"),
            filter("is_first_party", "bool"),
            Filter {
                name: "app_type",
                schema: "str 1..200",
                link: None,
                pass: Pass::Rule(client_rules::has_app_type),
            },
            filter("external_client_id", "str 1..120").linked("external_client_id"),
            Filter {
                name: "q",
                schema: "str 1..1000",
                link: None,
                pass: Pass::Joined("client_id", client_grants::clients_with),
            },
        ],
    },
    missing: Missing {
        code: "inexistent_client",
        message: "The client does not exist",
        on_delete: false,
    },
    conflicts: &[
        (
            "resource_server_identifier",
            "A client for this resource server already exists.",
        ),
        ("alias", "Another client exists with the same alias."),
    ],
    read_by: &[
        "read:clients",
        "read:client_keys",
        "read:client_credentials",
    ],
    rules: Rules {
        before_create: client_rules::before_create,
        before_update: client_rules::before_update,
        before_delete: client_rules::before_delete,
        render: client_rules::render,
        ..Rules::NONE
    },
    operations: &[
        list(READ, "List clients"),
        create(&["create:clients"], "Create a client"),
        find(READ, "Read a client"),
        update(
            &[
                "update:clients",
                "update:client_keys",
                "update:client_credentials",
                "update:client_token_vault_privileged_access",
            ],
            "Update a client",
        ),
        delete(&["delete:clients"], "Delete a client"),
        run(
            "POST",
            "/clients/{id}/rotate-secret",
            Scopes::Any(&["update:client_keys"]),
            200,
            client_secret::rotate,
            "Rotate a client secret",
        ),
        run(
            "GET",
            "/clients/{client_id}/credentials",
            Scopes::Any(&["read:client_credentials"]),
            200,
            client_credentials::list,
            "List client credentials",
        )
        .answering(Answer::Shape(client_credentials::SHOWN_ARRAY)),
        run(
            "POST",
            "/clients/{client_id}/credentials",
            Scopes::Any(&["create:client_credentials"]),
            201,
            client_credentials::create,
            "Create a client credential",
        )
        .with_body(client_credentials::CREATE)
        .answering(Answer::Shape(client_credentials::SHOWN)),
        run(
            "GET",
            "/clients/{client_id}/credentials/{credential_id}",
            Scopes::Any(&["read:client_credentials"]),
            200,
            client_credentials::find,
            "Read a client credential",
        )
        .answering(Answer::Shape(client_credentials::SHOWN)),
        run(
            "PATCH",
            "/clients/{client_id}/credentials/{credential_id}",
            Scopes::Any(&["update:client_credentials"]),
            200,
            client_credentials::update,
            "Update a client credential",
        )
        .with_body(client_credentials::UPDATE)
        .answering(Answer::Shape(client_credentials::SHOWN)),
        run(
            "DELETE",
            "/clients/{client_id}/credentials/{credential_id}",
            Scopes::Any(&["delete:client_credentials"]),
            204,
            client_credentials::delete,
            "Delete a client credential",
        ),
    ],
};

const READ: &[&str] = &[
    "read:clients",
    "read:client_keys",
    "read:client_credentials",
    "read:client_summary",
];

/// Scopes that show secrets and keys.
const KEYS: &[&str] = &[
    "read:client_keys",
    "read:client_credentials",
    "create:client_keys",
];

macro_rules! logout_schema {
    () => {
        "{backchannel_logout_urls: [str absolute-https-uri-with-placeholders-or-empty], \
         backchannel_logout_initiators: {mode: enum(custom, all), selected_initiators: \
         [enum(rp-logout, idp-logout, password-changed, session-expired, session-revoked, \
         account-deleted, email-identifier-changed, mfa-phone-unenrolled, account-deactivated)]}, \
         backchannel_logout_session_metadata: {include: bool}?}"
    };
}

const GRANT_TYPES: &str = "[str 1..] ..50";
const URLS: &str = "[str ..2000 url-with-placeholders] ..100";
const ORGANIZATION_USAGE: &str = "enum(deny, allow, require)";
const REQUIRE_BEHAVIOR: &str = "enum(no_prompt, pre_login_prompt, post_login_prompt)";
const QUOTA: &str = "{client_credentials*: {enforce: bool, per_day: int 1..2147483647, \
                     per_hour: int 1..2147483647}}";

const FIELDS: &[Field] = &[
    field("tenant", "R", "str"),
    field("global", "R", "bool").or("false"),
    field("client_id", "R", "str").in_summary(),
    field("client_secret", "CUR", "str 1..512 secret")
        .read_by(KEYS)
        .written_by(
            &["create:clients", "create:client_keys"],
            &["update:client_keys"],
        ),
    field("name", "CUR", "str 1..250 /^[^<>]+$/")
        .required()
        .in_summary(),
    field("description", "CUR", "str ..140").in_summary(),
    field("logo_uri", "CUR", "str absolute-uri-or-empty"),
    field("callbacks", "CUR", "[str ..2000 callback-url] ..100"),
    field("oidc_logout", "CUR", logout_schema!()),
    field("oidc_backchannel_logout", "CU", logout_schema!()),
    field("session_transfer", "CUR", SESSION_TRANSFER),
    field("allowed_origins", "CUR", URLS),
    field("web_origins", "CUR", URLS),
    field("client_aliases", "CUR", "[str 1..] ..100"),
    field("allowed_clients", "CUR", "[str 1..] ..100"),
    field("allowed_logout_urls", "CUR", URLS),
    field("grant_types", "CUR", GRANT_TYPES),
    field(
        "token_endpoint_auth_method",
        "CUR",
        "enum(none, client_secret_post, client_secret_basic)?",
    ),
    field("is_token_endpoint_ip_header_trusted", "CUR", "bool").or("false"),
    field("app_type", "CUR", APP_TYPE).in_summary(),
    field("is_first_party", "CUR", "bool").or("true"),
    field("oidc_conformant", "CUR", "bool"),
    field(
        "jwt_configuration",
        "CUR",
        "{lifetime_in_seconds: int 1..2592000, secret_encoded: bool = false, scopes: {...}, \
         alg: enum(HS256, RS256, RS512, PS256, ES256, EdDSA)}",
    )
    .merged(),
    field(
        "encryption_key",
        "CUR",
        "{pub: str, cert: str, subject: str}?",
    )
    .read_by(KEYS)
    .written_by(
        &["create:clients", "create:client_keys"],
        &["update:client_keys"],
    ),
    field("sso", "CUR", "bool"),
    field("cross_origin_authentication", "CUR", "bool").or("false"),
    field("cross_origin_auth", "CUR", "bool"),
    field("cross_origin_loc", "CUR", "str absolute-uri-or-empty?"),
    field("sso_disabled", "CUR", "bool").or("false"),
    field("custom_login_page_on", "CUR", "bool").or("true"),
    field("custom_login_page", "CUR", "str"),
    field("custom_login_page_preview", "CUR", "str"),
    field("form_template", "CUR", "str"),
    field("addons", "CUR", ADDONS).merged(),
    field("client_metadata", "CUR", "map(str ..255) ..10")
        .on_update("map(str ..255?) ..20")
        .merged(),
    field(
        "mobile",
        "CUR",
        "{android: {app_package_name: str, sha256_cert_fingerprints: [str 1..] 1..}?, \
         ios: {team_id: str, app_bundle_identifier: str}?}",
    )
    .merged(),
    field(
        "initiate_login_uri",
        "CUR",
        "str absolute-https-uri-with-placeholders-or-empty",
    ),
    field(
        "native_social_login",
        "CUR",
        "{apple: {enabled: bool = false}?, facebook: {enabled: bool = false}?, \
         google: {enabled: bool = false}?}?",
    )
    .merged(),
    field(
        "fedcm_login",
        "CUR",
        "{google: {is_enabled: bool = false}?}?",
    ),
    field("refresh_token", "CUR", REFRESH_TOKEN).merged(),
    field(
        "default_organization",
        "CUR",
        "{organization_id*: str /^org_[A-Za-z0-9]{16}$/, flows*: [enum(client_credentials)] 1..}?",
    ),
    field("organization_usage", "CUR", ORGANIZATION_USAGE).on_update("enum(deny, allow, require)?"),
    field("organization_require_behavior", "CUR", REQUIRE_BEHAVIOR)
        .on_update("enum(no_prompt, pre_login_prompt, post_login_prompt)?"),
    field(
        "organization_discovery_methods",
        "CUR",
        "[enum(email, organization_name)] 1.. unique?",
    ),
    field(
        "client_authentication_methods",
        "CUR",
        client_credentials::METHODS,
    )
    .on_update(client_credentials::METHODS_BY_ID)
    .read_by(&[
        "read:client_keys",
        "read:client_credentials",
        "create:client_credentials",
    ])
    .written_by(
        &["create:client_credentials"],
        &["update:client_credentials"],
    ),
    field("require_pushed_authorization_requests", "CUR", "bool"),
    field("require_proof_of_possession", "CUR", "bool"),
    field(
        "signed_request_object",
        "CUR",
        client_credentials::SIGNED_REQUESTS,
    )
    .on_update(client_credentials::SIGNED_REQUESTS_BY_ID),
    field(
        "token_vault_privileged_access",
        "CUR",
        client_credentials::VAULT,
    )
    .on_update(client_credentials::VAULT_BY_ID)
    .written_by(
        &[
            "create:client_token_vault_privileged_access",
            "create:clients",
        ],
        &["update:client_token_vault_privileged_access"],
    ),
    field(
        "compliance_level",
        "CUR",
        "enum(none, fapi1_adv_pkj_par, fapi1_adv_mtls_par, fapi2_sp_pkj_mtls, fapi2_sp_mtls_mtls)?",
    ),
    field(
        "skip_non_verifiable_callback_uri_confirmation_prompt",
        "CUR",
        "bool?",
    ),
    field(
        "token_exchange",
        "CUR",
        "{allow_any_profile_of_type: [enum(custom_authentication, on_behalf_of_token_exchange)]}?",
    ),
    field("par_request_expiry", "CUR", "int 10..600?"),
    field("token_quota", "CUR", QUOTA).on_update(
        "{client_credentials*: {enforce: bool, per_day: int 1..2147483647, \
         per_hour: int 1..2147483647}}?",
    ),
    field("resource_server_identifier", "CR", "str 1..600 audience"),
    field(
        "third_party_security_mode",
        "CUR",
        "enum(strict, permissive)",
    ),
    field(
        "redirection_policy",
        "CUR",
        "enum(allow_always, open_redirect_protection)",
    ),
    field("express_configuration", "CUR", EXPRESS),
    field("my_organization_configuration", "CUR", MY_ORGANIZATION),
    field(
        "async_approval_notification_channels",
        "CUR",
        "[enum(guardian-push, email)] 1.. unique?",
    ),
    field("identity_assertion_authorization_grant", "CUR", "{...}?"),
    field(
        "signing_keys",
        "R",
        "[{cert: str, key: str secret, pkcs7: str, subject: str}]?",
    )
    .read_by(KEYS),
    field("external_metadata_type", "R", "enum(cimd, dcr)"),
    field("external_metadata_created_by", "R", "enum(admin, client)"),
    field("external_client_id", "R", "str"),
    field("jwks_uri", "R", "str"),
    field("owners", "R", "[str]"),
    field("callback_url_template", "R", "bool"),
    // Which dialect of the protocol the client is spoken to in: an addition of ours.
    field("grantor_profile", "CUR", "enum(auth0, oidc)?"),
    // OIDC Front-Channel Logout 1.0 §2; the compatible API has no such members.
    field(
        "grantor_frontchannel_logout_uri",
        "CUR",
        "str ..2000 absolute-uri-or-empty",
    ),
    field(
        "grantor_frontchannel_logout_session_required",
        "CUR",
        "bool",
    ),
];

const APP_TYPE: &str = "enum(native, spa, regular_web, non_interactive, resource_server, \
    express_configuration, rms, box, cloudbees, concur, dropbox, mscrm, echosign, egnyte, \
    newrelic, office365, salesforce, sentry, sharepoint, slack, springcm, zendesk, zoom, \
    sso_integration, oag)";

const SESSION_TRANSFER: &str = "{can_create_session_transfer_token: bool = false, \
    enforce_cascade_revocation: bool = true, allowed_authentication_methods: \
    [enum(cookie, query)]?, enforce_device_binding: enum(ip, asn, none) = \"ip\", \
    allow_refresh_token: bool = false, enforce_online_refresh_tokens: bool = true, delegation: \
    {allow_delegated_access: bool = false, enforce_device_binding: enum(ip, asn) = \"ip\"}?}?";

const REFRESH_TOKEN: &str = "{rotation_type: enum(rotating, non-rotating), \
    expiration_type: enum(expiring, non-expiring), leeway: int 0..600, \
    token_lifetime: int 1..157788000, infinite_token_lifetime: bool, \
    idle_token_lifetime: int 1..157788000, infinite_idle_token_lifetime: bool, \
    policies: [{audience*: str 1..600 audience, scope*: [str 1..280]}] 1..?}?";

const EXPRESS: &str = "{initiate_login_uri_template*: str 1..2000, \
    user_attribute_profile_id*: str /^uap_/, connection_profile_id*: str /^cop_/, \
    enable_client*: bool, enable_organization*: bool, linked_clients: [{client_id*: str}], \
    okta_oin_client_id*: str, admin_login_domain*: str 1.., oin_submission_id: str 1..200}?";

const MY_ORGANIZATION: &str = "{connection_profile_id: str /^cop_/, \
    user_attribute_profile_id: str /^uap_/, allowed_strategies*: [enum(pingfederate, adfs, waad, \
    google-apps, okta, oidc, samlp)], connection_deletion_behavior*: enum(allow, allow_if_empty), \
    invitation_landing_client_id: str}?";

const ADDONS: &str = "{aws: {principal: str, role: str, lifetime_in_seconds: int 900..43200}?, \
    azure_blob: {accountName: str /^[a-z0-9]{3,24}$/, storageAccessKey: \
    str secret, containerName: str /^[a-z0-9][a-z0-9-]{2,62}$/, blobName: str 1..1024, \
    expiration: int, signedIdentifier: str, blob_read: bool, blob_write: bool, \
    blob_delete: bool, container_read: bool, container_write: bool, container_delete: bool, \
    container_list: bool}?, azure_sb: {namespace: str, sasKeyName: str, sasKey: str secret, \
    entityPath: str, expiration: int}?, rms: {url*: str url}?, mscrm: {url*: str url}?, \
    slack: {team*: str}?, sentry: {org_slug: str, base_url: str}?, box: {...}?, \
    cloudbees: {...}?, concur: {...}?, dropbox: {...}?, echosign: {domain: str}?, \
    egnyte: {domain: str}?, firebase: {secret: str secret, private_key_id: str, \
    private_key: str secret, client_email: str, lifetime_in_seconds: int}?, \
    newrelic: {account: str}?, office365: {domain: str, connection: str}?, \
    salesforce: {entity_id: str url}?, salesforce_api: {clientid: str, principal: str, \
    communityName: str, community_url_section: str}?, salesforce_sandbox_api: {clientid: str, \
    principal: str, communityName: str, community_url_section: str}?, samlp: {mappings: {...}, \
    audience: str, recipient: str, createUpnClaim: bool, mapUnknownClaimsAsIs: bool, \
    passthroughClaimsWithNoMapping: bool, mapIdentities: bool, signatureAlgorithm: str, \
    digestAlgorithm: str, issuer: str, destination: str, lifetimeInSeconds: int, \
    signResponse: bool, nameIdentifierFormat: str, nameIdentifierProbes: [str 1..], \
    authnContextClassRef: str, logout: {...}, binding: str, signingCert: str, \
    includeAttributeNameFormat: bool, typedAttributes: bool}?, layer: {providerId*: str, \
    keyId*: str, privateKey*: str secret, principal: str, expiration: int}?, sap_api: \
    {clientid: str, usernameAttribute: str, tokenEndpointUrl: str url, scope: str, \
    servicePassword: str secret, nameIdentifierFormat: str}?, sharepoint: {url: str, \
    external_url: any of([str]; str)}?, springcm: {acsurl: str}?, wams: {masterkey: str secret}?, \
    wsfed: {...}?, zendesk: {accountName: str}?, zoom: {account: str}?, \
    sso_integration: {name: str, version: str}?, oag: {...}?}?";
