//! Names of things that have no name of their own: a prefix for people, a `UUIDv7` for order.

use std::{
    cmp::Ordering,
    fmt::{self, Write as _},
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
};

use uuid::Uuid;

/// What an id names. The prefix is part of every id that a person sees.
pub trait Kind {
    const PREFIX: &'static str;
}

/// The id of one thing of kind `K`, written `prefix_<32 hexadecimal digits>`.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id that starts with {prefix}_")]
pub struct UnknownId {
    pub text: String,
    pub prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// `uuid` should be a fresh `UUIDv7`: ids then sort by the time they were made.
    pub const fn new(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }
}

/// In one piece: every request writes some thirty of them.
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 40;
        let (prefix, mut text) = (K::PREFIX.as_bytes(), [b'_'; MOST]);
        text[..prefix.len()].copy_from_slice(prefix);
        let digits = prefix.len() + 1;
        let length = digits + self.uuid.simple().encode_lower(&mut text[digits..]).len();
        f.write_str(str::from_utf8(&text[..length]).expect("a prefix and digits are ASCII"))
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = UnknownId;

    fn from_str(text: &str) -> Result<Self, UnknownId> {
        text.strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|rest| rest.len() == 32)
            .and_then(|rest| Uuid::try_parse(rest).ok())
            .map(Self::new)
            .ok_or_else(|| UnknownId { text: text.to_owned(), prefix: K::PREFIX })
    }
}

// Written out because a derive would ask the same of `K`, which is never a value.
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Of everything that a person may name by its id.
const PREFIXES: [&str; 13] = [
    Installation::PREFIX,
    Project::PREFIX,
    User::PREFIX,
    Session::PREFIX,
    AdminKey::PREFIX,
    Key::PREFIX,
    Price::PREFIX,
    Request::PREFIX,
    Claim::PREFIX,
    Gateway::PREFIX,
    Worker::PREFIX,
    "evt",
    "ups",
];

/// Whether the text is the id of something, whatever that is.
pub fn is_one(text: &str) -> bool {
    let digits = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)?.strip_prefix('_'));
    digits.is_some_and(|digits| {
        (16..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

pub enum Installation {}
pub enum Project {}
pub enum User {}
pub enum Session {}
pub enum AdminKey {}
pub enum Key {}
pub enum Price {}
pub enum Request {}
pub enum Claim {}
pub enum Gateway {}
pub enum Worker {}
pub enum Process {}

impl Kind for Installation {
    const PREFIX: &'static str = "ins";
}
impl Kind for Project {
    const PREFIX: &'static str = "prj";
}
impl Kind for User {
    const PREFIX: &'static str = "usr";
}
impl Kind for Session {
    const PREFIX: &'static str = "ses";
}
impl Kind for AdminKey {
    const PREFIX: &'static str = "adk";
}
impl Kind for Key {
    const PREFIX: &'static str = "key";
}
impl Kind for Price {
    const PREFIX: &'static str = "prc";
}
impl Kind for Request {
    const PREFIX: &'static str = "req";
}
impl Kind for Claim {
    const PREFIX: &'static str = "clm";
}
impl Kind for Gateway {
    const PREFIX: &'static str = "gtw";
}
impl Kind for Worker {
    const PREFIX: &'static str = "wrk";
}
impl Kind for Process {
    const PREFIX: &'static str = "prs";
}

pub type InstallationId = Id<Installation>;
pub type ProjectId = Id<Project>;
pub type UserId = Id<User>;
pub type SessionId = Id<Session>;
pub type AdminKeyId = Id<AdminKey>;
pub type KeyId = Id<Key>;
pub type PriceId = Id<Price>;
pub type RequestId = Id<Request>;
/// One delivery of one task to one worker.
pub type ClaimId = Id<Claim>;
pub type GatewayId = Id<Gateway>;
pub type WorkerId = Id<Worker>;
/// Of a process that has no other name.
pub type ProcessId = Id<Process>;

/// The id of an event: what makes a repeated delivery recognisable.
///
/// Events of a request derive theirs from the request, so that whoever writes the end of a request
/// writes it under the same id; all others are `evt_<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(String);

impl EventId {
    pub fn accepted(request: RequestId) -> Self {
        Self::of(request, format_args!("accepted"))
    }

    /// A request is assigned anew when its worker fell silent: `attempt` counts from 1.
    pub fn assigned(request: RequestId, attempt: u32) -> Self {
        Self::of(request, format_args!("assigned:{attempt}"))
    }

    pub fn settled(request: RequestId) -> Self {
        Self::of(request, format_args!("settled"))
    }

    pub fn reversed(request: RequestId) -> Self {
        Self::of(request, format_args!("reversed"))
    }

    /// Of an event that is made for a request of the past: `<what>_<uuid>:<request>`. A repeated one is searched for
    /// by its first part, beside the events of its own time; the request is found by the second.
    pub fn of_past(what: &str, uuid: Uuid, request: RequestId) -> Self {
        Self(format!("{what}_{}:{request}", uuid.simple()))
    }

    fn of(request: RequestId, what: fmt::Arguments<'_>) -> Self {
        let mut text = String::with_capacity(48);
        write!(text, "{request}:{what}").expect("a string takes whatever is written to it");
        Self(text)
    }

    pub fn fresh(uuid: Uuid) -> Self {
        Self(format!("evt_{}", uuid.simple()))
    }

    /// As it was read from the log.
    pub fn known(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The request that the event is about, if its id says so.
    pub fn request(&self) -> Option<RequestId> {
        let (first, second) = self.0.split_once(':')?;
        first.parse().or_else(|_| second.parse()).ok()
    }

    /// The UUID that the id begins with: that of a request, or of the event itself. Of a `UUIDv7` it tells the time.
    pub fn uuid(&self) -> Option<Uuid> {
        let first = self.0.split(':').next()?;
        let (_, digits) = first.rsplit_once('_')?;
        if digits.len() == 32 { Uuid::try_parse(digits).ok() } else { None }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_itself_and_as_nothing_else() {
        let id = KeyId::new(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "key_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().parse::<ProjectId>().is_err());
        assert!("key_0".parse::<KeyId>().is_err());
        assert!("key_".parse::<KeyId>().is_err());
    }

    #[test]
    fn an_event_id_tells_its_request_and_where_to_look_for_a_repeated_one() {
        let (request, uuid) = (RequestId::new(Uuid::from_u128(7)), Uuid::from_u128(8));
        for id in [
            EventId::accepted(request),
            EventId::assigned(request, 2),
            EventId::settled(request),
            EventId::reversed(request),
        ] {
            assert_eq!((id.request(), id.uuid()), (Some(request), Some(request.uuid())), "{id}");
        }
        let adjusted = EventId::of_past("adjusted", uuid, request);
        assert_eq!((adjusted.request(), adjusted.uuid()), (Some(request), Some(uuid)));
        let fresh = EventId::fresh(uuid);
        assert_eq!((fresh.request(), fresh.uuid()), (None, Some(uuid)));
        assert_eq!(EventId::known("evt_7").uuid(), None);
    }
}
