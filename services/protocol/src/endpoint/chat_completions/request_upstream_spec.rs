//! What the upstream is sent, to the byte.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn spliced(body: &str) -> String {
    let forwarding = read(body.as_bytes()).unwrap().forwarding;
    let bytes = forwarding.for_upstream(&Bytes::copy_from_slice(body.as_bytes()), "up\"m").unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn only_the_models_name_changes_where_nobody_streams() {
    assert_eq!(
        spliced(r#"{ "x" : 1.0e0, "model" : "m", "stream_options":null }"#),
        r#"{ "x" : 1.0e0, "model" : "up\"m", "stream_options":null }"#
    );
}

#[test]
fn a_stream_is_asked_for_its_usage() {
    for (client, upstream) in [
        (
            r#"{"model":"m","stream":true}"#,
            r#"{"model":"up\"m","stream_options":{"include_usage":true},"stream":true}"#,
        ),
        (
            r#"{"stream":true,"stream_options":null,"model":"m"}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true},"model":"up\"m"}"#,
        ),
        (
            r#"{"stream":true,"stream_options": { },"model":"m"}"#,
            r#"{"stream":true,"stream_options": {"include_usage":true },"model":"up\"m"}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{ "a":{}},"model":"m"}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true, "a":{}},"model":"up\"m"}"#,
        ),
        (
            r#"{"stream":true,"model":"m","stream_options":{"include_usage": false}}"#,
            r#"{"stream":true,"model":"up\"m","stream_options":{"include_usage": true}}"#,
        ),
    ] {
        assert_eq!(spliced(client), upstream);
    }
}

#[test]
fn a_body_that_is_right_already_is_not_copied() {
    let body = Bytes::from_static(
        br#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#,
    );
    let forwarding = read(&body).unwrap().forwarding;
    assert_eq!(forwarding.for_upstream(&body, "m").unwrap().as_ptr(), body.as_ptr());
}

/// A member as the client wrote it, and as the upstream must get it.
#[derive(Debug, Clone)]
struct Member {
    client: String,
    upstream: String,
}

fn same(text: String) -> Member {
    Member { upstream: text.clone(), client: text }
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", " ", "\n  ", "\t\r\n"])
}

fn other_member() -> impl Strategy<Value = Member> {
    let value = prop::sample::select(vec![
        "1.50e+3",
        "null",
        r#"[ {"role" : "user","content":"model \"m\" \u00e9 \/ {}[]"} ]"#,
        r#"{"model":"m","stream_options":null,"stream":true}"#,
        "\"\u{1F980}\"",
        "123456789012345678901234567890",
        "{}",
    ]);
    let key = prop::sample::select(vec!["temperature", "messages_", "x", "Model", "metadata"]);
    (key, space(), value, space()).prop_map(|(key, before, value, after)| {
        same(format!("\"{key}\"{before}:{after}{value}{before}"))
    })
}

/// Where the client's options are, if any, what they say before and after what the upstream must see.
fn options() -> impl Strategy<Value = Option<(&'static str, &'static str)>> {
    prop::option::of(prop::sample::select(vec![
        ("null", r#"{"include_usage":true}"#),
        ("{}", r#"{"include_usage":true}"#),
        ("{ }", r#"{"include_usage":true }"#),
        (r#"{"include_usage": null }"#, r#"{"include_usage": true }"#),
        (r#"{"a":[1], "include_usage":false}"#, r#"{"a":[1], "include_usage":true}"#),
        (
            r#"{ "include_obfuscation":false}"#,
            r#"{"include_usage":true, "include_obfuscation":false}"#,
        ),
        (r#"{"include_usage":true ,"b":{}}"#, r#"{"include_usage":true ,"b":{}}"#),
    ]))
}

fn body() -> impl Strategy<Value = (String, String)> {
    let others = prop::collection::vec(other_member(), 0..4);
    (
        others,
        options(),
        any::<bool>(),
        space(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mut members, options, stream, space, model_at, options_at)| {
            let added = if stream && options.is_none() {
                r#","stream_options":{"include_usage":true}"#
            } else {
                ""
            };
            let model = Member {
                client: format!("{space}\"model\"{space}: \"caf\\u00e9\"{space}"),
                upstream: format!("{space}\"model\"{space}: \"up\\\"m\"{added}{space}"),
            };
            members.push(same(format!("\"stream\":{space}{stream}")));
            members.insert(model_at.index(members.len() + 1), model);
            if let Some((client, upstream)) = options {
                let upstream = if stream { upstream } else { client };
                let member = |value: &str| format!("{space}\"stream_options\":{value}{space}");
                let both = Member { client: member(client), upstream: member(upstream) };
                members.insert(options_at.index(members.len() + 1), both);
            }
            let join = |side: fn(&Member) -> &str| {
                format!(
                    "{space}{{{}}}{space}",
                    members.iter().map(side).collect::<Vec<_>>().join(",")
                )
            };
            (join(|member| &member.client), join(|member| &member.upstream))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn nothing_but_the_name_and_the_wish_for_usage_changes((client, upstream) in body()) {
        prop_assert_eq!(spliced(&client), upstream);
    }

    #[test]
    fn what_is_sent_means_what_was_sent((client, _) in body()) {
        let stream = read(client.as_bytes()).unwrap().forwarding.streamed;
        let mut meant: serde_json::Value = serde_json::from_str(&client).unwrap();
        meant["model"] = "up\"m".into();
        if stream {
            meant["stream_options"]["include_usage"] = true.into();
        }
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&spliced(&client)).unwrap(), meant);
    }
}
