//! Which files outside itself a program mentions by name: a hint at what it may want while it runs.
//!
//! A program that has `/etc/ssl/certs` in it may never make a connection, so this supports "likely", never "certain".
//! The bytes are looked at once, as they stream by; nothing of them is kept.

use memchr::memmem::Finder;

/// What a program may want of the image beyond what is loaded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
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
    /// What is never called is not linked, so it tells that the name of a function is there.
    TlsClient,
    /// It is a Go program that loads time zones by name.
    LoadsZones,
    /// It is a Go program that has the time zones in it (`time/tzdata`).
    HasZones,
}

/// What stands for which mention. The places of certificates are those that OpenSSL (its default on Debian and on
/// others), Go's `crypto/x509` and `openssl-probe` of Rust look at.
const NEEDLES: [(&[u8], Mention); 13] = [
    (b"/etc/ssl/cert", Mention::Certificates),
    (b"/usr/lib/ssl", Mention::Certificates),
    (b"/etc/pki/tls", Mention::Certificates),
    (b"/etc/passwd", Mention::Passwd),
    (b"\xff Go buildinf:", Mention::Go),
    (b"BusyBox v", Mention::Busybox),
    (b"RUST_BACKTRACE", Mention::Rust),
    (b"getaddrinfo\0", Mention::HostNames),
    (b"net/http.(*Transport).dialConn\0", Mention::TlsClient),
    (b"crypto/tls.dial\0", Mention::TlsClient),
    (b"(*tlsCreds).ClientHandshake\0", Mention::TlsClient),
    (b"time.LoadLocation\0", Mention::LoadsZones),
    (b"time/tzdata.", Mention::HasZones),
];

/// One less than the longest needle: what may be cut off at the end of a piece.
const OVERLAP: usize = 30;

/// The mentions that were found in one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mentions(u16);

impl Mentions {
    /// Is this one among them?
    pub fn has(self, mention: Mention) -> bool {
        self.0 & bit(mention) != 0
    }

    /// Those in a file whose contents are at hand.
    pub fn of(bytes: &[u8]) -> Self {
        let mut scan = Scan::default();
        scan.feed(bytes);
        scan.found
    }
}

fn bit(mention: Mention) -> u16 {
    1 << mention as u8
}

/// Looks for all mentions in a file that arrives in pieces.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    found: Mentions,
    /// The last bytes so far, in which a needle may have begun.
    tail: Vec<u8>,
}

impl Scan {
    /// Looks at the next piece.
    pub fn feed(&mut self, piece: &[u8]) {
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
    pub fn found(&self) -> Mentions {
        self.found
    }

    fn keep(&mut self, piece: &[u8]) {
        let tail = piece.get(piece.len().saturating_sub(OVERLAP)..).unwrap_or_default();
        self.tail.clear();
        self.tail.extend_from_slice(tail);
    }

    fn look(&mut self, bytes: &[u8]) {
        for (needle, mention) in NEEDLES {
            if !self.found.has(mention) && Finder::new(needle).find(bytes).is_some() {
                self.found.0 |= bit(mention);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mentions, NEEDLES, OVERLAP, Scan};

    #[test]
    fn a_mention_is_found_wherever_the_pieces_are_cut() {
        assert_eq!(NEEDLES.iter().map(|(needle, _)| needle.len() - 1).max(), Some(OVERLAP));
        for (needle, mention) in NEEDLES {
            let file = [b"\0\x01/etc/", needle, b"/x\0"].concat();
            assert!(Mentions::of(&file).has(mention));
            for size in 1..file.len() {
                let mut scan = Scan::default();
                file.chunks(size).for_each(|piece| scan.feed(piece));
                assert!(scan.found().has(mention), "{mention:?} in pieces of {size}");
            }
        }
        assert_eq!(Mentions::of(b"/etc/ssl/cer/etc/passw/etc/ssl_certs"), Mentions::default());
    }
}
