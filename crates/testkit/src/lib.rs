//! What tests stand on: a PostgreSQL of their own. For tests only; depends on none of our crates.

mod postgres;

pub use postgres::Postgres;
