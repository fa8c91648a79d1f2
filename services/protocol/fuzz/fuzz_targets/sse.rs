//! A stream is framed, however it is torn.
#![no_main]

#[path = "../properties.rs"]
#[allow(dead_code, reason = "each target tries one of the properties")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    properties::sse(bytes);
});
