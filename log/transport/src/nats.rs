//! Streams, tasks and messages on NATS JetStream.
