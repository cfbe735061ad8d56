//! A clone of a repository whose author wishes harm: what it may not do to the machine that it is on.

use std::fs;
use std::process::Command;

use crate::case::{Case, Run};

/// A repository of one Dockerfile in the folder `repo`, which Git knows, so that there is a folder outside of it.
fn clone() -> Case {
    Case::empty().folder("repo/.git").file("repo/Dockerfile", "FROM scratch\n")
}

/// Runs the program in the folder `repo`.
#[track_caller]
fn run(case: &Case, args: &[&str]) -> Run {
    Run::of(case.command(args).current_dir(case.at("repo")).output().unwrap())
}

/// The same, with at most so many seconds of a processor, whatever else it has to do. One that waits is stopped, too.
#[track_caller]
fn run_within(case: &Case, seconds: u64, args: &[&str]) -> Run {
    let limits = format!("ulimit -t {seconds}; exec timeout -s KILL 300 \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits]).arg(crate::case::MKCOMPOSE).args(args).current_dir(case.at("repo"));
    Run::of(command.output().unwrap())
}

#[test]
fn no_setting_leads_out_of_the_repository() {
    let outside = clone();
    let absolute = outside.at("mine");
    let absolute = absolute.to_str().unwrap();
    for (line, shown) in [
        ("output: ../mine", "`output`: `../mine`"),
        ("err_output: sub/../../mine", "`err_output`: `sub/../../mine`"),
        (&format!("output: {absolute}"), &format!("`output`: `{absolute}`")),
        ("output: link/mine", "`output`: `link/mine`"),
    ] {
        let case = clone().link("repo/link", outside.path()).file("repo/mkcompose.yml", format!("image: a\n{line}\n"));
        let case = if line.contains("link") { case } else { case.folder("repo/sub") };
        run(&case, &[]).refused(&format!(
            "error: mkcompose.yml: line 2: {shown} leads out of the repository: name a file in it, or use `--{}`\n",
            line.split(':').next().unwrap().replace('_', "-")
        ));
        assert!(!case.has("mine") && !outside.has("mine"));
    }
    // In the Git repository it may be anywhere, and a flag leads where it is told to.
    let case =
        clone().file("repo/sub/Dockerfile", "FROM scratch\n").file("repo/sub/mkcompose.yml", "output: ../c.yml\n");
    assert_eq!(run(&case, &["-C", "sub"]).code(), 0);
    assert!(case.has("repo/c.yml"));
    let case = clone().file("repo/mkcompose.yml", "output: ../mine\n");
    assert_eq!(run(&case, &["--output", "../flag.yml"]).code(), 0);
    assert!(case.has("flag.yml") && !case.has("mine"));
}

#[test]
fn without_git_the_folder_of_the_settings_is_the_repository() {
    let case = Case::empty().file("repo/Dockerfile", "FROM scratch\n").file("repo/mkcompose.yml", "output: ../mine\n");
    run(&case, &[]).refused(
        "error: mkcompose.yml: line 1: `output`: `../mine` leads out of the repository: name a file in it, or use `--output`\n",
    );
    let case = Case::empty().file("repo/Dockerfile", "FROM scratch\n").link("repo/docker-compose.yml", "../mine");
    assert_eq!(run(&case, &[]).code(), 2);
    assert!(!case.has("mine"));
}

#[test]
fn a_link_for_a_compose_file_is_not_followed_out_of_the_repository() {
    for (set, flag) in [("docker-compose.yml", "--output"), ("docker-compose.err.yml", "--err-output")] {
        for args in [&[][..], &["--force"]] {
            let case = clone().link("repo/second", "../.bash_aliases").link(format!("repo/{set}"), "second");
            run(&case, args).refused(&format!(
                "error: {set}: this link leads out of the repository: remove it, or give the path with `{flag}`\n"
            ));
            assert_eq!(case.names(), ["repo"]);
        }
    }
    let case = clone().link("repo/docker-compose.yml", "../mine");
    assert_eq!(run(&case, &["--output", "docker-compose.yml"]).code(), 0);
    assert!(case.has("mine"));
    let case = clone().folder("repo/out").link("repo/docker-compose.yml", "out/c.yml");
    assert_eq!(run(&case, &[]).code(), 0);
    assert!(case.has("repo/out/c.yml"));
}

#[test]
fn what_a_link_for_a_compose_file_leads_to_is_not_shown() {
    let case = clone().file("secret", "password\n").link("repo/docker-compose.yml", "../secret");
    assert_eq!(run(&case, &["--check"]).code(), 2);
    // A flag may lead there, and so may a link within the repository.
    run(&case, &["--check", "--output", "docker-compose.yml"]).expect(
        1,
        "",
        "docker-compose.yml: not written by mkcompose, 1 service\n\
         to keep it, give another path with `--output`; to overwrite it, run: mkcompose -o docker-compose.yml --force\n",
    );
}

#[test]
fn a_source_that_is_oddly_spelled_is_looked_up_in_the_ignore_files_of_git() {
    for (source, is_ignored) in [
        ("a//dist", true),
        ("a/./dist", true),
        ("x/../a/dist", true),
        ("../a/dist", true),
        ("a/../dist", false),
        ("a/dist/../../other", false),
    ] {
        let case = clone()
            .file("repo/Dockerfile", format!("# mkcompose: context=.\nFROM scratch\nCOPY {source} /\n"))
            .file("repo/a/.gitignore", "dist\n");
        let run = run(&case, &["lint"]);
        assert_eq!(run.code(), i32::from(!is_ignored), "{source}: {} {}", run.stdout(), run.stderr());
    }
}

#[test]
fn an_odd_glob_of_exclude_is_no_trouble() {
    let case = clone().file("repo/.gitignore", "x\n").file("repo/mkcompose.yml", "exclude: ['**//x', '/a//b', '//']\n");
    assert_ne!(run(&case, &["list"]).code(), 101);
}

#[test]
fn the_ignore_file_at_the_root_of_git_counts_in_each_folder_below() {
    let case = clone()
        .file("repo/.gitignore", "dist\n/svc/old\n/svc/gone.txt\n")
        .file("repo/svc/Dockerfile", "# mkcompose: context=.\nFROM scratch\nCOPY dist/app gone.txt /\n")
        .file("repo/svc/old/Dockerfile", "FROM scratch\n");
    let names = |case: &Case| run(case, &["-C", "svc", "list", "--format", "names"]).stdout();
    assert_eq!(names(&case), "minimage\n");
    assert_eq!(run(&case, &["-C", "svc", "lint"]).code(), 0);
    let skipped = run(&case, &["-C", "svc", "list", "--skipped"]).stdout();
    assert!(skipped.contains("ignored by git (../.gitignore)"), "{skipped}");
    // With the settings in the folder, it is the same.
    let case = case.file("repo/svc/mkcompose.yml", "exclude: old/\n");
    assert_eq!(run(&case, &["-C", "svc", "lint"]).code(), 0);
    assert_eq!(names(&case), "minimage\n");
}

#[test]
fn a_repository_that_ignores_the_folder_has_no_say_in_it() {
    let case = clone().file("repo/.gitignore", "*\n").file("repo/svc/Dockerfile", "FROM scratch\nCOPY gone /\n");
    assert_eq!(run(&case, &["-C", "svc", "list", "--format", "names"]).stdout(), "minimage\n");
    assert_eq!(run(&case, &["-C", "svc", "lint"]).code(), 1);
}

#[test]
fn an_ignore_file_in_a_folder_that_git_ignores_is_none() {
    let case = clone()
        .file("repo/Dockerfile", "# mkcompose: context=.\nFROM scratch\nCOPY build/app /\n")
        .file("repo/.gitignore", "build/\n")
        .file("repo/build/.gitignore", "!app\n");
    assert_eq!(run(&case, &["lint"]).code(), 0);
}

#[test]
fn a_glob_of_exclude_matches_though_a_later_one_decides() {
    let case =
        clone().file("repo/v/a/Dockerfile", "FROM scratch\n").file("repo/v/b.Dockerfile", "FROM scratch\n").file(
            "repo/mkcompose.yml",
            "exclude:\n  - v/a/\n  - v/*\n  - '*.Dockerfile'\n  - /v/b.Dockerfile\n  - v/a/Dockerfile\n  - /nothing\n",
        );
    run(&case, &[])
        .refused("error: mkcompose.yml: line 7: `exclude`: `/nothing` matches nothing: correct or remove it\n");
}

#[test]
fn large_settings_are_read_in_no_time() {
    let many = |line: &dyn Fn(usize) -> String| (0..8_000).map(line).collect::<String>();
    let exclude = format!("exclude:\n{}", many(&|n| format!("  - x{n}\n")));
    let args = format!("args:\n{}", many(&|n| format!("  A{n}: a\n")));
    let services = format!("services:\n{}", many(&|n| format!("  s{n}: {{target: a}}\n")));
    for text in [&exclude, &args, &services] {
        let case = clone().file("repo/mkcompose.yml", text);
        let run = run_within(&case, 20, &["list"]);
        assert!([0, 2].contains(&run.code()), "{}", run.stderr());
    }
    let short = "- a*\n- b?\n- c/\n- d\n".repeat(25_000);
    let case = clone().file("repo/mkcompose.yml", format!("exclude:\n{short}")).file("repo/.gitignore", "*.x\n");
    assert_eq!(run_within(&case, 20, &["list"]).code(), 2);
}

#[test]
fn a_large_ignore_file_of_a_build_is_matched_in_no_time_or_said_to_be_too_much() {
    let deep = "d/".repeat(1000);
    for (line, code) in [("**/*z*q*w", 0), ("**/*d*/d*/*/", 2)] {
        let lines = format!("{line}1\n{line}2\n").repeat(30_000);
        let dockerfile = format!("# mkcompose: context=.\nFROM scratch\nCOPY {deep}x /\n");
        let case = clone().file("repo/Dockerfile", dockerfile).file("repo/.dockerignore", lines);
        fs::create_dir_all(case.at(format!("repo/{deep}"))).unwrap();
        fs::write(case.at(format!("repo/{deep}x")), "").unwrap();
        let run = run_within(&case, 30, &["lint"]);
        assert_eq!(run.code(), code, "{} {}", run.stdout(), run.stderr());
    }
}

#[test]
fn an_ignore_file_that_no_build_takes_is_a_finding_with_its_line() {
    let case = clone().file("repo/b/Dockerfile", "FROM scratch\n").file("repo/b/.dockerignore", "ok\n!/\n\n[x-]\n");
    let case = case.file("repo/b/x.Dockerfile", "FROM scratch\n");
    run(&case, &["lint"]).expect(
        1,
        "b/.dockerignore:2: `!/` has no pattern: add one after the `!`, or remove the line (ignore-file-error)\n\
         b/.dockerignore:4: `[x-]` is not a valid pattern: correct it (ignore-file-error)\n",
        "3 Dockerfiles, 2 findings\n",
    );
    assert_eq!(run(&case, &["lint", "--allow", "ignore-file-error"]).code(), 0);
}

#[test]
fn what_is_not_valid_yaml_hides_nothing_else() {
    let case = clone()
        .file("repo/Dockerfile", "# mkcompose: expect=maybe\nFROM scratch\n")
        .file("repo/old/Dockerfile", "# mkcompose: what=ever\nFROM scratch\n");
    let more = "imag: x\nexclude: old/\n";
    let mut case = case;
    for text in ["output: a.yml\noutput: b.yml\n", "args: {A: [}\n", "args: \"\n"] {
        case = case.file("repo/mkcompose.yml", format!("{text}{more}"));
        let run = run(&case, &[]);
        let stderr = run.stderr();
        let count = |start: &str| stderr.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(run.code(), 2);
        assert_eq!(count("error: mkcompose.yml: "), 2, "{stderr}");
        assert!(stderr.contains("not valid YAML: ") && stderr.contains("unknown key `imag`"), "{stderr}");
        assert_eq!(count("error: Dockerfile: line 1: "), 1, "{stderr}");
        assert_eq!(count("error: old/Dockerfile"), 0, "{stderr}");
        assert!(!case.has("repo/a.yml") && !case.has("repo/docker-compose.yml"));
    }
    // What is excluded is not known, so nothing is looked for.
    let case = case.file("repo/mkcompose.yml", "exclude: [old/\nimag: x\n");
    let stderr = run(&case, &[]).stderr();
    assert!(!stderr.contains("Dockerfile: ") && stderr.contains("unknown key `imag`"), "{stderr}");
}

#[test]
fn a_file_in_the_place_of_a_compose_file_is_not_waited_for_and_not_read_whole() {
    let foreign = "error: docker-compose.yml: mkcompose did not write this file, so it is not overwritten: give another path with `--output`, move the file, or add `--force`\n";
    let case = clone().file("repo/docker-compose.yml", "");
    fs::File::options().write(true).open(case.at("repo/docker-compose.yml")).unwrap().set_len(3 << 30).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 1000000; exec \"$0\""]).arg(crate::case::MKCOMPOSE);
    Run::of(command.current_dir(case.at("repo")).output().unwrap()).refused(foreign);
    let case = clone();
    fs::write(case.at("repo/docker-compose.yml"), "# Generated by mkcompose\n").unwrap();
    fs::File::options().write(true).open(case.at("repo/docker-compose.yml")).unwrap().set_len(3 << 30).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 1000000; exec \"$0\""]).arg(crate::case::MKCOMPOSE);
    let run = Run::of(command.current_dir(case.at("repo")).output().unwrap());
    assert_eq!(run.code(), 2, "{}", run.stderr());
    assert!(run.stderr().contains("docker-compose.yml: cannot read: larger than "), "{}", run.stderr());
}

#[test]
fn a_file_of_the_kernel_that_has_nothing_to_say_is_not_waited_for() {
    let case = clone().link("repo/docker-compose.yml", "/proc/kmsg");
    let run = run_within(&case, 10, &["--output", "docker-compose.yml"]);
    assert_eq!(run.code(), 2, "{}", run.stderr());
}

#[test]
fn the_order_of_letters_in_a_compose_file_is_not_turned_around() {
    let case = clone().file("repo/a\u{202e}b/Dockerfile", "# mkcompose: name=turned\nFROM scratch\n");
    assert_eq!(run(&case, &[]).code(), 0);
    let text = case.read("repo/docker-compose.yml");
    assert!(text.contains("context: \"a\\u202eb\"\n"), "{text}");
}

#[test]
fn a_regular_expression_that_is_too_large_is_said_to_be() {
    let case = clone().file("repo/mkcompose.yml", "expect:\n  stdout: \"a{1000}{1000}{1000}\"\n");
    let stderr = run(&case, &[]).stderr();
    assert!(stderr.starts_with("error: mkcompose.yml: line 2: `expect.stdout`: "), "{stderr}");
    assert!(stderr.contains("size limit"), "{stderr}");
    let case = clone().file("repo/mkcompose.yml", "expect:\n  stdout: \"a(\"\n");
    let stderr = run(&case, &[]).stderr();
    assert!(stderr.contains("unclosed group") && stderr.lines().count() == 1, "{stderr}");
}
