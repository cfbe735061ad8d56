//! Reads a tar stream from front to back: headers, and the data of the entry that one stands at.
//!
//! Written here instead of taken from the `tar` crate because an archive may come from anyone: that crate reads long
//! names and extended headers into memory whatever length they claim, cuts extended values at a newline that a file
//! name may hold, and copies what is only to be skipped. It makes the archives of the tests.
//!
//! It reads the old, POSIX (`ustar`), GNU and PAX forms. Of a sparse file it reads the name and the length, and skips the
//! content: no engine writes one into a layer.
//! Sources: POSIX.1-2017, `pax`, "ustar Interchange Format" and "pax Interchange Format"; GNU tar manual, appendix D.

mod field;
mod header;

use std::io::{self, BufRead, Read};

use field::{field, number, text};
pub(crate) use header::Header;

/// The length of a header, and what data is padded to.
pub(crate) const BLOCK: usize = 512;

/// The longest extended header or GNU long name that is read: as long as Go's reader, and so the engine, accepts.
pub(crate) const MAX_EXTENSION: u64 = 1 << 20;

/// What is wrong with a tar stream, and where.
#[derive(Debug, thiserror::Error)]
#[error("at byte {at}: {problem}")]
pub(crate) struct TarError {
    /// Bytes from the start of this tar stream, unpacked.
    pub at: u64,
    /// What is wrong there.
    pub problem: TarProblem,
}

/// What is wrong with a tar stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarProblem {
    /// Reading failed, or unpacking what is read.
    #[error("{0}")]
    Io(io::Error),
    /// It ends within an entry.
    #[error("it ends in the middle of an entry; the archive may be incomplete")]
    Truncated,
    /// The checksum of a header does not fit the header.
    #[error("invalid tar header")]
    Checksum,
    /// A field that is not a number.
    #[error("header field `{0}` is not a number")]
    Number(&'static str),
    /// A type of entry that only some archivers know.
    #[error("unsupported entry type {0:#04x}")]
    EntryType(u8),
    /// An extended header that does not follow its format.
    #[error("malformed extended header")]
    Extension,
    /// An extended header or name beyond [`MAX_EXTENSION`].
    #[error("an extended header of {0} bytes exceeds the limit of {MAX_EXTENSION}")]
    LongExtension(u64),
}

/// A tar stream. As a [`BufRead`] it yields the data of the current entry.
pub(crate) struct Tar<'a> {
    source: &'a mut dyn BufRead,
    /// How much of the stream is read.
    at: u64,
    /// How much of the current entry's data is left, and how much padding follows.
    left: u64,
    padding: u64,
}

impl<'a> Tar<'a> {
    /// A stream that starts with a header.
    pub(crate) fn new(source: &'a mut dyn BufRead) -> Self {
        Self { source, at: 0, left: 0, padding: 0 }
    }

    /// Goes to the next entry, past what is left of the current one; `None` at the end.
    ///
    /// # Errors
    /// When the stream ends early, cannot be read, or is no tar stream.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Header>, TarError> {
        let mut extensions = header::Extensions::default();
        loop {
            self.skip_data()?;
            let at = self.at;
            let Some(block) = self.header_block()? else { return Ok(None) };
            let fail = |problem| TarError { at, problem };
            let mut header = Header::parse(&block).map_err(fail)?;
            header.at = at;
            self.expect_data(header.size);
            match header.kind {
                b'x' => extensions.pax(&self.extension(&header)?).map_err(fail)?,
                b'L' => extensions.path = Some(text(&self.extension(&header)?).to_vec()),
                b'K' => extensions.link = Some(text(&self.extension(&header)?).to_vec()),
                // A global extended header: the engine, too, passes over it.
                b'g' => {}
                _ => {
                    self.settle_sizes(&mut header, &extensions, &block)?;
                    extensions.apply(&mut header).map_err(fail)?;
                    return Ok(Some(header));
                }
            }
        }
    }

    /// Reads on to the end of the stream, of which nothing counts any more but whether it is whole: what unpacks it
    /// compares checksums there.
    ///
    /// # Errors
    /// When the stream cannot be read or unpacked.
    pub(crate) fn finish(&mut self) -> Result<(), TarError> {
        loop {
            let at = self.at;
            let there = self.source.fill_buf().map_err(|error| io_at(at, error))?.len();
            if there == 0 {
                return Ok(());
            }
            self.source.consume(there);
            self.at += there as u64;
        }
    }

    /// Settles how much data follows, and how long the file is once unpacked.
    fn settle_sizes(
        &mut self,
        header: &mut Header,
        extensions: &header::Extensions,
        block: &[u8; BLOCK],
    ) -> Result<(), TarError> {
        let at = header.at;
        let fail = |problem| TarError { at, problem };
        if header.kind == b'S' {
            // More of the map may stand between the header and the data.
            self.expect_data(0);
            let mut continues = field(block, 482, 1) != b"\0";
            while continues {
                let more = self.block()?.ok_or(fail(TarProblem::Truncated))?;
                continues = field(&more, 504, 1) != b"\0";
            }
            header.is_sparse = true;
            header.unpacked_size = number(field(block, 483, 12), "real size").map_err(fail)?;
        } else {
            header.size = if header.has_no_data() { 0 } else { extensions.size.unwrap_or(header.size) };
            header.is_sparse = extensions.is_sparse;
            header.unpacked_size = extensions.sparse_size.unwrap_or(header.size);
        }
        self.expect_data(header.size);
        Ok(())
    }

    /// The data of an extended header.
    fn extension(&mut self, header: &Header) -> Result<Vec<u8>, TarError> {
        if header.size > MAX_EXTENSION {
            return Err(TarError { at: header.at, problem: TarProblem::LongExtension(header.size) });
        }
        let mut data = Vec::new();
        self.read_to_end(&mut data).map_err(|error| self.io(error))?;
        Ok(data)
    }

    fn expect_data(&mut self, size: u64) {
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    fn skip_data(&mut self) -> Result<(), TarError> {
        let mut left = self.left.saturating_add(self.padding);
        (self.left, self.padding) = (0, 0);
        while left > 0 {
            let at = self.at;
            let there = self.source.fill_buf().map_err(|error| io_at(at, error))?.len();
            if there == 0 {
                return Err(TarError { at: self.at, problem: TarProblem::Truncated });
            }
            let step = usize::try_from(left).map_or(there, |left| left.min(there));
            self.source.consume(step);
            self.at += step as u64;
            left -= step as u64;
        }
        Ok(())
    }

    /// The next header; `None` at the end: two blocks of zeros, or the end of the stream.
    fn header_block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let Some(block) = self.block()? else { return Ok(None) };
        if block != [0; BLOCK] {
            return Ok(Some(block));
        }
        match self.block()? {
            Some(second) if second != [0; BLOCK] => {
                Err(TarError { at: self.at - BLOCK as u64, problem: TarProblem::Checksum })
            }
            _ => Ok(None),
        }
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let mut block = [0; BLOCK];
        let read = read_up_to(self.source, &mut block).map_err(|error| self.io(error))?;
        self.at += read as u64;
        match read {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            _ => Err(TarError { at: self.at, problem: TarProblem::Truncated }),
        }
    }

    /// Is this how a tar stream starts: a header, or the zeros of an empty one?
    pub(crate) fn is_start(start: &[u8]) -> bool {
        let block: Result<&[u8; BLOCK], _> = start.try_into();
        block.is_ok_and(|block| block == &[0; BLOCK] || header::has_checksum(block))
    }

    /// An error of reading as one of this stream.
    pub(crate) fn io(&self, error: io::Error) -> TarError {
        io_at(self.at, error)
    }
}

impl TarError {
    /// An error before the first byte.
    pub(crate) fn at_start(error: io::Error) -> Self {
        io_at(0, error)
    }
}

fn io_at(at: u64, error: io::Error) -> TarError {
    let problem = match error.kind() {
        io::ErrorKind::UnexpectedEof => TarProblem::Truncated,
        _ => TarProblem::Io(error),
    };
    TarError { at, problem }
}

impl BufRead for Tar<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let there = self.source.fill_buf()?;
        if there.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = usize::try_from(self.left).map_or(there.len(), |left| left.min(there.len()));
        Ok(there.get(..most).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.source.consume(amount);
        self.at += amount as u64;
        self.left = self.left.saturating_sub(amount as u64);
    }
}

impl Read for Tar<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let there = self.fill_buf()?;
        let step = there.len().min(out.len());
        if let (Some(out), Some(there)) = (out.get_mut(..step), there.get(..step)) {
            out.copy_from_slice(there);
        }
        self.consume(step);
        Ok(step)
    }
}

/// Reads until `out` is full or the source ends; how much there was.
///
/// # Errors
/// Those of the source.
pub(crate) fn read_up_to(source: &mut dyn BufRead, out: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = out.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
