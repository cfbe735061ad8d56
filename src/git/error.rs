//! Why git could not answer, with what to do.

use std::io;

use image_analyzer::printable::printable;

/// Why git could not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program is not there.
    #[error("`--since` needs git, but there is no `git` in the PATH: install it, or remove `--since`")]
    NotInstalled,
    /// The folder is in no git repository.
    #[error(
        "`--since` needs a git repository, but this folder is not in one: start in a git repository, or remove `--since`"
    )]
    NotARepository,
    /// The repository has no files to compare with.
    #[error("`--since` needs the files of a git repository, but this one has no working tree: start in a clone")]
    NoWorkTree,
    /// What stands for a commit cannot be one.
    #[error(
        "`--since {}`: this is not a commit, branch or tag: give one, such as `--since origin/main`",
        printable(.reference)
    )]
    NotAReference {
        /// What was given.
        reference: String,
    },
    /// The repository has no such commit.
    #[error("`--since {}`: git does not know this commit: {}", printable(.reference), advice(.reference, *.is_shallow))]
    Missing {
        /// What was asked for.
        reference: String,
        /// Whether the clone was made without its whole history.
        is_shallow: bool,
    },
    /// It would say more than is read.
    #[error("the output of git has more than {0} MiB, which is over the limit: remove `--since`")]
    TooMuch(u64),
    /// It said no.
    #[error("`git {command}` failed: {}", printable(.said))]
    Refused {
        /// The subcommand.
        command: String,
        /// What it said on standard error, in one line.
        said: String,
    },
    /// What it said cannot be understood, or it ended early.
    #[error("cannot read the output of `git {command}`: run `git fsck` to check the repository")]
    Garbled {
        /// The subcommand.
        command: String,
    },
    /// The operating system refused something.
    #[error("cannot run git: {0}")]
    Io(#[source] io::Error),
}

/// What to do about a commit that is not there.
fn advice(reference: &str, is_shallow: bool) -> String {
    if !is_shallow {
        return "run `git fetch`, or choose a commit from `git log`".to_owned();
    }
    let fetch = match reference.strip_prefix("origin/") {
        Some(branch) => format!("{branch}:refs/remotes/origin/{branch}"),
        None => reference.to_owned(),
    };
    // What a shell would not read as it stands is not made into a command.
    let is_plain = fetch.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:".contains(c));
    let fetch = if is_plain { fetch } else { "COMMIT".to_owned() };
    format!("this clone is shallow, so fetch the commit with `git fetch --depth=1 origin {fetch}`")
}

#[cfg(test)]
mod tests {
    use super::GitError;

    #[test]
    fn a_shallow_clone_is_told_how_to_fetch_and_no_word_of_the_reference_becomes_a_command() {
        let told =
            |reference: &str| GitError::Missing { reference: reference.to_owned(), is_shallow: true }.to_string();
        let fetch = "git fetch --depth=1 origin";
        assert!(told("origin/main").ends_with(&format!("`{fetch} main:refs/remotes/origin/main`")));
        assert!(told("1a2b3c").ends_with(&format!("`{fetch} 1a2b3c`")));
        assert!(told("x; rm").ends_with(&format!("`{fetch} COMMIT`")));
    }
}
