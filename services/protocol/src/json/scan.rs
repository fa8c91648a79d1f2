//! A JSON scanner that knows where each value lies and builds nothing.
//!
//! A parser's tree would cost an allocation for every message of a long conversation and forget the offsets
//! that splicing needs. What this scanner lets pass of a request, `serde_json` and every strict parser reads as well: one
//! grammar decides what is billed and what is sent. An answer is for its client to judge: what the usual libraries
//! read beyond the grammar (half a surrogate pair, `NaN`, `Infinity`, a byte order mark) passes there.

use std::borrow::Cow;

/// As deep as `serde_json` reads with its defaults, and far deeper than any tool's schema.
const MAX_DEPTH: u8 = 127;

/// Nothing worth telling from text fits into so many bytes.
const SHORT_URL: usize = 256;

/// Why some bytes are not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why} at byte {at}")]
pub struct Malformed {
    pub at: usize,
    pub why: &'static str,
}

/// What the next value is, by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
    Nothing,
}

/// A string as it stands in the document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    quoted: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    pub fn decode(&self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(serde_json::from_str(self.quoted).unwrap_or_else(|_| lossy(self.quoted)))
        } else {
            Cow::Borrowed(&self.quoted[1..self.quoted.len() - 1])
        }
    }

    /// With its quotes and escapes.
    pub const fn quoted(&self) -> &'a str {
        self.quoted
    }

    /// Its length if it is a picture or the like, as a URL that holds it all.
    fn embedded(&self) -> usize {
        let is_long = self.quoted.len() > SHORT_URL;
        if is_long && self.quoted.starts_with("\"data:") { self.quoted.len() } else { 0 }
    }
}

/// Stands before a value whenever it is handed out; whoever gets it reads exactly that value.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
    /// Whether somebody else wrote it for somebody else to read.
    lenient: bool,
    /// Bytes of pictures and the like that were passed over within texts.
    embedded: usize,
}

impl<'a> Scanner<'a> {
    /// Reads one document: a value with nothing after it.
    pub fn document<T, E: From<Malformed>>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let scan = Self { text: utf8(bytes)?, at: 0, depth: 0, lenient: false, embedded: 0 };
        scan.only(read)
    }

    /// Reads an upstream's document, which need only be what the usual libraries read.
    pub fn answer<T, E: From<Malformed>>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        Self::lenient(bytes)?.only(read)
    }

    /// The same, whatever follows the document.
    pub fn first_of_answer<T, E: From<Malformed>>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut scan = Self::lenient(bytes)?;
        scan.whitespace();
        read(&mut scan)
    }

    fn lenient(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let text = utf8(bytes)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Ok(Self { text, at: 0, depth: 0, lenient: true, embedded: 0 })
    }

    fn only<T, E: From<Malformed>>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.whitespace();
        let value = read(&mut self)?;
        self.whitespace();
        match self.byte() {
            None => Ok(value),
            Some(_) => Err(self.malformed("something after the end of the document").into()),
        }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn embedded(&self) -> usize {
        self.embedded
    }

    pub fn since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    pub fn peek(&self) -> Kind {
        match self.byte() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            Some(b'N' | b'I') if self.lenient => Kind::Number,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') => Kind::Null,
            Some(_) | None => Kind::Nothing,
        }
    }

    pub fn object<E: From<Malformed>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Text<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.items(b'{', b'}', |scan| {
            let key = scan.string()?;
            scan.whitespace();
            scan.take(b':', "no colon after a key")?;
            scan.whitespace();
            member(scan, key)
        })
    }

    pub fn array<E: From<Malformed>>(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.items(b'[', b']', item)
    }

    fn items<E: From<Malformed>>(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.take(open, "another kind of value than expected")?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.malformed("a value nested too deep").into());
        }
        self.whitespace();
        if self.byte() != Some(close) {
            loop {
                item(self)?;
                self.whitespace();
                if self.byte() != Some(b',') {
                    break;
                }
                self.at += 1;
                self.whitespace();
            }
        }
        self.take(close, "neither a comma nor the end of the list")?;
        self.depth -= 1;
        Ok(())
    }

    pub fn string(&mut self) -> Result<Text<'a>, Malformed> {
        let start = self.at;
        self.take(b'"', "no string where one belongs")?;
        let mut escaped = false;
        loop {
            self.at += plain(&self.text.as_bytes()[self.at..]);
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text { quoted: self.since(start), escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.malformed("a control character in a string")),
                None => return Err(self.malformed("the end of the document within a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(_) | None => match self.unicode()? {
                // Its other half is an escape of its own, here or in the next chunk.
                0xD800..=0xDFFF if self.lenient => Ok(()),
                0xD800..=0xDBFF => match self.unicode()? {
                    0xDC00..=0xDFFF => Ok(()),
                    _ => Err(self.malformed("half a surrogate pair")),
                },
                0xDC00..=0xDFFF => Err(self.malformed("half a surrogate pair")),
                _ => Ok(()),
            },
        }
    }

    /// One `\u` and its four digits.
    fn unicode(&mut self) -> Result<u16, Malformed> {
        let digits = self
            .text
            .get(self.at..self.at + 6)
            .and_then(|escape| escape.strip_prefix("\\u"))
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .ok_or_else(|| self.malformed("an unknown escape"))?;
        self.at += 6;
        Ok(u16::from_str_radix(digits, 16).expect("four hexadecimal digits"))
    }

    pub fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        self.pass(b"-");
        match self.byte() {
            Some(b'N') if self.lenient => return self.word("NaN").map(|()| self.since(start)),
            Some(b'I') if self.lenient => return self.word("Infinity").map(|()| self.since(start)),
            Some(_) | None => {}
        }
        if !self.pass(b"0") {
            self.digits()?;
        }
        if self.pass(b".") {
            self.digits()?;
        }
        if self.pass(b"eE") {
            self.pass(b"+-");
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let digits =
            self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err(self.malformed("a number without digits"));
        }
        self.at += digits;
        Ok(())
    }

    pub fn bool(&mut self) -> Result<bool, Malformed> {
        if self.byte() == Some(b't') {
            self.word("true").map(|()| true)
        } else {
            self.word("false").map(|()| false)
        }
    }

    pub fn null(&mut self) -> Result<(), Malformed> {
        self.word("null")
    }

    fn word(&mut self, word: &str) -> Result<(), Malformed> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.malformed("an unknown word"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Checks the value's grammar and passes it.
    pub fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Kind::Object => self.object(|scan, _| scan.skip()),
            Kind::Array => self.array(Self::skip),
            Kind::String => {
                let text = self.string()?;
                self.embedded += text.embedded();
                Ok(())
            }
            Kind::Number => self.number().map(drop),
            Kind::Bool => self.bool().map(drop),
            Kind::Null => self.null(),
            Kind::Nothing => Err(self.malformed("no value where one belongs")),
        }
    }

    fn whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn pass(&mut self, any: &[u8]) -> bool {
        let passed = self.byte().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(passed);
        passed
    }

    fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Malformed> {
        if self.pass(&[byte]) { Ok(()) } else { Err(self.malformed(otherwise)) }
    }

    fn malformed(&self, why: &'static str) -> Malformed {
        Malformed { at: self.at, why }
    }
}

/// For what others wrote: a value of another kind than hoped for is passed over, not an error.
impl<'a> Scanner<'a> {
    pub fn text_if_any(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        if self.peek() == Kind::String {
            return Ok(Some(self.string()?.decode()));
        }
        self.skip().map(|()| None)
    }

    pub fn integer_if_any(&mut self) -> Result<Option<u64>, Malformed> {
        if self.peek() == Kind::Number {
            return Ok(integer(self.number()?).and_then(|number| number.try_into().ok()));
        }
        self.skip().map(|()| None)
    }

    pub fn object_if_any(
        &mut self,
        member: impl FnMut(&mut Self, Text<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.peek() == Kind::Object { self.object(member) } else { self.skip() }
    }

    pub fn array_if_any(
        &mut self,
        item: impl FnMut(&mut Self) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.peek() == Kind::Array { self.array(item) } else { self.skip() }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes)
        .map_err(|error| Malformed { at: error.valid_up_to(), why: "a byte that is not UTF-8" })
}

/// A string with an escape that stands for no character.
fn lossy(quoted: &str) -> String {
    let units = |digits: &str| u16::from_str_radix(digits, 16).unwrap_or_default();
    let (mut text, mut rest) = (String::new(), &quoted[1..quoted.len() - 1]);
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut halves = Vec::new();
        rest = escape;
        while let Some((digits, after)) =
            rest.strip_prefix('u').and_then(|rest| rest.split_at_checked(4))
        {
            halves.push(units(digits));
            let Some(next) = after.strip_prefix('\\').filter(|next| next.starts_with('u')) else {
                rest = after;
                break;
            };
            rest = next;
        }
        if halves.is_empty() {
            let mut simple = rest.chars();
            text.extend(simple.next().map(unescaped));
            rest = simple.as_str();
        }
        text.push_str(&String::from_utf16_lossy(&halves));
    }
    text + rest
}

const fn unescaped(escape: char) -> char {
    match escape {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

/// The whole number that is written, be it as `3`, `3.0` or `3e0`.
pub(crate) fn integer(number: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.parse().ok().or_else(|| {
        let float: f64 = number.parse().ok()?;
        let whole = float.fract() == 0.0 && float.abs() <= EXACT;
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        whole.then_some(float as i64)
    })
}

/// How many bytes stand before the next quote, backslash or control character; eight at a time, as most of
/// a body is the text of messages.
fn plain(bytes: &[u8]) -> usize {
    let mut words = bytes.chunks_exact(8);
    let mut passed = 0;
    for word in &mut words {
        let special = special(u64::from_le_bytes(word.try_into().expect("chunks of eight bytes")));
        if special != 0 {
            return passed + special.trailing_zeros() as usize / 8;
        }
        passed += 8;
    }
    passed
        + words
            .remainder()
            .iter()
            .take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f))
            .count()
}

/// The high bit of each byte that ends a plain run. Borrows may set bits above the first, never below it.
const fn special(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_quote | is_backslash | is_control) & HIGH
}

#[cfg(test)]
#[path = "scan_spec.rs"]
mod spec;
