//! Bytes as people read and write them: `94.2kB`, `1.14GB`. Decimal units, as `docker images` has them.

/// The units that are shown, each a thousand of the one before (docker/go-units, `HumanSizeWithPrecision`).
const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

/// `bytes` in three significant digits, the very figure of `docker images`.
///
/// One exception: from 999.5 on, docker says `1e+03kB`; here it is `1MB`.
pub fn format_size(bytes: u64) -> String {
    let mut units = UNITS.iter();
    let mut unit = units.next();
    let mut value = approximate(bytes);
    // Not 1000: what three digits would round up to it is of the next unit.
    while value >= 999.5 && units.len() > 0 {
        value /= 1000.0;
        unit = units.next();
    }
    format!("{}{}", round_to_3_digits(value), unit.unwrap_or(&""))
}

/// `value` in three significant digits, without zeros at the end of a fraction: `%.3g` of C and Go below 1000, and above
/// it the digits that C would write with an exponent: `17100`.
pub fn round_to_3_digits(value: f64) -> String {
    if value >= 999.5 {
        let unit = 10_f64.powf(value.log10().floor() - 2.0);
        return format!("{:.0}", (value / unit).round() * unit);
    }
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// `bytes` as a number with a fraction, to show and to draw.
#[expect(clippy::cast_precision_loss, reason = "at most three digits of it are shown")]
pub fn approximate(bytes: u64) -> f64 {
    bytes as f64
}

/// The bytes that `text` stands for: `10kB`, `1.5 MB`, `512B`, in decimal units as [`format_size`] and the engines show them.
///
/// `None` if it is no such size or does not fit into 64 bits. More decimals than bytes are cut off.
pub fn parse(text: &str) -> Option<u64> {
    let number_len = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(number_len)?;
    let unit = unit.trim_start_matches(' ');
    let power = UNITS.iter().position(|known| known.eq_ignore_ascii_case(unit))?;
    decimal(number, u32::try_from(power).ok()? * 3)
}

/// The decimal number `text` times ten to the power of `places`, what is left behind the point cut off.
pub fn decimal(text: &str, places: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(usize::try_from(places).ok()?).collect();
    let fraction: u64 = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    whole.checked_mul(10_u64.checked_pow(places)?)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::{decimal, format_size, parse, round_to_3_digits};
    use proptest::prelude::*;

    #[test]
    fn numbers_have_three_digits_that_tell() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (3.526, "3.53"),
            (99.94, "99.9"),
            (99.96, "100"),
            (999.4, "999"),
            (999.6, "1000"),
            (1504.0, "1500"),
            (9999.0, "10000"),
            (17_146.0, "17100"),
            (71_250.0, "71300"),
        ];
        for (value, text) in cases {
            assert_eq!(round_to_3_digits(value), text);
        }
    }

    #[test]
    fn sizes_read_as_docker_images_shows_them() {
        // The figures of docker 20.10 and 28.2 for images of exactly these sizes.
        let cases = [
            (0, "0B"),
            (15_952, "16kB"),
            (94_208, "94.2kB"),
            (757_832, "758kB"),
            (1_328_775, "1.33MB"),
            (1_422_983, "1.42MB"),
            (3_009_859, "3.01MB"),
            (308_972_877, "309MB"),
            (1_140_000_000, "1.14GB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(format_size(bytes), shown);
        }
    }

    #[test]
    fn what_rounds_up_to_a_thousand_is_of_the_next_unit() {
        assert_eq!([999, 999_499, 999_500, 999_999].map(format_size), ["999B", "999kB", "1MB", "1MB"]);
        assert_eq!([9_994, 9_996, 99_949, 99_951].map(format_size), ["9.99kB", "10kB", "99.9kB", "100kB"]);
        assert_eq!(format_size(u64::MAX), "18.4EB");
    }

    #[test]
    fn sizes_are_read_in_decimal_units_with_or_without_a_space() {
        let cases = [("10kB", 10_000), ("0B", 0), ("1.5 MB", 1_500_000), ("2GB", 2_000_000_000), ("1.2345kB", 1_234)];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for wrong in ["", "kB", "10", "-1kB", "1.kB", ".5kB", "1..2kB", "10KiB", "99999999999EB", "１kB", "1e3B"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same_figure(bytes: u64) {
            let shown = format_size(bytes);
            prop_assert_eq!(parse(&shown).map(format_size), Some(shown));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text: String, places in 0..40_u32) {
            let _ = (parse(&text), decimal(&text, places));
        }
    }
}
