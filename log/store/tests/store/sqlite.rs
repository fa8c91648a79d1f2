//! What only a data folder has: one owner, and two files of which one may fall behind.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use uplion_domain::wire::Encoded;
use uplion_log_store::{
    archive::Tail,
    event_store::Commit,
    people::{Notes, PasswordHash, Personal, PersonalChange},
    sqlite::{self, OpenError},
};
use uplion_log_transport::stream::{Condition, Record, StreamName, StreamSpec, reading::events};
use uplion_tests::scratch;

use crate::events::{commit, created, project, request, settled};

#[tokio::test]
async fn a_data_folder_belongs_to_one_process_and_keeps_what_it_holds() {
    let folder = scratch::folder("data").unwrap();
    let (store, streams) = sqlite::open(&folder).unwrap();
    let project = project();
    store.events.commit(commit(project, 0, vec![created(project, "a")])).await.unwrap();
    let Err(in_use) = sqlite::open(&folder) else { panic!("opened twice") };
    assert!(matches!(in_use, OpenError::InUse(_)));
    assert!(in_use.to_string().ends_with("is in use by another uplion: stop it first"), "{in_use}");
    drop((store, streams));
    let (store, _streams) = sqlite::open(&folder).unwrap();
    assert_eq!(store.events.head().await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_in_a_folder_that_others_may_look_into_is_for_its_owner_alone() {
    let folder = scratch::folder("data").unwrap();
    let _open = sqlite::open(&folder).unwrap();
    let mut readable = Vec::new();
    for file in fs::read_dir(&folder).unwrap() {
        let file = file.unwrap();
        if file.metadata().unwrap().permissions().mode() & 0o077 != 0 {
            readable.push(file.file_name());
        }
    }
    assert_eq!(readable, ["lock"]);
}

#[tokio::test]
async fn streams_that_lost_their_last_events_take_them_back_from_the_archive() {
    const TRAFFIC: StreamName = StreamName::Traffic;
    let folder = scratch::folder("data").unwrap();
    let spec = StreamSpec {
        name: TRAFFIC,
        epoch: 1,
        first_sequence: 1,
        max_bytes: 64 << 20,
        replicas: 1,
        dedup_window: Duration::from_mins(2),
    };
    let records: Vec<_> = (1..=5).map(|sequence| settled(sequence, request())).collect();
    let file = folder.join("streams.db");

    let (store, streams) = sqlite::open(&folder).unwrap();
    let created = streams.ensure(&spec).await.unwrap().created;
    for record in &records[..3] {
        let event = record.event.clone();
        streams.append(&record.subject, event, Condition::default()).await.unwrap();
    }
    drop((store, streams));
    let earlier = fs::read(&file).unwrap();

    let (store, streams) = sqlite::open(&folder).unwrap();
    for record in &records[3..] {
        let event = record.event.clone();
        streams.append(&record.subject, event, Condition::default()).await.unwrap();
    }
    let lease = store.leases.take("projector", "a", Duration::from_mins(1)).await.unwrap();
    let from = Tail { epoch: 1, created: created.micros(), sequence: 0 };
    store.archive.ingest(&lease.unwrap(), TRAFFIC, from, &records, &[]).await.unwrap();
    drop((store, streams));

    // As after a loss of power: the store synced its file, the streams did not.
    fs::write(&file, earlier).unwrap();
    let (store, streams) = sqlite::open(&folder).unwrap();
    let identity = streams.identity(TRAFFIC).await.unwrap();
    assert_eq!((identity.created, identity.first, identity.last), (created, 1, 5));
    let mut cursor = streams.read(TRAFFIC, 0).await.unwrap();
    let read = events(cursor.next(10, Duration::from_secs(1)).await.unwrap());
    let place = |record: &Record| (record.sequence, record.index, record.event.clone());
    assert!(read.iter().map(place).eq(records.iter().map(place)));
    let next = (records[4].subject.clone(), records[4].event.clone());
    let next = streams.append(&next.0, next.1, Condition::default()).await;
    assert_eq!(next.unwrap().sequence, 6);
    assert_eq!(store.archive.tail(TRAFFIC).await.unwrap().unwrap().sequence, 5);
}

#[tokio::test]
async fn whoever_is_forgotten_is_in_no_byte_of_the_folder() {
    const CANARY: &str = "canary-7f3a";
    let folder = scratch::folder("data").unwrap();
    let (store, streams) = sqlite::open(&folder).unwrap();
    let holding = |canary: &str| -> Vec<String> {
        let files = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
        let holds = |path: &std::path::PathBuf| {
            let bytes = fs::read(path).unwrap();
            bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
        };
        files.filter(holds).map(|path| path.display().to_string()).collect()
    };
    let user = |number: u64| format!("usr_{number}");
    let change = |number, what| PersonalChange { user: user(number), what };
    // So many that the tables' pages split, and every value is moved about and overwritten.
    for number in 0..200 {
        let text = |what: &str| format!("{CANARY}-{what}-{number}-{}", "x".repeat(60));
        for round in 0..2 {
            let project = project();
            let event = Encoded { actor: Some(user(number)), ..created(project, "a") };
            let personal = vec![
                change(number, Personal::Name(text("name"))),
                change(number, Personal::Email(text(&format!("email-{round}")))),
                change(number, Personal::Password(Some(PasswordHash(text("password"))))),
            ];
            let notes = Notes { reason: Some(text("reason")), ..Notes::default() };
            let commit = commit(project, 0, vec![event]);
            store.events.commit(Commit { personal, notes, ..commit }).await.unwrap();
        }
    }
    assert!(!holding(CANARY).is_empty());
    for number in 0..200 {
        let project = project();
        let personal = vec![change(number, Personal::Forgotten)];
        let commit = commit(project, 0, vec![created(project, "a")]);
        store.events.commit(Commit { personal, ..commit }).await.unwrap();
        if number == 100 {
            assert_eq!(holding(&format!("{CANARY}-name-100-")), [""; 0]);
            assert_eq!(holding(&format!("{CANARY}-reason-100-")), [""; 0]);
        }
    }
    assert_eq!(holding(CANARY), [""; 0]);
    drop((store, streams));
    assert_eq!(holding(CANARY), [""; 0]);
}

#[tokio::test]
async fn a_folder_that_a_newer_release_has_written_is_refused_with_what_to_do() {
    let folder = scratch::folder("sqlite").unwrap();
    let later =
        "INSERT INTO refinery_schema_history VALUES (999, 'later', '2027-01-01T00:00:00Z', '1')";
    for database in ["store.db", "streams.db"] {
        drop(sqlite::open(&folder).unwrap());
        let newer = rusqlite::Connection::open(folder.join(database)).unwrap();
        newer.execute(later, []).unwrap();
        let told = sqlite::open(&folder).err().unwrap().to_string();
        assert!(told.contains("a newer uplion has been here"), "{told}");
        newer.execute("DELETE FROM refinery_schema_history WHERE version = 999", []).unwrap();
    }
}
