//! The server under test, and the means to ask it.

mod browser;
mod clock;
mod codes;
mod management;
mod server;
mod shop;
mod smtp;

pub(crate) use self::browser::{Browser, Page};
pub(crate) use self::codes::{ADA, PASSWORD};
pub(crate) use self::server::{
    Answer, ISSUER, TestServer, broke, decoded, grant, link_of, service,
};
pub(crate) use self::shop::{CALLBACK, authorize, code_of, log_in, redeem, refused, shop};
pub(crate) use self::smtp::MailServer;

/// Runs each named test once per engine.
macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::TestServer::on_sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(crate::support::TestServer::on_postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;
