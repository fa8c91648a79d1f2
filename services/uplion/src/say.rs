//! Lines to standard output that nobody need read: a pipe that is closed stops nothing.

/// Writes a line, if somebody reads it.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        drop(writeln!(std::io::stdout(), $($text)*));
    }};
}
pub(crate) use say;
