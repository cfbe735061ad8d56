//! What `BuildKit` refuses of an instruction whatever it says: unknown keywords, a wrong place, missing arguments.
//!
//! Not the values of arguments that no name speaks of: ports, signals, unknown flags.

use super::parser::{Instruction, ParseProblem, is_space};

/// What `BuildKit` refuses of any instruction before it looks at what it says.
pub(super) fn check(instruction: &Instruction, in_stage: bool) -> Result<(), ParseProblem> {
    let Instruction { keyword, arguments, .. } = instruction;
    let takes_any = matches!(keyword.as_str(), "CMD" | "ENTRYPOINT" | "RUN");
    let takes_some = matches!(
        keyword.as_str(),
        "ADD"
            | "ARG"
            | "COPY"
            | "ENV"
            | "EXPOSE"
            | "FROM"
            | "HEALTHCHECK"
            | "LABEL"
            | "MAINTAINER"
            | "ONBUILD"
            | "SHELL"
            | "STOPSIGNAL"
            | "USER"
            | "VOLUME"
            | "WORKDIR"
    );
    let wrong = if !takes_any && !takes_some {
        format!("unknown instruction `{keyword}`")
    } else if !in_stage && !matches!(keyword.as_str(), "FROM" | "ARG") {
        format!("{keyword} before the first FROM")
    } else if takes_some && arguments.is_empty() {
        format!("{keyword} without an argument")
    } else if keyword == "SHELL" && instruction.json().is_none() {
        "SHELL takes a JSON array of strings".to_owned()
    } else if keyword == "HEALTHCHECK" && !is_health_check(arguments) {
        "HEALTHCHECK takes CMD or NONE".to_owned()
    } else if matches!(keyword.as_str(), "ENV" | "LABEL") && !arguments.contains('=') && !arguments.contains(is_space) {
        format!("{keyword} takes a name and a value")
    } else {
        return Ok(());
    };
    Err(instruction.problem(wrong))
}

fn is_health_check(arguments: &str) -> bool {
    let kind = arguments.split(is_space).next().unwrap_or_default();
    ["CMD", "NONE"].iter().any(|known| known.eq_ignore_ascii_case(kind))
}

/// A letter, then letters, digits, `-`, `_` and `.`; in lower case.
pub(super) fn is_stage_name(name: &str) -> bool {
    let later = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(later)
}

#[cfg(test)]
mod tests {
    use super::super::read;

    /// Each was given to an engine, which refused it, too.
    #[test]
    fn what_docker_refuses_is_refused() {
        for line in [
            "FOO",
            "ARG",
            "ENV",
            "ENV A",
            "LABEL",
            "EXPOSE",
            "HEALTHCHECK",
            "HEALTHCHECK x",
            "STOPSIGNAL",
            "SHELL x",
            "COPY a",
            "COPY [\"a\"]",
            "FROM",
            "FROM a b",
            "FROM a AS",
            "FROM a AS 1b",
            "WORKDIR",
            "USER",
            "VOLUME",
            "ONBUILD",
        ] {
            assert_eq!(read(&format!("FROM a\n\n{line}\n")).map_err(|problem| problem.line), Err(3), "{line}");
        }
    }

    /// Each was given to an engine, which took it, too.
    #[test]
    fn what_docker_takes_is_taken() {
        for line in [
            "CMD [x]",
            "CMD",
            "ENTRYPOINT []",
            "ENV A b",
            "ENV A=",
            "LABEL x=y z=\"a b\"",
            "EXPOSE 80/tcp 90",
            "HEALTHCHECK none",
            "HEALTHCHECK --interval=5s CMD x",
            "SHELL [\"/bin/sh\", \"-c\"]",
            "STOPSIGNAL 9",
            "VOLUME /x /y",
            "VOLUME [\"/x\"]",
            "ONBUILD RUN x",
            "MAINTAINER x y",
            "RUN [ -f x ] && y",
            "RUN a \\",
            "USER a:b",
            "WORKDIR /a b",
            "run lower",
        ] {
            assert!(read(&format!("FROM a\n{line}\n")).is_ok(), "{line}");
        }
    }
}
