//! One header of a tar stream, and what extended headers before it say of the same entry.

use super::sparse::Map;
use super::{BLOCK, TarProblem};

/// What an entry's headers say, all forms brought into one.
#[derive(Clone, Debug)]
pub struct Header {
    /// Where in the stream it stands.
    pub at: u64,
    /// The path as written.
    pub path: Vec<u8>,
    /// The type of entry: `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder, `6` pipe.
    pub kind: u8,
    /// Permission bits with set-user-id, set-group-id and sticky.
    pub mode: u16,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// How many bytes of data follow in the archive.
    pub size: u64,
    /// What a symbolic or hard link points to.
    pub link: Vec<u8>,
    /// Where the data belongs in a sparse file.
    pub sparse: Option<Map>,
}

impl Header {
    /// Reads a header block by itself.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, TarProblem> {
        if !has_checksum(block) {
            return Err(TarProblem::Checksum);
        }
        let mut path = text(field(block, 0, 100)).to_vec();
        if field(block, 257, 6) == b"ustar\0" {
            let prefix = text(field(block, 345, 155));
            if !prefix.is_empty() {
                path = [prefix, b"/", &path].concat();
            }
        }
        let kind = match field(block, 156, 1) {
            [b'7'] | [] => b'0',
            [kind, ..] => *kind,
        };
        let narrow = |field, number| u32::try_from(number).map_err(|_| TarProblem::Number(field));
        Ok(Self {
            at: 0,
            path,
            kind,
            mode: u16::try_from(number(field(block, 100, 8), "mode")? & 0o7777).unwrap_or_default(),
            uid: narrow("uid", number(field(block, 108, 8), "uid")?)?,
            gid: narrow("gid", number(field(block, 116, 8), "gid")?)?,
            size: number(field(block, 124, 12), "size")?,
            link: text(field(block, 157, 100)).to_vec(),
            sparse: None,
        })
    }

    /// Is it of a type that never has data, whatever its size says?
    pub(super) fn has_no_data(&self) -> bool {
        matches!(self.kind, b'1'..=b'6')
    }

    /// How long the file is once unpacked.
    pub fn real_size(&self) -> u64 {
        self.sparse.as_ref().map_or(self.size, Map::size)
    }
}

/// What extended headers say of the entry after them.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: Option<Map>,
    uid: Option<u32>,
    gid: Option<u32>,
    sparse_path: Option<Vec<u8>>,
}

impl Extensions {
    /// Takes in the records of a PAX header: `LENGTH KEY=VALUE\n`, the length that of the whole record.
    pub(super) fn pax(&mut self, mut data: &[u8]) -> Result<(), TarProblem> {
        while !data.is_empty() {
            let space = data.iter().position(|byte| *byte == b' ').ok_or(TarProblem::Extension)?;
            let (digits, _) = data.split_at(space);
            let length =
                decimal(digits).and_then(|length| usize::try_from(length).ok()).ok_or(TarProblem::Extension)?;
            let (record, rest) = data.split_at_checked(length).ok_or(TarProblem::Extension)?;
            let record =
                record.get(space + 1..).and_then(|record| record.strip_suffix(b"\n")).ok_or(TarProblem::Extension)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(TarProblem::Extension)?;
            let (key, value) = record.split_at(equals);
            self.record(key, value.get(1..).unwrap_or_default())?;
            data = rest;
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        let number = |field| decimal(value).ok_or(TarProblem::Number(field));
        let narrow = |field| u32::try_from(number(field)?).map_err(|_| TarProblem::Number(field));
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number("size")?),
            b"uid" => self.uid = Some(narrow("uid")?),
            b"gid" => self.gid = Some(narrow("gid")?),
            b"GNU.sparse.name" => self.sparse_path = Some(value.to_vec()),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.get_or_insert_default().pax(key, value)?;
                }
            }
        }
        Ok(())
    }

    /// Writes over a header what was said of it; the size is not among it.
    pub(super) fn apply(self, header: &mut Header) -> Result<(), TarProblem> {
        if let Some(path) = self.sparse_path.or(self.path) {
            header.path = path;
        }
        if let Some(link) = self.link {
            header.link = link;
        }
        header.uid = self.uid.unwrap_or(header.uid);
        header.gid = self.gid.unwrap_or(header.gid);
        match header.kind {
            // Archives older than POSIX have no type for folders.
            b'\0' if header.path.ends_with(b"/") => header.kind = b'5',
            b'\0' | b'S' => header.kind = b'0',
            b'0'..=b'6' => {}
            kind => return Err(TarProblem::Kind(kind)),
        }
        Ok(())
    }
}

/// Is this a header? All bytes added up, the checksum's own taken as blanks; some old archivers added them up signed.
pub(super) fn has_checksum(block: &[u8; BLOCK]) -> bool {
    let Ok(stated) = number(field(block, 148, 8), "checksum") else { return false };
    let bytes = || block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { b' ' } else { *byte });
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    stated == unsigned || i64::try_from(stated) == Ok(signed)
}

pub(super) fn field(block: &[u8], at: usize, len: usize) -> &[u8] {
    block.get(at..at + len).unwrap_or_default()
}

/// Up to the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in binary when the first bit is set (GNU). Nothing but blanks is zero.
pub(super) fn number(field: &[u8], name: &'static str) -> Result<u64, TarProblem> {
    let bad = TarProblem::Number(name);
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        // The second highest bit is the sign.
        let start = if first & 0x40 == 0 { u64::from(first & 0x3f) } else { return Err(bad) };
        let add = |number: u64, byte: &u8| number.checked_mul(256).map(|number| number | u64::from(*byte));
        return rest.iter().try_fold(start, add).ok_or(bad);
    }
    let digits = text(field).trim_ascii();
    let add = |number: u64, byte: &u8| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        number.checked_mul(8)?.checked_add(u64::from(digit))
    };
    digits.iter().try_fold(0, add).ok_or(bad)
}

/// A number in decimal digits.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let add = |number: u64, byte: &u8| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}
