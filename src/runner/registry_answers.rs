//! What a registry answers that tells nothing of the Dockerfile: that it is broken, that it is busy, that it does not know who asks.
//! That it does not have an image, or does not give it to whom it knows, is for the Dockerfile to answer for.

/// Whether a build's last words, in lower case, are such an answer. The words are those of `BuildKit` (containerd's resolver, old
/// and new), the classic builder and podman.
pub(super) fn tell_nothing(message: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
    has(&OF_ONE_WHO_IS_NOT_KNOWN) || has(&OF_ONE_WHO_IS_BUSY) || (has(&OF_AN_ANSWER) && has(&OF_A_STATUS))
}

/// Of a registry that asks for a login.
const OF_ONE_WHO_IS_NOT_KNOWN: [&str; 3] =
    ["no basic auth credentials", "unauthorized: authentication required", ": authentication required"];

/// Of a registry that was asked too often: after another word, as this may be the name of an image.
const OF_ONE_WHO_IS_BUSY: [&str; 1] = [": toomanyrequests: "];

/// Before the status of an answer.
const OF_AN_ANSWER: [&str; 6] = [
    "unexpected status from",
    "failed with status code [",
    "received unexpected http status: ",
    "unexpected status code ",
    "pinging container registry",
    "error parsing http",
];

/// A status that tells nothing.
const OF_A_STATUS: [&str; 8] = [
    ": 401 unauthorized",
    ": 429 too many requests",
    ": 500 internal server error",
    ": 502 bad gateway",
    ": 503 service unavailable",
    ": 504 gateway time",
    "statuscode: 429",
    "http 429 response",
];

#[cfg(test)]
mod tests {
    use super::tell_nothing;

    /// Words of Docker 20.10 and 28.5 and of podman 5.8 about a registry with such an answer.
    #[test]
    fn an_answer_that_tells_nothing_is_known_by_its_words() {
        for words in [
            "pulling from host r:5 failed with status code [manifests 1]: 500 Internal Server Error",
            "received unexpected HTTP status: 503 Service Unavailable",
            "unexpected status from HEAD request to http://r:5/v2/x/manifests/1: 401 Unauthorized",
            "pinging container registry r:5: received unexpected HTTP status: 500 Internal Server Error",
            "pinging container registry r:5: StatusCode: 429, \"\"",
            "error parsing HTTP 429 response body: unexpected end of JSON input: \"\"",
            "unexpected status code https://r:5/v2/x/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: x",
            "Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
            "Head \"http://r:5/v2/x/y/manifests/1\": no basic auth credentials",
            "unauthorized: authentication required",
            "reading manifest 1 in r:5/x/y: authentication required",
        ] {
            assert!(tell_nothing(&words.to_ascii_lowercase()), "{words}");
        }
        for words in [
            "pull access denied, repository does not exist or may require authorization: server message: \
             insufficient_scope: authorization failed",
            "unexpected status from HEAD request to http://r:5/v2/x/manifests/1: 403 Forbidden",
            "unexpected status code https://r:5/v2/x/manifests/1: 403 Forbidden",
            "toomanyrequests: failed to resolve source metadata for r:5/toomanyrequests:latest: not found",
            "r:5/x:1: not found",
            "manifest unknown: manifest unknown",
            "invalid response status 500",
        ] {
            assert!(!tell_nothing(&words.to_ascii_lowercase()), "{words}");
        }
    }
}
