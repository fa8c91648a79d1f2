//! NATS killed, stopped and emptied.
