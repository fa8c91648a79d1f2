//! Who may do what: one table, a line an action, a column a role.
//!
//! An action is called as in the API's document. What has no line here cannot be asked for.

use uplion_domain::{project, user::Access};

/// What a caller is, to what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Of the installation.
    Admin,
    /// Sees the whole installation and changes nothing.
    Auditor,
    /// Of the project that it is about.
    Owner,
    /// Of the project that it is about.
    Member,
    /// Anybody who is signed in.
    Anyone,
}

impl Role {
    pub const fn of_member(role: project::Role) -> Self {
        match role {
            project::Role::Owner => Self::Owner,
            project::Role::Member => Self::Member,
        }
    }

    pub const fn of_access(access: Access) -> Option<Self> {
        match access {
            Access::None => None,
            Access::Auditor => Some(Self::Auditor),
            Access::Admin => Some(Self::Admin),
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Anyone => "anyone",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    Yes,
    No,
    /// Only what is the caller's own.
    Own,
}

macro_rules! table {
    ($($action:ident $id:ident: $admin:ident $auditor:ident $owner:ident $member:ident $anyone:ident;)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action { $($action),* }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// As the API's document calls it.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$action => stringify!($id)),* }
            }

            /// In the order of the columns: admin, auditor, owner, member, anyone.
            const fn line(self) -> [May; 5] {
                match self {
                    $(Self::$action => [May::$admin, May::$auditor, May::$owner, May::$member, May::$anyone]),*
                }
            }
        }
    };
}

// An owner's and a member's column hold in their own project only.
table! {
//  action                                admin auditor owner member anyone
    GetInstallation  get_installation:       Yes   Yes     Yes   Yes    Yes;

    CreateProject    create_project:         Yes   No      No    No     No;
    ListProjects     list_projects:          Yes   Yes     Yes   Yes    No;
    GetProject       get_project:            Yes   Yes     Yes   Yes    No;
    ChangeProject    change_project:         Yes   No      Yes   No     No;
    ChangeProjectAllowance change_project_allowance: Yes No  No    No     No;
    SuspendProject   suspend_project:        Yes   No      No    No     No;
    ResumeProject    resume_project:         Yes   No      No    No     No;
    CloseProject     close_project:          Yes   No      No    No     No;

    AddMember        add_member:             Yes   No      Yes   No     No;
    ListMembers      list_members:           Yes   Yes     Yes   Yes    No;
    ChangeMember     change_member:          Yes   No      Yes   No     No;
    RemoveMember     remove_member:          Yes   No      Yes   No     No;

    RegisterUser     register_user:          Yes   No      No    No     No;
    ListUsers        list_users:             Yes   Yes     No    No     No;
    GetUser          get_user:               Yes   Yes     Own   Own    Own;
    ChangeUser       change_user:            Yes   Own     Own   Own    Own;
    ChangeUserAccess change_user_access:     Yes   No      No    No     No;
    SetPassword      set_password:           Yes   Own     Own   Own    Own;
    DisableUser      disable_user:           Yes   No      No    No     No;
    EnableUser       enable_user:            Yes   No      No    No     No;
    EraseUser        erase_user:             Yes   No      No    No     No;

    IssueAdminKey    issue_admin_key:        Yes   No      No    No     No;
    ListAdminKeys    list_admin_keys:        Yes   Yes     No    No     No;
    RevokeAdminKey   revoke_admin_key:       Yes   No      No    No     No;

    IssueKey         issue_key:              Yes   No      Yes   Own    No;
    ListKeys         list_keys:              Yes   Yes     Yes   Yes    No;
    GetKey           get_key:                Yes   Yes     Yes   Yes    No;
    ChangeKey        change_key:             Yes   No      Yes   Own    No;
    AllowModels      allow_models:           Yes   No      Yes   Own    No;
    RotateKey        rotate_key:             Yes   No      Yes   Own    No;
    EnableKey        enable_key:             Yes   No      Yes   Own    No;
    DisableKey       disable_key:            Yes   No      Yes   Own    No;
    RevokeKey        revoke_key:             Yes   No      Yes   Own    No;

    RegisterModel    register_model:         Yes   No      No    No     No;
    ListModels       list_models:            Yes   Yes     Yes   Yes    Yes;
    GetModel         get_model:              Yes   Yes     Yes   Yes    Yes;
    ChangeModel      change_model:           Yes   No      No    No     No;
    ChangeUpstreams  change_upstreams:       Yes   No      No    No     No;
    ListUpstreams    list_upstreams:         Yes   Yes     No    No     No;
    AddUpstream      add_upstream:           Yes   No      No    No     No;
    ChangeUpstream   change_upstream:        Yes   No      No    No     No;
    RemoveUpstream   remove_upstream:        Yes   No      No    No     No;
    ChangeAliases    change_aliases:         Yes   No      No    No     No;
    RetireModel      retire_model:           Yes   No      No    No     No;

    SetPrice         set_price:              Yes   No      No    No     No;
    ListPrices       list_prices:            Yes   Yes     Yes   Yes    Yes;
    GetPrice         get_price:              Yes   Yes     Yes   Yes    Yes;
    WithdrawPrice    withdraw_price:         Yes   No      No    No     No;

    ListWorkers      list_workers:           Yes   Yes     No    No     No;
    GetWorker        get_worker:             Yes   Yes     No    No     No;

    ListCharges      list_charges:           Yes   Yes     Yes   Yes    No;
    GetUsage         get_usage:              Yes   Yes     Yes   Yes    No;
    ListRequests     list_requests:          Yes   Yes     Yes   Yes    No;
    GetRequest       get_request:            Yes   Yes     Yes   Yes    No;

    ListSessions     list_sessions:          Yes   Yes     Own   Own    Own;
    GetCurrentSession get_current_session:   Yes   Yes     Yes   Yes    Yes;
    RevokeSession    revoke_session:         Yes   Own     Own   Own    Own;
    SignOut          sign_out:               Yes   Own     Own   Own    Own;

    ListEvents       list_events:            Yes   Yes     No    No     No;
    ListChanges      list_changes:           Yes   Yes     Yes   No     No;
    GetLogHealth     get_log_health:         Yes   Yes     No    No     No;
}

impl Action {
    pub const fn permits(self, role: Role) -> May {
        let [admin, auditor, owner, member, anyone] = self.line();
        match role {
            Role::Admin => admin,
            Role::Auditor => auditor,
            Role::Owner => owner,
            Role::Member => member,
            Role::Anyone => anyone,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Those that nobody needs to be signed in for.
    const OPEN: [&str; 1] = ["sign_in"];
    /// Some of what another action changes: a line of its own, because it is not for everybody who may call that.
    const WITHIN: [&str; 2] = ["change_project_allowance", "change_user_access"];

    fn documented() -> BTreeSet<String> {
        let document: Value = serde_json::from_str(crate::OPENAPI).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations = paths.flat_map(|path| path.as_object().unwrap().values());
        operations.map(|action| action["operationId"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_operation_of_the_api_has_a_line_and_every_line_an_operation() {
        let lines: BTreeSet<String> =
            Action::ALL.iter().map(|action| action.id().to_owned()).collect();
        assert_eq!(lines.len(), Action::ALL.len(), "an id stands in two lines");
        let open = OPEN.map(str::to_owned).into_iter().collect();
        assert!(lines.is_disjoint(&open), "an open action needs no line");
        let within = WITHIN.map(str::to_owned).into_iter().collect();
        assert_eq!(documented(), &(&lines - &within) | &open);
    }

    #[test]
    fn an_admin_may_do_everything() {
        for action in Action::ALL {
            assert_eq!(action.permits(Role::Admin), May::Yes, "{action:?}");
        }
    }

    #[test]
    fn an_auditor_sees_everything_and_changes_nothing_but_what_is_the_auditors_own() {
        for action in Action::ALL {
            let reads = action.id().starts_with("get_") || action.id().starts_with("list_");
            let may = action.permits(Role::Auditor);
            assert_eq!(may == May::Yes, reads, "{action:?}");
            let own = action.permits(Role::Anyone) == May::Own;
            assert_eq!(may == May::Own, own && !reads, "{action:?}");
        }
    }

    #[test]
    fn who_is_more_in_a_project_may_not_less() {
        let rank = |may| match may {
            May::No => 0,
            May::Own => 1,
            May::Yes => 2,
        };
        for action in Action::ALL {
            let [owner, member, anyone] =
                [Role::Owner, Role::Member, Role::Anyone].map(|role| rank(action.permits(role)));
            assert!(owner >= member && member >= anyone, "{action:?}");
        }
    }
}
