//! Streams torn apart in every way.

use proptest::prelude::*;

use super::*;

/// The data of each event that an empty line has ended: the standard's algorithm, on normalised line ends.
fn ended(stream: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(stream);
    let text =
        text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    let (mut events, mut data) = (Vec::new(), Vec::new());
    for line in lines {
        if line.is_empty() {
            let joined = data.join("\n");
            let done = joined.trim_ascii_start().starts_with("[DONE]");
            let data_or_done = if done { "[DONE]".into() } else { joined.into_bytes() };
            events.extend((!data_or_done.trim_ascii().is_empty()).then_some(data_or_done));
            data.clear();
        } else if let Some(value) = line.strip_prefix("data:") {
            data.push(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    events
}

fn data(run: &[u8]) -> Vec<Vec<u8>> {
    events(run)
        .filter_map(|event| match event.payload {
            Payload::Nothing | Payload::Error(_) | Payload::Bare(_) => None,
            Payload::Done => Some(b"[DONE]".to_vec()),
            Payload::Data(data) => Some(data.into_owned()),
        })
        .collect()
}

#[test]
fn a_read_that_ends_with_an_event_is_handed_through() {
    let read = Bytes::from_static(b"data: 1\n\ndata: 2\r\n\r\n");
    let run = Framer::new(99).feed(read.clone()).unwrap().unwrap();
    assert_eq!((run.as_ptr(), run.len()), (read.as_ptr(), read.len()));
}

#[test]
fn what_follows_the_last_event_waits_for_its_rest() {
    let mut framer = Framer::new(99);
    assert_eq!(framer.feed("data: 1\n\ndata".into()).unwrap().unwrap(), "data: 1\n\n");
    assert_eq!(framer.feed(": 2\n".into()), Ok(None));
    assert_eq!(framer.feed("\nda".into()).unwrap().unwrap(), "data: 2\n\n");
    assert_eq!(framer.finish().unwrap(), "da");
}

#[test]
fn a_torn_line_end_is_still_one() {
    let mut framer = Framer::new(99);
    assert_eq!(framer.feed("data: 1\r".into()), Ok(None));
    assert_eq!(framer.feed("\n".into()), Ok(None), "this ends a line, and no event");
    assert_eq!(framer.feed("\r".into()).unwrap().unwrap(), "data: 1\r\n\r");
    assert_eq!(framer.feed("\ndata: 2\r\r".into()).unwrap().unwrap(), "\ndata: 2\r\r");
    assert_eq!(framer.finish(), None);
}

#[test]
fn an_event_may_be_as_long_as_allowed_and_no_longer() {
    let too_long = Err(EventTooLong { max_event_bytes: 9 });
    assert!(Framer::new(9).feed("data: 1\n\ndata: 2\n\n".into()).is_ok());
    assert_eq!(Framer::new(9).feed("data: 1\n\ndata: 22\n\n".into()), too_long);
    assert_eq!(Framer::new(9).feed("data: 2222".into()), too_long);
    let mut framer = Framer::new(9);
    assert_eq!(framer.feed("data: 22\n".into()), Ok(None));
    assert_eq!(framer.feed("\n".into()), too_long);
}

#[test]
fn payloads_are_read_as_the_standard_says() {
    let run =
        b": hi\n\nevent: x\nid: 1\n\ndata: a\ndata:b\ndata\ndatas: no\n\ndata:  c\n\ndata: [DONE]";
    let payloads: Vec<_> = events(run).map(|event| event.payload).collect();
    assert_eq!(
        payloads,
        [
            Payload::Nothing,
            Payload::Nothing,
            Payload::Data(b"a\nb\n".into()),
            Payload::Data(b" c".into()),
            Payload::Done,
        ]
    );
}

#[test]
fn a_byte_order_mark_is_taken_off_however_it_is_torn() {
    for reads in
        [vec!["\u{feff}data: 1\n\n".as_bytes()], vec![b"\xef", b"\xbb", b"\xbfdata: 1\n\n"]]
    {
        let mut framer = Framer::new(99);
        let runs =
            reads.iter().filter_map(|read| framer.feed(Bytes::copy_from_slice(read)).unwrap());
        assert_eq!(runs.collect::<Vec<_>>(), ["data: 1\n\n"]);
    }
    let mut framer = Framer::new(99);
    assert_eq!(framer.feed(Bytes::from_static(b"\xef")), Ok(None));
    assert_eq!(framer.feed(Bytes::from_static(b"x\n\n")).unwrap().unwrap(), &b"\xefx\n\n"[..]);
}

#[test]
fn what_has_no_data_is_nothing_and_an_error_is_told_by_its_name() {
    let payload = |run: &str| {
        let mut events = events(run.as_bytes());
        format!("{:?}", events.next().unwrap().payload)
            .replace("Borrowed(", "")
            .replace("Owned(", "")
    };
    for nothing in
        ["data:\n\n", "data: \n\n", "data\n\n", "retry: 3\nid: 7\n\n", ": ok\n\n", "event: x\n\n"]
    {
        assert_eq!(payload(nothing), "Nothing", "{nothing}");
    }
    assert!(payload("event: error\ndata: {}\n\n").starts_with("Error("));
    assert!(payload("data: x\nevent:error\n\n").starts_with("Error("));
    assert!(payload("event: errors\ndata: x\n\n").starts_with("Data("));
    assert!(payload("event: done\ndata:  [DONE] \n\n").starts_with("Done"));
    let bare = b"{\n  \"error\": 1\n}";
    assert_eq!(events(bare).next().unwrap().payload, Payload::Bare(bare.into()));
}

#[test]
fn an_event_is_withheld_and_the_others_stay_as_they_were() {
    let run = Bytes::from_static(b": x\n\ndata: 1\r\n\r\ndata: 2\n\ndata: [DONE]\n\n");
    let without =
        |data: &'static [u8]| retain(&run, |event| event.payload != Payload::Data(data.into()));
    assert_eq!(without(b"2"), &b": x\n\ndata: 1\r\n\r\ndata: [DONE]\n\n"[..]);
    assert_eq!(without(b"3").as_ptr(), run.as_ptr());
    assert_eq!(retain(&run, |event| event.range.start > 4).as_ptr(), run[5..].as_ptr());
    assert!(retain(&run, |_| false).is_empty());
}

#[test]
fn what_is_written_is_read() {
    let run = [event(br#"{"a":1}"#).as_ref(), crate::Dialect::OpenAi.keep_alive(), DONE].concat();
    assert_eq!(data(&run), [&br#"{"a":1}"#[..], b"[DONE]"]);
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "\n", "\r", "\r\n", "data: ", "data:", "x", ": c", "[DONE]", "é", "id: 7", "\u{feff}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

fn reads(stream: &[u8], cuts: &[prop::sample::Index]) -> Vec<Bytes> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|cut| Bytes::copy_from_slice(&stream[cut[0]..cut[1]])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn however_a_stream_is_torn_it_is_whole_again(stream in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let mut framer = Framer::new(usize::MAX);
        let (mut fed, mut out, mut seen) = (0, Vec::new(), Vec::new());
        for read in reads(&stream, &cuts) {
            fed += read.len();
            if let Some(run) = framer.feed(read).unwrap() {
                seen.extend(data(&run));
                out.extend_from_slice(&run);
            }
            prop_assert_eq!(&seen, &ended(&stream[..fed]), "each event as soon as it has ended");
        }
        out.extend(framer.finish().into_iter().flatten());
        prop_assert_eq!(out, stream.strip_prefix(BOM).unwrap_or(&stream));
    }

    #[test]
    fn the_bound_does_not_depend_on_the_reads(stream in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12), bound in 1..40usize) {
        let at_once = Framer::new(bound).feed(Bytes::copy_from_slice(&stream)).is_ok();
        let mut framer = Framer::new(bound);
        let torn = reads(&stream, &cuts).into_iter().all(|read| framer.feed(read).is_ok());
        prop_assert_eq!(at_once, torn);
    }

    #[test]
    fn the_events_of_a_run_are_all_of_it(run in stream()) {
        let ranges: Vec<_> = events(&run).map(|event| event.range).collect();
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        prop_assert_eq!(ranges.iter().map(ExactSizeIterator::len).sum::<usize>(), run.len());
        prop_assert_eq!(retain(&Bytes::from(run.clone()), |_| true), run);
    }
}
