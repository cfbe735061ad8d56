//! One header of a tar stream, and what extended headers before it say of the same entry.

use super::field::{decimal, field, number, text};
use super::{BLOCK, TarProblem};

/// What an entry's headers say, all forms brought into one.
#[derive(Clone, Debug)]
pub(crate) struct Header {
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
    /// How long the file is once unpacked, in bytes.
    pub unpacked_size: u64,
    /// Is it a sparse file, whose data has no zeros and may start with a map of them?
    pub is_sparse: bool,
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
            unpacked_size: 0,
            is_sparse: false,
        })
    }

    /// Is it of a type that never has data, whatever its size says?
    pub(super) fn has_no_data(&self) -> bool {
        matches!(self.kind, b'1'..=b'6')
    }
}

/// What extended headers say of the entry after them.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Does any of them speak of a sparse file?
    pub(super) is_sparse: bool,
    /// How long that sparse file is.
    pub(super) sparse_size: Option<u64>,
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
        self.is_sparse |= key.starts_with(b"GNU.sparse.");
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number("size")?),
            b"uid" => self.uid = Some(narrow("uid")?),
            b"gid" => self.gid = Some(narrow("gid")?),
            b"GNU.sparse.name" => self.sparse_path = Some(value.to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => self.sparse_size = Some(number("size")?),
            _ => {}
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
            kind => return Err(TarProblem::EntryType(kind)),
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
