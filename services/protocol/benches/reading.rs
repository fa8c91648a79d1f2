//! How long the wire format takes on the request path: `cargo bench -p uplion-protocol`.

use std::{hint::black_box, time::Instant};

use bytes::Bytes;
use uplion_protocol::{
    Endpoint,
    sse::{self, Framer},
};

const ENDPOINT: Endpoint = Endpoint::ChatCompletions;

const ROUNDS: u32 = 200_000;

fn measure<T>(what: &str, mut work: impl FnMut() -> T) {
    for _ in 0..ROUNDS / 10 {
        black_box(work());
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    println!("{what:<44} {:>7} ns", (start.elapsed() / ROUNDS).as_nanos());
}

fn body(content: &str) -> Bytes {
    let messages = format!(
        r#"[{{"role":"system","content":"be brief"}},{{"role":"user","content":"{content}"}}]"#
    );
    format!(r#"{{"model":"llama-3.1","messages":{messages},"temperature":0.7,"stream":true,"max_tokens":64}}"#).into()
}

fn main() {
    let plain = body(&"the quick brown fox ".repeat(45));
    let escaped = body(&r#"fn main() {\n    say(\"h\u00e9\");\n}\n"#.repeat(23));
    let long = body(&"the quick brown fox ".repeat(5_000));
    for (what, body) in [("plain text", &plain), ("escaped code", &escaped), ("plain text", &long)]
    {
        let what = format!("{what}, {} bytes", body.len());
        measure(&format!("read: {what}"), || ENDPOINT.read(black_box(body)));
        let forwarding = ENDPOINT.read(body).expect("a good body").forwarding;
        measure(&format!("splice: {what}"), || forwarding.for_upstream(body, "up"));
    }
    let chunk = br#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"llama-3.1","choices":[{"index":0,"delta":{"content":" fox"},"logprobs":null,"finish_reason":null}]}"#;
    let mut reader = ENDPOINT.answer_reader(1);
    measure("chunk: read", || reader.event(black_box(chunk)).is_ok());
    let event = sse::event(chunk);
    let mut framer = Framer::new(1 << 20);
    measure("framer: one event a read", || framer.feed(event.clone()));
    measure("events: one event", || sse::events(black_box(&event)).count());
}
