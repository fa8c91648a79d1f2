//! `POST /v1/chat/completions`: what is answered, what is rejected, what is charged, and what of trouble is seen.

mod admission;
mod charged;
mod completions;
mod keys;
mod trouble;
