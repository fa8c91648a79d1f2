//! A message on the wire: version byte, length, JSON, raw bytes.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("frame ends before its head does")]
    Truncated,
    #[error("frame is of version {0}, which this version does not know")]
    UnknownVersion(u8),
}
