//! A worker between a real HTTP upstream and the log, with the gateway's side of the protocol spoken by the tests.

#![expect(clippy::unwrap_used, reason = "in a test it is the assertion")]

mod answers;
mod attempts;
mod demo;
mod draining;
mod flow_control;
mod gateway;
mod gateway_lost;
mod harness;
mod registered;
mod silence;
mod silent_gateways;
mod upstream_failures;
