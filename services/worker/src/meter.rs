//! How many tokens an answer has taken so far.
//!
//! What the upstream reports wins, unless it reports nothing of what is plainly there. Until it does, each chunk carries
//! what was counted up to it, so that an answer that is cancelled can be billed for what was delivered. A whole answer
//! that reports its usage is never counted.

use std::sync::Arc;

use bytes::Bytes;
use uplion_domain::{Unit, Usage, request::ServiceTier, usage::Source};
use uplion_protocol::{
    Endpoint,
    endpoint::{AnswerPart, PieceKind},
};

use crate::{tokens::Tokenizer, upstream_request_id};

/// Bytes of a body whose prompt is counted where it is needed; a larger one is counted on a thread of its own.
const SMALL_BODY: usize = 4 * 1024;

#[derive(Debug)]
pub struct Meter {
    tokenizer: Arc<Tokenizer>,
    endpoint: Endpoint,
    prompt: Prompt,
    /// What the upstream has reported up to now.
    reported: Option<Usage>,
    /// Since its last report of the answer.
    counted: Counted,
    labels: AnswerLabels,
}

/// What an answer says of itself.
#[derive(Debug, Default)]
pub struct AnswerLabels {
    /// The upstream's own name for it.
    pub id: Option<String>,
    pub service_tier: Option<ServiceTier>,
}

/// Tokens; `reasoning` is a part of `completion`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    completion: u64,
    reasoning: u64,
}

#[derive(Debug)]
enum Prompt {
    /// In this body, the client's.
    Uncounted(Bytes),
    Counted(u64),
}

impl Meter {
    pub fn new(tokenizer: Arc<Tokenizer>, endpoint: Endpoint, body: Bytes) -> Self {
        let prompt = Prompt::Uncounted(body);
        Self {
            tokenizer,
            endpoint,
            prompt,
            reported: None,
            counted: Counted::default(),
            labels: AnswerLabels::default(),
        }
    }

    /// What is to be counted elsewhere before the first chunk of a stream, because it takes long.
    pub fn long_prompt(&self) -> Option<Bytes> {
        match &self.prompt {
            Prompt::Uncounted(body) if body.len() > SMALL_BODY => Some(body.clone()),
            Prompt::Uncounted(_) | Prompt::Counted(_) => None,
        }
    }

    /// Whether nobody has said yet how long the prompt is.
    pub fn needs_prompt(&self) -> bool {
        !self.knows_prompt() && matches!(self.prompt, Prompt::Uncounted(_))
    }

    pub fn prompt_counted(&mut self, tokens: u64) {
        self.prompt = Prompt::Counted(tokens);
    }

    /// The next part of a stream, or a whole answer.
    pub fn add(&mut self, part: &AnswerPart<'_>) {
        self.read_labels(part);
        if Self::counts(part) {
            self.counted.add(&self.tokenizer, part);
        } else {
            self.counted = Counted::default();
        }
        self.hear(part);
    }

    /// Whether the texts of a part are to be counted, because its upstream does not.
    pub fn counts(part: &AnswerPart<'_>) -> bool {
        part.usage.as_ref().is_none_or(|usage| usage.completion_tokens() == 0)
    }

    /// Takes in what a part reports, and nothing else. A report of nothing is none; another one may have lost details.
    pub fn hear(&mut self, part: &AnswerPart<'_>) {
        if let Some(usage) = part.usage.as_ref().filter(|usage| !usage.is_none()) {
            let known = self.reported.take();
            self.reported =
                Some(known.map_or_else(|| usage.clone(), |known| greater(&known, usage)));
        }
    }

    fn knows_prompt(&self) -> bool {
        self.reported.as_ref().is_some_and(|reported| reported.prompt_tokens() > 0)
    }

    /// Usage up to and including the last chunk.
    pub fn running(&mut self) -> Usage {
        let mut usage = self.reported.clone().unwrap_or_default();
        let mut is_counted = self.reported.is_none();
        if !self.knows_prompt() {
            usage.units.set(Unit::INPUT, self.prompt_tokens());
            is_counted = true;
        }
        let Counted { completion, reasoning } = self.counted;
        if completion > 0 {
            usage.units.add(&Unit::OUTPUT, completion.saturating_sub(reasoning));
            usage.units.add(&Unit::REASONING, reasoning);
            is_counted = true;
        }
        if is_counted {
            (usage.source, usage.dialect) = (Source::Counted, None);
        }
        usage
    }

    pub fn read_labels(&mut self, part: &AnswerPart<'_>) {
        let AnswerLabels { id, service_tier } = &mut self.labels;
        if id.is_none() {
            *id = part.id.as_deref().and_then(upstream_request_id::printable);
        }
        // The first part may name the tier that was asked for, the last one that which was had.
        if let Some(tier) = part.service_tier.as_deref().and_then(|tier| tier.parse().ok()) {
            *service_tier = Some(tier);
        }
    }

    /// As the upstream reported it, whatever was counted since.
    pub const fn reported(&self) -> Option<&Usage> {
        self.reported.as_ref()
    }

    pub const fn labels(&self) -> &AnswerLabels {
        &self.labels
    }

    /// A whole answer that was counted elsewhere.
    pub fn completion_counted(&mut self, counted: Counted) {
        self.counted = counted;
    }

    fn prompt_tokens(&mut self) -> u64 {
        match &self.prompt {
            Prompt::Counted(tokens) => *tokens,
            Prompt::Uncounted(body) => {
                let tokens = count_prompt(&self.tokenizer, self.endpoint, body);
                self.prompt = Prompt::Counted(tokens);
                tokens
            }
        }
    }
}

/// Of two reports of one answer: the greater of each count, as reports grow and may lose their details.
fn greater(known: &Usage, later: &Usage) -> Usage {
    let most = |count: fn(&Usage) -> u64| count(known).max(count(later));
    let (prompt, completion) = (most(Usage::prompt_tokens), most(Usage::completion_tokens));
    let (cached, reasoning) = (most(Usage::cached_tokens), most(Usage::reasoning_tokens));
    let mut usage = Usage::tokens(prompt, cached, completion, reasoning, Source::Reported);
    let written = most(|usage| usage.get(&Unit::CACHE_WRITE)).min(usage.get(&Unit::INPUT));
    usage.units.take(&Unit::INPUT, written);
    usage.units.set(Unit::CACHE_WRITE, written);
    usage.dialect = later.dialect.clone().or_else(|| known.dialect.clone());
    usage
}

impl Counted {
    fn add(&mut self, tokenizer: &Tokenizer, part: &AnswerPart<'_>) {
        for piece in &part.pieces {
            let tokens = tokenizer.count(&piece.text);
            self.completion += tokens;
            match piece.kind {
                PieceKind::Reasoning => self.reasoning += tokens,
                PieceKind::Content | PieceKind::Refusal | PieceKind::ToolCall => {}
            }
        }
    }
}

/// The tokens of a whole answer.
pub fn count_completion(tokenizer: &Tokenizer, endpoint: Endpoint, answer: &[u8]) -> Counted {
    let mut counted = Counted::default();
    if let Ok(answer) = endpoint.answer_reader(1).whole(answer) {
        counted.add(tokenizer, &answer);
    }
    counted
}

/// The tokens of a body's texts; what a model's template adds around them is not known here, and not billed.
pub fn count_prompt(tokenizer: &Tokenizer, endpoint: Endpoint, body: &[u8]) -> u64 {
    // The gateway has read this body: it is well formed.
    let texts = endpoint.prompt(body).unwrap_or_default();
    texts.iter().map(|text| tokenizer.count(text)).sum()
}

#[cfg(test)]
mod spec {
    use super::*;

    const BODY: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"hello world"}]}"#;

    fn meter() -> Meter {
        Meter::new(Arc::default(), Endpoint::ChatCompletions, Bytes::from_static(BODY))
    }

    fn read(meter: &mut Meter, chunk: &str) {
        let mut reader = Endpoint::ChatCompletions.answer_reader(1);
        meter.add(&reader.event(chunk.as_bytes()).unwrap());
    }

    #[test]
    fn until_the_upstream_reports_each_chunk_is_counted_with_the_prompt() {
        let mut meter = meter();
        read(&mut meter, r#"{"choices":[{"delta":{"reasoning_content":"hello"}}]}"#);
        read(&mut meter, r#"{"choices":[{"delta":{"content":" world"}}],"usage":null}"#);
        let usage = meter.running();
        assert_eq!(
            (usage.prompt_tokens(), usage.completion_tokens(), usage.reasoning_tokens()),
            (2, 2, 1)
        );
        assert_eq!(usage.source, Source::Counted);
    }

    #[test]
    fn what_the_upstream_reports_wins() {
        let mut meter = meter();
        read(&mut meter, r#"{"choices":[{"delta":{"content":"hello world"}}]}"#);
        let usage = r#"{"prompt_tokens":9,"completion_tokens":7}"#;
        read(&mut meter, &format!(r#"{{"choices":[],"usage":{usage}}}"#));
        let usage = meter.running();
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (9, 7));
        assert_eq!(usage.source, Source::Reported);
    }

    #[test]
    fn an_answer_has_the_name_that_its_first_part_gives_it() {
        let mut meter = meter();
        read(&mut meter, r#"{"id":"chatcmpl-1","choices":[]}"#);
        read(&mut meter, r#"{"id":"chatcmpl-2","choices":[]}"#);
        assert_eq!(meter.labels().id.as_deref(), Some("chatcmpl-1"));
    }

    #[test]
    fn what_comes_after_a_report_is_counted_on_top() {
        let mut meter = meter();
        let usage = r#"{"prompt_tokens":9,"completion_tokens":0}"#;
        read(&mut meter, &format!(r#"{{"choices":[],"usage":{usage}}}"#));
        read(&mut meter, r#"{"choices":[{"delta":{"content":"hello world"}}]}"#);
        let usage = meter.running();
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (9, 2));
        assert_eq!(usage.source, Source::Counted);
    }

    #[test]
    fn a_report_of_nothing_undoes_none_and_is_none_beside_text() {
        let nothing = r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#;
        let mut meter = meter();
        read(
            &mut meter,
            &format!(
                r#"{{"choices":[{{"delta":{{"content":"hello world"}}}}],"usage":{nothing}}}"#
            ),
        );
        let usage = meter.running();
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (2, 2));
        assert_eq!(usage.source, Source::Counted);
        read(&mut meter, r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}}"#);
        read(&mut meter, &format!(r#"{{"choices":[],"usage":{nothing}}}"#));
        let usage = meter.running();
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (9, 7));
        assert_eq!(usage.source, Source::Reported);
    }

    #[test]
    fn a_side_that_is_reported_as_nothing_is_counted() {
        let mut meter = meter();
        let text = r#"[{"message":{"content":"hello world"}}]"#;
        let usage = r#"{"prompt_tokens":0,"completion_tokens":7}"#;
        read(&mut meter, &format!(r#"{{"choices":{text},"usage":{usage}}}"#));
        let usage = meter.running();
        assert_eq!((usage.prompt_tokens(), usage.completion_tokens()), (2, 7));
        assert_eq!(usage.source, Source::Counted);
    }

    #[test]
    fn details_that_a_later_report_has_lost_are_kept() {
        let mut meter = meter();
        let details = r#""prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":3}"#;
        let report = |completion: u64, more: &str| {
            format!(
                r#"{{"choices":[],"usage":{{"prompt_tokens":9,"completion_tokens":{completion}{more}}}}}"#
            )
        };
        read(&mut meter, &report(5, &format!(",{details}")));
        read(&mut meter, &report(7, ""));
        let usage = meter.running();
        let counts = [usage.cached_tokens(), usage.completion_tokens(), usage.reasoning_tokens()];
        assert_eq!((counts, usage.source), ([8, 7, 3], Source::Reported));
    }

    #[test]
    fn an_answer_that_reports_its_usage_is_not_counted() {
        let mut meter = meter();
        let usage = r#"{"prompt_tokens":9,"completion_tokens":7}"#;
        let message = r#"[{"message":{"content":"hello world"}}]"#;
        read(&mut meter, &format!(r#"{{"choices":{message},"usage":{usage}}}"#));
        assert_eq!(meter.running().completion_tokens(), 7);
        assert_eq!(meter.counted, Counted::default());
        assert!(matches!(meter.prompt, Prompt::Uncounted(_)));
    }
}
