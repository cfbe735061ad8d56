//! A random history of 50 commits, each held against the slow way to know what differs.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::git::Repo;
use super::oracle;

/// Numbers that look random and are the same each time (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.roll(from.len())]
    }
}

const FOLDERS: [&str; 4] = ["a", "b", "c", "d"];
const FILES: [&str; 7] = ["x.c", "y.c", "z.md", "sub/x.c", "sub/w", "sub/deep/v", "a b"];
const SOURCES: [&str; 10] = [".", "x.c", "*.c", "sub", "sub/", "sub/*.c", "l", "s*/x.c", "sub/deep", "z.md"];
const LINES: [&str; 8] = ["*.md", "sub", "!sub/w", "*", "!*.c", "sub/deep", "l", "!sub"];

/// A Dockerfile that may take something and may be built on another service.
fn dockerfile(folder: &str, dice: &mut Dice) -> String {
    let folder_place = FOLDERS.iter().position(|other| *other == folder).unwrap();
    // Only on an earlier one, so that there is no circle.
    let bases: Vec<_> = FOLDERS[..folder_place].iter().map(|base| format!("minimage:{base}")).collect();
    let base = if bases.is_empty() || dice.roll(2) == 0 { "scratch" } else { &bases[dice.roll(bases.len())] };
    // Without it, the context is found.
    let mut text = if dice.roll(4) == 0 { String::new() } else { format!("# mkcompose: context={folder}\n") };
    if dice.roll(5) == 0 {
        text += "# mkcompose: expect=runs\n";
    }
    text.extend(["FROM ", base, "\n"]);
    for _ in 0..dice.roll(3) {
        text.extend(["COPY ", dice.pick(&SOURCES), " /\n"]);
    }
    if dice.roll(6) == 0 && !bases.is_empty() {
        text.extend(["COPY --from=", &bases[dice.roll(bases.len())], " /x /y\n"]);
    }
    text
}

/// Changes one thing.
fn change(repo: &Repo, dice: &mut Dice) {
    let folder = dice.pick(&FOLDERS);
    let file = format!("{folder}/{}", dice.pick(&FILES));
    match dice.roll(14) {
        0 => repo.write(format!("{folder}/Dockerfile"), dockerfile(folder, dice)),
        1 => {
            let name = dice.pick(&[".dockerignore", "Dockerfile.dockerignore"]);
            let lines: Vec<_> = (0..dice.roll(4)).map(|_| dice.pick(&LINES)).collect();
            repo.write(format!("{folder}/{name}"), lines.join("\n") + "\n");
        }
        2 => {
            let name = dice.pick(&[".dockerignore", "Dockerfile.dockerignore"]);
            let _ = fs::remove_file(repo.at(folder).join(name));
        }
        3 => {
            let label = dice.roll(3);
            let glob = dice.pick(&["*", "a", "b*", "[cd]"]);
            repo.write("mkcompose.yml", format!("services:\n  \"{glob}\": {{labels: {{l: \"{label}\"}}}}\n"));
        }
        4 => repo.link(&format!("{folder}/l"), dice.pick(&["x.c", "sub", "sub/deep"])),
        5 => {
            let _ = fs::remove_file(repo.at(folder).join("l"));
        }
        6 => {
            // A rename.
            let other = format!("{}/{}", dice.pick(&FOLDERS), dice.pick(&FILES));
            if repo.at(&file).is_file() && !repo.at(&other).exists() {
                fs::create_dir_all(repo.at(&other).parent().unwrap()).unwrap();
                fs::rename(repo.at(&file), repo.at(&other)).unwrap();
            }
        }
        7 | 8 => {
            let _ = fs::remove_file(repo.at(&file));
        }
        9 => repo.write(format!("notes/{}", dice.roll(3)), format!("{}", dice.roll(100))),
        _ => repo.write(&file, format!("{}", dice.roll(4))),
    }
}

/// Removes empty folders, which git does not know.
fn remove_empty(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() && entry.file_name() != ".git" {
            remove_empty(&entry.path());
            // Only what is empty can be removed so.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The files of `reference` in a plain folder.
fn export(repo: &Repo, reference: &str, to: &str) {
    let (tar, folder) = (repo.case.at("export.tar"), repo.case.at(to));
    fs::create_dir_all(&folder).unwrap();
    repo.git(&["archive", "--format=tar", "-o", tar.to_str().unwrap(), reference]);
    let status = Command::new("tar").arg("-xf").arg(&tar).arg("-C").arg(&folder).status().unwrap();
    assert!(status.success());
    // Settings are looked for no further up.
    fs::create_dir_all(folder.join(".git")).unwrap();
}

/// What a person needs to see who is right.
fn shown(repo: &Repo, reference: &str) -> String {
    let diff = repo.git(&["diff", "--no-renames", reference]);
    let untracked = repo.git(&["ls-files", "--others"]);
    let files = repo.git(&["grep", "", reference, "--", "*Dockerfile", "*.dockerignore"]);
    [diff, untracked, files].iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
}

/// Writes what is there anew: a Dockerfile with the comments that it has, or another file.
fn change_contents(repo: &Repo, dice: &mut Dice) {
    let files = String::from_utf8(repo.git(&["ls-files"])).unwrap();
    let files: Vec<_> = files.lines().filter(|file| repo.at(file).is_file() && !repo.at(file).is_symlink()).collect();
    let file = files[dice.roll(files.len())];
    let old = fs::read_to_string(repo.at(file)).unwrap();
    match file.strip_suffix("/Dockerfile") {
        Some(folder) => {
            let is_comment = |line: &&str| line.starts_with('#');
            let (comments, new) = (old.lines().take_while(is_comment), dockerfile(folder, dice));
            let lines: Vec<_> = comments.chain(new.lines().skip_while(is_comment)).collect();
            repo.write(file, lines.join("\n") + "\n");
        }
        None if !file.contains("ignore") && !file.ends_with(".yml") => repo.write(file, format!("{}", dice.roll(100))),
        None => {}
    }
}

/// Changes something 50 times and holds each against the slow way; `more` says what is changed.
fn compare(seed: u64, more: impl Fn(&Repo, &mut Dice)) {
    let mut dice = Dice(seed);
    let repo = Repo::new();
    for folder in FOLDERS {
        repo.write(format!("{folder}/Dockerfile"), dockerfile(folder, &mut dice));
        repo.write(format!("{folder}/x.c"), "0");
    }
    (0..20).for_each(|_| change(&repo, &mut dice));
    remove_empty(&repo.at(""));
    repo.commit();
    let (mut untouched, mut touched) = (0, 0);
    for number in 0..50 {
        (0..=dice.roll(3)).for_each(|_| more(&repo, &mut dice));
        remove_empty(&repo.at(""));
        // The last changes stay uncommitted now and then, some of them unknown to git.
        if dice.roll(3) > 0 {
            repo.commit();
        }
        let count = String::from_utf8(repo.git(&["rev-list", "--count", "HEAD"])).unwrap();
        let count: usize = count.trim().parse().unwrap();
        let reference = format!("HEAD~{}", dice.roll(count.min(5)));
        let old = format!("old-{number}");
        export(&repo, &reference, &old);
        let expected = oracle::touched(&repo.case, &repo.case.at(&old), &repo.at("")).unwrap();
        let found: Vec<_> = repo.why(&reference);
        let names: Vec<_> = found.iter().map(|row| row.split(": ").next().unwrap().to_owned()).collect();
        assert_eq!(names, expected, "step {number}, {reference}: {found:?}\n{}", shown(&repo, &reference));
        touched += names.len();
        untouched += FOLDERS.len() - names.len();
    }
    assert!(touched > 30 && untouched > 30, "{touched} touched, {untouched} untouched: too much of one says nothing");
}

#[test]
fn fifty_random_commits_say_what_two_plain_folders_say() {
    compare(seed(0x5eed_cafe), change);
}

/// The services are then those of the commit, which is not laid out.
#[test]
fn fifty_commits_of_other_contents_say_what_two_plain_folders_say() {
    compare(seed(0xcafe_5eed), change_contents);
}

/// Writes, removes or moves a file that is neither a Dockerfile nor an ignore file, near and far; now and then other contents.
fn change_names(repo: &Repo, dice: &mut Dice) {
    let near = |dice: &mut Dice| {
        if dice.roll(3) > 0 {
            return format!("{}/{}", dice.pick(&FOLDERS), dice.pick(&FILES));
        }
        let folder = dice.pick(&["a/", "d/", "", "e/", "a/new/"]);
        format!(
            "{folder}{}",
            dice.pick(&["x.c", "y.c", "z.md", "sub/x.c", "sub/w", "sub/deep/v", "l", "go.mod", "README", "q/r/s/t"])
        )
    };
    let (file, other) = (near(dice), near(dice));
    let is_file = repo.at(&file).is_file() && !repo.at(&file).is_symlink();
    let is_free = |path: &str| {
        let above = Path::new(path).ancestors().skip(1);
        !repo.at(path).exists()
            && !repo.at(path).is_symlink()
            && above.into_iter().all(|above| !repo.at(above).is_file())
    };
    match dice.roll(5) {
        4 => change_contents(repo, dice),
        0 if is_file => repo.remove(&file),
        1 if is_file && is_free(&other) => {
            fs::create_dir_all(repo.at(&other).parent().unwrap()).unwrap();
            fs::rename(repo.at(&file), repo.at(&other)).unwrap();
        }
        _ if is_free(&file) => repo.write(&file, format!("{}", dice.roll(4))),
        _ => {}
    }
}

/// Names that settle no service need no copy of the commit; others do.
#[test]
fn fifty_commits_of_other_names_say_what_two_plain_folders_say() {
    compare(seed(1), change_names);
}

fn seed(or: u64) -> u64 {
    std::env::var("SINCE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(or)
}
