//! Projects with their members, users, sessions and admin keys: listed as the log tells of them, also after a rebuild.

use uplion_domain::{
    AdminKeyId, Budget, Event, KeyDigest, Limits, Nanos, SessionId, Timestamp, UserId, admin_key,
    budget::Period,
    project::{self, Role},
    session,
    user::{self, Access, SignIn},
};
use uplion_projections::{
    Projection, Statement, admin_keys, columns, members, projection::TypedRow, projects, sessions,
    table::Value, users,
};
use uplion_projector::{rebuild, verify};
use uuid::Uuid;

use crate::{
    events::{control, created, project},
    fixtures::{Fixture, now},
};

crate::on_each!([
    people_and_projects_are_listed_as_the_log_tells_of_them
    what_lists_show_can_be_narrowed
]);

const LISTED: [&dyn Projection; 5] = [
    &projects::Projects,
    &members::Members,
    &users::Users,
    &sessions::Sessions,
    &admin_keys::AdminKeys,
];

async fn people_and_projects_are_listed_as_the_log_tells_of_them(fixture: Fixture) {
    let _running = fixture.start("a");
    let (project, [owner, member, gone]) = (project(), [user(), user(), user()]);
    fixture.append(&created(project, "physics")).await;
    let budget = Some(Budget { amount: Nanos::new(5_000_000_000), period: Period::Month });
    let limits = Limits { requests_per_minute: Some(60), ..Limits::NONE };
    for event in [
        added(owner, Role::Owner),
        added(member, Role::Owner),
        added(gone, Role::Member),
        project::Event::MemberRoleChanged { user: member, role: Role::Member, at: now() },
        project::Event::MemberRemoved { user: gone, at: now() },
        project::Event::BudgetChanged { budget, at: now() },
        project::Event::LimitsChanged { limits, at: now() },
        project::Event::Suspended { at: now() },
    ] {
        fixture.append(&control(Event::Project(project, event))).await;
    }
    fixture
        .append_all(of_user(
            owner,
            [user::Event::AccessChanged { access: Access::Admin, at: now() }],
        ))
        .await;
    let erased = [user::Event::Disabled { at: now() }, user::Event::Erased { at: now() }];
    fixture.append_all(of_user(gone, erased)).await;
    fixture.append_all([opened(owner, 60_000), opened(gone, 60_000)].map(control)).await;
    let (name, digest) = ("terraform".to_owned(), KeyDigest::of("secret"));
    let (access, at) = (Access::Auditor, now());
    let issued = admin_key::Event::Issued { name, digest, access, expires_at: None, at };
    let admin_key = AdminKeyId::new(Uuid::now_v7());
    fixture.append(&control(Event::AdminKey(admin_key, issued))).await;
    fixture.projected(17).await;

    for round in ["live", "rebuilt"] {
        let row =
            &list(&fixture, &projects::ONE, [columns::text(project)], projects::Project::from_row)
                .await[0];
        assert_eq!((row.members, row.budget, row.limits), (2, budget, limits), "{round}");
        assert_eq!(row.status(), projects::Status::Suspended, "{round}");
        let of = members_of(&fixture, project, Value::Null).await;
        assert_eq!(of, [(owner, Role::Owner), (member, Role::Member)], "{round}");
        let access: Vec<_> = users(&fixture, Value::Null, Value::Null)
            .await
            .iter()
            .map(|row| (row.user, row.access))
            .collect();
        assert_eq!(access, [(owner, Access::Admin), (gone, Access::None)], "{round}");
        let keys = list(
            &fixture,
            &admin_keys::LIST,
            [Value::Null, most()],
            admin_keys::AdminKey::from_row,
        )
        .await;
        assert_eq!((keys.len(), keys[0].access), (1, Access::Auditor), "{round}");
        for projection in LISTED {
            let verdict = verify(projection, &fixture.store, || ()).await.unwrap();
            assert_eq!(verdict.differing, Vec::<Vec<_>>::new(), "{round}");
            rebuild(projection, &fixture.store, || ()).await.unwrap();
        }
        fixture.projected(17).await;
    }
}

async fn what_lists_show_can_be_narrowed(fixture: Fixture) {
    let _running = fixture.start("a");
    let ([open, suspended, closed], [one, other]) =
        ([project(), project(), project()], [user(), user()]);
    for (project, name) in [(open, "a"), (suspended, "b"), (closed, "c")] {
        fixture.append(&created(project, name)).await;
    }
    for (project, event) in [
        (suspended, project::Event::Suspended { at: now() }),
        (closed, project::Event::Suspended { at: now() }),
        (closed, project::Event::Closed { at: now() }),
        (open, added(one, Role::Owner)),
        (open, added(other, Role::Member)),
        (closed, added(one, Role::Member)),
    ] {
        fixture.append(&control(Event::Project(project, event))).await;
    }
    fixture.append_all(of_user(one, [])).await;
    fixture.append_all(of_user(other, [user::Event::Disabled { at: now() }])).await;
    let closing = opened(one, 60_000);
    let Event::Session(ended, _) = closing else { unreachable!("it is a session's") };
    let end = session::Event::Closed { why: session::Why::SignedOut, at: now() };
    let lasting = opened(one, 60_000);
    fixture
        .append_all([closing, lasting.clone(), opened(one, -1), opened(other, 60_000)].map(control))
        .await;
    fixture.append(&control(Event::Session(ended, end))).await;
    fixture.projected(17).await;

    let projects = async |status: Value, member: Value, after: Value| {
        let parameters = [status, member, after, most()];
        let rows = list(&fixture, &projects::LIST, parameters, projects::Project::from_row).await;
        rows.into_iter().map(|row| row.name).collect::<String>()
    };
    assert_eq!(projects(Value::Null, Value::Null, Value::Null).await, "abc");
    assert_eq!(projects(columns::text("open"), Value::Null, Value::Null).await, "a");
    assert_eq!(projects(columns::text("suspended"), Value::Null, Value::Null).await, "b");
    assert_eq!(projects(columns::text("closed"), Value::Null, Value::Null).await, "c");
    assert_eq!(projects(Value::Null, columns::text(one), Value::Null).await, "ac");
    assert_eq!(projects(Value::Null, columns::text(one), columns::text(open)).await, "c");
    assert_eq!(projects(Value::Null, columns::text(user()), Value::Null).await, "");

    assert_eq!(members_of(&fixture, open, columns::text("member")).await, [(other, Role::Member)]);
    let of_user =
        list(&fixture, &members::OF_USER, [columns::text(one)], members::Member::from_row).await;
    let of_user: Vec<_> = of_user.iter().map(|row| (row.project, row.role)).collect();
    assert_eq!(of_user, [(open, Role::Owner), (closed, Role::Member)]);
    let disabled = users(&fixture, Value::Null, columns::text("disabled")).await;
    assert_eq!(disabled.iter().map(|row| row.user).collect::<Vec<_>>(), [other]);
    assert_eq!(users(&fixture, columns::text("admin"), Value::Null).await, []);

    let parameters = [columns::text(one), columns::time(now()), Value::Null, most()];
    let sessions = list(&fixture, &sessions::LIST, parameters, sessions::Session::from_row).await;
    let [session] = &sessions[..] else { panic!("{sessions:?}") };
    let Event::Session(id, _) = lasting else { unreachable!("it is a session's") };
    assert_eq!(session.session, id);
}

async fn list<R, const N: usize>(
    fixture: &Fixture,
    statement: &'static Statement,
    parameters: [Value; N],
    read: fn(uplion_projections::table::Row) -> R,
) -> Vec<R> {
    let rows = fixture.store.rows.query(statement, &parameters).await.unwrap();
    rows.into_iter().map(read).collect()
}

async fn members_of(
    fixture: &Fixture,
    project: uplion_domain::ProjectId,
    role: Value,
) -> Vec<(UserId, Role)> {
    let parameters = [columns::text(project), role, Value::Null, most()];
    let rows = list(fixture, &members::OF_PROJECT, parameters, members::Member::from_row).await;
    rows.into_iter().map(|row| (row.user, row.role)).collect()
}

async fn users(fixture: &Fixture, access: Value, status: Value) -> Vec<users::User> {
    list(
        fixture,
        &users::LIST,
        [Value::Null, access, status, Value::Null, most()],
        users::User::from_row,
    )
    .await
}

const fn most() -> Value {
    Value::BigInt(10)
}

fn user() -> UserId {
    UserId::new(Uuid::now_v7())
}

fn added(user: UserId, role: Role) -> project::Event {
    project::Event::MemberAdded { user, role, at: now() }
}

fn of_user<const N: usize>(user: UserId, events: [user::Event; N]) -> Vec<uplion_domain::Envelope> {
    let (access, sign_in) = (Access::None, SignIn::Password);
    let registered = user::Event::Registered { access, sign_in, at: now() };
    let events = std::iter::once(registered).chain(events);
    events.map(|event| control(Event::User(user, event))).collect()
}

fn opened(user: UserId, millis: i64) -> Event {
    let (digest, expires_at): (_, Timestamp) = (KeyDigest::of("secret"), now().plus_millis(millis));
    let opened = session::Event::Opened { user, digest, expires_at, at: now() };
    Event::Session(SessionId::new(Uuid::now_v7()), opened)
}
