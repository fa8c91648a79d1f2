//! Who asks, what they are to whom, and so what they may.

use std::{collections::BTreeMap, fmt};

use uplion_domain::{AdminKeyId, ProjectId, SessionId, UserId};

use crate::{
    origin::Origin,
    permissions::{Action, May, Role},
    problem::Problem,
};

#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    /// [`Role::Admin`] or [`Role::Auditor`] of the whole installation.
    pub everywhere: Option<Role>,
    /// [`Role::Owner`] or [`Role::Member`] of each.
    pub projects: BTreeMap<ProjectId, Role>,
    /// Which it is signed in by, if it is.
    pub session: Option<SessionId>,
    pub origin: Origin,
}

/// Who did it, as events name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever holds the installation's first admin key, which has no id of its own.
    Installation,
    AdminKey(AdminKeyId),
    User(UserId),
}

/// What an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Nothing that belongs to somebody.
    Installation,
    /// A project, or something of it that is nobody's own.
    Project(ProjectId),
    /// Something of a project that a member calls their own, such as a key.
    Owned { project: ProjectId, owner: Option<UserId> },
    /// A user, or a session of theirs.
    User(UserId),
}

/// What a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VisibleProjects {
    All,
    /// What belongs to these.
    Projects(Vec<ProjectId>),
}

impl Caller {
    /// Passes the caller on if it may do this to that; otherwise 403, or 404 if that is for it as if it did not exist.
    pub fn may(self, action: Action, target: Target) -> Result<Self, Problem> {
        let permitted = self.roles(target).any(|role| match action.permits(role) {
            May::Yes => true,
            May::Own => self.owns(target),
            May::No => false,
        });
        if permitted {
            return Ok(self);
        }
        Err(if self.knows_of(target) { forbidden(action) } else { Problem::unseen() })
    }

    /// What a list shows the caller: of one project if it asks for one, else all that it may see.
    pub fn sees(
        &self,
        action: Action,
        project: Option<ProjectId>,
    ) -> Result<VisibleProjects, Problem> {
        if let Some(project) = project {
            self.clone().may(action, Target::Project(project))?;
            return Ok(VisibleProjects::Projects(vec![project]));
        }
        let permits = |role: Role| action.permits(role);
        if self.everywhere.is_some_and(|role| permits(role) == May::Yes)
            || permits(Role::Anyone) == May::Yes
        {
            return Ok(VisibleProjects::All);
        }
        // Also who is in no project may ask, and sees an empty list.
        if self.user().is_some() && permits(Role::Owner) == May::Yes {
            let permitted = self.projects.iter().filter(|(_, role)| permits(**role) == May::Yes);
            return Ok(VisibleProjects::Projects(permitted.map(|(project, _)| *project).collect()));
        }
        Err(forbidden(action))
    }

    /// Whether the caller is told where models are answered, and what is shown there.
    pub fn sees_upstreams(&self) -> bool {
        self.clone().may(Action::ListUpstreams, Target::Installation).is_ok()
    }

    /// Whether what is this project's alone is shown to the caller.
    pub fn sees_project(&self, project: ProjectId) -> bool {
        self.knows_of(Target::Project(project))
    }

    pub fn user(&self) -> Option<UserId> {
        match self.actor {
            Actor::User(user) => Some(user),
            Actor::Installation | Actor::AdminKey(_) => None,
        }
    }

    fn roles(&self, target: Target) -> impl Iterator<Item = Role> {
        let here = match target {
            Target::Project(project) | Target::Owned { project, .. } => {
                self.projects.get(&project).copied()
            }
            Target::Installation | Target::User(_) => None,
        };
        self.everywhere.into_iter().chain(here).chain([Role::Anyone])
    }

    fn owns(&self, target: Target) -> bool {
        let owner = match target {
            Target::Owned { owner, .. } => owner,
            Target::User(user) => Some(user),
            Target::Installation | Target::Project(_) => None,
        };
        owner.is_some() && owner == self.user()
    }

    /// Projects are known to their members only, and what is a user's own to that user.
    fn knows_of(&self, target: Target) -> bool {
        self.everywhere.is_some()
            || match target {
                Target::Installation => true,
                Target::Project(project) | Target::Owned { project, .. } => {
                    self.projects.contains_key(&project)
                }
                Target::User(user) => self.user() == Some(user),
            }
    }
}

impl VisibleProjects {
    /// The projects to ask for one by one; none stands for all of them at once.
    pub fn filters(&self) -> Vec<Option<ProjectId>> {
        match self {
            Self::All => vec![None],
            Self::Projects(projects) => projects.iter().copied().map(Some).collect(),
        }
    }
}

fn forbidden(action: Action) -> Problem {
    Problem::forbidden(format!("your roles do not permit {}", action.id()))
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installation => f.write_str("admin"),
            Self::AdminKey(id) => id.fmt(f),
            Self::User(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(id: u128) -> UserId {
        UserId::new(Uuid::from_u128(id))
    }

    fn project(id: u128) -> ProjectId {
        ProjectId::new(Uuid::from_u128(id))
    }

    fn caller(everywhere: Option<Role>, projects: &[(ProjectId, Role)]) -> Caller {
        let projects = projects.iter().copied().collect();
        let origin = Origin::default();
        Caller { actor: Actor::User(user(1)), everywhere, projects, session: None, origin }
    }

    fn answer(caller: &Caller, action: Action, target: Target) -> &'static str {
        match caller.clone().may(action, target) {
            Ok(_) => "yes",
            Err(Problem::Forbidden(_)) => "forbidden",
            Err(Problem::NotFound(_)) => "not found",
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_role_in_one_project_says_nothing_in_another() {
        let owner = caller(None, &[(project(1), Role::Owner)]);
        let rename = |id| answer(&owner, Action::ChangeProject, Target::Project(project(id)));
        assert_eq!((rename(1), rename(2)), ("yes", "not found"));
    }

    #[test]
    fn what_one_sees_and_may_not_change_is_forbidden() {
        let member = caller(None, &[(project(1), Role::Member)]);
        let here = Target::Project(project(1));
        assert_eq!(answer(&member, Action::ChangeProject, here), "forbidden");
        assert_eq!(answer(&member, Action::RetireModel, Target::Installation), "forbidden");
        let auditor = caller(Some(Role::Auditor), &[]);
        assert_eq!(answer(&auditor, Action::ChangeProject, here), "forbidden");
    }

    #[test]
    fn the_best_of_a_callers_roles_counts() {
        let both = caller(Some(Role::Auditor), &[(project(1), Role::Owner)]);
        let rename = |id| answer(&both, Action::ChangeProject, Target::Project(project(id)));
        assert_eq!((rename(1), rename(2)), ("yes", "forbidden"));
    }

    #[test]
    fn own_is_what_is_in_ones_own_name() {
        let member = caller(None, &[(project(1), Role::Member)]);
        let key = |owner| Target::Owned { project: project(1), owner };
        let revoke = |owner| answer(&member, Action::RevokeKey, key(owner));
        assert_eq!(revoke(Some(user(1))), "yes");
        assert_eq!((revoke(Some(user(2))), revoke(None)), ("forbidden", "forbidden"));
        let gone = caller(None, &[]);
        assert_eq!(answer(&gone, Action::RevokeKey, key(Some(user(1)))), "not found");
    }

    #[test]
    fn a_machine_owns_nothing() {
        let machine = Caller { actor: Actor::Installation, ..caller(None, &[]) };
        let nobodys = Target::Owned { project: project(1), owner: None };
        assert_eq!(answer(&machine, Action::RevokeKey, nobodys), "not found");
    }

    #[test]
    fn a_list_shows_all_or_what_ones_projects_hold() {
        let list = Action::ListKeys;
        assert_eq!(
            caller(Some(Role::Auditor), &[]).sees(list, None).unwrap(),
            VisibleProjects::All
        );
        let member = caller(None, &[(project(1), Role::Member), (project(2), Role::Owner)]);
        let both = VisibleProjects::Projects(vec![project(1), project(2)]);
        assert_eq!(member.sees(list, None).unwrap(), both);
        let one = VisibleProjects::Projects(vec![project(2)]);
        assert_eq!(member.sees(list, Some(project(2))).unwrap(), one);
        assert!(matches!(member.sees(list, Some(project(3))), Err(Problem::NotFound(_))));
        let nobody = caller(None, &[]);
        assert_eq!(nobody.sees(list, None).unwrap(), VisibleProjects::Projects(vec![]));
        assert!(matches!(nobody.sees(Action::ListEvents, None), Err(Problem::Forbidden(_))));
        assert_eq!(nobody.sees(Action::ListModels, None).unwrap(), VisibleProjects::All);
    }
}
