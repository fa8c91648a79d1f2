//! The fuzz targets' properties, on stable and in seconds: the seeds, and the same mutations of them every time.

use std::{fs, path::Path};

#[path = "../fuzz/properties.rs"]
mod properties;

const MUTATIONS: usize = 20_000;

/// What the formats are made of; a mutation that writes grammar gets further than one that flips bits.
const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e999",
    "3.0",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "data: ",
    "data:[DONE]\n\n",
    "\"model\":\"m\",",
    "\"stream\":true,",
    "\"stream_options\":null,",
    "\"stream_options\":{},",
    "\"include_usage\":false",
    "\"usage\":{},",
    "\\u00e9",
    "\\ud83d",
    "\\ud83d\\ude00",
    "é",
    "\u{0}",
];

/// Xorshift: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound.max(1)
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("seeds are committed")
        .map(|file| file.expect("a seed").path())
        .collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).expect("a seed")).collect()
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let at = numbers.below(bytes.len() + 1);
    let end = (at + numbers.below(12)).min(bytes.len());
    match numbers.below(6) {
        0 => drop(bytes.splice(at..end, [])),
        1 => bytes.truncate(at),
        2 => drop(bytes.splice(at..at, WORDS[numbers.below(WORDS.len())].bytes())),
        3 => drop(bytes.splice(at..end, WORDS[numbers.below(WORDS.len())].bytes())),
        4 => {
            let from = numbers.below(other.len());
            bytes.splice(at..end, other[from..].iter().copied());
        }
        _ => {
            let flipped = u8::try_from(numbers.below(256)).expect("below 256");
            bytes.splice(at..(at + 1).min(bytes.len()), [flipped]);
        }
    }
}

fn hold(target: &str, property: fn(&[u8]) -> bool) {
    let seeds = seeds(target);
    for seed in &seeds {
        property(seed);
    }
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut deep = 0;
    for _ in 0..MUTATIONS {
        let mut bytes = seeds[numbers.below(seeds.len())].clone();
        let other = &seeds[numbers.below(seeds.len())];
        for _ in 0..=numbers.below(3) {
            mutate(&mut bytes, other, &mut numbers);
        }
        deep += usize::from(property(&bytes));
    }
    assert!(
        deep > MUTATIONS / 20,
        "only {deep} of {MUTATIONS} mutations of {target} tried more than a rejection"
    );
}

#[test]
fn any_body_is_rejected_or_spliced_right() {
    hold("request", properties::request);
}

#[test]
fn any_stream_comes_out_whole() {
    hold("sse", properties::sse);
}

#[test]
fn any_reply_is_read_or_is_no_json() {
    hold("reply", properties::reply);
}
