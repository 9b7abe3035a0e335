//! The account page: what people see of themselves, and what they take back.

mod access;
mod changes;
mod devices;
mod support;
