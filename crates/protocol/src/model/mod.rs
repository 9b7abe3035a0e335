//! The configuration resources, as the rules see them.
//!
//! Each struct names the fields that a rule reads; everything else of the resource is carried in `rest`, unread and
//! unharmed. Names are those of the compatible wire. Does not validate input: that is the resource's declaration in
//! `management`.

mod branding;
mod client;
mod client_grant;
mod custom_domain;
mod device_credential;
mod email_provider;
mod email_template;
mod key_ring;
mod prompts;
mod refresh_token_settings;
mod resource_server;
mod role;
mod tenant_settings;
mod user_grant;

pub use branding::{Branding, UniversalLoginTemplate};
pub use client::{
    AppType, Client, ClientAuthenticationMethods, ClientCredential, CredentialReference,
    JwtConfiguration, OrganizationUsage, PrivateKeyJwt, RedirectionPolicy, ThirdPartySecurityMode,
};
pub use client_grant::{ClientGrant, SubjectType};
pub use custom_domain::CustomDomain;
pub use device_credential::DeviceCredential;
pub use email_provider::{EmailCredentials, EmailProvider};
pub use email_template::EmailTemplate;
pub use key_ring::{KeyRing, KeyState, StoredKey};
pub use prompts::{CustomText, PromptPartials, Prompts, Screens};
pub use refresh_token_settings::{
    ExpirationType, RefreshTokenPolicy, RefreshTokenSettings, RotationType,
};
pub use resource_server::{
    ClientAuthorization, ClientPolicy, ResourceServer, ScopeEntry, SigningAlg,
    SubjectTypeAuthorization, TokenDialect, UserAuthorization, UserPolicy,
};
pub use role::Role;
pub use tenant_settings::{
    ResourceParameterProfile, SessionCookie, SessionCookieMode, TenantSettings,
};
pub use user_grant::UserGrant;
