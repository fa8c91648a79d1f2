//! A project: a tenant of the installation. Keys belong to it, usage is billed to it, its members run it.
//!
//! It has a name that no other open project has, and may have a budget and limits. While it is suspended none of its
//! keys is served; once closed it stays closed. A project that has an owner keeps one: the last is neither removed nor made a member.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{
    Aggregate, Budget, Limits, Timestamp, UserId, budget, limits,
    name::{self, Most, Unusable},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Create { name: String, at: Timestamp },
    Rename { name: String, at: Timestamp },
    AddMember { user: UserId, role: Role, at: Timestamp },
    ChangeRole { user: UserId, role: Role, at: Timestamp },
    RemoveMember { user: UserId, at: Timestamp },
    ChangeBudget { budget: Option<Budget>, at: Timestamp },
    ChangeLimits { limits: Limits, at: Timestamp },
    Suspend { at: Timestamp },
    Resume { at: Timestamp },
    Close { at: Timestamp },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Created {
        name: String,
        at: Timestamp,
    },
    Renamed {
        name: String,
        at: Timestamp,
    },
    MemberAdded {
        user: UserId,
        role: Role,
        at: Timestamp,
    },
    MemberRoleChanged {
        user: UserId,
        role: Role,
        at: Timestamp,
    },
    MemberRemoved {
        user: UserId,
        at: Timestamp,
    },
    /// None: it may spend what it likes.
    BudgetChanged {
        budget: Option<Budget>,
        at: Timestamp,
    },
    LimitsChanged {
        limits: Limits,
        at: Timestamp,
    },
    /// None of its keys is served until it is resumed.
    Suspended {
        at: Timestamp,
    },
    Resumed {
        at: Timestamp,
    },
    Closed {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    #[error("the project exists already")]
    AlreadyCreated,
    #[error("there is no such project")]
    NotCreated,
    #[error("the project is closed")]
    Closed,
    #[error("a project's name {0}")]
    UnusableName(Unusable),
    #[error("the user is a member of the project already: change their role instead")]
    AlreadyMember,
    #[error("the user is not a member of the project")]
    NotAMember,
    #[error("the project would be left without an owner: make somebody else one first")]
    LastOwner,
    #[error("a project has at most {MAX_MEMBERS} members")]
    TooManyMembers,
    #[error(transparent)]
    Budget(#[from] budget::Rejection),
    #[error(transparent)]
    Limits(#[from] limits::Rejection),
}

/// What a member may do; the table of permissions says it in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    Owner,
    Member,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: write owner or member")]
pub struct UnknownRole(pub String);

/// Characters.
pub const MAX_NAME: usize = 128;
/// All of them are in the memory of whoever decides.
pub const MAX_MEMBERS: usize = 10_000;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Project {
    #[default]
    Absent,
    Open(Tenancy),
    Closed,
}

/// What an open project has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    pub name: String,
    pub members: BTreeMap<UserId, Role>,
    pub budget: Option<Budget>,
    pub limits: Limits,
    pub suspended: bool,
}

impl Aggregate for Project {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        match (self, command) {
            (Self::Absent, Command::Create { name, at }) => {
                Ok(vec![Event::Created { name: given(&name)?, at }])
            }
            (Self::Open(_) | Self::Closed, Command::Create { .. }) => {
                Err(Rejection::AlreadyCreated)
            }
            (Self::Absent, _) => Err(Rejection::NotCreated),

            (Self::Open(_), Command::Close { at }) => Ok(vec![Event::Closed { at }]),
            (Self::Closed, Command::Close { .. }) => Ok(vec![]),
            (Self::Closed, _) => Err(Rejection::Closed),

            (Self::Open(now), command) => now.decide(command),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::Created { name, .. }) => Self::Open(Tenancy::of(name)),
            (_, Event::Closed { .. }) | (Self::Closed, _) => Self::Closed,
            (Self::Absent, _) => Self::Absent,
            (Self::Open(now), event) => Self::Open(now.evolve(event)),
        }
    }
}

impl Tenancy {
    fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            members: BTreeMap::new(),
            budget: None,
            limits: Limits::NONE,
            suspended: false,
        }
    }

    fn decide(&self, command: Command) -> Result<Vec<Event>, Rejection> {
        let role = |user: &UserId| self.members.get(user).copied();
        match command {
            Command::Create { .. } => Err(Rejection::AlreadyCreated),
            Command::Close { at } => Ok(vec![Event::Closed { at }]),

            Command::Rename { name, at } => {
                let name = given(&name)?;
                Ok(if name == self.name { vec![] } else { vec![Event::Renamed { name, at }] })
            }

            Command::AddMember { user, role: wanted, at } => match role(&user) {
                Some(now) if now == wanted => Ok(vec![]),
                Some(_) => Err(Rejection::AlreadyMember),
                None if self.members.len() >= MAX_MEMBERS => Err(Rejection::TooManyMembers),
                None => Ok(vec![Event::MemberAdded { user, role: wanted, at }]),
            },
            Command::ChangeRole { user, role: wanted, at } => match role(&user) {
                None => Err(Rejection::NotAMember),
                Some(now) if now == wanted => Ok(vec![]),
                Some(_) if self.is_last_owner(&user) => Err(Rejection::LastOwner),
                Some(_) => Ok(vec![Event::MemberRoleChanged { user, role: wanted, at }]),
            },
            Command::RemoveMember { user, at } => match role(&user) {
                None => Ok(vec![]),
                Some(_) if self.is_last_owner(&user) => Err(Rejection::LastOwner),
                Some(_) => Ok(vec![Event::MemberRemoved { user, at }]),
            },

            Command::ChangeBudget { budget, .. } if budget == self.budget => Ok(vec![]),
            Command::ChangeBudget { budget, at } => {
                budget.as_ref().map_or(Ok(()), Budget::check)?;
                Ok(vec![Event::BudgetChanged { budget, at }])
            }
            Command::ChangeLimits { limits, .. } if limits == self.limits => Ok(vec![]),
            Command::ChangeLimits { limits, at } => {
                limits.check()?;
                Ok(vec![Event::LimitsChanged { limits, at }])
            }

            Command::Suspend { .. } if self.suspended => Ok(vec![]),
            Command::Suspend { at } => Ok(vec![Event::Suspended { at }]),
            Command::Resume { .. } if !self.suspended => Ok(vec![]),
            Command::Resume { at } => Ok(vec![Event::Resumed { at }]),
        }
    }

    fn evolve(mut self, event: &Event) -> Self {
        match event {
            Event::Renamed { name, .. } => self.name.clone_from(name),
            Event::MemberAdded { user, role, .. } | Event::MemberRoleChanged { user, role, .. } => {
                self.members.insert(*user, *role);
            }
            Event::MemberRemoved { user, .. } => {
                self.members.remove(user);
            }
            Event::BudgetChanged { budget, .. } => self.budget = *budget,
            Event::LimitsChanged { limits, .. } => self.limits = *limits,
            Event::Suspended { .. } => self.suspended = true,
            Event::Resumed { .. } => self.suspended = false,
            // What begins and ends a tenancy is the project's to know.
            Event::Created { .. } | Event::Closed { .. } => {}
        }
        self
    }

    fn is_last_owner(&self, user: &UserId) -> bool {
        let mut owners = self.members.iter().filter(|(_, role)| **role == Role::Owner);
        owners.next().is_some_and(|(owner, _)| owner == user) && owners.next().is_none()
    }
}

impl Role {
    pub const ALL: [Self; 2] = [Self::Owner, Self::Member];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

fn given(name: &str) -> Result<String, Rejection> {
    name::given(name, Most::Characters(MAX_NAME)).map_err(Rejection::UnusableName)
}

#[cfg(test)]
mod rules;
