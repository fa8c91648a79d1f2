//! The rules of a project, told as events, a command and what comes of it.

use uuid::Uuid;

use super::*;
use crate::{Nanos, budget::Period, spec::given};

const AT: Timestamp = Timestamp::from_micros(1);

#[test]
fn a_project_is_created_once() {
    given::<Project>([]).when(create("physics")).then([created("physics")]);
    given::<Project>([created("physics")])
        .when(create("physics"))
        .then_rejected(Rejection::AlreadyCreated);
}

#[test]
fn a_name_is_something_that_a_person_can_read() {
    for name in ["", " ", "a\nb", "a\u{202e}b", &"x".repeat(MAX_NAME + 1), &an_id()] {
        let unusable = name::given(name, Most::Characters(MAX_NAME)).unwrap_err();
        let rejection = Rejection::UnusableName(unusable);
        given::<Project>([]).when(create(name)).then_rejected(rejection.clone());
        given::<Project>([created("physics")])
            .when(Command::Rename { name: name.to_owned(), at: AT })
            .then_rejected(rejection);
    }
    given::<Project>([]).when(create(" physics ")).then([created("physics")]);
}

fn an_id() -> String {
    crate::ProjectId::new(Uuid::from_u128(7)).to_string()
}

#[test]
fn renaming_to_the_same_name_is_nothing() {
    let rename = |name: &str| Command::Rename { name: name.into(), at: AT };
    given::<Project>([created("a")]).when(rename("a")).then_nothing();
    given::<Project>([created("a")])
        .when(rename("b"))
        .then([Event::Renamed { name: "b".into(), at: AT }]);
}

#[test]
fn a_closed_project_stays_closed() {
    let closed = Event::Closed { at: AT };
    let history = [created("a"), closed.clone()];
    given::<Project>([created("a")]).when(Command::Close { at: AT }).then([closed]);
    given::<Project>(history.clone()).when(Command::Close { at: AT }).then_nothing();
    for command in [
        Command::Rename { name: "b".into(), at: AT },
        add(1, Role::Owner),
        Command::Suspend { at: AT },
        Command::Resume { at: AT },
    ] {
        given::<Project>(history.clone()).when(command).then_rejected(Rejection::Closed);
    }
    given::<Project>(history).when(create("a")).then_rejected(Rejection::AlreadyCreated);
}

#[test]
fn what_was_never_created_cannot_change() {
    for command in [Command::Close { at: AT }, Command::Suspend { at: AT }, add(1, Role::Member)] {
        given::<Project>([]).when(command).then_rejected(Rejection::NotCreated);
    }
}

#[test]
fn a_user_is_a_member_once() {
    given::<Project>([created("a")]).when(add(1, Role::Member)).then([added(1, Role::Member)]);
    let history = [created("a"), added(1, Role::Member)];
    given::<Project>(history.clone()).when(add(1, Role::Member)).then_nothing();
    given::<Project>(history).when(add(1, Role::Owner)).then_rejected(Rejection::AlreadyMember);
}

#[test]
fn who_was_removed_can_be_a_member_again() {
    let history = [created("a"), added(1, Role::Member), removed(1)];
    given::<Project>(history).when(add(1, Role::Owner)).then([added(1, Role::Owner)]);
}

#[test]
fn only_a_members_role_can_change() {
    given::<Project>([created("a")])
        .when(role(1, Role::Owner))
        .then_rejected(Rejection::NotAMember);
    let history = [created("a"), added(1, Role::Member)];
    given::<Project>(history.clone()).when(role(1, Role::Member)).then_nothing();
    given::<Project>(history).when(role(1, Role::Owner)).then([changed(1, Role::Owner)]);
}

#[test]
fn removing_who_is_no_member_is_nothing() {
    given::<Project>([created("a")]).when(remove(1)).then_nothing();
    given::<Project>([created("a"), added(1, Role::Member)]).when(remove(1)).then([removed(1)]);
}

#[test]
fn the_last_owner_stays() {
    let alone = [created("a"), added(1, Role::Owner), added(2, Role::Member)];
    given::<Project>(alone.clone()).when(remove(1)).then_rejected(Rejection::LastOwner);
    given::<Project>(alone.clone()).when(role(1, Role::Member)).then_rejected(Rejection::LastOwner);
    given::<Project>(alone.clone()).when(remove(2)).then([removed(2)]);

    let two = [&alone[..], &[changed(2, Role::Owner)]].concat();
    given::<Project>(two.clone()).when(remove(1)).then([removed(1)]);
    given::<Project>(two.clone()).when(role(1, Role::Member)).then([changed(1, Role::Member)]);
    let left = [&two[..], &[removed(1)]].concat();
    given::<Project>(left).when(remove(2)).then_rejected(Rejection::LastOwner);
}

#[test]
fn a_budget_is_set_changed_and_taken_away() {
    let of = |nanos| Some(Budget { amount: Nanos::new(nanos), period: Period::Month });
    let change = |budget| Command::ChangeBudget { budget, at: AT };
    let changed = |budget| Event::BudgetChanged { budget, at: AT };
    given::<Project>([created("a")]).when(change(None)).then_nothing();
    given::<Project>([created("a")]).when(change(of(5))).then([changed(of(5))]);
    let history = [created("a"), changed(of(5))];
    given::<Project>(history.clone()).when(change(of(5))).then_nothing();
    given::<Project>(history.clone()).when(change(None)).then([changed(None)]);
    given::<Project>(history)
        .when(change(of(0)))
        .then_rejected(Rejection::Budget(budget::Rejection::NothingToSpend));
}

#[test]
fn limits_are_changed_as_one() {
    let of = |requests| Limits { requests_per_minute: requests, ..Limits::NONE };
    let change = |limits| Command::ChangeLimits { limits, at: AT };
    let changed = Event::LimitsChanged { limits: of(Some(60)), at: AT };
    given::<Project>([created("a")]).when(change(Limits::NONE)).then_nothing();
    given::<Project>([created("a")]).when(change(of(Some(60)))).then([changed.clone()]);
    given::<Project>([created("a"), changed]).when(change(of(Some(60)))).then_nothing();
    given::<Project>([created("a")])
        .when(change(of(Some(0))))
        .then_rejected(Rejection::Limits(limits::Rejection::NothingAllowed));
}

#[test]
fn suspending_twice_is_suspending_once_and_so_is_resuming() {
    let (suspend, resume) = (Command::Suspend { at: AT }, Command::Resume { at: AT });
    let suspended = Event::Suspended { at: AT };
    given::<Project>([created("a")]).when(suspend.clone()).then([suspended.clone()]);
    given::<Project>([created("a")]).when(resume.clone()).then_nothing();
    let history = [created("a"), suspended];
    given::<Project>(history.clone()).when(suspend).then_nothing();
    given::<Project>(history.clone()).when(resume.clone()).then([Event::Resumed { at: AT }]);
    let resumed = [&history[..], &[Event::Resumed { at: AT }]].concat();
    given::<Project>(resumed).when(resume).then_nothing();
}

#[test]
fn a_suspended_project_can_be_changed_and_closed() {
    let history = [created("a"), Event::Suspended { at: AT }];
    given::<Project>(history.clone()).when(add(1, Role::Owner)).then([added(1, Role::Owner)]);
    given::<Project>(history).when(Command::Close { at: AT }).then([Event::Closed { at: AT }]);
}

#[test]
fn a_role_reads_back_as_itself() {
    for role in Role::ALL {
        assert_eq!(role.to_string().parse(), Ok(role));
    }
    assert!("boss".parse::<Role>().is_err());
}

fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn create(name: &str) -> Command {
    Command::Create { name: name.into(), at: AT }
}

fn created(name: &str) -> Event {
    Event::Created { name: name.into(), at: AT }
}

fn add(number: u128, role: Role) -> Command {
    Command::AddMember { user: user(number), role, at: AT }
}

fn added(number: u128, role: Role) -> Event {
    Event::MemberAdded { user: user(number), role, at: AT }
}

fn role(number: u128, role: Role) -> Command {
    Command::ChangeRole { user: user(number), role, at: AT }
}

fn changed(number: u128, role: Role) -> Event {
    Event::MemberRoleChanged { user: user(number), role, at: AT }
}

fn remove(number: u128) -> Command {
    Command::RemoveMember { user: user(number), at: AT }
}

fn removed(number: u128) -> Event {
    Event::MemberRemoved { user: user(number), at: AT }
}
