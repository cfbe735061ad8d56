//! Decompresses a stream. Its first bytes decide how, because what a manifest says of a layer may be wrong.
//!
//! A little input may expand to much output, so the limits against that are here.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};

use crate::layer::Budget;

/// How many bytes are decompressed at once.
const CHUNK: usize = 64 * 1024;

/// The largest window of Zstandard, in bytes: how far back the output may refer, all of which is memory. Its levels up to 19
/// use at most 8 MiB.
pub(crate) const MAX_WINDOW: u64 = 32 << 20;

/// The limit against decompression bombs: output must be within `bytes` or within `ratio` times the input.
#[derive(Clone, Copy, Debug)]
pub struct DecompressionLimit {
    /// Output up to this many bytes is always accepted.
    pub bytes: u64,
    /// Beyond that, output may be this many times as long as the input.
    pub ratio: u64,
}

/// Why a compressed stream is refused, inside an [`io::Error`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecompressError {
    /// A compression that is not supported.
    #[error("unsupported compression {0}; images use gzip, Zstandard or none")]
    Unsupported(&'static str),
    /// More output than the limit allows.
    #[error(
        "it decompresses to more than {} MiB and {} times its size, the limit against decompression bombs",
        .0.bytes >> 20, .0.ratio
    )]
    DecompressionLimit(DecompressionLimit),
    /// More memory than the limit allows.
    #[error("its Zstandard window ({0} bytes) exceeds the memory limit")]
    Window(u64),
    /// The checksum does not match the contents.
    #[error("checksum mismatch: the data is corrupt")]
    Checksum,
    /// Not a valid Zstandard stream.
    #[error("not a valid Zstandard stream: {0}")]
    Zstd(String),
}

impl From<DecompressError> for io::Error {
    fn from(problem: DecompressError) -> Self {
        Self::new(io::ErrorKind::InvalidData, problem)
    }
}

/// How a stream is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Not compressed, as far as the first bytes show.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// Another one, by name.
    Other(&'static str),
}

impl Compression {
    /// The compression that the first bytes of a stream show; six are enough.
    pub(crate) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or one of the sixteen numbers for frames to skip.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Other("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Other("bzip2"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Other("lz4"),
            _ => Self::Plain,
        }
    }
}

/// `source`, decompressed.
///
/// # Errors
/// [`DecompressError::Unsupported`]; other errors come while reading.
pub(crate) fn unpack<'a>(
    compression: Compression,
    source: impl BufRead + 'a,
    decompression: DecompressionLimit,
    budget: &Budget,
) -> Result<Box<dyn BufRead + 'a>, DecompressError> {
    let input = Rc::new(Cell::new(0));
    let counted = Counted { source, count: Rc::clone(&input) };
    let unpacked: Box<dyn Read + 'a> = match compression {
        Compression::Plain => return Ok(Box::new(counted.source)),
        Compression::Other(name) => return Err(DecompressError::Unsupported(name)),
        Compression::Gzip => Box::new(MultiGzDecoder::new(counted)),
        Compression::Zstd => Box::new(Zstd::new(counted, budget.clone())),
    };
    Ok(Box::new(BufReader::with_capacity(CHUNK, Metered { source: unpacked, input, output: 0, decompression })))
}

/// Counts the bytes that are read from it.
struct Counted<R> {
    source: R,
    count: Rc<Cell<u64>>,
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count.set(self.count.get() + amount as u64);
        self.source.consume(amount);
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Stops when there is more output than the limit allows.
struct Metered<'a> {
    source: Box<dyn Read + 'a>,
    input: Rc<Cell<u64>>,
    output: u64,
    decompression: DecompressionLimit,
}

impl Read for Metered<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        self.output += read as u64;
        if self.output > self.decompression.bytes
            && self.output > self.input.get().saturating_mul(self.decompression.ratio)
        {
            return Err(DecompressError::DecompressionLimit(self.decompression).into());
        }
        Ok(read)
    }
}

/// All frames of a Zstandard stream, in order.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    in_frame: bool,
    budget: Budget,
    /// What was taken from the budget for the window, to be given back.
    taken: usize,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R, budget: Budget) -> Self {
        Self { source, decoder: FrameDecoder::new(), in_frame: false, budget, taken: 0 }
    }

    /// Starts the next frame; `false` at the end.
    fn start(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            // The decoder's buffer grows by doubling, so for a moment it has three windows.
            let most = (self.taken + self.budget.left()) / 3;
            self.decoder.set_max_window_size(MAX_WINDOW.min(most as u64));
            let mut header = Noted { source: &mut self.source, start: [0; 6], read: 0 };
            match self.decoder.init(&mut header) {
                Ok(()) => {
                    let window = window(header.start).unwrap_or(self.decoder.content_size());
                    self.reserve(window)?;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                    if skipped < length.into() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    return Err(DecompressError::Window(requested).into());
                }
                Err(error) => return Err(failed(&error)),
            }
        }
    }
}

impl<R> Zstd<R> {
    /// Takes from the budget what a window needs beyond what is taken already: the decoder keeps its buffer.
    fn reserve(&mut self, window: u64) -> io::Result<()> {
        let need = usize::try_from(window).unwrap_or(usize::MAX).saturating_mul(3);
        let more = need.saturating_sub(self.taken);
        self.budget.take(more).map_err(|_| DecompressError::Window(window))?;
        self.taken += more;
        Ok(())
    }
}

impl<R> Drop for Zstd<R> {
    fn drop(&mut self) {
        self.budget.give(self.taken);
    }
}

/// The window of the frame whose header starts so, unless it is as long as the contents ("single segment").
fn window(start: [u8; 6]) -> Option<u64> {
    let [.., descriptor, window] = start;
    let base = 1u64 << (10 + (window >> 3));
    (descriptor & 0x20 == 0).then(|| base + base / 8 * u64::from(window & 7))
}

/// Notes the first bytes that are read.
struct Noted<'a, R> {
    source: &'a mut R,
    start: [u8; 6],
    read: usize,
}

impl<R: Read> Read for Noted<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        let room = self.start.iter_mut().skip(self.read);
        room.zip(out.iter().take(read)).for_each(|(note, byte)| *note = *byte);
        self.read += read;
        Ok(read)
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.in_frame {
                if !self.start()? {
                    return Ok(0);
                }
                self.in_frame = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let blocks = ruzstd::decoding::BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, blocks).map_err(|error| failed(&error))?;
            }
            let read = self.decoder.read(out)?;
            if read > 0 {
                return Ok(read);
            }
            if self.decoder.is_finished() {
                self.in_frame = false;
                let stated = self.decoder.get_checksum_from_data();
                if stated.is_some() && stated != self.decoder.get_calculated_checksum() {
                    return Err(DecompressError::Checksum.into());
                }
            }
        }
    }
}

/// A source that ends too early is distinguished from one that is wrong.
fn failed(error: &FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::UnexpectedEof
        {
            return io::ErrorKind::UnexpectedEof.into();
        }
        cause = error.source();
    }
    DecompressError::Zstd(error.to_string()).into()
}
