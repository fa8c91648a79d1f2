//! `POST /v1/chat/completions`: what is answered, rejected, charged and given back, and what of trouble is seen.

mod admission;
mod charged;
mod completions;
mod doors;
mod keys;
mod permits;
mod recorded;
mod times;
mod trouble;
mod unserved;
