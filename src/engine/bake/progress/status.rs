//! One document of `--progress=rawjson`, as far as it matters.

use serde::Deserialize;

/// What one document says. A list may be missing or `null`. There is none without any.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    /// Steps, and what the builder does beside them.
    pub(super) vertexes: Option<Vec<Vertex>>,
    /// How far parts of them are.
    pub(super) statuses: Option<Vec<VertexStatus>>,
    /// What they print.
    pub(super) logs: Option<Vec<Log>>,
}

/// What is said of a vertex. The times are only looked at for whether they are there.
#[derive(Debug, Deserialize)]
pub(super) struct Vertex {
    /// What it is known by.
    pub(super) digest: String,
    /// What it is called.
    #[serde(default)]
    pub(super) name: String,
    /// When it started last.
    pub(super) started: Option<String>,
    /// When it ended, if it did since.
    pub(super) completed: Option<String>,
    /// Whether its result was in the cache.
    #[serde(default)]
    pub(super) cached: bool,
    /// Why it failed, if it did.
    #[serde(default)]
    pub(super) error: String,
}

/// What is said of a part of a vertex.
#[derive(Debug, Deserialize)]
pub(super) struct VertexStatus {
    /// What it is called.
    pub(super) id: String,
    /// The vertex.
    pub(super) vertex: String,
    /// When it ended, if it did.
    pub(super) completed: Option<String>,
}

/// What a vertex prints.
#[derive(Debug, Deserialize)]
pub(super) struct Log {
    /// The vertex.
    pub(super) vertex: String,
    /// The bytes, in base64.
    #[serde(default)]
    pub(super) data: String,
}

/// The bytes behind base64 (RFC 4648). What is not of its alphabet is passed over.
pub(super) fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for value in text.bytes().filter_map(value) {
        bits = (bits << 6) | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend(u8::try_from((bits >> count) & 0xff));
        }
    }
    bytes
}

fn value(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn base64_of_any_length_is_read_and_what_is_none_is_passed_over() {
        for (text, bytes) in
            [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Z\nm9v!", "foo")]
        {
            assert_eq!(decoded(text), bytes.as_bytes(), "{text}");
        }
        assert_eq!(decoded("+/8="), [0xfb, 0xff]);
    }
}
