//! What the demonstration model says: a function of the request, the same each time. A word is a token.

use bytes::Bytes;
use uplion_domain::{Usage, usage::Source};

use super::{
    super::{Demonstration, Read, demo::CREATED},
    completion::{Completion, FinishReason},
    prompt,
};

/// Characters of the question that are said back.
const MOST_SAID_BACK: usize = 280;

/// `read` was read from `body`.
pub(super) fn answer(read: &Read, body: &[u8], model: &str) -> Demonstration {
    let speech = Speech::about(read, body, model);
    if read.forwarding.streamed {
        Demonstration::Stream(speech.events(read.forwarding.usage_wanted))
    } else {
        Demonstration::Whole(speech.whole())
    }
}

struct Speech {
    answer: Completion,
    words: Vec<String>,
    choices: usize,
    finish: FinishReason,
    usage: Usage,
}

impl Speech {
    fn about(request: &Read, body: &[u8], model: &str) -> Self {
        let texts = prompt::texts(body).unwrap_or_default();
        let question: String = texts
            .last()
            .map(|text| text.chars().take(MOST_SAID_BACK).collect())
            .unwrap_or_default();
        let text = format!(
            "This is UPLION's built-in demonstration, not a language model. You wrote: {question}"
        );
        let mut words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        let most = request.most_output.and_then(|most| usize::try_from(most).ok());
        let finish = match most {
            Some(most) if most < words.len() => {
                words.truncate(most);
                FinishReason::Length
            }
            Some(_) | None => FinishReason::Stop,
        };
        let choices = usize::try_from(request.n).unwrap_or(1);
        let asked = texts.iter().map(|text| text.split_whitespace().count()).sum::<usize>();
        let completion = (words.len() * choices) as u64;
        let usage = Usage::tokens(asked as u64, 0, completion, 0, Source::Reported);
        let answer = Completion { id: id(body), created: CREATED, model: model.into() };
        Self { answer, words, choices, finish, usage }
    }

    fn whole(&self) -> Bytes {
        let text = self.words.concat();
        self.answer.whole(&vec![text.as_str(); self.choices], self.finish, &self.usage)
    }

    fn events(&self, usage: bool) -> Vec<Bytes> {
        let Self { answer, words, choices, finish, .. } = self;
        let mut events: Vec<Bytes> = (0..*choices).map(|choice| answer.opening(choice)).collect();
        for word in words {
            events.extend((0..*choices).map(|choice| answer.piece(choice, word)));
        }
        events.extend((0..*choices).map(|choice| answer.finish(choice, *finish)));
        events.extend(usage.then(|| answer.usage(&self.usage)));
        events.push(Completion::done());
        events
    }
}

/// The same for the same body: FNV-1a.
fn id(body: &[u8]) -> String {
    let hash = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("chatcmpl-demo-{hash:016x}")
}

#[cfg(test)]
mod spec {
    use super::*;
    use crate::{Endpoint, endpoint::chat_completions::Chunk};

    fn speech(more: &str) -> Speech {
        let body = format!(
            r#"{{"model":"demo","messages":[{{"role":"user","content":"hello there"}}]{more}}}"#
        );
        Speech::about(
            &Endpoint::ChatCompletions.read(body.as_bytes()).unwrap(),
            body.as_bytes(),
            "demo",
        )
    }

    #[test]
    fn it_says_what_it_is_and_what_was_asked() {
        let text = speech("").words.concat();
        assert!(text.contains("demonstration"), "{text}");
        assert!(text.ends_with("hello there"), "{text}");
    }

    #[test]
    fn it_stops_where_it_is_told_to() {
        let speech = speech(r#","max_tokens":3,"n":2"#);
        assert_eq!((speech.words.len(), speech.finish), (3, FinishReason::Length));
        let whole = speech.whole();
        let usage = Chunk::read(&whole).unwrap().usage.unwrap();
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (2, 6));
    }

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert_eq!(speech("").whole(), speech("").whole());
        assert_eq!(speech("").events(true), speech("").events(true));
    }
}
