//! The commands, one file each.

mod api;
mod app;
mod apply;
mod client_grant;
mod doctor;
mod init;
mod keys;
mod mail;
mod migrate;
mod role;
mod serve;
mod tenant;
mod token;
mod user;
mod version;

use clap::Subcommand;

use crate::options::Options;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the server
    Serve(serve::Serve),
    /// Make a data directory with a database, a master key and a configuration file to edit
    Init(init::Init),
    /// Make APIs, applications and client grants as a file says
    Apply(apply::Apply),
    /// APIs: what access tokens are for
    #[command(subcommand)]
    Api(api::Api),
    /// Applications: what asks for tokens
    #[command(subcommand)]
    App(app::App),
    /// Client grants: which application may use which API
    #[command(subcommand)]
    ClientGrant(client_grant::ClientGrant),
    /// Users: who logs in
    #[command(subcommand)]
    User(user::User),
    /// Roles: what users may do at APIs
    #[command(subcommand)]
    Role(role::Role),
    /// Print an access token, or why there is none
    Token(token::Token),
    /// Tenants: separate authorization servers in one instance, each with its own hosts
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Signing keys and the master key
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Mails: what they say, and whether they arrive
    #[command(subcommand)]
    Mail(mail::Mail),
    /// The database's schema, forth and back
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Say what is wrong with host, TLS, clock, database and permissions
    Doctor(doctor::Doctor),
    /// Print the version
    Version,
}

impl Command {
    /// Does it.
    pub(crate) async fn run(&self, options: &Options) -> anyhow::Result<()> {
        match self {
            Self::Serve(command) => command.run(options).await,
            Self::Init(command) => command.run(options).await,
            Self::Apply(command) => command.run(options).await,
            Self::Api(command) => command.run(options).await,
            Self::App(command) => command.run(options).await,
            Self::ClientGrant(command) => command.run(options).await,
            Self::User(command) => command.run(options).await,
            Self::Role(command) => command.run(options).await,
            Self::Token(command) => command.run(options).await,
            Self::Tenant(command) => command.run(options).await,
            Self::Keys(command) => command.run(options).await,
            Self::Mail(command) => command.run(options).await,
            Self::Migrate(command) => command.run(options).await,
            Self::Doctor(command) => command.run(options).await,
            Self::Version => {
                version::print(options);
                Ok(())
            }
        }
    }
}
