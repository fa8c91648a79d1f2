//! A body that is compressed although nobody asked for it: decoded as it comes, by what its bytes are.
//!
//! The label decides only where the bytes do not. What a read decodes to is bounded: more is a bomb, and an error.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header::CONTENT_ENCODING};

/// Of one read, decoded.
const MOST: usize = 16 << 20;
/// Codings upon codings.
const MOST_CODINGS: usize = 4;
/// As browsers bound it: what must be held to decode Zstandard, as a power of two.
const ZSTD_WINDOW: u32 = 23;
/// Bytes that tell what a body is.
const TELLING: usize = 4;

/// Of one response.
pub struct Decoder {
    /// As they were applied.
    labels: Vec<Coding>,
    /// The first bytes, until they tell.
    first: Vec<u8>,
    stage: Stage,
}

enum Stage {
    Undecided,
    Plain,
    /// In the order of decoding.
    Coded(Vec<Box<dyn Decode>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

trait Decode: Send {
    /// What is decoded by now.
    fn feed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>>;

    /// Whether all of it was there; with what was left.
    fn finish(&mut self) -> io::Result<Vec<u8>>;
}

impl Decoder {
    pub fn new(headers: &HeaderMap) -> Self {
        let values =
            headers.get_all(CONTENT_ENCODING).into_iter().filter_map(|one| one.to_str().ok());
        let labels = values.flat_map(|value| value.split(',')).filter_map(Coding::of);
        Self {
            labels: labels.take(MOST_CODINGS).collect(),
            first: Vec::new(),
            stage: Stage::Undecided,
        }
    }

    pub fn feed(&mut self, bytes: Bytes) -> io::Result<Bytes> {
        match &mut self.stage {
            Stage::Plain => Ok(bytes),
            Stage::Coded(decoders) => through(decoders, &bytes),
            // The usual: nothing of it is copied.
            Stage::Undecided if self.first.is_empty() && bytes.len() >= TELLING => {
                self.decide(&bytes);
                self.feed(bytes)
            }
            Stage::Undecided => {
                self.first.extend_from_slice(&bytes);
                if self.first.len() < TELLING { Ok(Bytes::new()) } else { self.begin() }
            }
        }
    }

    /// The body is over.
    pub fn finish(&mut self) -> io::Result<Bytes> {
        let mut rest = Vec::from(self.begin()?);
        if let Stage::Coded(decoders) = &mut self.stage {
            for at in 0..decoders.len() {
                let mut left = decoders[at].finish()?;
                for decoder in &mut decoders[at + 1..] {
                    left = decoder.feed(&left)?;
                }
                rest.extend(left);
            }
        }
        Ok(rest.into())
    }

    fn begin(&mut self) -> io::Result<Bytes> {
        let first = std::mem::take(&mut self.first);
        if first.is_empty() {
            return Ok(Bytes::new());
        }
        self.decide(&first);
        self.feed(first.into())
    }

    fn decide(&mut self, first: &[u8]) {
        let codings = match magic(first) {
            Some(coding) if self.labels.last() != Some(&coding) => vec![coding],
            None if is_text(first) => Vec::new(),
            Some(_) | None => self.labels.iter().rev().copied().collect(),
        };
        let decoders = codings.iter().map(|coding| coding.decoder()).collect::<Vec<_>>();
        self.stage = if decoders.is_empty() { Stage::Plain } else { Stage::Coded(decoders) };
    }
}

fn through(decoders: &mut [Box<dyn Decode>], bytes: &[u8]) -> io::Result<Bytes> {
    let mut decoded = Vec::new();
    for (n, decoder) in decoders.iter_mut().enumerate() {
        decoded = decoder.feed(if n == 0 { bytes } else { &decoded })?;
    }
    Ok(decoded.into())
}

impl Coding {
    fn of(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    fn decoder(self) -> Box<dyn Decode> {
        let sink = Sink::default();
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(sink)),
            Self::Deflate => Box::new(Inflate::Undecided(Vec::new())),
            Self::Brotli => Box::new(brotli_decompressor::DecompressorWriter::new(sink, 4096)),
            Self::Zstd => Box::new(Zstd::new(sink)),
        }
    }
}

fn magic(first: &[u8]) -> Option<Coding> {
    match first {
        [0x1f, 0x8b, 8, ..] => Some(Coding::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Coding::Zstd),
        _ => None,
    }
}

fn is_zlib(first: &[u8]) -> bool {
    matches!(first, [cmf, flags, ..] if cmf & 15 == 8 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0)
}

/// An answer as it stands, whatever the label says.
fn is_text(first: &[u8]) -> bool {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    let begins = |text: &str| first.starts_with(text.as_bytes());
    ["{\"", "{ ", "{\n", "{\r", "[{", "data", "even", ": ", "id: ", "retr", "\n\n"]
        .into_iter()
        .any(begins)
}

/// Where decoded bytes go; no more of them than one read may bring.
#[derive(Default)]
struct Sink(Vec<u8>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::Error::other("the compressed body is too large when it is decoded"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

macro_rules! decode {
    ($decoder:ty, $finish:ident) => {
        impl Decode for $decoder {
            fn feed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
                self.write_all(bytes)?;
                self.flush()?;
                Ok(self.get_mut().take())
            }

            fn finish(&mut self) -> io::Result<Vec<u8>> {
                self.$finish()?;
                Ok(self.get_mut().take())
            }
        }
    };
}

decode!(MultiGzDecoder<Sink>, try_finish);
decode!(ZlibDecoder<Sink>, try_finish);
decode!(DeflateDecoder<Sink>, try_finish);
decode!(brotli_decompressor::DecompressorWriter<Sink>, close);
decode!(zstd::stream::write::Decoder<'static, Sink>, flush);

/// The standard means zlib's format, and some send it without its header.
enum Inflate {
    Undecided(Vec<u8>),
    Decided(Box<dyn Decode>),
}

impl Decode for Inflate {
    fn feed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let first = match self {
            Self::Decided(decoder) => return decoder.feed(bytes),
            Self::Undecided(first) => first,
        };
        first.extend_from_slice(bytes);
        if first.len() < 2 {
            return Ok(Vec::new());
        }
        let first = std::mem::take(first);
        let mut decoder: Box<dyn Decode> = if is_zlib(&first) {
            Box::new(ZlibDecoder::new(Sink::default()))
        } else {
            Box::new(DeflateDecoder::new(Sink::default()))
        };
        let begun = decoder.feed(&first);
        *self = Self::Decided(decoder);
        begun
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Undecided(first) if first.is_empty() => Ok(Vec::new()),
            Self::Undecided(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Decided(decoder) => decoder.finish(),
        }
    }
}

/// None if there is no memory for one.
struct Zstd(Option<zstd::stream::write::Decoder<'static, Sink>>);

impl Zstd {
    fn new(sink: Sink) -> Self {
        let decoder = zstd::stream::write::Decoder::new(sink).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW)?;
            Ok(decoder)
        });
        Self(decoder.ok())
    }

    fn get(&mut self) -> io::Result<&mut zstd::stream::write::Decoder<'static, Sink>> {
        self.0.as_mut().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }
}

impl Decode for Zstd {
    fn feed(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        Decode::feed(self.get()?, bytes)
    }

    fn finish(&mut self) -> io::Result<Vec<u8>> {
        Decode::finish(self.get()?)
    }
}

#[cfg(test)]
mod spec {
    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn decoder(label: &str) -> Decoder {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_str(label).unwrap());
        Decoder::new(&headers)
    }

    fn encoded(coding: &str, text: &[u8]) -> Vec<u8> {
        let level = Compression::default();
        match coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "raw" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            "zstd" => zstd::encode_all(text, 3).unwrap(),
            other => panic!("{other}"),
        }
    }

    fn decoded(decoder: &mut Decoder, body: &[u8], step: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for read in body.chunks(step) {
            out.extend_from_slice(&decoder.feed(Bytes::copy_from_slice(read))?);
        }
        out.extend_from_slice(&decoder.finish()?);
        Ok(out)
    }

    const TEXT: &[u8] = br#"{"choices":[{"message":{"content":"hello hello hello"}}]}"#;

    #[test]
    fn each_coding_is_decoded_however_it_is_torn() {
        for (label, coding) in [
            ("gzip", "gzip"),
            ("x-gzip", "gzip"),
            ("deflate", "deflate"),
            ("deflate", "raw"),
            ("zstd", "zstd"),
        ] {
            let body = encoded(coding, TEXT);
            for step in [1, 2, 3, 7, body.len()] {
                assert_eq!(
                    decoded(&mut decoder(label), &body, step).unwrap(),
                    TEXT,
                    "{coding} {step}"
                );
            }
        }
    }

    #[test]
    fn the_bytes_decide_where_the_label_is_wrong() {
        for label in ["gzip", "br", "deflate", "identity", "utf-8"] {
            assert_eq!(decoded(&mut decoder(label), TEXT, 5).unwrap(), TEXT, "{label}");
        }
        for label in ["br", "identity", ""] {
            assert_eq!(
                decoded(&mut decoder(label), &encoded("gzip", TEXT), 5).unwrap(),
                TEXT,
                "{label}"
            );
        }
        let twice = encoded("gzip", &encoded("deflate", TEXT));
        assert_eq!(decoded(&mut decoder("deflate, gzip"), &twice, 5).unwrap(), TEXT);
    }

    #[test]
    fn a_short_body_is_a_body() {
        for body in ["", "{}", "no"] {
            assert_eq!(
                decoded(&mut decoder("identity"), body.as_bytes(), 1).unwrap(),
                body.as_bytes()
            );
        }
    }

    #[test]
    fn a_bomb_is_an_error() {
        for coding in ["gzip", "deflate", "zstd"] {
            let body = encoded(coding, &vec![b' '; MOST + 1]);
            assert!(decoded(&mut decoder(coding), &body, body.len()).is_err(), "{coding}");
        }
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        for coding in ["gzip", "deflate"] {
            let body = encoded(coding, TEXT);
            assert!(decoded(&mut decoder(coding), &body[..body.len() - 6], 9).is_err(), "{coding}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_is_decoded_or_refused(body: Vec<u8>, label in "gzip|deflate|br|zstd|", step in 1..9usize) {
            let _ = decoded(&mut decoder(&label), &body, step);
        }
    }
}
