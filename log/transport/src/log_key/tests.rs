//! That a code is good for its message and its place, and under its key.

use proptest::prelude::*;
use uplion_domain::{EventId, ModelName, subject::AggregateId};

use super::*;

fn keys(secrets: &[u8]) -> LogKeys {
    let keys: Vec<String> = secrets.iter().map(|secret| spell([*secret; SECRET])).collect();
    keys.join("\n").parse().unwrap()
}

fn event(payload: &str) -> Encoded {
    Encoded {
        id: EventId::known("evt_7"),
        kind: "uplion.model.retired.v1".into(),
        at: Timestamp::from_micros(258),
        traceparent: None,
        actor: Some("usr_1".into()),
        request_id: None,
        payload: payload.as_bytes().to_vec(),
    }
}

fn subject(model: &str) -> Subject {
    Subject::Control(AggregateId::Model(ModelName::given(model).unwrap()))
}

fn change<'a>(created: i64, sequence: u64, subject: &'a Subject, event: &'a Encoded) -> Signed<'a> {
    Signed::Change { created: Timestamp::from_micros(created), sequence, subject, event }
}

#[test]
fn a_change_is_good_for_one_place_alone() {
    let (keys, one, event) = (keys(&[1]), subject("one"), event("{}"));
    let code = keys.sign(&change(7, 3, &one, &event));
    assert_eq!(keys.verify(&change(7, 3, &one, &event), &code), Ok(()));
    let other = subject("other");
    let later = Encoded { at: Timestamp::from_micros(259), ..event.clone() };
    let by_another = Encoded { actor: Some("usr_2".into()), ..event.clone() };
    let elsewhere = [
        change(8, 3, &one, &event),
        change(7, 4, &one, &event),
        change(7, 3, &other, &event),
        change(7, 3, &one, &later),
        change(7, 3, &one, &by_another),
        Signed::Voucher(b"{}"),
    ];
    for elsewhere in elsewhere {
        assert_eq!(keys.verify(&elsewhere, &code), Err(NotAuthentic::Forged), "{elsewhere:?}");
    }
}

#[test]
fn the_first_key_signs_and_all_of_them_verify() {
    let (old, both, new) = (keys(&[1]), keys(&[2, 1]), keys(&[2]));
    let voucher = Signed::Voucher(b"x");
    let (by_old, by_both) = (old.sign(&voucher), both.sign(&voucher));
    assert_eq!(both.verify(&voucher, &by_old), Ok(()));
    assert_eq!(new.verify(&voucher, &by_both), Ok(()));
    assert!(matches!(new.verify(&voucher, &by_old), Err(NotAuthentic::UnknownKey(_))));
    assert!(matches!(old.verify(&voucher, &by_both), Err(NotAuthentic::UnknownKey(_))));
}

#[test]
fn a_code_has_the_same_bytes_for_ever() {
    let code = keys(&[7]).sign(&Signed::Voucher(b"uplion"));
    assert_eq!(
        code.to_string(),
        "845937e710394dc837e4582d8cb8b509552b5a381a8a1482d00d58b8acc9186c03d20db4"
    );
    assert_eq!(code.to_string().parse(), Ok(code));
}

#[test]
fn what_is_no_key_is_refused_and_keys_are_not_shown() {
    for text in ["", " , ", "ulk_", "ulk_00", "secret", &"0".repeat(64)] {
        assert!(text.parse::<LogKeys>().is_err(), "{text}");
    }
    let secret = spell([171; SECRET]);
    let shown = format!("{:?}", secret.parse::<LogKeys>().unwrap());
    assert!(!shown.contains("abab"), "{shown}");
}

proptest! {
    #[test]
    fn foreign_texts_are_no_codes(text: String) {
        if let Ok(code) = text.parse::<Code>() {
            prop_assert!(keys(&[1]).verify(&Signed::Voucher(b""), &code).is_err());
        }
    }
}
