//! Which files outside itself a program mentions by name: a hint at what it may want while it runs.
//!
//! A program that has `/etc/ssl/certs` in it may never make a connection, so this supports "likely", never "certain".
//! The bytes are looked at once, as they stream by; nothing of them is kept.

use memchr::memmem::Finder;

/// What a program may want of the image beyond what is loaded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StringHint {
    /// A bundle or folder of CA certificates.
    Certificates,
    /// `/etc/passwd`.
    Passwd,
    /// It was built by Go: what `go version` reads is in it.
    Go,
    /// It is busybox: its version is in it.
    Busybox,
    /// It was built by Rust: what its standard library asks of the environment is in it.
    Rust,
    /// It looks up host names through libc.
    HostNames,
    /// It is a Go program that makes TLS connections, not one that only takes them: by `net/http`, `crypto/tls` or gRPC.
    /// A function that is never called is not linked, so its name shows that it is called.
    TlsClient,
    /// It is a Go program that loads time zones by name.
    LoadsZones,
    /// It is a Go program that has the time zones in it (`time/tzdata`).
    HasZones,
    /// It is the usual Python, as a program of its own: it imports its first module by name.
    Python,
    /// It makes temporary files: by a function of Go or of libc.
    MakesTemporary,
    /// It names a file in `/tmp`. Go has parts of other strings there.
    NamesTemporary,
}

/// The strings that show each hint. The places of certificates are those that OpenSSL (its default on Debian and on
/// others), Go's `crypto/x509` and `openssl-probe` of Rust look at.
const NEEDLES: [(&[u8], StringHint); 20] = [
    (b"/etc/ssl/cert", StringHint::Certificates),
    (b"/usr/lib/ssl", StringHint::Certificates),
    (b"/etc/pki/tls", StringHint::Certificates),
    (b"/etc/passwd", StringHint::Passwd),
    (b"\xff Go buildinf:", StringHint::Go),
    (b"BusyBox v", StringHint::Busybox),
    (b"RUST_BACKTRACE", StringHint::Rust),
    (b"getaddrinfo\0", StringHint::HostNames),
    (b"net/http.(*Transport).dialConn\0", StringHint::TlsClient),
    (b"crypto/tls.dial\0", StringHint::TlsClient),
    (b"(*tlsCreds).ClientHandshake\0", StringHint::TlsClient),
    (b"time.LoadLocation\0", StringHint::LoadsZones),
    (b"time/tzdata.", StringHint::HasZones),
    (b"\0encodings\0", StringHint::Python),
    (b"os.CreateTemp\0", StringHint::MakesTemporary),
    (b"os.MkdirTemp\0", StringHint::MakesTemporary),
    (b"\0mkstemp\0", StringHint::MakesTemporary),
    (b"\0mkdtemp\0", StringHint::MakesTemporary),
    (b"\0tmpfile\0", StringHint::MakesTemporary),
    (b"\0/tmp/", StringHint::NamesTemporary),
];

/// One less than the longest needle: what may be cut off at the end of a piece.
const OVERLAP: usize = 30;

/// The mentions that were found in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StringHints(u16);

impl StringHints {
    /// Is this one among them?
    pub(crate) fn has(self, hint: StringHint) -> bool {
        self.0 & bit(hint) != 0
    }

    /// Those in a file whose contents are in memory.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut scanner = StringScanner::default();
        scanner.feed(bytes);
        scanner.found
    }
}

fn bit(hint: StringHint) -> u16 {
    1 << hint as u8
}

/// Looks for all mentions in a file that arrives in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct StringScanner {
    found: StringHints,
    /// The last bytes so far, in which a needle may have begun.
    tail: Vec<u8>,
}

impl StringScanner {
    /// Looks at the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        if !self.tail.is_empty() {
            self.tail.extend_from_slice(piece.get(..OVERLAP).unwrap_or(piece));
            let seam = std::mem::take(&mut self.tail);
            self.look(&seam);
            if piece.len() < OVERLAP {
                self.keep(&seam);
                return;
            }
        }
        self.look(piece);
        self.keep(piece);
    }

    /// What was found so far.
    pub(crate) fn found(&self) -> StringHints {
        self.found
    }

    fn keep(&mut self, piece: &[u8]) {
        let tail = piece.get(piece.len().saturating_sub(OVERLAP)..).unwrap_or_default();
        self.tail.clear();
        self.tail.extend_from_slice(tail);
    }

    fn look(&mut self, bytes: &[u8]) {
        for (needle, hint) in NEEDLES {
            if !self.found.has(hint) && Finder::new(needle).find(bytes).is_some() {
                self.found.0 |= bit(hint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NEEDLES, OVERLAP, StringHints, StringScanner};

    #[test]
    fn a_mention_is_found_wherever_the_pieces_are_cut() {
        assert_eq!(NEEDLES.iter().map(|(needle, _)| needle.len() - 1).max(), Some(OVERLAP));
        for (needle, hint) in NEEDLES {
            let file = [b"\0\x01/etc/", needle, b"/x\0"].concat();
            assert!(StringHints::of(&file).has(hint));
            for size in 1..file.len() {
                let mut scanner = StringScanner::default();
                file.chunks(size).for_each(|piece| scanner.feed(piece));
                assert!(scanner.found().has(hint), "{hint:?} in pieces of {size}");
            }
        }
        assert_eq!(StringHints::of(b"/etc/ssl/cer/etc/passw/etc/ssl_certs"), StringHints::default());
    }
}
