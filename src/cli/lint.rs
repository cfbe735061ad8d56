//! The flags of `mkcompose lint`.

use clap::Args;

use crate::cli::since::SinceArgs;
use crate::lint::Rule;
use crate::report::lint::Format;

/// The flags of `mkcompose lint`.
#[derive(Clone, Debug, Args)]
pub struct LintArgs {
    /// Services, as names or globs [default: all]
    #[arg(value_name = "GLOB")]
    pub globs: Vec<String>,
    /// What has not changed is left out.
    #[command(flatten)]
    pub since: SinceArgs,
    /// Do not report findings of RULE; may be repeated
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub allow: Vec<Rule>,
    /// How to show the findings
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
}

/// Reads the id of a rule.
fn rule(id: &str) -> Result<Rule, String> {
    let found = Rule::ALL.into_iter().find(|rule| rule.as_str() == id);
    found.ok_or_else(|| format!("the rules are: {}", Rule::ALL.map(Rule::as_str).join(", ")))
}
