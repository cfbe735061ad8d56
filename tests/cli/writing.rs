//! Writing: only on a difference, in one step, never over what is not ours, and nothing left behind.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::case::{Case, Run};

const BOTH: [&str; 4] = ["docker-compose.err.yml", "docker-compose.yml", "dockerfiles", "samples"];

#[test]
fn a_file_that_is_right_is_not_touched() {
    let case = Case::of(&["a", "b.err"]);
    case.run(["-q"]).well("");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["docker-compose.yml", "docker-compose.err.yml"] {
        fs::File::options().write(true).open(case.at(name)).unwrap().set_modified(long_ago).unwrap();
    }
    case.run([""; 0]).well("docker-compose.yml: unchanged, 1 service\ndocker-compose.err.yml: unchanged, 1 service\n");
    for name in ["docker-compose.yml", "docker-compose.err.yml"] {
        assert_eq!(fs::metadata(case.at(name)).unwrap().modified().unwrap(), long_ago);
    }
}

#[test]
fn a_set_without_services_gets_no_file_and_ours_is_removed() {
    let case = Case::of(&["a", "b.err"]);
    case.run(["-q"]).well("");
    fs::remove_file(case.at("dockerfiles/Dockerfile.b.err")).unwrap();
    case.run([""; 0]).well("docker-compose.yml: unchanged, 1 service\ndocker-compose.err.yml: removed, no services\n");
    assert!(!case.has("docker-compose.err.yml"));
    fs::rename(case.at("dockerfiles/Dockerfile.a"), case.at("dockerfiles/Dockerfile.a.err")).unwrap();
    case.run([""; 0]).well("docker-compose.yml: removed, no services\ndocker-compose.err.yml: written, 1 service\n");
}

#[test]
fn with_fail_on_change_the_exit_code_tells_whether_a_file_was_touched() {
    let case = Case::of(&["a", "b.err"]);
    let both = "docker-compose.yml: written, 1 service\ndocker-compose.err.yml: written, 1 service\n";
    case.run(["--fail-on-change"]).expect(1, "", both);
    let both = both.replace("written", "unchanged");
    case.run(["--fail-on-change"]).well(&both);
    fs::remove_file(case.at("dockerfiles/Dockerfile.b.err")).unwrap();
    let removed = "docker-compose.yml: unchanged, 1 service\ndocker-compose.err.yml: removed, no services\n";
    case.run(["--fail-on-change"]).expect(1, "", removed);
    assert_eq!(case.run(["--check", "--fail-on-change"]).code(), 2);
}

#[test]
fn what_is_not_ours_is_neither_overwritten_nor_removed_unless_forced() {
    let case = Case::of(&["a"]).file("docker-compose.yml", "mine\n").file("docker-compose.err.yml", "mine too\n");
    case.run([""; 0]).refused(
        "\
error: docker-compose.yml: mkcompose did not write this file, so it is not overwritten: give another path with `--output`, move the file, or add `--force`
error: docker-compose.err.yml: mkcompose did not write this file, so it is not removed: move the file, or add `--force`
",
    );
    assert_eq!(
        (case.read("docker-compose.yml").as_str(), case.read("docker-compose.err.yml").as_str()),
        ("mine\n", "mine too\n")
    );
    case.run(["--force"])
        .well("docker-compose.yml: written, 1 service\ndocker-compose.err.yml: removed, no services\n");
}

#[test]
fn what_is_not_ours_is_told_in_the_same_go_as_bad_names() {
    let case = Case::of(&["a..b"]).file("docker-compose.yml", "mine\n");
    let foreign = "error: docker-compose.yml: mkcompose did not write this file, so it is not overwritten: give another path with `--output`, move the file, or add `--force`\n";
    let both = case.run([""; 0]);
    assert_eq!(both.code(), 2);
    let stderr = both.stderr();
    let (names, rest) = stderr.split_once('\n').unwrap();
    assert!(names.starts_with("error: dockerfiles/Dockerfile.a..b: "), "{names}");
    assert_eq!(rest, foreign);
    // Neither of these would overwrite it.
    for flag in ["--check", "--force"] {
        case.run([flag]).refused(&format!("{names}\n"));
    }
    assert_eq!(case.read("docker-compose.yml"), "mine\n");
}

#[test]
fn two_outputs_that_cannot_be_written_are_told_at_once() {
    let case = Case::of(&["a", "b.err"]);
    case.run(["-o", "no/a.yml", "--err-output", "neither/b.yml"]).refused(
        "\
error: no/a.yml: cannot write: there is no folder `no`: create it, or give another path
error: neither/b.yml: cannot write: there is no folder `neither`: create it, or give another path
",
    );
}

#[test]
fn an_output_that_cannot_be_read_is_refused_with_what_to_do() {
    let case = Case::of(&["a"]).link("loop.yml", "loop.yml").folder("secret");
    case.run(["-o", "dockerfiles/Dockerfile.a/c.yml"]).refused(
        "error: dockerfiles/Dockerfile.a/c.yml: cannot read: Not a directory (os error 20): choose another path\n",
    );
    case.run(["-o", "loop.yml"]).refused(
        "error: loop.yml: cannot read: Too many levels of symbolic links (os error 40): fix or remove the link\n",
    );
    case.give_away();
    case.mode("secret", 0o000);
    let run = case.run_unprivileged(&["-o", "secret/c.yml"]);
    case.mode("secret", 0o755);
    run.refused("error: secret/c.yml: cannot read: Permission denied (os error 13): check its permissions, or choose another path\n");
}

#[test]
fn an_empty_file_and_one_that_is_not_text_are_not_ours() {
    for contents in [&b""[..], b"\xff\xfe", b" # Generated by mkcompose"] {
        let case = Case::of(&["a"]).file("docker-compose.yml", contents);
        assert_eq!(case.run([""; 0]).code(), 2);
        assert_eq!(fs::read(case.at("docker-compose.yml")).unwrap(), contents);
    }
}

#[test]
fn permissions_are_kept_and_a_new_file_has_those_of_the_umask() {
    let case = Case::of(&["a", "b.err"]).file("docker-compose.yml", "# Generated by mkcompose\n");
    case.mode("docker-compose.yml", 0o640);
    let mut command = case.command_under(&["sh", "-c", "umask 027; exec \"$0\" \"$@\""], &["-q"]);
    assert!(command.status().unwrap().success());
    let mode = |name: &str| fs::metadata(case.at(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("docker-compose.yml"), mode("docker-compose.err.yml")), (0o640, 0o640));
    case.mode("docker-compose.yml", 0o604);
    case.run(["-q", "--image", "other"]).well("");
    assert_eq!(mode("docker-compose.yml"), 0o604);
}

#[test]
fn a_link_is_written_through_even_to_a_file_that_is_yet_to_be() {
    let case = Case::of(&["a", "b.err"])
        .file("real/normal.yml", "# Generated by mkcompose\n")
        .link("docker-compose.yml", "real/hop.yml")
        .link("real/hop.yml", "normal.yml")
        .link("docker-compose.err.yml", "real/new.yml");
    case.run(["-q"]).well("");
    assert!(fs::symlink_metadata(case.at("docker-compose.yml")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(case.at("docker-compose.err.yml")).unwrap().is_symlink());
    // Compose looks for the context beside the name it is given, not beside what the link leads to.
    assert!(case.read("real/normal.yml").contains("context: samples\n"));
    assert!(case.read("real/new.yml").contains("b.err"));
    case.run(["--check", "-q"]).well("");
}

#[test]
fn a_folder_a_device_and_a_pipe_are_refused_as_outputs() {
    let case = Case::of(&["a"]).folder("docker-compose.yml");
    case.run(["--force"])
        .refused("error: docker-compose.yml: cannot use: this is not a regular file: give another path\n");
    let case = Case::of(&["a"]).link("docker-compose.yml", "/dev/null");
    case.run(["--force", "-o", "docker-compose.yml"])
        .refused("error: docker-compose.yml: cannot use: this is not a regular file: give another path\n");
    let case = Case::of(&["a"]);
    assert!(Command::new("mkfifo").arg(case.at("docker-compose.yml")).status().unwrap().success());
    case.run(["--check"])
        .refused("error: docker-compose.yml: cannot use: this is not a regular file: give another path\n");
}

#[test]
fn a_read_only_folder_leaves_both_files_as_they_were() {
    let case = Case::of(&["a", "b.err"]).file("docker-compose.yml", "# Generated by mkcompose\nold\n");
    case.give_away();
    case.mode(".", 0o555);
    let run = case.run_unprivileged(&[]);
    case.mode(".", 0o755);
    assert_eq!(run.code(), 2);
    let why = "cannot write: permission denied: check its permissions, or choose another path";
    let line = |name: &str| format!("error: {name}: {why}\n");
    assert_eq!(run.stderr(), line("docker-compose.yml") + &line("docker-compose.err.yml"));
    assert_eq!(case.read("docker-compose.yml"), "# Generated by mkcompose\nold\n");
    assert_eq!(case.names(), ["docker-compose.yml", "dockerfiles", "samples"]);
}

#[test]
fn if_the_second_file_cannot_be_written_the_first_is_as_it_was() {
    let case = Case::of(&["a", "b.err"]).file("docker-compose.yml", "# Generated by mkcompose\nold\n");
    let run = case.run(["--err-output", "no/such/folder/err.yml"]);
    run.refused(
        "error: no/such/folder/err.yml: cannot write: there is no folder `no/such/folder`: create it, or give another path\n",
    );
    assert_eq!(case.read("docker-compose.yml"), "# Generated by mkcompose\nold\n");
    assert_eq!(case.names(), ["docker-compose.yml", "dockerfiles", "samples"]);
}

fn many(n: usize) -> Case {
    let names: Vec<String> = (0..n).map(|i| format!("program-{i}.image")).collect();
    Case::of(&names.iter().map(String::as_str).collect::<Vec<_>>())
        .file("docker-compose.yml", "# Generated by mkcompose\nold\n")
}

#[test]
fn a_write_that_fails_halfway_leaves_the_old_file_whole_and_no_litter() {
    let case = many(2000);
    // No more than 64 blocks per file, as where a quota or a limit ends a write; the text needs some 300 kB.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""];
    let run = Run::of(case.command_under(&limited, &[]).output().unwrap());
    assert_eq!(run.code(), 2);
    assert!(run.stderr().starts_with("error: docker-compose.yml: cannot write: "), "{}", run.stderr());
    assert_eq!(case.read("docker-compose.yml"), "# Generated by mkcompose\nold\n");
    assert_eq!(case.names(), ["docker-compose.yml", "dockerfiles", "samples"]);
}

/// A file system of 64 kB at `full` needs the right to mount: root has it, elsewhere a user namespace may give it.
#[test]
#[cfg(target_os = "linux")]
fn a_full_file_system_leaves_the_old_file_whole_and_no_litter() {
    let case = many(2000).folder("full");
    let script = "mount -t tmpfs -o size=64k tmpfs full && printf '# Generated by mkcompose\\nold\\n' > full/c.yml \
                  && { \"$0\" -o full/c.yml; echo \"exit $?\"; cat full/c.yml; ls -A full; }";
    let Some((stdout, stderr)) = case.run_with_mounts(script) else { return };
    assert!(stderr.starts_with("error: full/c.yml: cannot write: No space left on device"), "{stderr}");
    assert_eq!(stdout, "exit 2\n# Generated by mkcompose\nold\nc.yml\n");
}

#[test]
fn an_interrupted_run_leaves_the_old_file_or_the_new_one_and_no_litter() {
    let case = many(3000);
    case.run(["-q", "--image", "one"]).well("");
    let one = case.read("docker-compose.yml");
    case.run(["-q", "--image", "two"]).well("");
    let two = case.read("docker-compose.yml");
    let mut interrupted = 0;
    for (round, signal) in ["TERM", "INT", "HUP", "KILL"].into_iter().cycle().take(80).enumerate() {
        let image = if round % 2 == 0 { "one" } else { "two" };
        let mut child = case.command(["--image", image]).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_micros(500 * (round as u64 % 40)));
        let _ =
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).stderr(Stdio::null()).status();
        interrupted += usize::from(!child.wait().unwrap().success());
        let now = case.read("docker-compose.yml");
        assert!(now == one || now == two, "round {round} ({signal}): {} bytes", now.len());
        let left: Vec<_> = case.names().into_iter().filter(|name| name.starts_with('.')).collect();
        if signal == "KILL" {
            // A killed run cannot remove its temporary file.
            assert!(left.len() <= 1, "round {round}: {left:?}");
            for name in &left {
                fs::remove_file(case.at(name)).unwrap();
            }
        } else {
            assert!(left.is_empty(), "round {round} ({signal}): {left:?}");
        }
    }
    assert!(interrupted > 0, "no run was interrupted, so nothing was tested");
    // The files of killed runs were removed above, so nothing else may be here.
    case.run(["-q", "--image", "three"]).well("");
    assert_eq!(case.names(), ["docker-compose.yml", "dockerfiles", "samples"]);
}

#[test]
fn what_a_link_leads_to_is_removed_and_the_link_stays() {
    let case =
        Case::of(&["a"]).file("real.yml", "# Generated by mkcompose\n").link("docker-compose.err.yml", "real.yml");
    case.run([""; 0]).well("docker-compose.yml: written, 1 service\ndocker-compose.err.yml: removed, no services\n");
    assert!(!case.has("real.yml") && case.has("docker-compose.err.yml"));
    case.run(["--check", "-q"]).well("");
}

#[test]
fn two_runs_at_once_both_end_well_with_one_result() {
    let case = many(1000);
    for _ in 0..10 {
        fs::remove_file(case.at("docker-compose.yml")).unwrap();
        let mut runs: Vec<_> = (0..4).map(|_| case.command(["-q"]).spawn().unwrap()).collect();
        assert!(runs.iter_mut().all(|run| run.wait().unwrap().success()));
        case.run(["--check", "-q"]).well("");
        assert_eq!(case.names(), ["docker-compose.yml", "dockerfiles", "samples"]);
    }
}

#[test]
fn only_the_two_files_are_written() {
    let case = Case::of(&["a", "b.err"]);
    case.run(["-q"]).well("");
    assert_eq!(case.names(), BOTH);
}

#[test]
fn the_owner_of_the_file_is_kept_when_root_writes() {
    if !crate::case::is_root() {
        crate::case::left_out("only root can write as another owner");
        return;
    }
    let case = Case::of(&["a"]).file("docker-compose.yml", "# Generated by mkcompose\n");
    std::os::unix::fs::chown(case.at("docker-compose.yml"), Some(1234), Some(5678)).unwrap();
    case.run(["-q"]).well("");
    let there = fs::metadata(case.at("docker-compose.yml")).unwrap();
    assert_eq!((there.uid(), there.gid()), (1234, 5678));
}
