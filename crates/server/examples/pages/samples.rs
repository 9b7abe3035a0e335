//! Every page, filled as it may come, and as somebody would fill it who wishes us ill.

use grantor_protocol::{
    consent::Line,
    env::Timestamp,
    model::{Branding, Client, TenantSettings, UniversalLoginTemplate},
    users::{
        ConnectionOptions,
        identifier::IdentifierKind::{Email, PhoneNumber, Username},
        password::{PasswordPolicy, PasswordRule},
    },
};
use grantor_server::pages::{
    Account, AccountDeleted, AccountDeletion, AccountPassword, Address, Authorized,
    ChangedPassword, CheckYourMail, Choice, Code, Confirm, Consent, Device, EmailVerified,
    ErrorPage, Field, Form, FormPost, FrontchannelLogout, Group, Identifier, Language, Linked,
    LoggedOut, Login, LogoutConfirm, Moment, NewPassword, Page, Password, Problem, ResetRequest,
    Shell, SignUp, SignUpField, Verification, VerifyEmailPending, rules_of,
};
use http::StatusCode;
use serde_json::{Value, json};

/// What the texts are that users and applications choose.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Names and addresses.
    Usual,
    /// Attempts to break out.
    Hostile,
}

/// What the tenant made of its pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Nothing.
    Plain,
    /// Its colours and logos.
    Branded,
    /// Colours that cannot be read.
    Glaring,
    /// Its own page around the card.
    Template,
}

/// Breaks out of elements, attributes, scripts, styles and templates, wherever one of them lets it.
pub(crate) const HOSTILE: &str = "\"'><script>window.broken=1</script><img src=x onerror=\"window.broken=1\">\
    </style></title></textarea><svg onload=window.broken=1>{{ 7 | times: 7 }}${clientName}<!--";

impl Values {
    fn text(self, usual: &'static str) -> &'static str {
        match self {
            Self::Usual => usual,
            Self::Hostile => HOSTILE,
        }
    }

    fn own(self, usual: &'static str) -> String {
        self.text(usual).to_owned()
    }

    /// A URL: what is hostile is its scheme, or what stands in it.
    fn url(self, usual: &'static str) -> String {
        match self {
            Self::Usual => usual.to_owned(),
            Self::Hostile => format!("javascript:window.broken=1//{HOSTILE}"),
        }
    }
}

/// The page around the cards.
pub(crate) fn shell(language: Language, look: Look, values: Values) -> Shell {
    let settings = settings(values);
    let branding = branding(look, values);
    let mut shell = Shell::new(
        language,
        &settings,
        branding.as_ref(),
        "login.orchard.test",
        Timestamp::from_millis(0),
    );
    if look == Look::Template {
        shell = shell.with_template(Some(&UniversalLoginTemplate {
            id: UniversalLoginTemplate::ID.to_owned(),
            body: include_str!("template.html").to_owned(),
        }));
    }
    shell.for_client(&client(look, values))
}

#[expect(clippy::expect_used, reason = "the documents stand in this file")]
fn parse<T: serde::de::DeserializeOwned>(document: Value) -> T {
    serde_json::from_value(document).expect("a document of the sample")
}

fn settings(values: Values) -> TenantSettings {
    parse(
        json!({"id": "settings", "friendly_name": values.text("Orchard"),
        "support_url": values.url("https://orchard.test/help")}),
    )
}

fn client(look: Look, values: Values) -> Client {
    let logo = (look == Look::Branded).then(|| values.url("/shop.svg"));
    parse(
        json!({"client_id": "shop", "name": values.text("Fruit Shop"), "logo_uri": logo,
        "client_metadata": {"department": values.text("sales")}}),
    )
}

fn branding(look: Look, values: Values) -> Option<Branding> {
    let document = match look {
        Look::Plain => return None,
        Look::Branded | Look::Template => {
            json!({"id": "branding", "logo_url": values.url("/orchard.svg"),
            "colors": {"primary": "#d9480f", "page_background": {"type": "linear-gradient",
                "start": "#fff4e6", "end": "#ffe8cc", "angle_deg": 160}}})
        }
        Look::Glaring => json!({"id": "branding", "logo_url": values.url("/orchard.svg"),
            "colors": {"primary": "#fdf6b2", "page_background": "#ff00ff"}}),
    };
    Some(parse(document))
}

fn form(values: Values) -> Form {
    Form {
        action: "/u/login".to_owned(),
        state: values.own("hKFo2SBzYW1wbGU"),
        csrf: values.own("csrf-sample"),
        leads_to: vec![values.url("https://shop.orchard.test/callback")],
    }
}

fn rules() -> Vec<PasswordRule> {
    let options: ConnectionOptions = parse(json!({"passwordPolicy": "good"}));
    rules_of(&PasswordPolicy::new(&options.password))
}

fn choices(values: Values) -> Vec<Choice> {
    let choice = |connection, label| Choice {
        connection: values.own(connection),
        label: values.own(label),
    };
    vec![
        choice("google-oauth2", "Google"),
        choice("staff", "Orchard staff"),
    ]
}

fn login(values: Values) -> Login {
    Login {
        form: form(values),
        identifiers: vec![Email],
        sign_up: Some(values.url("/u/signup?state=s")),
        reset: Some(values.url("/u/reset-password/request?state=s")),
        ..Login::default()
    }
}

fn sign_up(values: Values) -> SignUp {
    let options: ConnectionOptions = parse(json!({"requires_username": true}));
    let value = |kind| match kind {
        Email => values.own("ada@orchard.test"),
        Username | PhoneNumber => String::new(),
    };
    SignUp {
        form: form(values),
        fields: SignUpField::of(&options, value),
        rules: rules(),
        login: Some(values.url("/u/login?state=s")),
        problem: None,
    }
}

fn consent(values: Values) -> Consent<'static> {
    let resource = |resource, actions: &[&'static str]| Line::Resource {
        resource: values.text(resource),
        actions: actions.iter().map(|action| values.text(action)).collect(),
    };
    Consent {
        form: form(values),
        user: values.own("ada@orchard.test"),
        groups: vec![
            Group {
                api: None,
                lines: vec![Line::Profile, Line::Email, Line::Offline],
            },
            Group {
                api: Some(values.text("Orders")),
                lines: vec![
                    resource("orders", &["read", "write"]),
                    resource("invoices", &["read", "export"]),
                    Line::Described(values.text("See what is in stock")),
                    Line::Named(values.text("admin")),
                ],
            },
        ],
        goes_on_to: Some(values.own("shop.partner.test")),
    }
}

/// Every page by name. `port` is where they are served.
pub(crate) fn pages(values: Values, port: &str) -> Vec<(&'static str, Box<dyn Page>)> {
    let mut pages = logins(values);
    pages.extend(passwords(values));
    pages.extend(accounts(values));
    pages.extend(ends(values, port));
    pages
}

fn logins(values: Values) -> Vec<(&'static str, Box<dyn Page>)> {
    let user = || values.own("ada@orchard.test");
    let identifier = Identifier {
        form: form(values),
        identifiers: vec![Email, Username, PhoneNumber],
        sign_up: Some(values.url("/u/signup?state=s")),
        choices: choices(values),
        ..Identifier::default()
    };
    let failed = Login {
        identifier: user(),
        problem: Some(Problem::WrongCredentials),
        choices: choices(values),
        ..login(values)
    };
    let taken = SignUp {
        problem: Some(Problem::Taken(Field::Username)),
        ..sign_up(values)
    };
    vec![
        ("login", Box::new(login(values))),
        ("login-failed", Box::new(failed)),
        ("login-id", Box::new(identifier)),
        (
            "login-password",
            Box::new(Password {
                form: form(values),
                identifier: user(),
                edit: values.url("/u/login?state=s"),
                reset: Some(values.url("/u/reset-password/request?state=s")),
                problem: None,
            }),
        ),
        (
            "login-code",
            Box::new(Code {
                form: form(values),
                kind: Email,
                identifier: user(),
                edit: values.url("/u/login/identifier?state=s"),
                problem: Some(Problem::WrongCode),
            }),
        ),
        (
            "login-code-sms",
            Box::new(Code {
                form: form(values),
                kind: PhoneNumber,
                identifier: values.own("+15551234"),
                edit: values.url("/u/login/identifier?state=s"),
                problem: None,
            }),
        ),
        ("signup", Box::new(sign_up(values))),
        ("signup-taken", Box::new(taken)),
        ("consent", Box::new(consent(values))),
        (
            "confirm",
            Box::new(Confirm {
                form: form(values),
                user: user(),
                goes_on_to: Some(values.own("localhost:3000")),
            }),
        ),
    ]
}

fn passwords(values: Values) -> Vec<(&'static str, Box<dyn Page>)> {
    let identifier = || values.own("ada@orchard.test");
    vec![
        (
            "reset-request",
            Box::new(ResetRequest {
                form: form(values),
                identifiers: vec![Email],
                identifier: identifier(),
                login: Some(values.url("/u/login?state=s")),
                problem: None,
            }),
        ),
        (
            "check-your-mail",
            Box::new(CheckYourMail {
                form: form(values),
                identifier: identifier(),
                login: Some(values.url("/u/login?state=s")),
            }),
        ),
        (
            "new-password",
            Box::new(NewPassword {
                form: form(values),
                identifier: identifier(),
                rules: rules(),
                problem: Some(Problem::PasswordsDiffer),
            }),
        ),
        (
            "password-changed",
            Box::new(ChangedPassword {
                back: Some(values.url("https://shop.orchard.test/")),
            }),
        ),
        (
            "email-verified",
            Box::new(EmailVerified {
                outcome: Verification::Done,
                back: Some(values.url("https://shop.orchard.test/")),
            }),
        ),
        (
            "email-expired",
            Box::new(EmailVerified {
                outcome: Verification::Expired,
                back: None,
            }),
        ),
        (
            "verify-email",
            Box::new(VerifyEmailPending {
                form: form(values),
                email: identifier(),
            }),
        ),
    ]
}

fn account(values: Values) -> Account<'static> {
    let at = |seconds| Moment(Timestamp::from_seconds(seconds));
    let Consent { groups, .. } = consent(values);
    let applications = groups.into_iter().zip([
        (values.text("Print & Co"), None),
        (values.text("Fruit Shop"), Some("/shop.svg")),
    ]);
    let device = |browser, system, form| Device {
        form,
        id: values.own("sid"),
        browser,
        system,
        address: values.own("198.51.100.7"),
        began: at(1_764_000_000),
        last_used: at(1_764_100_000),
    };
    Account {
        user: values.own("ada@orchard.test"),
        log_out: form(values),
        address: Some(Address {
            form: form(values),
            email: values.own("ada@orchard.test"),
            is_verified: false,
        }),
        password: Some(values.url("/account/password")),
        applications: applications
            .map(|(group, (name, logo))| Authorized {
                form: form(values),
                id: values.text("65a1f0c2d3e4b5a697887766"),
                name,
                logo: logo.map(|logo| values.text(logo)),
                group,
                since: at(1_763_000_000),
            })
            .collect(),
        linked: vec![Linked {
            name: values.text("Orchard for telephones"),
            device: device(Some("Safari"), Some("iPhone"), Some(form(values))),
        }],
        devices: vec![
            device(Some("Firefox"), Some("Linux"), None),
            device(Some("Safari"), Some("iPhone"), Some(form(values))),
            device(None, None, Some(form(values))),
        ],
        end_others: Some(form(values)),
        delete: values.url("/account/delete"),
        problem: None,
    }
}

fn accounts(values: Values) -> Vec<(&'static str, Box<dyn Page>)> {
    let identifier = || values.own("ada@orchard.test");
    let nothing = Account {
        applications: Vec::new(),
        end_others: None,
        problem: Some(Problem::FormExpired),
        ..account(values)
    };
    vec![
        ("account", Box::new(account(values))),
        ("account-problem", Box::new(nothing)),
        (
            "account-password",
            Box::new(AccountPassword {
                form: form(values),
                identifier: identifier(),
                rules: rules(),
                back: values.url("/account"),
                problem: Some(Problem::WrongPassword),
            }),
        ),
        (
            "account-delete",
            Box::new(AccountDeletion {
                form: form(values),
                identifier: identifier(),
                has_password: true,
                back: values.url("/account"),
                problem: None,
            }),
        ),
        ("account-deleted", Box::new(AccountDeleted)),
    ]
}

fn ends(values: Values, port: &str) -> Vec<(&'static str, Box<dyn Page>)> {
    let parameters = vec![
        (values.own("code"), values.own("sample")),
        (values.own("state"), values.own("sample")),
    ];
    vec![
        (
            "logout",
            Box::new(LogoutConfirm {
                form: Form {
                    // Where somebody develops, without TLS.
                    leads_to: vec!["http://localhost:3000/".to_owned()],
                    ..form(values)
                },
                user: Some(values.own("ada@orchard.test")),
            }),
        ),
        (
            "logged-out",
            Box::new(LoggedOut {
                back: Some(values.url("https://shop.orchard.test/")),
            }),
        ),
        (
            "logging-out",
            Box::new(FrontchannelLogout {
                frames: vec![
                    format!("http://localhost:{port}/frame"),
                    values.url("/frame"),
                ],
                goes_on_to: values.url("/page/logged-out"),
            }),
        ),
        (
            "error",
            Box::new(ErrorPage {
                status: StatusCode::BAD_REQUEST,
                error: values.own("invalid_request"),
                description: values.own("Callback URL mismatch."),
                tracking_id: values.own("2f9c41d07be8a6f35c10"),
                back: Some(values.url("https://shop.orchard.test/")),
            }),
        ),
        (
            "form-post",
            Box::new(FormPost::new("/callback", parameters)),
        ),
    ]
}
