//! The gateway's API as its clients see it: a file for each endpoint, on the in-process log, with a real worker in front
//! of an upstream that answers as it is told.

mod chat;
mod installation;
mod models;
mod routes;
