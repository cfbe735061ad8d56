//! What `BuildKit` refuses of an instruction whatever it says: unknown keywords, a wrong place, missing arguments.
//!
//! Not the values of arguments: ports, signals, durations.

use super::parser::{Instruction, ParseProblem, is_space};

/// The flags of an instruction that may be given once.
fn flags(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "FROM" => &["platform"],
        "ADD" => &["chown", "chmod", "link", "keep-git-dir", "checksum", "unpack"],
        "COPY" => &["from", "chown", "chmod", "link", "parents"],
        "RUN" => &["network", "security"],
        "HEALTHCHECK" => &["interval", "timeout", "start-period", "start-interval", "retries"],
        _ => &[],
    }
}

/// The flags of an instruction that may be given several times.
fn repeatable_flags(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "ADD" | "COPY" => &["exclude"],
        "RUN" => &["mount", "device"],
        _ => &[],
    }
}

/// The flags that are true or false; all others have a value.
const SWITCHES: [&str; 4] = ["link", "keep-git-dir", "unpack", "parents"];

/// What is wrong with the flags of `instruction`.
fn wrong_flags(instruction: &Instruction<'_>) -> Option<String> {
    let mut seen = Vec::new();
    for flag in &instruction.flags {
        let flag = flag.strip_prefix("--").unwrap_or(flag);
        let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let is_repeatable = repeatable_flags(&instruction.keyword).contains(&name);
        if !is_repeatable && !flags(&instruction.keyword).contains(&name) {
            return Some(format!("{} has no flag `--{name}`", instruction.keyword));
        }
        if !is_repeatable && seen.contains(&name) {
            return Some(format!("the flag `--{name}` is here twice"));
        }
        if SWITCHES.contains(&name) {
            if value.is_some_and(|value| !["true", "false"].iter().any(|known| known.eq_ignore_ascii_case(value))) {
                return Some(format!("the flag `--{name}` takes true or false"));
            }
        } else if value.is_none() {
            return Some(format!("the flag `--{name}` has no value"));
        }
        seen.push(name);
    }
    None
}

/// The kinds of `RUN --mount=type=`, from the Dockerfile reference.
const MOUNT_TYPES: [&str; 5] = ["bind", "cache", "tmpfs", "secret", "ssh"];

/// The values of `RUN --network=`, from the Dockerfile reference.
const NETWORKS: [&str; 3] = ["default", "none", "host"];

/// What is wrong with the value of a flag. One with a variable is any.
fn wrong_flag_value(instruction: &Instruction<'_>) -> Option<String> {
    let is_plain = |value: &&str| !value.contains('$');
    let kinds =
        instruction.flag_values("mount").filter_map(|mount| mount.split(',').find_map(|one| one.strip_prefix("type=")));
    if let Some(kind) =
        kinds.filter(is_plain).find(|kind| !MOUNT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind)))
    {
        return Some(format!("there is no mount type `{kind}`: the types are {}", MOUNT_TYPES.join(", ")));
    }
    if let Some(network) = instruction.flag_values("network").filter(is_plain).find(|one| !NETWORKS.contains(one)) {
        return Some(format!("there is no network mode `{network}`: the modes are {}", NETWORKS.join(", ")));
    }
    // A word such as `u+x` is taken, too.
    let is_wrong = |mode: &&str| {
        mode.starts_with(|c: char| c.is_ascii_digit())
            && u32::from_str_radix(mode, 8).map_or(true, |mode| mode > 0o7777)
    };
    let mode = instruction.flag_values("chmod").filter(is_plain).find(is_wrong)?;
    Some(format!("the mode `{mode}` is not an octal number up to 7777"))
}

/// Whether a JSON array lacks what the instruction needs.
fn is_empty_array(instruction: &Instruction<'_>) -> bool {
    matches!(&*instruction.keyword, "SHELL" | "VOLUME")
        && instruction.json().is_some_and(|words| {
            words.is_empty() || (instruction.keyword == "VOLUME" && words.iter().any(|word| word.trim().is_empty()))
        })
}

/// Whether the arguments are a JSON array with something in it that is no string.
fn is_array_of_others(instruction: &Instruction<'_>) -> bool {
    let takes_json =
        matches!(&*instruction.keyword, "ADD" | "CMD" | "COPY" | "ENTRYPOINT" | "RUN" | "SHELL" | "VOLUME");
    takes_json
        && instruction.arguments.starts_with('[')
        && serde_json::from_str::<Vec<serde_json::Value>>(&instruction.arguments)
            .is_ok_and(|values| !values.iter().all(serde_json::Value::is_string))
}

/// What may not be an ONBUILD trigger: the keyword, if `arguments` start with one such.
fn wrong_trigger(arguments: &str) -> Option<String> {
    let trigger = arguments.split(is_space).next().unwrap_or_default().to_ascii_uppercase();
    matches!(trigger.as_str(), "FROM" | "MAINTAINER" | "ONBUILD").then_some(trigger)
}

/// What `BuildKit` refuses of any instruction before it looks at what it says.
pub(super) fn check(instruction: &Instruction<'_>, in_stage: bool) -> Result<(), ParseProblem> {
    let Instruction { keyword, arguments, .. } = instruction;
    let takes_any = matches!(&**keyword, "CMD" | "ENTRYPOINT" | "RUN");
    let takes_some = matches!(
        &**keyword,
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
    } else if !in_stage && !matches!(&**keyword, "FROM" | "ARG") {
        format!("{keyword} before the first FROM")
    } else if takes_some && arguments.is_empty() {
        format!("{keyword} without an argument")
    } else if let Some(wrong) = wrong_flags(instruction) {
        wrong
    } else if let Some(wrong) = wrong_flag_value(instruction) {
        wrong
    } else if matches!(&**keyword, "ARG" | "ENV" | "LABEL") && arguments.starts_with('=') {
        format!("{keyword} has no name before `=`")
    } else if is_empty_array(instruction) {
        format!("the JSON array of {keyword} is empty")
    } else if is_array_of_others(instruction) {
        format!("the JSON array of {keyword} has something in it that is not a string")
    } else if keyword == "ONBUILD"
        && let Some(trigger) = wrong_trigger(arguments)
    {
        format!("ONBUILD cannot run {trigger}")
    } else if keyword == "SHELL" && instruction.json().is_none() {
        "SHELL takes a JSON array of strings".to_owned()
    } else if keyword == "HEALTHCHECK" && !is_health_check(arguments) {
        "HEALTHCHECK takes CMD and a command, or NONE".to_owned()
    } else if matches!(&**keyword, "ENV" | "LABEL") && !arguments.contains('=') && !arguments.contains(is_space) {
        format!("{keyword} takes a name and a value")
    } else {
        return Ok(());
    };
    Err(instruction.problem(wrong))
}

fn is_health_check(arguments: &str) -> bool {
    let mut words = arguments.split(is_space).filter(|word| !word.is_empty());
    let (kind, has_more) = (words.next().unwrap_or_default(), words.next().is_some());
    kind.eq_ignore_ascii_case("NONE") || (kind.eq_ignore_ascii_case("CMD") && has_more)
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
            "HEALTHCHECK CMD",
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
            "ONBUILD FROM b",
            "ONBUILD onbuild RUN x",
            "ONBUILD MAINTAINER x",
            "SHELL [\"/bin/sh\"] x",
            "CMD [1]",
            "COPY --chwon=1 a b",
            "COPY --from=a --from=b x y",
            "COPY --link=maybe a b",
            "COPY --chown a b",
            "COPY --from=$V a b",
            "COPY --from=b:${V} a c",
            "COPY https://example.org/x /x",
            "COPY git@example.org:x.git /x",
            "RUN --mount=from=$V,target=/x true",
            "CMD --version",
            "SHELL []",
            "VOLUME []",
            "VOLUME [\"\"]",
            "ENV =x",
            "ARG =x",
            "LABEL =x",
            "RUN --network=what true",
            "RUN --mount=type=what,target=/x true",
            "COPY --chmod=99 a b",
            "COPY --chmod=17777 a b",
            "COPY a <<E\nE",
            "COPY ${x.y} /",
            "COPY a ${x.y}",
            "COPY \"a b\" /c",
            "FROM ${x.y}",
            "COPY --from=1 a b",
            "COPY --from=7 a b",
            "COPY --from=me a b",
            "RUN --mount=from=me,target=/x true",
        ] {
            let text = format!("FROM a\n\n{line}\nFROM b AS me\n");
            assert_eq!(read(&text).map_err(|problem| problem.line), Err(3), "{line}");
        }
    }

    /// Each was given to an engine, which took it, too.
    #[test]
    fn what_docker_takes_is_taken() {
        for line in [
            "CMD [x]",
            "CMD [\"a\"] b",
            "CMD",
            "ONBUILD RUN FROM",
            "COPY --link --parents --exclude=x --exclude=y a b",
            "COPY --link=false --chmod=755 a b",
            "COPY --chmod=u+x a b",
            "COPY --chmod=$MODE a b",
            "COPY --from=0 a b",
            "COPY <<E a /b/\nE",
            "RUN --mount=from=7,target=/x true",
            "ADD --checksum=sha256:0 https://example.org/x /x",
            "RUN --mount=type=cache,target=/x --mount=type=cache,target=/y --network=none true",
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
            assert!(read(&format!("FROM a\nFROM b\n{line}\n")).is_ok(), "{line}");
        }
    }
}
