//! What starts, and then fails for want of something that only its text tells of.

use super::{Case, Draft, Parts};

/// What starts, and then fails for want of something that only its text tells of.
pub(super) fn likely(parts: &Parts) -> Vec<Case> {
    let new = |name, program: &str| Draft::new(parts, name).part("/hello", &format!("go/{program}")).cmd(&["/hello"]);
    vec![
        new("zones-missing", "zones").fails("zoneinfo-missing", "unknown time zone Europe/Vienna"),
        new("zones", "zones").part("/usr/share/zoneinfo/Europe/Vienna", "go/Vienna").works(),
        new("zones-inside", "zones-inside").works(),
        new("users-missing", "users").fails("passwd-missing", "open /etc/passwd"),
        new("users", "users").text("/etc/passwd", "app:x:1000:1000::/:/bin/sh\n").works(),
        new("server", "server").works(),
        new("client-missing", "client").fails("ca-certificates-missing", "failed to verify certificate"),
    ]
}
