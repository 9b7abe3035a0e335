//! The crate from outside: the decision, the keys, the layers, and the sample API that is shipped with it.

#![cfg(test)]

mod builder;
mod decision;
mod fetching;
mod layers;
mod properties;
mod remote;
mod sample;
mod support;
#[path = "../../examples/timesheets/app.rs"]
mod timesheets;
