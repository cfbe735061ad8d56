//! As whom the image runs: USER against `/etc/passwd` and `/etc/group` of the image, and what that user may do.
//!
//! The rules are those of the engine (moby/sys, `user.GetExecUser`): a name in `/etc/passwd` wins even if it looks like
//! a number, a number needs no entry, and groups of `/etc/group` count unless USER names one. Capabilities are those
//! that a container has by default: root may read everything and execute what anybody may execute.

use crate::image::tree::{Entry, Tree};

/// The largest number of a user or group that the engine takes.
const LARGEST: u32 = i32::MAX as u32;

/// As whom something runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub uid: u32,
    /// The group, and then those that the user is a member of.
    pub gids: Vec<u32>,
}

/// Why nobody can be found to run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// No such user in `/etc/passwd`.
    User(String),
    /// No such group in `/etc/group`.
    Group(String),
}

impl Identity {
    /// The one that USER names: `user`, `uid`, `user:group`, `uid:gid`; root if empty.
    ///
    /// # Errors
    /// When the engine would not find that user or group, and so not start anything.
    pub fn of(user: &str, tree: &Tree) -> Result<Self, Unknown> {
        let (name, group) = user.split_once(':').map_or((user, ""), |(name, group)| (name, group));
        let passwd = table(tree, b"/etc/passwd");
        let groups = table(tree, b"/etc/group");
        let account = passwd.iter().find(|fields| {
            if name.is_empty() {
                field(fields, 2) == Some(0)
            } else {
                fields.first().is_some_and(|first| *first == name)
            }
        });
        let number = number(name);
        let account = account.or_else(|| passwd.iter().find(|fields| number.is_some() && field(fields, 2) == number));
        let uid = match (account.and_then(|fields| field(fields, 2)), number, name) {
            (Some(uid), _, _) | (None, Some(uid), _) => uid,
            (None, None, "") => 0,
            (None, None, _) => return Err(Unknown::User(name.to_owned())),
        };
        let own = account.and_then(|fields| field(fields, 3)).unwrap_or(0);
        let login = account.and_then(|fields| fields.first()).map_or("", |first| first);
        let gids = if group.is_empty() { member(&groups, login, own) } else { vec![find_group(&groups, group)?] };
        Ok(Self { uid, gids })
    }

    /// May this user execute that file?
    pub fn may_execute(&self, entry: &Entry<'_>) -> bool {
        if self.uid == 0 { entry.mode & 0o111 != 0 } else { self.bits(entry) & 1 != 0 }
    }

    /// May this user go through that folder?
    pub fn may_enter(&self, entry: &Entry<'_>) -> bool {
        self.uid == 0 || self.bits(entry) & 1 != 0
    }

    /// May this user read that file?
    pub fn may_read(&self, entry: &Entry<'_>) -> bool {
        self.uid == 0 || self.bits(entry) & 4 != 0
    }

    /// The three permission bits that count for this user: the owner's even if others have more.
    fn bits(&self, entry: &Entry<'_>) -> u16 {
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
fn table(tree: &Tree, path: &[u8]) -> Vec<Vec<String>> {
    let text = tree.lookup(path).ok().and_then(|found| found.entry.kept.text().map(<[u8]>::to_vec)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split(':').map(str::to_owned).collect()).collect()
}

fn field(fields: &[String], at: usize) -> Option<u32> {
    number(fields.get(at)?)
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number <= LARGEST)
}

fn member(groups: &[Vec<String>], login: &str, own: u32) -> Vec<u32> {
    let belongs = |fields: &&Vec<String>| {
        !login.is_empty() && fields.get(3).is_some_and(|members| members.split(',').any(|member| member == login))
    };
    std::iter::once(own).chain(groups.iter().filter(belongs).filter_map(|fields| field(fields, 2))).collect()
}

fn find_group(groups: &[Vec<String>], group: &str) -> Result<u32, Unknown> {
    let named = groups.iter().find(|fields| fields.first().is_some_and(|first| first == group));
    let found = named.and_then(|fields| field(fields, 2)).or_else(|| number(group));
    found.ok_or_else(|| Unknown::Group(group.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Identity, Unknown};
    use crate::image::tree::Tree;

    fn tree() -> Tree {
        let passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/:/bin/sh\n77:x:5:6::/:\nbroken\n";
        let group = "root:x:0:\nstaff:x:50:app,root\nother:x:51:application\n";
        Tree::builder()
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

    fn identity(uid: u32, gids: &[u32]) -> Identity {
        Identity { uid, gids: gids.to_vec() }
    }

    #[test]
    fn a_user_is_who_the_engine_would_find() {
        let of = |user| Identity::of(user, &tree());
        assert_eq!(of(""), Ok(identity(0, &[0, 50])));
        assert_eq!(of("app"), Ok(identity(1000, &[1001, 50])));
        assert_eq!(of("1000"), Ok(identity(1000, &[1001, 50])));
        assert_eq!(of("4321"), Ok(identity(4321, &[0])));
        assert_eq!(of("app:staff"), Ok(identity(1000, &[50])));
        assert_eq!(of("4321:99"), Ok(identity(4321, &[99])));
        assert_eq!(of("77"), Ok(identity(5, &[6])), "a name wins over a number");
        assert_eq!(of("nobody"), Err(Unknown::User("nobody".to_owned())));
        assert_eq!(of("app:nogroup"), Err(Unknown::Group("nogroup".to_owned())));
        assert_eq!(of("4294967295"), Err(Unknown::User("4294967295".to_owned())), "beyond what the engine takes");
    }

    #[test]
    fn without_passwd_only_numbers_are_known() {
        let empty = Tree::builder().build().unwrap();
        assert_eq!(Identity::of("", &empty), Ok(identity(0, &[0])));
        assert_eq!(Identity::of("1000:1000", &empty), Ok(identity(1000, &[1000])));
        assert_eq!(Identity::of("root", &empty), Err(Unknown::User("root".to_owned())));
    }

    #[test]
    fn the_first_bits_that_apply_decide() {
        let tree = tree();
        let may = |path: &str, user: &str| {
            Identity::of(user, &tree).unwrap().may_execute(&tree.lookup(path.as_bytes()).unwrap().entry)
        };
        assert!(may("/own", ""), "root executes what anybody may");
        assert!(!may("/own", "app"), "others may not");
        assert!(!may("/app", "app"), "the owner may not, though the group may");
        assert!(may("/staff", "app"), "as a member of the group");
        assert!(!may("/staff", "4321"));
    }
}
