//! Symbol versions: what a file needs of each library (`GLIBC_2.38` of `libc.so.6`) and what a library provides.
//!
//! Only names are read, not the symbols that carry them: the loader compares names before it looks at any symbol.

use super::{Dynamic, LIST, Unread, headers};

/// The versions that a file needs of one library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// The library, by the name it is needed under.
    pub library: Vec<u8>,
    /// Its versions, in the file's order; those marked weak (`VER_FLG_WEAK`), which may be missing, left out.
    pub versions: Vec<Vec<u8>>,
}

impl Requirement {
    pub(super) fn memory_size(&self) -> usize {
        size_of::<Self>()
            + self.library.len()
            + self.versions.iter().map(|v| size_of::<Vec<u8>>() + v.len()).sum::<usize>()
    }
}

const VER_FLG_BASE: u16 = 1;
const VER_FLG_WEAK: u16 = 2;

/// What `DT_VERNEED` lists: per library a record, with a chain of versions, each a relative step to the next.
pub(super) fn requires(dynamic: &Dynamic<'_>) -> Result<Vec<Requirement>, Unread> {
    let Some(mut at) = dynamic.first(headers::DT_VERNEED) else { return Ok(Vec::new()) };
    let count = dynamic.first(headers::DT_VERNEEDNUM).unwrap_or(0);
    let mut budget = LIST;
    let mut list = Vec::new();
    for _ in 0..count {
        spend(&mut budget)?;
        let library = dynamic.string(u64::from(dynamic.full(at, 4)?))?;
        let versions = needed_versions(dynamic, add(at, dynamic.full(at, 8)?)?, dynamic.half(at, 2)?, &mut budget)?;
        list.push(Requirement { library, versions });
        match dynamic.full(at, 12)? {
            0 => break,
            step => at = add(at, step)?,
        }
    }
    Ok(list)
}

fn needed_versions(dynamic: &Dynamic<'_>, mut at: u64, count: u16, budget: &mut u64) -> Result<Vec<Vec<u8>>, Unread> {
    let mut versions = Vec::new();
    for _ in 0..count {
        spend(budget)?;
        if dynamic.half(at, 4)? & VER_FLG_WEAK == 0 {
            versions.push(dynamic.string(u64::from(dynamic.full(at, 8)?))?);
        }
        match dynamic.full(at, 12)? {
            0 => break,
            step => at = add(at, step)?,
        }
    }
    Ok(versions)
}

/// What `DT_VERDEF` lists, without the entry that only repeats the library's own name.
pub(super) fn provides(dynamic: &Dynamic<'_>) -> Result<Option<Vec<Vec<u8>>>, Unread> {
    let Some(mut at) = dynamic.first(headers::DT_VERDEF) else { return Ok(None) };
    let count = dynamic.first(headers::DT_VERDEFNUM).unwrap_or(0);
    let mut budget = LIST;
    let mut list = Vec::new();
    for _ in 0..count {
        spend(&mut budget)?;
        if dynamic.half(at, 2)? & VER_FLG_BASE == 0 {
            let name = add(at, dynamic.full(at, 12)?)?;
            list.push(dynamic.string(u64::from(dynamic.full(name, 0)?))?);
        }
        match dynamic.full(at, 16)? {
            0 => break,
            step => at = add(at, step)?,
        }
    }
    Ok(Some(list))
}

impl Dynamic<'_> {
    /// Two bytes, `by` bytes after `address` in memory.
    fn half(&self, address: u64, by: u64) -> Result<u16, Unread> {
        self.at(address, by).and_then(|at| self.layout.half(self.file, at)).ok_or(Unread::Outside)
    }

    /// Four bytes, `by` bytes after `address` in memory.
    fn full(&self, address: u64, by: u64) -> Result<u32, Unread> {
        self.at(address, by).and_then(|at| self.layout.full(self.file, at)).ok_or(Unread::Outside)
    }

    fn at(&self, address: u64, by: u64) -> Option<u64> {
        self.place(address.checked_add(by)?)
    }
}

fn add(address: u64, by: u32) -> Result<u64, Unread> {
    address.checked_add(u64::from(by)).ok_or(Unread::Outside)
}

/// One entry less to read. Steps in the file are relative and forward only, but may be zero bytes wide in effect.
fn spend(budget: &mut u64) -> Result<(), Unread> {
    *budget = budget.checked_sub(1).ok_or(Unread::Excess)?;
    Ok(())
}
