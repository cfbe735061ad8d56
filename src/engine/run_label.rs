//! Who made a container: the label by which a run tells its own from everybody else's, and a dead run's from a live one's.
//!
//! A run that was killed cannot tidy up. The next one may, but an engine can be shared: by other users, other machines
//! (a remote engine), other containers of one machine. So a container counts as left over only if its label proves that
//! the process that made it is gone; without proof it stays.

use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rustix::process::{Pid, test_kill_process};

/// The label that every container of ours carries; its value is an [`Owner`].
pub const LABEL: &str = "minimage.mkcompose";

/// One process on one machine, as exactly as the system can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The host's name.
    host: String,
    /// Which start of which machine, and which PID namespace on it: a PID means something only within these.
    world: String,
    pid: u32,
    /// When the process started, in clock ticks since the machine did: PIDs are used again.
    started: String,
}

impl Owner {
    /// This process.
    pub fn me() -> Self {
        let pid = std::process::id();
        let uname = rustix::system::uname();
        Self {
            host: word(&uname.nodename().to_string_lossy()),
            world: world(),
            pid,
            started: started(pid).unwrap_or_default(),
        }
    }

    /// The name of this process's container number `number`: no other process has it, wherever the engine is.
    pub fn container(&self, number: usize) -> String {
        let mut hasher = DefaultHasher::new();
        self.to_string().hash(&mut hasher);
        format!("mkcompose-{:016x}-{number}", hasher.finish())
    }

    /// Reads a label's value; `None` if it is not one of ours.
    pub fn parse(label: &str) -> Option<Self> {
        let mut words = label.split('/');
        let mut next = || words.next().map(str::to_owned);
        let (host, world, pid, started) = (next()?, next()?, next()?.parse().ok()?, next()?);
        words.next().is_none().then_some(Self { host, world, pid, started })
    }

    /// Whether PIDs mean the same to both: one start of one machine, one PID namespace.
    pub fn shares_world_with(&self, other: &Self) -> bool {
        (&self.host, &self.world) == (&other.host, &other.world)
    }

    /// Whether it is certain, seen from `self`, that the process `other` is no more.
    pub fn knows_gone(&self, other: &Self) -> bool {
        if !self.shares_world_with(other) {
            return false;
        }
        let pid = i32::try_from(other.pid).ok().and_then(Pid::from_raw);
        let lives = pid.is_some_and(|pid| match test_kill_process(pid) {
            Ok(()) => true,
            // There is one, but it is not ours to signal.
            Err(error) => error == rustix::io::Errno::PERM,
        });
        !lives || started(other.pid).is_some_and(|started| started != other.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.host, self.world, self.pid, self.started)
    }
}

/// The boot ID (random at each start of a Linux machine) and the PID namespace; empty where the system has neither.
fn world() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    word(&format!("{}.{}", boot.trim(), namespace.to_string_lossy()))
}

/// When a process started, where `/proc` tells: the 22nd field of `stat` (`proc_pid_stat(5)`). The second, the command in
/// parentheses, may itself hold spaces and parentheses.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after) = stat.rsplit_once(") ")?;
    after.split_ascii_whitespace().nth(19).map(str::to_owned)
}

/// Only what a label and a shell leave alone.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::Owner;
    use std::process::{Command, Stdio};

    #[test]
    fn a_label_reads_back_as_what_it_was() {
        let me = Owner::me();
        assert_eq!(Owner::parse(&me.to_string()), Some(me));
        for foreign in ["", "1", "a/b/c/d", "a/b/1", "a/b/1/c/d"] {
            assert_eq!(Owner::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_process_that_lives_is_never_gone() {
        let me = Owner::me();
        assert!(!me.knows_gone(&me));
        assert!(!me.knows_gone(&Owner { pid: 1, started: super::started(1).unwrap_or_default(), ..me.clone() }));
    }

    #[test]
    fn a_process_that_ended_is_gone() {
        let mut child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        let (me, pid) = (Owner::me(), child.id());
        let other = Owner { pid, started: super::started(pid).unwrap_or_default(), ..me.clone() };
        assert!(!me.knows_gone(&other));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(me.knows_gone(&other));
    }

    #[test]
    fn a_pid_that_was_used_again_belongs_to_another() {
        let me = Owner::me();
        assert!(me.knows_gone(&Owner { started: "1".to_owned(), ..me.clone() }) || super::started(me.pid).is_none());
    }

    #[test]
    fn of_another_machine_or_namespace_nothing_is_certain() {
        let me = Owner::me();
        let dead = Owner { pid: 4_000_000, ..me.clone() };
        assert!(me.knows_gone(&dead));
        assert!(!me.knows_gone(&Owner { host: "another".to_owned(), ..dead.clone() }));
        assert!(!me.knows_gone(&Owner { world: "another".to_owned(), ..dead }));
    }
}
