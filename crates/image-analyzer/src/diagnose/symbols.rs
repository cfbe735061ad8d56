//! Symbols that must be there when a program starts, and that nothing defines.

use super::Diagnoser;
use super::facts::Program;
use crate::diagnose::fixes;
use crate::dynamic_loader::{LoadResult, LoadedObject};
use crate::elf::{Symbols, demangled};
use crate::finding::{Finding, FindingKind, Fix, Libc};
use crate::printable::{printable, printable_bytes};

/// How many names are shown.
const SHOWN: usize = 3;

impl Diagnoser<'_> {
    /// Reports what the loader would not find, if the symbols of all that it loads are known. glibc looks up what data refers to,
    /// and functions only where it is to bind at once; musl looks up everything. A name alone is compared, not its version.
    pub(super) fn no_symbols(&self, program: &Program<'_>, loaded: &LoadResult<'_>, libc: Libc) -> Option<Finding> {
        let is_loader = |at: usize| at == 1 && loaded.objects.get(1).is_some_and(|object| object.parent.is_none());
        if loaded.is_unsure || !loaded.missing.is_empty() || !is_loader(1) {
            return None;
        }
        let known = |object: &LoadedObject<'_>| object.elf.symbols.is_some();
        if !loaded.objects.iter().all(known) {
            return None;
        }
        let all: Vec<&Symbols> = loaded.objects.iter().filter_map(|object| object.elf.symbols.as_deref()).collect();
        let now = self.variable("LD_BIND_NOW").is_some_and(|value| !value.is_empty()) && !program.environment.secure;
        for (at, object) in loaded.objects.iter().enumerate().filter(|(at, _)| !is_loader(*at)) {
            let Some(symbols) = all.get(at) else { continue };
            let needs = symbols.needs(libc == Libc::Musl || now || symbols.binds_now);
            let mut lost: Vec<_> = needs.filter(|name| !all.iter().any(|other| other.defines(name))).collect();
            lost.sort_unstable();
            lost.dedup();
            if let Some(first) = lost.first() {
                return Some(undefined(program, object, first, &lost, libc));
            }
        }
        None
    }
}

fn undefined(program: &Program<'_>, object: &LoadedObject<'_>, first: &[u8], lost: &[&[u8]], libc: Libc) -> Finding {
    let names: Vec<_> = lost.iter().take(SHOWN).map(|name| printable(&demangled(name)).into_owned()).collect();
    let more = match lost.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "{} needs symbols that no library of it defines: {}{more}",
        printable_bytes(&object.path),
        names.join(", ")
    );
    let says = format!("refers to {} undefined symbols, which {} looks up before it starts", lost.len(), libc.name());
    let finding = Finding::new(FindingKind::SymbolMissing, message).missing(first).evidence(&object.path, says);
    let own = object.path == program.path;
    let link = own.then(|| fixes::static_link(program, libc));
    finding.fix(link.into_iter().chain([Fix::BuildWith(libc)]))
}
