//! Configuration: one TOML file, environment variables over it, and the command line over both.
//!
//! [`settings::ALL`] is the list of all there is; a key that is not in it stops the start.

pub mod cidr;
mod settings;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use grantor_protocol::secret::Secret;

use self::cidr::Cidr;
pub use self::settings::{ALL, Setting};
use crate::{
    outbound::mail::{self, login},
    passwords,
};

/// Everything an operator can set, with the defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the embedded database, the master key and the development certificates live.
    pub data_dir: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Plain HTTP, for loopback and for a trusted proxy.
    pub http: bool,
    /// Host names of the default tenant, beside the loopback ones.
    pub hosts: Vec<String>,
    /// Whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Private networks that may be called.
    pub allowed_networks: Vec<Cidr>,
    /// How mails are sent.
    pub mail: mail::Settings,
    /// The operator's own certificate chain and key, PEM files.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The PostgreSQL database; none means the embedded one.
    pub database_url: Option<Secret>,
    /// The master key itself, base64 or hexadecimal.
    pub master_key: Option<Secret>,
    /// A file with the master key.
    pub master_key_file: Option<PathBuf>,
    /// After how many days signing keys rotate by themselves; none means never.
    pub rotate_after_days: Option<u32>,
    /// Requests per second and tenant at the token endpoint.
    pub token_rate: u32,
    /// Authorization requests and forms of login pages per second and tenant.
    pub sign_in_rate: u32,
    /// Requests per second and tenant at the Management API.
    pub management_rate: u32,
    /// What hashing a password costs, and how many may wait for it.
    pub passwords: passwords::Limits,
    /// How long log entries are kept, in days.
    pub log_retention_days: u32,
    /// Where Prometheus may scrape; none means nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The OpenTelemetry collector that gets a span per request; none means that no spans are made.
    pub otlp_endpoint: Option<String>,
    /// `json` or `text`; none means text on a terminal and JSON elsewhere.
    pub log_format: Option<String>,
    /// A filter such as `info` or `info,grantor=debug`.
    pub log_level: String,
}

/// Why the configuration does not load.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {path} is not TOML")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A key that does not exist.
    #[error("unknown configuration key `{key}` in {place}; did you mean `{nearest}`?")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The file, or "the environment".
        place: String,
        /// The known key that is spelt most like it.
        nearest: String,
    },
    /// A value of the wrong form.
    #[error("`{key}` in {place} must be {expected}, and is {found}")]
    WrongValue {
        /// The key.
        key: String,
        /// The file, or "the environment".
        place: String,
        /// The form that is wanted.
        expected: &'static str,
        /// The value, unless it is secret.
        found: String,
    },
}

/// Values by key, from whichever source came last.
#[derive(Debug, Default)]
pub struct Values(BTreeMap<&'static str, toml::Value>);

impl Values {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// An [`Error`] for an unreadable or malformed file, an unknown key or a wrong value.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let table: toml::Table = toml::from_str(&text).map_err(|source| Error::Malformed {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let mut values = Self::default();
        let place = path.display().to_string();
        for (section, value) in table {
            match value {
                toml::Value::Table(keys) => {
                    for (key, value) in keys {
                        values.set(&format!("{section}.{key}"), value, &place)?;
                    }
                }
                value => values.set(&section, value, &place)?,
            }
        }
        Ok(values)
    }

    /// Lays environment variables over the values: `server.listen` is `GRANTOR_SERVER_LISTEN`.
    ///
    /// # Errors
    /// An [`Error`] for a `GRANTOR_` variable that names no key, and for a wrong value.
    pub fn with_environment(
        mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        for (name, text) in variables.filter(|(name, _)| name.starts_with("GRANTOR_")) {
            // These two are read by the command line, which needs them to find the file.
            if matches!(name.as_str(), "GRANTOR_DATA_DIR" | "GRANTOR_CONFIG") {
                continue;
            }
            let key = ALL
                .iter()
                .find(|setting| setting.variable() == name)
                .map(|setting| setting.key);
            let Some(key) = key else {
                let nearest = nearest(&name, ALL.iter().map(Setting::variable));
                return Err(Error::UnknownKey {
                    key: name,
                    place: "the environment".to_owned(),
                    nearest,
                });
            };
            self.set(key, settings::value_of_text(key, &text), "the environment")?;
        }
        Ok(self)
    }

    /// Sets `key`.
    ///
    /// # Errors
    /// An [`Error`] if the key does not exist or the value has another form.
    pub fn set(&mut self, key: &str, value: toml::Value, place: &str) -> Result<(), Error> {
        let Some(setting) = ALL.iter().find(|setting| setting.key == key) else {
            let nearest = nearest(key, ALL.iter().map(|setting| setting.key.to_owned()));
            return Err(Error::UnknownKey {
                key: key.to_owned(),
                place: place.to_owned(),
                nearest,
            });
        };
        if !setting.form.admits(&value) {
            let found = if setting.secret {
                "something else".to_owned()
            } else {
                value.to_string()
            };
            let expected = setting.form.describe();
            return Err(Error::WrongValue {
                key: key.to_owned(),
                place: place.to_owned(),
                expected,
                found,
            });
        }
        self.0.insert(setting.key, value);
        Ok(())
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0
            .get(key)
            .and_then(toml::Value::as_str)
            .filter(|text| !text.is_empty())
    }

    fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0
            .get(key)
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.0
            .get(key)
            .and_then(toml::Value::as_integer)
            .and_then(|number| u32::try_from(number).ok())
    }

    fn address(&self, key: &str) -> Option<SocketAddr> {
        self.text(key).and_then(|text| text.parse().ok())
    }

    fn switch(&self, key: &str) -> Option<bool> {
        self.0.get(key).and_then(toml::Value::as_bool)
    }

    fn listen(&self) -> SocketAddr {
        self.address("server.listen")
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8443)))
    }

    fn mail(&self) -> mail::Settings {
        let server = self.text("mail.smtp_host").map(|host| mail::Server {
            host: host.to_owned(),
            port: self
                .number("mail.smtp_port")
                .and_then(|port| u16::try_from(port).ok())
                .unwrap_or(587),
            login: login(
                self.text("mail.smtp_user"),
                self.secret("mail.smtp_password").as_ref(),
            ),
        });
        // Nobody else than this machine can ask a server of which nothing was said, so a mailbox on it is safe.
        let is_alone = self.listen().ip().is_loopback()
            && self.texts("server.hosts").next().is_none()
            && self.texts("server.trusted_proxies").next().is_none();
        mail::Settings {
            server,
            from: self.text("mail.from").map(str::to_owned),
            authorities: self.text("mail.authorities").map(PathBuf::from),
            mailbox: self.switch("mail.mailbox").unwrap_or(is_alone),
        }
    }

    fn secret(&self, key: &str) -> Option<Secret> {
        self.text(key).map(|text| Secret::new(text.to_owned()))
    }

    fn passwords(&self) -> passwords::Limits {
        let size = |key| {
            self.number(key)
                .and_then(|number| usize::try_from(number).ok())
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = size("passwords.threads");
        let usual = passwords::Limits::for_cores(threads.map_or(cores, |threads| 2 * threads));
        passwords::Limits {
            cost: passwords::Cost {
                memory_kib: self
                    .number("passwords.memory_kib")
                    .unwrap_or(usual.cost.memory_kib),
                passes: self.number("passwords.passes").unwrap_or(usual.cost.passes),
                ..usual.cost
            },
            threads: usual.threads,
            per_tenant: size("passwords.waiting_per_tenant").unwrap_or(usual.per_tenant),
            total: size("passwords.waiting").unwrap_or(usual.total),
        }
    }

    /// The configuration for the data directory `data_dir`.
    pub fn into_config(self, data_dir: PathBuf) -> Config {
        let path = |key| self.text(key).map(PathBuf::from);
        let secret = |key| self.secret(key);
        Config {
            listen: self.listen(),
            http: self.switch("server.http").unwrap_or(false),
            hosts: self
                .texts("server.hosts")
                .map(str::to_ascii_lowercase)
                .collect(),
            trusted_proxies: self
                .texts("server.trusted_proxies")
                .filter_map(Cidr::parse)
                .collect(),
            allowed_networks: self
                .texts("outbound.allowed_networks")
                .filter_map(Cidr::parse)
                .collect(),
            mail: self.mail(),
            certificate: path("tls.certificate").zip(path("tls.private_key")),
            database_url: secret("storage.url"),
            master_key: secret("keys.master_key"),
            master_key_file: path("keys.master_key_file"),
            rotate_after_days: self
                .number("keys.rotate_after_days")
                .filter(|days| *days > 0),
            token_rate: self.number("limits.token_per_second").unwrap_or(20_000),
            sign_in_rate: self.number("limits.sign_in_per_second").unwrap_or(2_000),
            management_rate: self
                .number("limits.management_per_second")
                .unwrap_or(20_000),
            passwords: self.passwords(),
            log_retention_days: self.number("retention.log_days").unwrap_or(30),
            metrics_listen: self.address("metrics.listen"),
            otlp_endpoint: self.text("telemetry.otlp_endpoint").map(str::to_owned),
            log_format: self.text("log.format").map(str::to_owned),
            log_level: self.text("log.level").unwrap_or("info").to_owned(),
            data_dir,
        }
    }
}

/// The candidate that is spelt most like `text`, by edit distance.
pub fn nearest(text: &str, candidates: impl Iterator<Item = String>) -> String {
    candidates
        .min_by_key(|candidate| edit_distance(text, candidate))
        .unwrap_or_default()
}

fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (b, cell) in other.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = *cell;
            left = substituted.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Values, Error> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("grantor.toml");
        std::fs::write(&path, text).unwrap();
        Values::from_file(&path)
    }

    #[test]
    fn an_unknown_key_stops_the_start_and_names_the_nearest() {
        let message = file("[server]\nlistn = \"127.0.0.1:1\"")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("`server.listn`") && message.contains("did you mean `server.listen`?"),
            "{message}"
        );
        let message = file("[sever]\nlisten = \"127.0.0.1:1\"")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("did you mean `server.listen`?"),
            "{message}"
        );
        let environment = [("GRANTOR_SERVER_LISTN".to_owned(), "x".to_owned())];
        let message = Values::default()
            .with_environment(environment.into_iter())
            .unwrap_err()
            .to_string();
        assert!(message.contains("GRANTOR_SERVER_LISTEN"), "{message}");
    }

    #[test]
    fn a_value_of_another_form_stops_the_start() {
        for text in [
            "[server]\nlisten = 8443",
            "[server]\nlisten = \"8443\"",
            "[server]\nhttp = \"yes\"",
            "[server]\ntrusted_proxies = [\"10.0.0.0/33\"]",
            "[limits]\ntoken_per_second = -1",
            "[passwords]\nmemory_kib = 1000000",
            "[passwords]\nthreads = 0",
            "[log]\nformat = \"xml\"",
            "[telemetry]\notlp_endpoint = \"collector:4318\"",
            "[telemetry]\notlp_endpoint = \"grpc://collector:4317\"",
            "[telemetry]\notlp_endpoint = \"http://user:word@collector:4318\"",
        ] {
            assert!(
                matches!(file(text), Err(Error::WrongValue { .. })),
                "{text}"
            );
        }
        let message = file("[keys]\nmaster_key = 12345").unwrap_err().to_string();
        assert!(!message.contains("12345"), "{message}");
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let values =
            file("[server]\nlisten = \"127.0.0.1:1\"\nhttp = true\nhosts = [\"A.test\"]").unwrap();
        let environment = [
            ("GRANTOR_SERVER_LISTEN".to_owned(), "127.0.0.1:2".to_owned()),
            (
                "GRANTOR_SERVER_TRUSTED_PROXIES".to_owned(),
                "10.0.0.0/8, ::1".to_owned(),
            ),
            ("GRANTOR_LIMITS_TOKEN_PER_SECOND".to_owned(), "7".to_owned()),
            ("GRANTOR_DATA_DIR".to_owned(), "/somewhere".to_owned()),
            ("HOME".to_owned(), "/root".to_owned()),
        ];
        let config = values
            .with_environment(environment.into_iter())
            .unwrap()
            .into_config("data".into());
        assert_eq!(config.listen.port(), 2);
        assert!(config.http);
        assert_eq!(config.hosts, ["a.test"]);
        assert_eq!(config.trusted_proxies.len(), 2);
        assert_eq!(config.token_rate, 7);
    }

    #[test]
    fn the_queue_of_passwords_grows_with_its_threads_unless_it_is_set() {
        let config = |text| file(text).unwrap().into_config("data".into()).passwords;
        let limits = config("[passwords]\nthreads = 3\npasses = 4\nwaiting = 9");
        assert_eq!(limits.threads, 3);
        assert_eq!((limits.per_tenant, limits.total), (192, 9));
        assert_eq!((limits.cost.memory_kib, limits.cost.passes), (19_456, 4));
    }

    #[test]
    fn edit_distance_counts_insertions_deletions_and_substitutions() {
        for (one, other, distance) in [
            ("", "", 0),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("listn", "listen", 1),
        ] {
            assert_eq!(edit_distance(one, other), distance, "{one} {other}");
        }
    }
}
