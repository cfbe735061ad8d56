//! What is kept of a layer to look up its files: a compact list of its entries.

use std::sync::Arc;

use super::contents::{LayerContent, LayerProblem};
use super::read_options::ReadOptions;
use crate::extract;
use crate::extract::file_content::FileContent;
use crate::layer::{Budget, EntryKind, FileKind, Layer, NewEntry, clean_path};
use crate::tar::{Header, Tar};

impl LayerContent for Arc<Layer> {
    fn read(tar: &mut Tar<'_>, options: &ReadOptions, budget: &Budget) -> Result<Self, LayerProblem> {
        let mut layer = Layer::default();
        while let Some(header) = tar.next_entry()? {
            entry(&mut layer, &header, tar, extract::most(options.memory), budget)?;
        }
        Ok(Self::new(layer))
    }
}

/// Reads one entry; of a file's contents at most `most` bytes are kept.
fn entry(
    layer: &mut Layer,
    header: &Header,
    tar: &mut Tar<'_>,
    most: usize,
    budget: &Budget,
) -> Result<(), LayerProblem> {
    let at = header.at;
    let fail = |error| LayerProblem::Entry { at, error };
    let what = match header.kind {
        b'1' => EntryKind::HardLink(&header.link),
        b'2' => EntryKind::Link(&header.link),
        b'3' => EntryKind::Special(FileKind::CharDevice),
        b'4' => EntryKind::Special(FileKind::BlockDevice),
        b'5' => EntryKind::Folder,
        b'6' => EntryKind::Special(FileKind::Pipe),
        _ => EntryKind::File(header.unpacked_size, contents(header, tar, most, budget)?),
    };
    let entry = NewEntry { path: &header.path, mode: header.mode, uid: header.uid, gid: header.gid, what };
    layer.add(entry, budget).map_err(fail)
}

/// What is kept of the file at the position of `tar`. Scripts are kept whole only while there is plenty of memory.
fn contents(header: &Header, tar: &mut Tar<'_>, most: usize, budget: &Budget) -> Result<FileContent, LayerProblem> {
    let path = clean_path(&header.path).map_err(|error| LayerProblem::Entry { at: header.at, error })?;
    if header.is_sparse {
        return Ok(FileContent::Unknown);
    }
    let content = extract::keep(&path, header.mode, header.size, most, tar).map_err(|error| tar.io(error))?;
    Ok(if budget.is_short() { content.shortened(&path, header.mode) } else { content })
}
