//! The user the image runs as: USER, looked up in `/etc/passwd` and `/etc/group` of the image, and what that user may do.
//!
//! The rules are those of the engine (moby/sys, `user.GetExecUser`): a number is never a name and needs no entry, a field
//! that is no number counts as 0, and groups of `/etc/group` count unless USER names one. What stands after a second
//! colon of USER is left out, as engines did until 2025; newer ones take it for part of the group's name. Capabilities
//! are those that a container has by default: root may read everything and execute what anybody may execute.

use std::num::IntErrorKind;

use crate::rules::config_file::ConfigText;
use crate::tree::{FileEntry, FileTree};

/// The largest number of a user or group that the engine takes.
const LARGEST: i64 = i32::MAX as i64;

/// The user and groups that something runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserIds {
    /// The user.
    pub uid: u32,
    /// The group, and then those that the user is a member of.
    pub gids: Vec<u32>,
    /// Is that all? If not, because what `/etc/passwd` or `/etc/group` says is not known, the user may do what anybody
    /// may: nothing certain follows from what one user may not do.
    pub is_known: bool,
}

/// Why the user or group is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// No such user in `/etc/passwd`.
    User(String),
    /// No such group in `/etc/group`.
    Group(String),
}

impl UserIds {
    /// Root, in its own group alone.
    pub(crate) fn root() -> Self {
        Self { uid: 0, gids: vec![0], is_known: true }
    }

    /// The one that USER names: `user`, `uid`, `user:group`, `uid:gid`; root if empty.
    ///
    /// # Errors
    /// When the engine would not find that user or group, and so not start anything.
    pub(crate) fn of(user: &str, tree: &FileTree) -> Result<Self, Unknown> {
        let mut parts = user.split(':');
        let (name, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let texts = [b"/etc/passwd".as_slice(), b"/etc/group"].map(|path| ConfigText::read(tree, path));
        if texts.iter().any(|text| text.is_unknown()) {
            let uid = name.parse().unwrap_or(0);
            return Ok(Self { uid, is_known: false, ..Self::root() });
        }
        let [passwd, groups] = texts.map(table);
        let number = if name.is_empty() { Some(0) } else { name.parse::<i64>().ok() };
        let account = passwd.iter().find(|fields| match number {
            Some(number) => field(fields, 2) == number,
            None => fields.first().is_some_and(|first| first == name),
        });
        let uid = match account {
            Some(fields) => field(fields, 2),
            None => number.filter(is_valid).ok_or_else(|| Unknown::User(name.to_owned()))?,
        };
        let own = id(account.map_or(0, |fields| field(fields, 3)));
        let login = account.and_then(|fields| fields.first()).map_or("", |first| first);
        let gids = if group.is_empty() { member(&groups, login, own) } else { vec![find_group(&groups, group)?] };
        Ok(Self { uid: id(uid), gids, is_known: true })
    }

    /// May this user execute that file?
    pub(crate) fn may_execute(&self, entry: &FileEntry<'_>) -> bool {
        if self.is_bound() { self.bits(entry) & 1 != 0 } else { entry.mode & 0o111 != 0 }
    }

    /// May this user go through that folder?
    pub(crate) fn may_enter(&self, entry: &FileEntry<'_>) -> bool {
        !self.is_bound() || self.bits(entry) & 1 != 0
    }

    /// May this user read that file?
    pub(crate) fn may_read(&self, entry: &FileEntry<'_>) -> bool {
        !self.is_bound() || self.bits(entry) & 4 != 0
    }

    /// Do permissions keep this user from anything, for certain?
    fn is_bound(&self) -> bool {
        self.uid != 0 && self.is_known
    }

    /// The three permission bits that count for this user: the owner's even if others have more.
    fn bits(&self, entry: &FileEntry<'_>) -> u16 {
        if entry.uid == self.uid {
            entry.mode >> 6
        } else if self.gids.contains(&entry.gid) {
            entry.mode >> 3
        } else {
            entry.mode
        }
    }
}

/// The lines of a table, each split at its colons.
fn table(text: ConfigText<'_>) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(text.known());
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split(':').map(str::to_owned).collect()).collect()
}

/// The number in a field, as Go reads it where errors do not count: 0 for what is not a number, the nearest one for a number that is too large.
fn field(fields: &[String], at: usize) -> i64 {
    fields.get(at).map_or(0, |text| {
        text.parse().unwrap_or_else(|error: std::num::ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => i64::MAX,
            IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        })
    })
}

/// The number as the kernel is given it: its lower half.
fn id(number: i64) -> u32 {
    u32::try_from(number & i64::from(u32::MAX)).unwrap_or_default()
}

fn is_valid(number: &i64) -> bool {
    (0..=LARGEST).contains(number)
}

fn member(groups: &[Vec<String>], login: &str, own: u32) -> Vec<u32> {
    let belongs = |fields: &&Vec<String>| {
        !login.is_empty() && fields.get(3).is_some_and(|members| members.split(',').any(|member| member == login))
    };
    std::iter::once(own).chain(groups.iter().filter(belongs).map(|fields| id(field(fields, 2)))).collect()
}

fn find_group(groups: &[Vec<String>], group: &str) -> Result<u32, Unknown> {
    let number = group.parse::<i64>().ok();
    let found = groups.iter().find(|fields| match number {
        Some(number) => field(fields, 2) == number,
        None => fields.first().is_some_and(|first| first == group),
    });
    let found = found.map(|fields| field(fields, 2)).or_else(|| number.filter(is_valid));
    found.map(id).ok_or_else(|| Unknown::Group(group.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Unknown, UserIds};
    use crate::tree::FileTree;
    use crate::tree::builder::FileTreeBuilder;

    fn tree() -> FileTree {
        let passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n77:x:5:6::/:\nbroken\n\
                      letters:x:abc:5::/:\nlarge:x:99999999999999999999:1::/:\n";
        let group = "root:x:0:\nstaff:x:50:app,root\nother:x:51:application\n";
        FileTreeBuilder::new()
            .file("/etc/passwd", 0o644, passwd)
            .file("/etc/group", 0o644, group)
            .file("/own", 0o070, "")
            .owner(1000, 50)
            .file("/app", 0o070, "")
            .file("/group", 0o477, "")
            .owner(3, 50)
            .file("/staff", 0o010, "")
            .build()
            .unwrap()
    }

    fn user_ids(uid: u32, gids: &[u32]) -> UserIds {
        UserIds { uid, gids: gids.to_vec(), is_known: true }
    }

    #[test]
    fn a_user_is_who_the_engine_would_find() {
        let of = |user| UserIds::of(user, &tree());
        assert_eq!(of(""), Ok(user_ids(0, &[0, 50])));
        assert_eq!(of("app"), Ok(user_ids(1000, &[1001, 50])));
        assert_eq!(of("1000"), Ok(user_ids(1000, &[1001, 50])));
        assert_eq!(of("4321"), Ok(user_ids(4321, &[0])));
        assert_eq!(of("app:staff"), Ok(user_ids(1000, &[50])));
        assert_eq!(of("4321:99"), Ok(user_ids(4321, &[99])));
        assert_eq!(of("77"), Ok(user_ids(77, &[0])), "a number is no name");
        assert_eq!(of("broken"), Ok(user_ids(0, &[0])), "a field that is not there is 0");
        assert_eq!(of("letters"), Ok(user_ids(0, &[5])), "and so is one that is no number");
        assert_eq!(of("large").map(|found| found.uid), Ok(u32::MAX));
        assert_eq!(of("1:2:3"), Ok(user_ids(1, &[2])));
        assert_eq!(of("1:50"), Ok(user_ids(1, &[50])));
        assert_eq!(of(":staff"), Ok(user_ids(0, &[50])));
        assert_eq!(of("-1"), Err(Unknown::User("-1".to_owned())));
        assert_eq!(of("nobody"), Err(Unknown::User("nobody".to_owned())));
        assert_eq!(of("app:nogroup"), Err(Unknown::Group("nogroup".to_owned())));
        assert_eq!(of("4294967295"), Err(Unknown::User("4294967295".to_owned())), "beyond what the engine takes");
    }

    #[test]
    fn without_passwd_only_numbers_are_known() {
        let empty = FileTreeBuilder::new().build().unwrap();
        assert_eq!(UserIds::of("", &empty), Ok(user_ids(0, &[0])));
        assert_eq!(UserIds::of("1000:1000", &empty), Ok(user_ids(1000, &[1000])));
        assert_eq!(UserIds::of("root", &empty), Err(Unknown::User("root".to_owned())));
    }

    /// A link may lead to a file of which nothing is kept; that is no empty file.
    #[test]
    fn a_table_that_is_not_known_forbids_nothing() {
        for table in ["/etc/passwd", "/etc/group"] {
            let tree = FileTreeBuilder::new().file("/data/users", 0o644, "app:x:7:7::/:\n").link(table, "/data/users");
            let tree = tree.file("/own", 0o100, "").file("/text", 0o644, "").build().unwrap();
            for user in ["", "app", "app:app", "1000", "1000:app"] {
                let user_ids = UserIds::of(user, &tree).unwrap();
                assert!(!user_ids.is_known, "{table} {user}");
                let may = |path: &[u8]| user_ids.may_execute(&tree.lookup(path).unwrap().entry);
                assert!(may(b"/own") && !may(b"/text"), "{table} {user}");
            }
        }
        let known = |builder: FileTreeBuilder| {
            UserIds::of("app", &builder.build().unwrap()).map(|user_ids| (user_ids.uid, user_ids.is_known))
        };
        let same = FileTreeBuilder::new().file("/data/passwd", 0o644, "app:x:7:7::/:\n");
        assert_eq!(known(same.link("/etc/passwd", "/data/passwd")), Ok((7, true)));
        let same = FileTreeBuilder::new().file("/data/passwd", 0o644, "app:x:7:7::/:\n");
        assert_eq!(known(same.hard_link("/etc/passwd", "/data/passwd")), Ok((7, true)));
        let other = FileTreeBuilder::new().file("/data/x", 0o644, "app:x:7:7::/:\n");
        assert_eq!(known(other.layer().hard_link("/etc/passwd", "/data/x")), Ok((0, false)));
        let empty = FileTreeBuilder::new().file("/data/x", 0o644, "").link("/etc/passwd", "/data/x");
        assert_eq!(known(empty), Err(Unknown::User("app".to_owned())));
        let large = FileTreeBuilder::new().file("/etc/passwd", 0o644, vec![b'#'; 1 << 20]);
        assert_eq!(known(large), Ok((0, false)));
    }

    #[test]
    fn the_first_bits_that_apply_decide() {
        let tree = tree();
        let may = |path: &str, user: &str| {
            UserIds::of(user, &tree).unwrap().may_execute(&tree.lookup(path.as_bytes()).unwrap().entry)
        };
        assert!(may("/own", ""), "root executes what anybody may");
        assert!(!may("/own", "app"), "others may not");
        assert!(!may("/app", "app"), "the owner may not, though the group may");
        assert!(may("/staff", "app"), "as a member of the group");
        assert!(!may("/staff", "4321"));
    }
}
