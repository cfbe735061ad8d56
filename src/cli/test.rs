//! The flags of `mkcompose test`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use crate::cli::build::WorkArgs;
use crate::cli::report::ShardReportArgs;
use crate::report::outcomes::Format;

/// The flags of `mkcompose test`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Each image is run once, in a container that is removed whatever happens. An image is expected to work: to exit 0, to \
become healthy, or to accept a connection on a port that it EXPOSEs. `# mkcompose: expect=…` in its Dockerfile says \
otherwise: `exit N`, `cannot start` or `runs`. An `.err` image is expected not to build.\n\nExit codes:\n  0    every image is as expected, or as in the baseline\n  1    one is not\n  2    \
the question could not be answered\n  130  stopped by Ctrl-C: nothing new was begun, what was under way has ended"
)]
pub struct TestArgs {
    /// What `build` has too.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Run the images that are there, build none
    #[arg(long)]
    pub no_build: bool,
    /// How long each may take, its start included: `90`, `90s` or `2m`
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = timeout)]
    pub timeout: Duration,
    /// How much memory each may have: `64m`, `1g`; without it, no limit
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<String>,
    /// The network to run them on: `none`, or one that the engine has; without it, the engine's default
    #[arg(long, value_name = "NETWORK", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub network: Option<String>,
    /// How to report on stdout
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
    /// Where else the report goes.
    #[command(flatten)]
    pub reports: ShardReportArgs,
    /// Compare with an earlier JSON report; what has changed since then, and only that, is not as expected
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
}

fn timeout(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(minutes) => (minutes, 60.0),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.parse::<f64>().ok().filter(|seconds| *seconds > 0.0).map(|seconds| seconds * unit);
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| "a time is a number of seconds, as `90`, `90s` or `2m`".to_owned())
}

/// The least memory that Docker gives a container, in bytes ("Minimum memory limit allowed is 6MB"). Less is too little
/// for the runtime itself, so other engines fail later.
const LEAST_MEMORY: u64 = 6 << 20;

/// The most: the kernel counts in signed 64 bits.
const MOST_MEMORY: u64 = i64::MAX.unsigned_abs();

/// The notation of the engines: a number of bytes, or with `k`, `m` or `g`.
fn memory(text: &str) -> Result<String, String> {
    let digits = text.strip_suffix(['b', 'k', 'm', 'g', 'B', 'K', 'M', 'G']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a size is a number with `k`, `m` or `g` after it, as `64m`".to_owned());
    }
    let unit: u64 = match text.bytes().last() {
        Some(b'k' | b'K') => 1 << 10,
        Some(b'm' | b'M') => 1 << 20,
        Some(b'g' | b'G') => 1 << 30,
        _ => 1,
    };
    let bytes = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match bytes {
        Some(LEAST_MEMORY..=MOST_MEMORY) => Ok(text.to_owned()),
        _ => Err("engines give at least `6m`, and no more than 8 EiB; leave it out for no limit".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{memory, timeout};

    #[test]
    fn a_time_is_seconds_or_minutes_and_never_nothing() {
        let millis = |text| timeout(text).map(|time| time.as_millis());
        assert_eq!(["90", "90s", "2m", "0.5"].map(millis), [Ok(90_000), Ok(90_000), Ok(120_000), Ok(500)]);
        for wrong in ["", "0", "-1", "s", "m", "inf", "nan", "1h", "1e300"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_size_that_no_engine_takes_is_refused_before_anything_begins() {
        for wrong in ["0", "1", "0g", "5m", "6291455", "6143k", "8589934592g", "99999999999999999999"] {
            let what = memory(wrong).unwrap_err();
            assert!(what.contains("at least `6m`"), "{wrong}: {what}");
        }
    }

    #[test]
    fn a_size_is_what_an_engine_understands() {
        assert!(["6291456", "6m", "64m", "1G", "8589934591g"].iter().all(|text| memory(text).is_ok()));
        assert!(["", "m", "-1m", "64 m", "1.5g", "64mb"].iter().all(|text| memory(text).is_err()));
    }
}
