//! The HTTP edge: what every request gets and every response carries.

pub mod context;
pub mod cookies;
pub mod cors;
pub mod failure;
pub mod rate_limit;
