//! The rules of `mkcompose lint`: one table of what each is called, how bad it is, what it means and what to do.

use std::fmt;

use serde::Serialize;

/// The rules, by the ids that people and programs know them by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Rule {
    /// The text is no Dockerfile.
    ParseError,
    /// A reference that, its variables filled in, refers to no image.
    UnknownImage,
    /// A reference with an ARG that has no value.
    MissingArg,
    /// A segment that the FROM at its place contradicts.
    SegmentMismatch,
    /// More or fewer stages than segments.
    StageCount,
    /// A COPY or ADD source that a build would not find in the context.
    MissingCopySource,
    /// A pattern of COPY or ADD that matches nothing in the context.
    UnmatchedPattern,
    /// A build context that cannot be known.
    ContextUnclear,
    /// A program whose source is not in the context.
    MissingProgramSource,
    /// The ignore file has a line that no build takes.
    IgnoreFileError,
}

/// How bad a finding is, the worst first. The exit code is the same for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A build fails.
    Error,
    /// A build may work, but not as the name or the settings say.
    Warning,
}

impl Level {
    /// The word that GitHub and SARIF have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A row of the table. docs/LINT.md has the same rows.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: &'static str,
    level: Level,
    meaning: &'static str,
    help: &'static str,
}

impl Rule {
    /// Every rule, in the order of their reports.
    pub const ALL: [Self; 10] = [
        Self::ParseError,
        Self::UnknownImage,
        Self::MissingArg,
        Self::SegmentMismatch,
        Self::StageCount,
        Self::MissingCopySource,
        Self::UnmatchedPattern,
        Self::ContextUnclear,
        Self::MissingProgramSource,
        Self::IgnoreFileError,
    ];

    const fn row(self) -> Row {
        match self {
            Self::ParseError => Row {
                id: "parse-error",
                level: Level::Error,
                meaning: "BuildKit would refuse the Dockerfile.",
                help: "Correct the line.",
            },
            Self::UnknownImage => Row {
                id: "unknown-image",
                level: Level::Error,
                meaning: "A FROM, `COPY --from` or `RUN --mount=from=` that is not an image reference, with its variables filled in.",
                help: "Correct the reference.",
            },
            Self::MissingArg => Row {
                id: "missing-arg",
                level: Level::Error,
                meaning: "An image reference that needs an ARG with neither a default nor a value in `args`.",
                help: "Give the ARG a default, or set `args`.",
            },
            Self::SegmentMismatch => Row {
                id: "segment-mismatch",
                level: Level::Warning,
                meaning: "A segment of the name that does not match the FROM at its position.",
                help: "Rename the segment, or change the FROM.",
            },
            Self::StageCount => Row {
                id: "stage-count",
                level: Level::Warning,
                meaning: "A different number of images than of segments in the name.",
                help: "Add or remove segments of the name, or stages.",
            },
            Self::MissingCopySource => Row {
                id: "missing-copy-source",
                level: Level::Error,
                meaning: "A COPY, ADD or bind mount whose source is not in the build context.",
                help: "Add the source, correct the path, or add an exception to the ignore file.",
            },
            Self::UnmatchedPattern => Row {
                id: "unmatched-pattern",
                level: Level::Warning,
                meaning: "A pattern of COPY or ADD that matches nothing in the build context. BuildKit copies nothing; Podman and the old builder fail.",
                help: "Correct the pattern, or add an exception to the ignore file.",
            },
            Self::ContextUnclear => Row {
                id: "context-unclear",
                level: Level::Warning,
                meaning: "An unclear build context: two folders contain every source, or several contain equally many sources.",
                help: "Name the folder with the setting `context`.",
            },
            Self::MissingProgramSource => Row {
                id: "missing-program-source",
                level: Level::Warning,
                meaning: "A program whose source is not in the build context.",
                help: "Add the source, or rename the program.",
            },
            Self::IgnoreFileError => Row {
                id: "ignore-file-error",
                level: Level::Error,
                meaning: "BuildKit would refuse the ignore file of the build context.",
                help: "Correct the line.",
            },
        }
    }

    /// The id: `segment-mismatch`.
    pub const fn as_str(self) -> &'static str {
        self.row().id
    }

    /// How bad a finding of this rule is.
    pub const fn level(self) -> Level {
        self.row().level
    }

    /// What was found, as a sentence.
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }

    /// What to do, as a sentence.
    pub const fn help(self) -> &'static str {
        self.row().help
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;
    use crate::settings::LINT_RULES;

    #[test]
    fn the_settings_know_every_rule() {
        let mut ids = Rule::ALL.map(Rule::as_str);
        ids.sort_unstable();
        assert_eq!(ids, LINT_RULES);
    }

    #[test]
    fn the_json_name_of_a_rule_is_its_id() {
        for rule in Rule::ALL {
            assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{rule}\""));
        }
    }

    #[test]
    fn the_documented_table_is_this_one() {
        let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LINT.md")).unwrap();
        for rule in Rule::ALL {
            let row = format!("| `{rule}` | {} | {} | {} |\n", rule.level().as_str(), rule.meaning(), rule.help());
            assert!(docs.contains(&row), "docs/LINT.md lacks: {row}");
        }
    }
}
