//! The list of all settings, in the order the reference shows them.

use std::net::SocketAddr;

use super::cidr::Cidr;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// `section.key`.
    pub key: &'static str,
    /// What its value looks like.
    pub(super) form: Form,
    /// Whether it must not be shown.
    pub secret: bool,
    /// What it does, with its default.
    pub help: &'static str,
}

impl Setting {
    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!(
            "GRANTOR_{}",
            self.key.replace('.', "_").to_ascii_uppercase()
        )
    }
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Texts,
    Networks,
    Address,
    Url,
    Switch,
    Number,
    Within(u32, u32),
    OneOf(&'static [&'static str]),
}

impl Form {
    pub(super) fn admits(self, value: &toml::Value) -> bool {
        let texts = |good: fn(&str) -> bool| {
            value
                .as_array()
                .is_some_and(|list| list.iter().all(|item| item.as_str().is_some_and(good)))
        };
        match self {
            Self::Text => value.is_str(),
            Self::Texts => texts(|_| true),
            Self::Networks => texts(|text| Cidr::parse(text).is_some()),
            Self::Address => value
                .as_str()
                .is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
            Self::Url => value.as_str().is_some_and(is_url),
            Self::Switch => value.is_bool(),
            Self::Number => value
                .as_integer()
                .is_some_and(|number| u32::try_from(number).is_ok()),
            Self::Within(least, most) => value
                .as_integer()
                .and_then(|number| u32::try_from(number).ok())
                .is_some_and(|number| (least..=most).contains(&number)),
            Self::OneOf(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        }
    }

    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::Networks => "a list of networks such as 10.0.0.0/8",
            Self::Address => "an address with a port such as 127.0.0.1:8443",
            Self::Url => "a URL such as http://127.0.0.1:4318, without user and password",
            Self::Switch => "true or false",
            Self::Number => "a whole number from 0 to 4294967295",
            Self::Within(..) => "a whole number within the limits that the reference gives",
            Self::OneOf(_) => "one of the words that the reference lists",
        }
    }
}

/// Whether `text` is an absolute `http` or `https` URL with nothing secret in it.
fn is_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|url| {
        let host = url.authority().map(http::uri::Authority::as_str);
        matches!(url.scheme_str(), Some("http" | "https"))
            && host.is_some_and(|host| !host.contains('@'))
            && url.query().is_none()
    })
}

/// The value that a text from the environment means for `key`; lists are separated by commas.
pub(super) fn value_of_text(key: &str, text: &str) -> toml::Value {
    let form = ALL
        .iter()
        .find(|setting| setting.key == key)
        .map(|setting| setting.form);
    let as_text = || toml::Value::String(text.to_owned());
    match form {
        Some(Form::Switch) => text
            .parse()
            .map_or_else(|_| as_text(), toml::Value::Boolean),
        Some(Form::Number | Form::Within(..)) => text
            .parse()
            .map_or_else(|_| as_text(), toml::Value::Integer),
        Some(Form::Texts | Form::Networks) => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            toml::Value::Array(
                items
                    .map(|item| toml::Value::String(item.to_owned()))
                    .collect(),
            )
        }
        _ => as_text(),
    }
}

const fn setting(key: &'static str, form: Form, help: &'static str) -> Setting {
    Setting {
        key,
        form,
        secret: false,
        help,
    }
}

const fn secret(key: &'static str, help: &'static str) -> Setting {
    Setting {
        key,
        form: Form::Text,
        secret: true,
        help,
    }
}

/// All settings.
pub const ALL: &[Setting] = &[
    setting(
        "server.listen",
        Form::Address,
        "Where to listen. Default 127.0.0.1:8443.",
    ),
    setting(
        "server.http",
        Form::Switch,
        "Plain HTTP, for loopback and for a trusted proxy that speaks TLS. Default false.",
    ),
    setting(
        "server.hosts",
        Form::Texts,
        "Host names of the default tenant, beside the loopback ones.",
    ),
    setting(
        "server.trusted_proxies",
        Form::Networks,
        "Networks whose X-Forwarded-For, -Host and -Proto headers are believed. Default none.",
    ),
    setting(
        "tls.certificate",
        Form::Text,
        "PEM file with the certificate chain. Default: a development authority.",
    ),
    setting(
        "tls.private_key",
        Form::Text,
        "PEM file with the certificate's private key.",
    ),
    secret(
        "storage.url",
        "postgres:// URL of the database. Default: the embedded one in the data directory.",
    ),
    secret(
        "keys.master_key",
        "The master key: 32 bytes in base64 or hexadecimal.",
    ),
    setting(
        "keys.master_key_file",
        Form::Text,
        "File with the master key. Default: master.key in the data directory.",
    ),
    setting(
        "keys.rotate_after_days",
        Form::Number,
        "Age at which signing keys rotate by themselves. Default 0: never.",
    ),
    setting(
        "limits.token_per_second",
        Form::Number,
        "Token requests per second and tenant. Default 20000.",
    ),
    setting(
        "limits.sign_in_per_second",
        Form::Number,
        "Authorization requests and forms of login pages per second and tenant. Default 2000.",
    ),
    setting(
        "limits.management_per_second",
        Form::Number,
        "Management requests per second and tenant. Default 20000.",
    ),
    setting(
        "passwords.threads",
        Form::Within(1, 256),
        "Threads that hash passwords, 1 to 256; each holds the memory of one hash. Default: half of the cores.",
    ),
    setting(
        "passwords.memory_kib",
        Form::Within(8, 65_536),
        "Memory of a new Argon2id hash in KiB, 8 to 65536. Default 19456.",
    ),
    setting(
        "passwords.passes",
        Form::Within(1, 12),
        "Passes of a new Argon2id hash, 1 to 12. Default 2.",
    ),
    setting(
        "passwords.waiting_per_tenant",
        Form::Within(1, 1_000_000),
        "How many passwords of one tenant may wait; more get 429. Default: 64 per thread.",
    ),
    setting(
        "passwords.waiting",
        Form::Within(1, 1_000_000),
        "How many passwords of all tenants may wait. Default: 256 per thread.",
    ),
    setting(
        "outbound.allowed_networks",
        Form::Networks,
        "Private networks that may be called for logout tokens and the like. Default none: public addresses alone.",
    ),
    setting(
        "mail.smtp_host",
        Form::Text,
        "Mail server of tenants that configured no e-mail provider. Default: none.",
    ),
    setting(
        "mail.smtp_port",
        Form::Within(1, 65_535),
        "Its port; 465 means TLS from the first byte, every other one STARTTLS. Default 587.",
    ),
    setting(
        "mail.smtp_user",
        Form::Text,
        "Name to log in with at the mail server. Default: without login.",
    ),
    secret(
        "mail.smtp_password",
        "Password to log in with at the mail server.",
    ),
    setting(
        "mail.from",
        Form::Text,
        "Sender of mails for which neither template nor provider names one. Default: no-reply at the host.",
    ),
    setting(
        "mail.authorities",
        Form::Text,
        "PEM file with authorities for the certificates of mail servers, beside the system's.",
    ),
    setting(
        "mail.mailbox",
        Form::Switch,
        "Keep mails that no mail server takes, and show them to whoever asks at /dev/mailbox: for development. Default: true on loopback without hosts and proxies.",
    ),
    setting(
        "retention.log_days",
        Form::Number,
        "How long log entries are kept, in days. Default 30.",
    ),
    setting(
        "metrics.listen",
        Form::Address,
        "Where Prometheus may scrape /metrics. Default: nowhere.",
    ),
    setting(
        "telemetry.otlp_endpoint",
        Form::Url,
        "OpenTelemetry collector that gets a span per request, OTLP over HTTP. Default: none.",
    ),
    setting(
        "log.format",
        Form::OneOf(&["text", "json"]),
        "Default: text on a terminal, json elsewhere.",
    ),
    setting(
        "log.level",
        Form::Text,
        "Filter such as info or info,grantor=debug. Default info.",
    ),
];
