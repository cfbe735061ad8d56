//! Sizes as `docker images` writes them: decimal units, three significant digits.

/// How far a size may be from an earlier one, in percent: what Debian and the package registries serve changes.
const TOLERANCE: u64 = 10;

/// Whether two sizes are within the tolerance of each other.
pub(crate) fn about_the_same(before: u64, now: u64) -> bool {
    before.abs_diff(now) * 100 <= before * TOLERANCE
}

/// `bytes` for people: `94.2kB`, `1.14GB`.
pub(crate) fn shown(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let mut unit = 0;
    let mut scale = 1;
    while unit + 1 < UNITS.len() && bytes >= scale * 1000 {
        unit += 1;
        scale *= 1000;
    }
    let (whole, name) = (bytes / scale, UNITS[unit]);
    let digits = match whole {
        _ if unit == 0 => 0,
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let parts = 10_u64.pow(digits);
    let rounded = (bytes * parts + scale / 2) / scale;
    match digits {
        0 => format!("{rounded} {name}"),
        _ => format!("{}.{:0width$} {name}", rounded / parts, rounded % parts, width = digits as usize),
    }
}

/// The bytes that a text such as `94.2 kB` or `94.2kB` stands for.
pub(crate) fn read(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let scale: u64 = match unit.trim_start() {
        "B" => 1,
        "kB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let part_scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    Some(whole.parse::<u64>().ok()? * scale + part.parse::<u64>().ok()? * scale / part_scale)
}

#[test]
fn a_size_has_three_digits_and_a_decimal_unit() {
    for (bytes, text) in [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (94_208, "94.2 kB"),
        (940_500, "941 kB"),
        (64_200_000, "64.2 MB"),
        (1_140_000_000, "1.14 GB"),
    ] {
        assert_eq!(shown(bytes), text);
    }
}

#[test]
fn a_shown_size_reads_back_as_nearly_the_same() {
    for bytes in [0, 1, 999, 1_000, 94_208, 940_500, 5_600_123, 64_200_000, 999_500, 1_140_000_000] {
        let back = read(&shown(bytes)).unwrap();
        assert!(back.abs_diff(bytes) * 200 <= bytes, "{bytes} became {back}");
    }
}
