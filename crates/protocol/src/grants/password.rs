//! The password grants, RFC 6749 §4.3 and the compatible API's form of it that names the directory: what is asked, whose
//! passwords count, and what is granted where no scope was named.
//!
//! Checks no password and finds no user: that is the server's, behind a queue. Whether the client may use the grant at
//! all is `authorization::may_use_grant`.

use std::sync::Arc;

use crate::{
    authorize::{Target, organization},
    grants::GrantType,
    model::{Client, ResourceServer, TenantSettings},
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    tenant::Issuer,
    users::Connection,
};

/// What a request gets that names no scope, where the tenant keeps to the compatible API: these, and every scope of the
/// API.
const WITHOUT_SCOPE: [&str; 5] = ["openid", "profile", "email", "address", "phone"];

/// The flag of tenants that give no scope unasked.
const NOTHING_UNASKED: &str = "grantor_password_no_default_scope";

/// A token request of these grants.
#[derive(Debug)]
pub struct Request {
    /// How the user is called: an address, a username or a phone number.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The directory that is named; the plain grant names none.
    pub realm: Option<String>,
    /// What the access token is for.
    pub target: Target,
    /// The requested scopes; empty means that none were named.
    pub scope: Vec<String>,
}

impl Request {
    /// Reads the request.
    ///
    /// # Errors
    /// A [`Refusal`] for a missing name or password, for a parameter of the wrong type, and for a client whose users log in
    /// through organizations.
    pub fn read(
        parameters: &Parameters,
        grant_type: GrantType,
        client: &Client,
        settings: &TenantSettings,
        issuer: &Issuer,
    ) -> Result<Self, Refusal> {
        organization(parameters, client)?;
        let realm = if grant_type == GrantType::PASSWORD_REALM {
            parameters.text("realm")?
        } else {
            None
        };
        Ok(Self {
            username: parameters.required("username")?.to_owned(),
            password: Secret::new(parameters.required("password")?.to_owned()),
            realm: realm.map(str::to_owned),
            target: Target::read(parameters, settings, issuer)?,
            scope: parameters.scope()?,
        })
    }

    /// What is put to the decision: the requested scopes or, where none were named and the tenant wants it so, all that
    /// there are. The decision narrows them to what client and user may have.
    ///
    /// `offline_access` is never among them: a refresh token is asked for by name.
    pub fn wanted_scope(
        &self,
        api: Option<&ResourceServer>,
        settings: &TenantSettings,
    ) -> Vec<String> {
        if !self.scope.is_empty() || settings.flag(NOTHING_UNASKED) {
            return self.scope.clone();
        }
        let of_api = api.into_iter().flat_map(ResourceServer::scope_values);
        let all = WITHOUT_SCOPE.into_iter().chain(of_api);
        all.map(str::to_owned).collect()
    }
}

/// The name of the directory whose passwords count: the one that is named, else the tenant's default.
///
/// # Errors
/// [`Rule::DefaultDirectoryMissing`]; its facts tell the administrator what to set.
pub fn directory<'a>(
    realm: Option<&'a str>,
    settings: &'a TenantSettings,
) -> Result<&'a str, Refusal> {
    realm
        .or_else(|| settings.default_directory())
        .ok_or_else(|| {
            Refusal::new(Rule::DefaultDirectoryMissing).with(
                "because",
                "the request names no connection; set default_directory in the tenant's settings \
                 to the name of one, or let the application send realm",
            )
        })
}

/// Whether the connection that was found under a name can check passwords of users of `client`; why not, for the
/// administrator.
///
/// # Errors
/// The reason.
pub fn usable(
    found: Option<Arc<Connection>>,
    client: &Client,
) -> Result<Arc<Connection>, &'static str> {
    let connection = found.ok_or("no connection has that name")?;
    if !connection.is_database() {
        return Err("the connection keeps no passwords");
    }
    if !connection.serves(&client.client_id) {
        return Err("the connection is not enabled for the client");
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::authorization::may_use_grant;

    const REALM: GrantType = GrantType::PASSWORD_REALM;

    fn settings(members: &Value) -> TenantSettings {
        let mut document = json!({"id": "settings"});
        let members = members.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        serde_json::from_value(document).unwrap()
    }

    fn read(grant_type: GrantType, body: &Value) -> Result<Request, Refusal> {
        let parameters = Parameters::parse_json(body.to_string().as_bytes()).unwrap();
        let issuer = Issuer::new("https", "login.test");
        let (client, settings) = (client(&json!({})), settings(&json!({})));
        Request::read(&parameters, grant_type, &client, &settings, &issuer)
    }

    fn asking(scope: &str) -> Request {
        read(
            REALM,
            &json!({"username": "ada", "password": "x", "scope": scope}),
        )
        .unwrap()
    }

    fn orders() -> ResourceServer {
        let api = json!({"id": "1", "identifier": "https://orders.test",
            "scopes": [{"value": "read:orders"}, {"value": "write:orders"}]});
        serde_json::from_value(api).unwrap()
    }

    fn client(members: &Value) -> Client {
        let mut document = json!({"client_id": "pos", "name": "Till", "grant_types": ["password"]});
        let members = members.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        serde_json::from_value(document).unwrap()
    }

    fn connection(members: &Value) -> Arc<Connection> {
        let mut document = json!({"id": "con_1", "name": "Customers", "strategy": "auth0"});
        let members = members.as_object().unwrap().clone();
        document.as_object_mut().unwrap().extend(members);
        Arc::new(serde_json::from_value(document).unwrap())
    }

    /// What libraries send for values that they do not have.
    #[test]
    fn null_and_empty_values_are_absent() {
        let body = json!({"username": "ada", "password": "x", "realm": null, "audience": null, "scope": "",
            "organization": null});
        let request = read(REALM, &body).unwrap();
        assert_eq!((request.realm, request.scope), (None, Vec::new()));
        assert_eq!(request.target, Target::Userinfo);
        let body = json!({"username": "ada", "password": "x", "realm": ""});
        assert_eq!(read(REALM, &body).unwrap().realm, None);
    }

    #[test]
    fn the_name_and_the_password_are_needed_and_the_password_does_not_print() {
        for body in [
            json!({"password": "x"}),
            json!({"username": "ada"}),
            json!({"username": "ada", "password": ""}),
        ] {
            assert_eq!(read(REALM, &body).unwrap_err().rule, Rule::MissingParameter);
        }
        let request = read(
            REALM,
            &json!({"username": "ada", "password": "Apples-and-pears-7"}),
        );
        assert!(!format!("{:?}", request.unwrap()).contains("Apples"));
    }

    #[test]
    fn t25_1_the_plain_grant_asks_the_default_directory_and_names_what_to_set_without_one() {
        let body = json!({"username": "ada", "password": "x", "realm": "Employees"});
        let plain = read(GrantType::PASSWORD, &body).unwrap();
        assert_eq!(plain.realm, None);
        let preset = settings(&json!({"default_directory": "Customers"}));
        assert_eq!(directory(None, &preset).unwrap(), "Customers");
        assert_eq!(directory(Some("Employees"), &preset).unwrap(), "Employees");
        for unset in [json!({}), json!({"default_directory": ""})] {
            let refusal = directory(None, &settings(&unset)).unwrap_err();
            assert_eq!(refusal.rule, Rule::DefaultDirectoryMissing);
            assert!(refusal.to_string().contains("set default_directory"));
        }
    }

    #[test]
    fn t25_3_a_connection_serves_the_clients_it_is_enabled_for() {
        let client = client(&json!({}));
        let enabled = connection(&json!({"enabled_clients": ["pos"]}));
        assert!(usable(Some(Arc::clone(&enabled)), &client).is_ok());
        let domain = connection(&json!({"is_domain_connection": true}));
        assert!(usable(Some(domain), &client).is_ok());
        for unusable in [
            None,
            Some(connection(&json!({"enabled_clients": ["other"]}))),
            Some(connection(
                &json!({"enabled_clients": ["pos"], "strategy": "google-oauth2"}),
            )),
        ] {
            assert!(usable(unusable, &client).is_err());
        }
    }

    #[test]
    fn t24_2_without_scope_everything_is_wanted_and_with_one_that_alone() {
        let (api, none) = (orders(), settings(&json!({})));
        let wanted = |scope: &str, settings| asking(scope).wanted_scope(Some(&api), settings);
        assert_eq!(
            wanted("", &none),
            [
                "openid",
                "profile",
                "email",
                "address",
                "phone",
                "read:orders",
                "write:orders"
            ]
        );
        assert_eq!(wanted("openid", &none), ["openid"]);
        assert_eq!(
            asking("").wanted_scope(None, &none),
            ["openid", "profile", "email", "address", "phone"]
        );
        let strict = settings(&json!({"flags": {"grantor_password_no_default_scope": true}}));
        assert_eq!(wanted("", &strict), [""; 0]);
        assert_eq!(wanted("openid openid", &strict), ["openid"]);
    }

    #[test]
    fn t24_1_t6_7_4_a_third_party_may_not_use_it_whatever_it_is_registered_for() {
        let both = json!([
            "password",
            "http://auth0.com/oauth/grant-type/password-realm"
        ]);
        let own = client(&json!({"grant_types": both}));
        let stranger = client(&json!({"grant_types": both, "is_first_party": false}));
        for grant_type in [GrantType::PASSWORD, REALM] {
            assert!(may_use_grant(&own, grant_type).is_ok());
            assert_eq!(
                may_use_grant(&stranger, grant_type).unwrap_err().rule,
                Rule::GrantTypeNotAllowed
            );
        }
    }

    #[test]
    fn a_client_whose_users_need_an_organization_has_no_way_around_it() {
        let parameters = Parameters::parse_form(b"username=ada&password=x").unwrap();
        let client = client(&json!({"organization_usage": "require"}));
        let issuer = Issuer::new("https", "login.test");
        let read = Request::read(&parameters, REALM, &client, &settings(&json!({})), &issuer);
        assert_eq!(read.unwrap_err().rule, Rule::OrganizationMissing);
    }

    #[test]
    fn t25_6_each_form_of_the_grant_is_enabled_by_its_name() {
        let plain = client(&json!({}));
        assert!(may_use_grant(&plain, GrantType::PASSWORD).is_ok());
        assert!(may_use_grant(&plain, REALM).is_err());
    }
}
