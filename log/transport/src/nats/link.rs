//! Whether all connections of this process are up, told from what async-nats reports of each.

use std::{
    future,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::watch;

use super::access::Access;
use crate::message::Link;

#[derive(Debug)]
pub(super) struct Links {
    link: watch::Sender<Link>,
    state: Mutex<State>,
    /// Messages that met a full buffer.
    lost: AtomicU64,
    members: Mutex<Vec<Weak<Member>>>,
}

#[derive(Debug)]
struct State {
    session: u64,
    down: usize,
}

/// One connection among those that make up the link. Counts until it is dropped.
#[derive(Debug)]
pub(super) struct Member {
    links: Arc<Links>,
    access: Arc<Access>,
    client: OnceLock<Client>,
    listens: AtomicBool,
    /// Messages of this process to itself that have not come since the last that did.
    missed: AtomicU32,
    at: Mutex<At>,
    /// Why it could not reconnect, as was said last.
    told: Mutex<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Up,
    Down,
}

impl Links {
    pub fn new() -> Arc<Self> {
        let session = 1;
        let link = watch::Sender::new(Link::Up { session });
        Arc::new(Self {
            link,
            state: Mutex::new(State { session, down: 0 }),
            lost: AtomicU64::new(0),
            members: Mutex::default(),
        })
    }

    pub fn watch(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    pub fn is_up(&self) -> bool {
        matches!(*self.link.borrow(), Link::Up { .. })
    }

    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// A new connection, and options that keep the link informed about it.
    pub fn join(
        self: &Arc<Self>,
        options: ConnectOptions,
        access: Arc<Access>,
    ) -> (Arc<Member>, ConnectOptions) {
        let (at, told) = (Mutex::new(At::Start), Mutex::default());
        let member = Arc::new(Member {
            links: Arc::clone(self),
            access,
            client: OnceLock::new(),
            listens: AtomicBool::new(false),
            missed: AtomicU32::new(0),
            at,
            told,
        });
        let mut members = self.members();
        members.retain(|member| member.strong_count() > 0);
        members.push(Arc::downgrade(&member));
        drop(members);
        let told = Arc::downgrade(&member);
        let options = options.event_callback(move |event| {
            if let Some(member) = told.upgrade() {
                member.hear(event);
            }
            future::ready(())
        });
        (member, options)
    }

    /// Whether any of them should hear what this process sends to itself.
    pub fn listens(&self) -> bool {
        self.members().iter().filter_map(Weak::upgrade).any(|member| member.is_listening())
    }

    /// One more message to all that listen is under way. Those that have missed so many begin anew, and are returned.
    pub fn miss(&self, most: u32) -> Vec<Client> {
        let members: Vec<_> = self.members().iter().filter_map(Weak::upgrade).collect();
        let deaf = members.iter().filter(|member| member.misses(most));
        deaf.filter_map(|member| member.client.get().cloned()).collect()
    }

    /// That were named, to connect to.
    pub fn nodes(&self) -> usize {
        let members = self.members();
        let member = members.iter().find_map(Weak::upgrade);
        member.map_or(0, |member| member.access.servers.len())
    }

    fn members(&self) -> MutexGuard<'_, Vec<Weak<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        let link = if state.down == 0 { Link::Up { session: state.session } } else { Link::Down };
        self.link.send_if_modified(|known| std::mem::replace(known, link) != link);
    }
}

impl Member {
    pub fn is_of(&self, client: Client) {
        drop(self.client.set(client));
    }

    /// From now on it should hear what this process sends to itself.
    pub fn listens(&self) {
        self.listens.store(true, Ordering::Relaxed);
    }

    fn is_listening(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    pub fn heard_itself(&self) {
        self.missed.store(0, Ordering::Relaxed);
    }

    /// Whether one more is one too many.
    fn misses(&self, most: u32) -> bool {
        if !self.is_listening() {
            return false;
        }
        let too_many = self.missed.fetch_add(1, Ordering::Relaxed) >= most;
        if too_many {
            self.heard_itself();
        }
        too_many
    }

    fn hear(self: Arc<Self>, event: Event) {
        match event {
            Event::Connected => {
                if std::mem::replace(&mut *self.at(), At::Up) == At::Down {
                    tracing::info!("nats.connected");
                    self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    self.links.change(|state| {
                        state.down -= 1;
                        state.session += 1;
                    });
                }
            }
            Event::Disconnected => {
                if std::mem::replace(&mut *self.at(), At::Down) != At::Down {
                    tracing::warn!("nats.disconnected");
                    self.links.change(|state| state.down += 1);
                }
            }
            Event::SlowConsumer(_) => {
                self.links.lost.fetch_add(1, Ordering::Relaxed);
            }
            Event::ServerError(error) => tracing::warn!(%error, "nats.server.error"),
            // It may read files to find out why.
            Event::ClientError(error) => {
                tokio::task::spawn_blocking(move || self.say_why(&error.to_string()));
            }
            Event::LameDuckMode | Event::Draining | Event::Closed => {}
        }
    }

    /// Once, and again when the reason changes.
    fn say_why(&self, kind: &str) {
        let error = self.access.explain_kind(kind);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != error {
            tracing::warn!(error, "nats.unreachable");
            *told = error;
        }
    }

    fn at(&self) -> MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if *self.at() == At::Down {
            self.links.change(|state| state.down -= 1);
        }
    }
}
