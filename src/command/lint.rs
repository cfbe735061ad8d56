//! `mkcompose lint`: do the names tell the truth about the Dockerfiles, and is everything there that they take?

use crate::cli::lint::{LintArgs, LintFormat};
use crate::context::{Context, Ignore, Presence};
use crate::dockerfile::{CopySource, Description};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::lint::{Finding, lint};
use crate::problem::Problem;
use crate::repository::Dockerfile;
use crate::repository::Project;
use crate::repository::read_all::described;
use crate::terminal::{Style, Terminal};
use image_analyzer::printable::{printable, printable_path};

/// Shows every finding, sorted by path and line.
///
/// # Errors
/// If a name is wrong, the context is missing or something cannot be read.
pub fn run(args: LintArgs, project: &Project, terminal: &Terminal) -> Result<ExitCode, Error> {
    let described = described(project)?;
    let context = Context::open(&project.context)?.ok_or_else(|| {
        let what =
            "there is no such folder: start in the repository's folder, or name the build context with `--context`";
        Error::Problems(vec![Problem::new(&project.context, what)])
    })?;
    let mut findings = Vec::new();
    for (dockerfile, description) in &described {
        let absent = absent(dockerfile, description, &context)?;
        let program = context.program(dockerfile.service.program());
        findings.extend(lint(dockerfile, description, &program, context.root(), &absent));
    }
    findings.sort_unstable();
    match args.format {
        LintFormat::Text => terminal.result(&text(&findings, terminal))?,
        LintFormat::Json => terminal.json(&findings)?,
    }
    terminal.status(&summary(described.len(), findings.len()));
    Ok(if findings.is_empty() { ExitCode::Success } else { ExitCode::Failure })
}

/// The sources of `dockerfile` that a build would not find.
fn absent<'d>(
    dockerfile: &Dockerfile,
    description: &'d Description,
    context: &Context,
) -> Result<Vec<(&'d CopySource, Presence)>, Error> {
    let sources = description.content.as_ref().map(|content| content.sources.as_slice()).unwrap_or_default();
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let ignore = Ignore::of(&dockerfile.path, context.root())?;
    let mut absent = Vec::new();
    for source in sources {
        match context.find(&source.path, &ignore)? {
            Presence::There => {}
            presence => absent.push((source, presence)),
        }
    }
    Ok(absent)
}

fn text(findings: &[Finding], terminal: &Terminal) -> String {
    let line = |finding: &Finding| {
        let place = terminal.styled_out(&format!("{}:{}:", printable_path(&finding.path), finding.line), Style::Strong);
        let rule = terminal.styled_out(&format!("({})", finding.rule), Style::Faint);
        format!("{place} {} {rule}\n", printable(&finding.message))
    };
    findings.iter().map(line).collect()
}

fn summary(dockerfiles: usize, findings: usize) -> String {
    let plural = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    format!("{}, {}", plural(dockerfiles, "Dockerfile"), plural(findings, "finding"))
}
