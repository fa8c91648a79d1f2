//! What may be erased: written with the event or not at all, one address a person, and gone without a trace.

use std::collections::HashMap;

use uplion_domain::{
    Envelope, Event, EventId, KeyDigest, KeyId, ProjectId, Timestamp, UserId,
    api_key::{self, Terms},
    project::{self, Role},
    subject::AggregateId,
    user,
    wire::Encoded,
};
use uplion_log_store::{
    Store,
    event_store::{Commit, CommitError, Committed},
    people::{Identifying, Identity, Notes, PasswordHash, Person, Personal, PersonalChange},
};

use crate::events::{commit, created, idempotency, of, project, renamed, unique};

const ADA: &str = "usr_0190c0de000070008000000000000001";
const BOB: &str = "usr_0190c0de000070008000000000000002";

crate::on_each!([
    what_is_made_known_of_a_person_is_read_back
    of_those_asked_for_the_known_are_told
    an_address_belongs_to_one_person_however_it_is_spelled
    of_many_that_want_an_address_one_gets_it
    an_identity_belongs_to_one_person
    a_refused_commit_makes_nothing_known
    what_is_noted_beside_events_is_read_back
    whoever_is_forgotten_leaves_the_events_and_nothing_else
    what_others_wrote_of_a_persons_keys_and_memberships_goes_with_the_person
    whoever_forgets_oneself_leaves_no_note_of_it
    what_control_holds_and_the_store_lost_comes_back_without_what_was_beside_it
    whoever_was_erased_before_the_database_went_back_in_time_is_erased_again
]);

fn change(user: &str, what: Personal) -> PersonalChange {
    PersonalChange { user: user.into(), what }
}

fn email(user: &str, email: &str) -> PersonalChange {
    change(user, Personal::Email(email.into()))
}

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://id.example.org".into(), subject: subject.into() }
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash(text.into())
}

fn because(reason: &str) -> Notes {
    let address = Some("2001:db8::7".to_owned());
    Notes { reason: Some(reason.into()), source_address: address, user_agent: None }
}

/// By a person.
fn by(actor: &str, project: ProjectId) -> Encoded {
    Encoded { actor: Some(actor.into()), ..renamed(project, "a") }
}

/// In a commit of its own.
async fn make(store: &Store, personal: Vec<PersonalChange>) -> Result<Committed, CommitError> {
    let project = project();
    let commit = commit(project, 0, vec![created(project, "a")]);
    store.events.commit(Commit { personal, ..commit }).await
}

async fn what_is_made_known_of_a_person_is_read_back(store: Store) {
    let known = vec![
        change(ADA, Personal::Name("Ada Lovelace".into())),
        email(ADA, "Ada@Example.org"),
        change(ADA, Personal::Password(Some(hash("$argon2id$1")))),
        change(ADA, Personal::Identity(Some(identity("7")))),
    ];
    make(&store, known).await.unwrap();
    let ada = Person {
        user: ADA.into(),
        name: Some("Ada Lovelace".into()),
        email: Some("Ada@Example.org".into()),
        identity: Some(identity("7")),
    };
    let people = &store.people;
    assert_eq!(people.person(ADA).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(people.by_email(" ada@EXAMPLE.org").await.unwrap().as_ref(), Some(&ada));
    assert_eq!(people.by_identity(&identity("7")).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(people.password(ADA).await.unwrap(), Some(hash("$argon2id$1")));

    let less = vec![change(ADA, Personal::Password(None)), change(ADA, Personal::Identity(None))];
    make(&store, less).await.unwrap();
    make(&store, vec![change(ADA, Personal::Name("Ada King".into()))]).await.unwrap();
    let ada = Person { name: Some("Ada King".into()), identity: None, ..ada };
    assert_eq!(people.person(ADA).await.unwrap(), Some(ada));
    assert_eq!(people.password(ADA).await.unwrap(), None);

    assert_eq!(people.person(BOB).await.unwrap(), None);
    assert_eq!(people.by_email("bob@example.org").await.unwrap(), None);
    assert_eq!(people.by_identity(&identity("7")).await.unwrap(), None);
    assert_eq!(people.password(BOB).await.unwrap(), None);
}

async fn of_those_asked_for_the_known_are_told(store: Store) {
    let both = vec![
        change(ADA, Personal::Name("Ada".into())),
        change(BOB, Personal::Name("Bob \"the builder\"".into())),
    ];
    make(&store, both).await.unwrap();
    let users = [BOB, "usr_unknown", "'; --", ADA].map(ToOwned::to_owned);
    let names = async |users: &[String]| -> HashMap<String, Option<String>> {
        let known = store.people.among(users).await.unwrap();
        known.into_iter().map(|person| (person.user, person.name)).collect()
    };
    let expected = [(ADA, "Ada"), (BOB, "Bob \"the builder\"")];
    let expected = expected.map(|(user, name)| (user.to_owned(), Some(name.to_owned())));
    assert_eq!(names(&users).await, expected.into());
    assert_eq!(names(&[]).await, HashMap::new());
}

async fn an_address_belongs_to_one_person_however_it_is_spelled(store: Store) {
    make(&store, vec![email(ADA, "ada@example.org")]).await.unwrap();
    let taken = make(&store, vec![email(BOB, "ADA@example.org ")]).await;
    assert!(matches!(taken, Err(CommitError::PersonalTaken(Identifying::Email))), "{taken:?}");
    let error = taken.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("ada"));

    // One's own again is no conflict, and the one that was given up is free.
    make(&store, vec![email(ADA, "Ada@example.org")]).await.unwrap();
    make(&store, vec![email(ADA, "countess@example.org")]).await.unwrap();
    make(&store, vec![email(BOB, "ada@example.org")]).await.unwrap();
    let found = store.people.by_email("ada@example.org").await.unwrap().unwrap();
    assert_eq!(found.user, BOB);
    // Within one commit the order is what counts.
    let exchanged = vec![email(BOB, "bob@example.org"), email(ADA, "ada@example.org")];
    make(&store, exchanged).await.unwrap();
}

async fn of_many_that_want_an_address_one_gets_it(store: Store) {
    let attempts = (0..20).map(|number| {
        let store = store.clone();
        let personal = vec![email(&format!("usr_{number}"), "ada@example.org")];
        tokio::spawn(async move { make(&store, personal).await })
    });
    let mut won = 0;
    for outcome in futures::future::join_all(attempts).await {
        match outcome.unwrap() {
            Ok(_) => won += 1,
            Err(CommitError::PersonalTaken(Identifying::Email)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((won, store.events.head().await.unwrap()), (1, 1));
}

async fn an_identity_belongs_to_one_person(store: Store) {
    let is = |user, subject| vec![change(user, Personal::Identity(Some(identity(subject))))];
    make(&store, is(ADA, "7")).await.unwrap();
    let taken = make(&store, is(BOB, "7")).await;
    assert!(matches!(taken, Err(CommitError::PersonalTaken(Identifying::Identity))), "{taken:?}");
    make(&store, is(ADA, "7")).await.unwrap();
    // To another provider somebody else may be the seventh.
    let elsewhere = Identity { issuer: "https://other.example.org".into(), ..identity("7") };
    make(&store, vec![change(BOB, Personal::Identity(Some(elsewhere)))]).await.unwrap();
    // Having none is nobody's.
    for user in [ADA, BOB] {
        make(&store, vec![change(user, Personal::Identity(None))]).await.unwrap();
    }
}

async fn a_refused_commit_makes_nothing_known(store: Store) {
    make(&store, vec![email(ADA, "ada@example.org")]).await.unwrap();
    let project = project();
    let event = created(project, "a");
    let refused = |expected_version, address| Commit {
        personal: vec![change(BOB, Personal::Name("Bob".into())), email(BOB, address)],
        notes: because("he asked"),
        idempotency: Some(idempotency("k", "f", "{}")),
        ..commit(project, expected_version, vec![event.clone()])
    };
    for (version, address) in [(0, "ada@example.org"), (7, "bob@example.org")] {
        store.events.commit(refused(version, address)).await.unwrap_err();
        assert_eq!(store.people.person(BOB).await.unwrap(), None);
        let events = std::slice::from_ref(&event.id);
        assert_eq!(store.people.notes(events).await.unwrap(), HashMap::new());
    }
    store.events.commit(refused(0, "bob@example.org")).await.unwrap();
    let email = store.people.person(BOB).await.unwrap().unwrap().email;
    assert_eq!(email.as_deref(), Some("bob@example.org"));
}

async fn what_is_noted_beside_events_is_read_back(store: Store) {
    let (project, agent) = (project(), Some("curl/8".to_owned()));
    let both = [created(project, "a"), renamed(project, "b")];
    let notes = Notes { user_agent: agent, ..because("Übung \"1\"") };
    let with_notes = Commit { notes: notes.clone(), ..commit(project, 0, both.to_vec()) };
    store.events.commit(with_notes).await.unwrap();
    let bare = renamed(project, "c");
    store.events.commit(commit(project, 2, vec![bare.clone()])).await.unwrap();

    let [first, second] = both.map(|event| event.id);
    let asked = [first.clone(), bare.id, second.clone(), EventId::known("evt_'")];
    let found = store.people.notes(&asked).await.unwrap();
    assert_eq!(found, [(first, notes.clone()), (second, notes)].into());
    assert_eq!(store.people.notes(&[]).await.unwrap(), HashMap::new());
}

async fn whoever_is_forgotten_leaves_the_events_and_nothing_else(store: Store) {
    let known = |user, address| {
        vec![
            change(user, Personal::Name("A Name".into())),
            email(user, address),
            change(user, Personal::Password(Some(hash("$argon2id$1")))),
        ]
    };
    make(&store, known(ADA, "ada@example.org")).await.unwrap();
    make(&store, known(BOB, "bob@example.org")).await.unwrap();
    let project = project();
    let [hers, his] = [by(ADA, project), by(BOB, project)];
    for (version, event) in [(0, &hers), (1, &his)] {
        let noted =
            Commit { notes: because("why"), ..commit(project, version, vec![event.clone()]) };
        store.events.commit(noted).await.unwrap();
    }
    let before = store.events.after(0, 100).await.unwrap();

    let erased = by(BOB, project);
    let erase = Commit {
        personal: vec![change(ADA, Personal::Forgotten)],
        notes: because("she asked for it"),
        ..commit(project, 2, vec![erased.clone()])
    };
    store.events.commit(erase).await.unwrap();
    assert_eq!(store.people.person(ADA).await.unwrap(), None);
    assert_eq!(store.people.password(ADA).await.unwrap(), None);
    assert_eq!(store.people.by_email("ada@example.org").await.unwrap(), None);
    let notes = store.people.notes(&[hers.id, his.id.clone(), erased.id.clone()]).await.unwrap();
    assert_eq!(notes, [(his.id, because("why")), (erased.id, because("she asked for it"))].into());
    let after = store.events.after(0, 100).await.unwrap();
    assert_eq!(after[..before.len()], before);
    assert!(store.people.person(BOB).await.unwrap().is_some());
    // The address is free again, and forgetting twice is forgetting once.
    make(&store, vec![change(ADA, Personal::Forgotten)]).await.unwrap();
    make(&store, vec![email(BOB, "ada@example.org")]).await.unwrap();
}

async fn what_others_wrote_of_a_persons_keys_and_memberships_goes_with_the_person(store: Store) {
    let (at, project, key) = (Timestamp::from_micros(7), project(), KeyId::new(unique()));
    let ada: UserId = ADA.parse().unwrap();
    let by_bob = |event| {
        let (id, actor) = (EventId::fresh(unique()), Some(BOB.to_owned()));
        let envelope = Envelope { id, at, traceparent: None, actor, request_id: None, event };
        envelope.encode()
    };
    let terms = Box::new(Terms { owner: Some(ada), ..Terms::new(project, "ci".to_owned()) });
    let issued = api_key::Event::Issued { digest: KeyDigest::of("secret"), terms, at };
    let of_key = [issued, api_key::Event::Revoked { at }];
    let of_key = of_key.map(|event| by_bob(Event::ApiKey(key, event)));
    let added = project::Event::MemberAdded { user: ada, role: Role::Member, at };
    let added = by_bob(Event::Project(project, added));
    let limits = uplion_domain::Limits::NONE;
    let beside = by_bob(Event::Project(project, project::Event::LimitsChanged { limits, at }));
    let another = by(BOB, project);
    let notes = because("Ada left us");
    let events = [of_key.to_vec(), vec![added, beside, another]].concat();
    for (aggregate, events) in
        [(AggregateId::ApiKey(key), &events[..2]), (of(project), &events[2..])]
    {
        let commit = Commit::new(aggregate, 0, events.to_vec());
        store.events.commit(Commit { notes: notes.clone(), ..commit }).await.unwrap();
    }
    make(&store, vec![change(ADA, Personal::Forgotten)]).await.unwrap();
    let ids: Vec<EventId> = events.into_iter().map(|event| event.id).collect();
    let left = store.people.notes(&ids).await.unwrap();
    let reasons: Vec<_> = ids.iter().map(|id| left[id].reason.as_deref()).collect();
    assert_eq!(reasons, [None, None, None, None, Some("Ada left us")]);
    // Where it was done from says nothing of Ada.
    assert!(left.values().all(|notes| notes.source_address.is_some()));
}

async fn whoever_forgets_oneself_leaves_no_note_of_it(store: Store) {
    let project = project();
    let event = by(ADA, project);
    let erase = Commit {
        personal: vec![change(ADA, Personal::Forgotten)],
        notes: because("I leave"),
        ..commit(project, 0, vec![event.clone()])
    };
    store.events.commit(erase).await.unwrap();
    assert_eq!(store.people.notes(&[event.id]).await.unwrap(), HashMap::new());
}

async fn what_control_holds_and_the_store_lost_comes_back_without_what_was_beside_it(store: Store) {
    let project = project();
    let subject = uplion_domain::subject::Subject::Control(of(project));
    let lost = by(ADA, project);
    assert_eq!(store.events.import(&[(subject, lost.clone())]).await.unwrap(), 1);
    let history = store.events.history(&of(project)).await.unwrap();
    assert_eq!(history[0].event, lost);
    assert_eq!(store.people.notes(&[lost.id]).await.unwrap(), HashMap::new());
    assert_eq!(store.people.person(ADA).await.unwrap(), None);
    // What is said anew of somebody whose row is gone is known again.
    make(&store, vec![change(ADA, Personal::Name("Ada".into()))]).await.unwrap();
    let ada = store.people.person(ADA).await.unwrap().unwrap();
    assert_eq!((ada.name.as_deref(), ada.email), (Some("Ada"), None));
    make(&store, vec![change(ADA, Personal::Forgotten)]).await.unwrap();
}

async fn whoever_was_erased_before_the_database_went_back_in_time_is_erased_again(store: Store) {
    let known = |user| {
        let name = change(user, Personal::Name("A Name".into()));
        vec![name, change(user, Personal::Password(Some(hash("$argon2id$1"))))]
    };
    make(&store, known(ADA)).await.unwrap();
    make(&store, known(BOB)).await.unwrap();
    let (at, project) = (Timestamp::from_micros(7), project());
    let lost = |user: &str, event| {
        let event = Event::User(user.parse().unwrap(), event);
        let id = EventId::fresh(unique());
        let (traceparent, actor, request_id) = (None, None, None);
        let subject = event.subject();
        (subject, Envelope { id, at, traceparent, actor, request_id, event }.encode())
    };
    // Noted beside an event that is older than what was lost.
    let hers = by(ADA, project);
    let commit = commit(project, 0, vec![hers.clone()]);
    store.events.commit(Commit { notes: because("why"), ..commit }).await.unwrap();
    let control =
        [lost(ADA, user::Event::Erased { at }), lost(BOB, user::Event::PasswordChanged { at })];
    assert_eq!(store.events.import(&control).await.unwrap(), 2);
    assert_eq!(store.people.person(ADA).await.unwrap(), None);
    assert_eq!(store.people.notes(&[hers.id]).await.unwrap(), HashMap::new());
    assert_eq!(store.people.person(BOB).await.unwrap().unwrap().name.as_deref(), Some("A Name"));
    // Which password is the newer one is not known, so none opens anything.
    assert_eq!(store.people.password(BOB).await.unwrap(), None);
}
