//! Processes whose clock is wrong: a library that is loaded before all others tells them another time of day.

use std::{fs, path::PathBuf, process::Command};

use anyhow::ensure;

use crate::{scratch, uplion::Role};

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int told = (int)syscall(SYS_clock_gettime, clock, time);
    const char *ahead = getenv("UPLION_TESTS_CLOCK_AHEAD");
    if (told == 0 && clock == CLOCK_REALTIME && ahead) time->tv_sec += atol(ahead);
    return told;
}
"#;

/// The role, whose clock will be so many seconds ahead; below 0 it is behind. Durations stay right.
///
/// # Errors
/// When there is no C compiler: Rust needs one, too, to link.
pub fn ahead(role: Role, seconds: i64) -> anyhow::Result<Role> {
    let ahead = seconds.to_string();
    Ok(role.env("LD_PRELOAD", library()?).env("UPLION_TESTS_CLOCK_AHEAD", ahead))
}

fn library() -> anyhow::Result<PathBuf> {
    let folder = scratch::folder("wrong-clock")?;
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, SOURCE)?;
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).output()?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(library)
}
