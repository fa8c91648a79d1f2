//! Compressed as an upstream or a proxy before it may do it: piece by piece, each to be read at once.

use std::io::Write;

use bytes::Bytes;
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use serde::Deserialize;

use crate::reply::Step;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    Gzip,
    /// As the standard means it.
    Deflate,
    /// As some servers mean it: without the header.
    RawDeflate,
    Br,
    Zstd,
}

impl Encoding {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate | Self::RawDeflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }
}

pub enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Zlib(ZlibEncoder<Vec<u8>>),
    Deflate(DeflateEncoder<Vec<u8>>),
    Br(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    pub fn new(encoding: Encoding) -> Self {
        let level = Compression::default();
        match encoding {
            Encoding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), level)),
            Encoding::Deflate => Self::Zlib(ZlibEncoder::new(Vec::new(), level)),
            Encoding::RawDeflate => Self::Deflate(DeflateEncoder::new(Vec::new(), level)),
            Encoding::Br => {
                Self::Br(Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22)))
            }
            Encoding::Zstd => Self::Zstd(zstd::Encoder::new(Vec::new(), 3).unwrap()),
        }
    }

    pub fn all(mut self, steps: Vec<Step>) -> Vec<Step> {
        let mut encoded = Vec::new();
        for step in steps {
            encoded.push(match step {
                Step::Send(bytes) => Step::Send(self.piece(&bytes)),
                Step::Pause(pause) => Step::Pause(pause),
            });
        }
        encoded.push(Step::Send(self.finish()));
        encoded
    }

    fn piece(&mut self, bytes: &[u8]) -> Bytes {
        let writer: &mut dyn Write = match self {
            Self::Gzip(writer) => writer,
            Self::Zlib(writer) => writer,
            Self::Deflate(writer) => writer,
            Self::Br(writer) => writer,
            Self::Zstd(writer) => writer,
        };
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
        let written = match self {
            Self::Gzip(writer) => writer.get_mut(),
            Self::Zlib(writer) => writer.get_mut(),
            Self::Deflate(writer) => writer.get_mut(),
            Self::Br(writer) => writer.get_mut(),
            Self::Zstd(writer) => writer.get_mut(),
        };
        std::mem::take(written).into()
    }

    fn finish(self) -> Bytes {
        let rest = match self {
            Self::Gzip(writer) => writer.finish().unwrap(),
            Self::Zlib(writer) => writer.finish().unwrap(),
            Self::Deflate(writer) => writer.finish().unwrap(),
            Self::Br(writer) => writer.into_inner(),
            Self::Zstd(writer) => writer.finish().unwrap(),
        };
        rest.into()
    }
}
