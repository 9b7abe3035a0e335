//! The Management API on a real store.

mod resource_servers;
mod support;
