//! A TCP port that stays ours: a server that is killed and started again finds it free.

use std::{
    collections::hash_map::RandomState,
    env,
    fs::{self, File},
    hash::{BuildHasher, Hasher},
    io,
    net::{Ipv4Addr, TcpListener},
};

use anyhow::Context;

/// Below the range from which Linux gives ports to outgoing connections (32768 up): a port of that range, free while
/// its server is down, may be taken by any client.
const FIRST: u16 = 12_000;
const COUNT: u64 = 20_000;

/// Reserved among all test processes of this machine's user until dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// # Errors
    /// When none of many tries found a free one.
    pub fn reserve() -> anyhow::Result<Self> {
        let user = rustix::process::getuid().as_raw();
        let locks = env::temp_dir().join(format!("uplion-ports-{user}"));
        fs::create_dir_all(&locks).with_context(|| format!("create {}", locks.display()))?;
        let start = RandomState::new().build_hasher().finish() % COUNT;
        (0..COUNT)
            .map(|step| FIRST + u16::try_from((start + step) % COUNT).expect("below COUNT"))
            .find_map(|number| {
                let lock = File::create(locks.join(number.to_string())).ok()?;
                lock.try_lock().ok()?;
                is_free(number).ok().map(|()| Self { number, _lock: lock })
            })
            .context("no free port")
    }

    pub fn number(&self) -> u16 {
        self.number
    }
}

fn is_free(number: u16) -> io::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, number)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_reserved_twice() {
        let ports: Vec<Port> = (0..100).map(|_| Port::reserve().unwrap()).collect();
        let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 100);
    }
}
