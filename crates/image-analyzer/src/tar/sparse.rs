//! Sparse files: where in the file the data of the archive belongs; between are zeros.
//!
//! Four forms, all of GNU tar: the old one (type `S`), and in PAX headers versions 0.0, 0.1 and 1.0.

use std::io::{self, BufRead, Read};

use super::header::{decimal, field, number, text};
use super::{BLOCK, Tar, TarProblem, read_buffered};

/// The most pieces that are taken in, and so sixteen bytes of memory each.
const MAX_PIECES: usize = 1 << 16;

/// Where the data of a sparse file belongs.
#[derive(Clone, Debug, Default)]
pub struct Map {
    /// Where in the file each piece starts and how long it is, in order.
    pieces: Vec<(u64, u64)>,
    /// How long the file is.
    size: u64,
    /// Does another block of the old form follow?
    continues: bool,
    /// Version 1.0: the map is the start of the data.
    in_data: bool,
}

impl Map {
    /// How long the file is.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The old form: four pieces in the header.
    pub(super) fn gnu(block: &[u8; BLOCK]) -> Result<Self, TarProblem> {
        let mut map = Self { size: number(field(block, 483, 12), "real size")?, ..Self::default() };
        map.gnu_pieces(field(block, 386, 4 * 24))?;
        map.continues = field(block, 482, 1) != b"\0";
        Ok(map)
    }

    /// The old form, continued: twenty-one pieces in a block of their own.
    pub(super) fn gnu_more(&mut self, block: &[u8; BLOCK]) -> Result<(), TarProblem> {
        self.gnu_pieces(field(block, 0, 21 * 24))?;
        self.continues = field(block, 504, 1) != b"\0";
        Ok(())
    }

    pub(super) fn continues(&self) -> bool {
        self.continues
    }

    fn gnu_pieces(&mut self, pieces: &[u8]) -> Result<(), TarProblem> {
        for piece in pieces.chunks_exact(24) {
            let (offset, length) = piece.split_at(12);
            if !text(offset).is_empty() || offset.starts_with(&[0x80]) {
                self.push(number(offset, "sparse offset")?, number(length, "sparse length")?)?;
            }
        }
        Ok(())
    }

    /// A PAX record, without `GNU.sparse.` before its key.
    pub(super) fn pax(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        let number = || decimal(value).ok_or(TarProblem::Sparse);
        match key {
            b"size" | b"realsize" => self.size = number()?,
            b"major" => self.in_data = number()? > 0,
            b"offset" => self.push(number()?, 0)?,
            b"numbytes" => self.pieces.last_mut().ok_or(TarProblem::Sparse)?.1 = number()?,
            b"map" if !value.is_empty() => {
                let mut numbers = value.split(|byte| *byte == b',').map(decimal);
                while let Some(offset) = numbers.next() {
                    let length = numbers.next().flatten().ok_or(TarProblem::Sparse)?;
                    self.push(offset.ok_or(TarProblem::Sparse)?, length)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn is_in_data(&self) -> bool {
        self.in_data
    }

    /// Reads the map of version 1.0: a count, then as many pairs, each number in a line. Returns how many lines that
    /// takes; if there are fewer yet, it is to be called again with more.
    pub(super) fn parse_lines(&mut self, data: &[u8]) -> Result<usize, TarProblem> {
        let mut lines = data.split(|byte| *byte == b'\n').map(|line| decimal(line).ok_or(TarProblem::Sparse));
        let count = lines.next().ok_or(TarProblem::Sparse)??;
        let count = usize::try_from(count).ok().filter(|count| *count <= MAX_PIECES).ok_or(TarProblem::Sparse)?;
        if memchr::memchr_iter(b'\n', data).count() > 2 * count {
            self.pieces.clear();
            for _ in 0..count {
                let (Some(offset), Some(length)) = (lines.next(), lines.next()) else { return Err(TarProblem::Sparse) };
                self.push(offset?, length?)?;
            }
        }
        Ok(1 + 2 * count)
    }

    fn push(&mut self, offset: u64, length: u64) -> Result<(), TarProblem> {
        if self.pieces.len() == MAX_PIECES {
            return Err(TarProblem::Sparse);
        }
        self.pieces.push((offset, length));
        Ok(())
    }

    /// The map, if its pieces follow one another within the file and fit the data that the archive has.
    pub(super) fn checked(self, data: u64) -> Result<Self, TarProblem> {
        let mut end = 0u64;
        let mut sum = 0u64;
        for (offset, length) in &self.pieces {
            let next = offset.checked_add(*length).filter(|next| *offset >= end && *next <= self.size);
            end = next.ok_or(TarProblem::Sparse)?;
            sum += length;
        }
        if sum == data { Ok(self) } else { Err(TarProblem::Sparse) }
    }
}

/// The contents of a sparse file, zeros included.
pub struct Expanded<'t, 'a> {
    tar: &'t mut Tar<'a>,
    map: &'t Map,
    /// Where in the file we are, and in which piece or before which.
    at: u64,
    piece: usize,
}

impl<'t, 'a> Expanded<'t, 'a> {
    /// The contents of the file that `tar` stands at.
    pub fn new(tar: &'t mut Tar<'a>, map: &'t Map) -> Self {
        Self { tar, map, at: 0, piece: 0 }
    }

    /// How much of the same sort is next, and whether it is data.
    fn run(&self) -> (u64, bool) {
        match self.map.pieces.get(self.piece) {
            Some((offset, _)) if self.at < *offset => (offset - self.at, false),
            Some((offset, length)) => (offset + length - self.at, true),
            None => (self.map.size - self.at, false),
        }
    }
}

impl BufRead for Expanded<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        static ZEROS: [u8; 4096] = [0; 4096];
        while self.map.pieces.get(self.piece).is_some_and(|(offset, length)| self.at == offset + length) {
            self.piece += 1;
        }
        let (run, is_data) = self.run();
        let there = if is_data { self.tar.fill_buf()? } else { &ZEROS };
        let most = usize::try_from(run).map_or(there.len(), |run| run.min(there.len()));
        Ok(there.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        if self.run().1 {
            self.tar.consume(amount);
        }
        self.at += amount as u64;
    }
}

impl Read for Expanded<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, out)
    }
}
