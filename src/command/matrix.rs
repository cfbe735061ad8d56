//! `mkcompose matrix`: services as the jobs of a CI matrix.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::cli::Options;
use crate::cli::matrix::{MatrixArgs, MatrixFormat};
use crate::command::report_files::{MOST_OF_OUTCOMES, not_a_report, read};
use crate::command::since::Since;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::gather::Gather;
use crate::problem::IoError;
use crate::repository::Repository;
use crate::repository::select::select;
use crate::repository::service::Service;
use crate::repository::service_name::ServiceName;
use crate::shards::{Shard, Times, spread};
use crate::terminal::Terminal;

/// The most characters of the services of one job that every version of GitLab takes: they are part of the job's name, which
/// may have 255.
const MOST_OF_NAME: usize = 200;

/// Prints the matrix on one line, as a variable of CI has to be.
///
/// # Errors
/// Problems with the Dockerfiles, the globs, the commit or the report; more jobs than the CI system takes.
pub fn run(args: &MatrixArgs, options: &Options, terminal: &Terminal) -> Result<ExitCode, Error> {
    let repository = Repository::load(&options.load_options())?;
    let times = args.times.as_deref().map(times).transpose()?;
    let since = Since::ask(&args.since, &repository, options, terminal)?;
    let services: Vec<&Service> = repository.services.iter().collect();
    let chosen = select(services, &args.globs, &options.as_shell_args())?;
    let (chosen, _) = since.split(chosen, terminal);
    let chosen: BTreeSet<_> = chosen.into_iter().map(|service| service.name.clone()).gather();
    if times.as_ref().is_some_and(|times| !times.have_one_of(&chosen)) && !chosen.is_empty() {
        terminal.status("the report has no times of these services: all services count the same");
    }
    let bases_of = |service: &Service| service.local_bases.iter().map(|base| base.service.clone()).collect();
    let bases = repository.services.iter().map(|service| (service.name.clone(), bases_of(service))).gather();
    let shards = spread(&chosen, &bases, &times.unwrap_or_default(), args.shards);
    refuse_too_many(&shards, args.format)?;
    let text = match args.format {
        MatrixFormat::Github => serde_json::to_string(&github(&shards)),
        MatrixFormat::Gitlab => serde_json::to_string(&gitlab(&shards)),
    };
    let text = text.map_err(|error| IoError::new("write", "stdout")(error.into()))?;
    terminal.result(&(text + "\n"))?;
    if args.format == MatrixFormat::Gitlab && shards.iter().any(|shard| words(shard).len() > MOST_OF_NAME) {
        terminal.status(&format!(
            "the service names of a job have more than {MOST_OF_NAME} characters, which some versions of GitLab reject: increase `--shards`"
        ));
    }
    Ok(ExitCode::Success)
}

/// How many jobs of one matrix the CI system takes, and its name (GitHub: "Workflow syntax", a matrix makes at most 256 jobs;
/// GitLab: the keyword `parallel:matrix`, 200).
const fn limit(format: MatrixFormat) -> (usize, &'static str) {
    match format {
        MatrixFormat::Github => (256, "GitHub"),
        MatrixFormat::Gitlab => (200, "GitLab"),
    }
}

fn refuse_too_many(shards: &[Shard], format: MatrixFormat) -> Result<(), Error> {
    let (most, system) = limit(format);
    if shards.len() <= most {
        return Ok(());
    }
    let levels = shards.last().map_or(1, |shard| shard.level + 1);
    let fix = match most / levels {
        0 => "choose fewer services".to_owned(),
        fitting => format!("give `--shards {fitting}` or less, or choose fewer services"),
    };
    let levels = if levels == 1 { String::new() } else { format!(" in {levels} levels of bases") };
    Err(Error::Usage(format!(
        "the matrix has {} jobs{levels}, but {system} allows at most {most}: {fix}",
        shards.len()
    )))
}

/// What GitHub reads.
#[derive(Serialize)]
struct Github {
    include: Vec<GithubJob>,
}

/// A job of GitHub.
#[derive(Serialize)]
struct GithubJob {
    /// Its number, from 1.
    shard: usize,
    /// How many levels come before it.
    level: usize,
    /// Its services, with a space between.
    services: String,
}

fn github(shards: &[Shard]) -> Github {
    let job =
        |(place, shard): (usize, &Shard)| GithubJob { shard: place + 1, level: shard.level, services: words(shard) };
    Github { include: shards.iter().enumerate().map(job).collect() }
}

/// A job of GitLab, which reads variables: names in capitals, all of them text.
#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
struct GitlabJob {
    shard: String,
    level: String,
    services: String,
}

fn gitlab(shards: &[Shard]) -> Vec<GitlabJob> {
    let job = |(place, shard): (usize, &Shard)| GitlabJob {
        shard: (place + 1).to_string(),
        level: shard.level.to_string(),
        services: words(shard),
    };
    shards.iter().enumerate().map(job).collect()
}

/// The services of a shard with a space between. No name has a character that a shell would read as something else.
fn words(shard: &Shard) -> String {
    shard.services.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(" ")
}

fn times(path: &Path) -> Result<Times, Error> {
    Times::parse(&read(path, MOST_OF_OUTCOMES)?).map_err(|why| not_a_report(path, &why))
}
