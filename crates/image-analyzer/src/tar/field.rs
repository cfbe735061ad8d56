//! The fields of a tar header: text, and numbers in their three forms.

use super::TarProblem;

/// A part of a header block.
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
