//! The harness: real servers and the real `uplion` binary, on free ports, for tests; `uplion-installation` is the same
//! for programs in other languages.
//!
//! Every server dies with the test process, however that dies, and its files go with it. Most tests want
//! `nats::Server::shared`, `nats::Cluster::shared` and `postgres::Server::shared` with an account or a database of
//! their own; a test that kills or stops a server starts one for itself.

pub mod certificates;
pub mod chat;
pub mod faulty;
pub mod http;
pub mod installation;
pub mod memory;
pub mod nats;
pub mod port;
pub mod postgres;
pub mod process;
pub mod scratch;
pub mod small_disk;
pub mod uplion;
pub mod upstream;
pub mod wait;
pub mod wrong_clock;

mod installed;
