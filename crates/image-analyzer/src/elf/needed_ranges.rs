//! Which parts of a large ELF file [`super::ElfInfo::read`] needs, as the parts in memory show.
//!
//! A library of several hundred megabytes is read once, from front to back, and never held as a whole. Its head says
//! where the dynamic section is, and the dynamic section where the rest is: mostly before it, in the head, but tools
//! such as `patchelf` move it to the file's end. So this is computed again whenever more is in memory.

use super::dynamic::{Dynamic, place};
use super::headers::{self, Layout};
use super::{INTERPRETER, LIST, PartialFile};

/// The most bytes that are asked for in one place.
const MOST: u64 = 4 << 20;

/// How much of the file's start may hold what is needed, by its program headers: `None` if all of it may.
///
/// What the loader reads stands before the code, in all that today's linkers lay out; older ones put it into one segment
/// with the code, at the file's start. A program without a dynamic section has nothing to read.
pub(crate) fn head(file: &PartialFile) -> Option<u64> {
    let segments = Layout::read(file).and_then(|layout| layout.segments(file)).ok()?;
    if segments.iter().all(|segment| segment.kind != headers::PT_DYNAMIC) {
        return Some(0);
    }
    let code = segments.iter().filter(|segment| segment.kind == headers::PT_LOAD && segment.code);
    code.map(|segment| segment.offset).min().filter(|offset| *offset > 0)
}

/// Where each wanted part starts and how long it is at most, in no order, whether in memory or not.
pub(crate) fn wanted(file: &PartialFile) -> Vec<(u64, u64)> {
    let mut wanted = Vec::new();
    let Ok(layout) = Layout::read(file) else { return wanted };
    let Ok(segments) = layout.segments(file) else { return wanted };
    for segment in &segments {
        match segment.kind {
            headers::PT_INTERP => wanted.push((segment.offset, segment.size.min(INTERPRETER))),
            headers::PT_DYNAMIC => {
                let at = place(&segments, segment.address).map(|at| (at, segment.size.min(LIST * 2 * layout.word())));
                wanted.extend(at);
                let Ok(dynamic) = Dynamic::read(file, &layout, &segments, segment) else { continue };
                let tables = [headers::DT_STRTAB, headers::DT_VERNEED, headers::DT_VERDEF];
                // Only the string table says how long it is.
                let size = |tag| if tag == headers::DT_STRTAB { dynamic.first(headers::DT_STRSZ) } else { None };
                for tag in tables {
                    let place = dynamic.first(tag).and_then(|address| dynamic.place(address));
                    wanted.extend(place.map(|at| (at, size(tag).unwrap_or(64 << 10).min(MOST))));
                }
            }
            _ => {}
        }
    }
    wanted
}
