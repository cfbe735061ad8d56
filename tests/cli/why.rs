//! `mkcompose why`: archives of every form without an engine, images through an engine that is a script.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use crate::case::{Case, Run};
use crate::make::{self, Item, docker_new, docker_old, file, oci, tar};
use crate::sample::Sample;
use crate::schema::assert_valid;

/// The configuration in all these archives says so: `CMD ["/hello"]`, `USER 1000`, `PATH=/bin`.
const MISSING: &str = "\
minimage:hello cannot start: the loader /lib64/ld-linux-x86-64.so.2 of /hello is not in the image (loader-missing)
  the image's configuration: CMD [\"/hello\"]
  /hello asks for the loader /lib64/ld-linux-x86-64.so.2 (PT_INTERP)
  /hello needs libc.so.6 (DT_NEEDED), also missing
  fix: link it statically
    RUN gcc -static -o hello hello.c
  or: copy what is missing from the stage that built the program
    COPY --from=0 /lib64/ld-linux-x86-64.so.2 /lib64/
    COPY --from=0 /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/
  or: start from a base that has glibc
    FROM debian:stable-slim
";

/// A layer with a program that needs a loader and a library.
fn without_loader() -> Vec<u8> {
    let program = Sample::with_loader("/lib64/ld-linux-x86-64.so.2").needs("libc.so.6").bytes();
    tar(&[file("hello", program).mode(0o755)])
}

/// A layer with a program that needs nothing.
fn fine() -> Vec<u8> {
    tar(&[file("hello", Sample::program().bytes()).mode(0o755)])
}

fn named(text: &str, name: &str) -> String {
    text.replacen("minimage:hello", name, 1)
}

#[test]
fn an_archive_needs_no_engine_whatever_its_form() {
    let layers = [without_loader()];
    for (form, items) in [
        ("saved before 25", docker_old(&layers, false)),
        ("manifest first", docker_old(&layers, true)),
        ("saved since 25", docker_new(&layers)),
        ("OCI layout", oci(&layers)),
    ] {
        let case = Case::empty().file("image.tar", tar(&items));
        let run = case.run(["why", "--archive", "image.tar", "--docker", "/no/engine"]);
        assert_eq!(run.stdout(), named(MISSING, "image.tar"), "{form}");
        run.expect(1, &named(MISSING, "image.tar"), "");
        assert_eq!(case.names(), ["image.tar"], "nothing is written");
    }
}

#[test]
fn stdin_and_a_folder_are_archives_too() {
    let case = Case::empty().file("image.tar", tar(&docker_old(&[without_loader()], false)));
    let mut command = case.command(["why", "--archive", "-"]);
    command.stdin(Stdio::from(File::open(case.at("image.tar")).unwrap()));
    Run::of(command.output().unwrap()).expect(1, &named(MISSING, "stdin"), "");

    let folder = unpacked(Case::empty(), "layout", &oci(&[without_loader()]));
    folder.run(["why", "--archive", "layout"]).expect(1, &named(MISSING, "layout"), "");
    folder.folder("elsewhere").run(["-C", "elsewhere", "why", "--archive", "../layout"]).expect(
        1,
        &named(MISSING, "../layout"),
        "",
    );
}

fn unpacked(case: Case, folder: &str, items: &[Item]) -> Case {
    items.iter().filter(|item| item.kind == b'0').fold(case, |case, item| {
        case.file(Path::new(folder).join(std::str::from_utf8(&item.path).unwrap()), &item.data)
    })
}

#[test]
fn an_image_that_starts_is_exit_0() {
    let case = Case::empty().file("image.tar", tar(&docker_new(&[fine()])));
    let said = "image.tar: found no reason why it would not start\n";
    case.run(["why", "--archive", "image.tar"]).expect(0, said, "");
}

#[test]
fn the_tree_is_drawn_before_the_reason() {
    let case = Case::empty().file("image.tar", tar(&docker_new(&[without_loader()])));
    let tree = "\
image.tar
└─ ✓ CMD [\"/hello\"]
   └─ ✓ /hello (program)
      ├─ ✗ /lib64/ld-linux-x86-64.so.2 (loader, missing)
      └─ ✗ libc.so.6 (library, missing)

";
    let expected = format!("{tree}{}", named(MISSING, "image.tar"));
    case.run(["why", "--tree", "--archive", "image.tar"]).expect(1, &expected, "");
}

#[test]
fn json_is_as_its_schema_says_and_names_what_is_missing() {
    let case = Case::empty().file("image.tar", tar(&docker_new(&[without_loader()])));
    let run = case.run(["why", "--format", "json", "--archive", "image.tar", "minimage:hello"]);
    let (code, json, stderr) = (run.code(), run.stdout(), run.stderr());
    assert_eq!((code, stderr.as_str()), (1, ""));
    assert_valid(&json, "why.schema.json");
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let image = &document["images"][0];
    assert_eq!((&image["name"], &image["starts"]), (&"minimage:hello".into(), &false.into()));
    let finding = &image["findings"][0];
    assert_eq!((&finding["id"], &finding["certainty"]), (&"loader-missing".into(), &"certain".into()));
    assert_eq!(finding["missing"], "/lib64/ld-linux-x86-64.so.2");
    assert_eq!(finding["fixes"][0]["lines"][0], "RUN gcc -static -o hello hello.c");
    assert_eq!(image["chain"]["needs"][0]["needs"][0]["state"], "missing");
}

#[test]
fn an_archive_that_cannot_be_read_is_exit_2_and_says_where() {
    let whole = tar(&docker_old(&[without_loader()], false));
    let case = Case::empty().file("cut.tar", &whole[..whole.len() / 2]).file("none.tar", tar(&[]));
    for name in ["cut.tar", "none.tar", "absent.tar"] {
        let run = case.run(["why", "--archive", name]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""), "{name}");
        let stderr = run.stderr();
        assert!(stderr.starts_with("error: ") && stderr.contains(name) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn of_an_archive_with_several_images_those_that_are_named_are_looked_at() {
    let case = Case::empty().file("image.tar", tar(&docker_new(&[fine()])));
    let said = "also:1: found no reason why it would not start\n";
    case.run(["why", "--archive", "image.tar", "also:1"]).expect(0, said, "");
    let run = case.run(["why", "--archive", "image.tar", "other:1"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("other:1"), "{}", run.stderr());
}

#[test]
fn an_image_for_another_system_is_not_judged_by_the_rules_of_linux() {
    let mut items = docker_old(&[fine()], false);
    for item in &mut items {
        if item.path == b"c0ffee.json" {
            item.data = String::from_utf8(item.data.clone()).unwrap().replace("linux", "windows").into_bytes();
        }
    }
    let case = Case::empty().file("image.tar", tar(&items));
    case.run(["why", "--archive", "image.tar"])
        .refused("error: `image.tar` is an image for windows: mkcompose can read only images for Linux\n");
}

#[test]
fn what_to_look_at_has_to_be_said() {
    let case = Case::empty();
    let run = case.run(["why"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("<IMAGE>"), "{}", run.stderr());
    let two = case.run(["why", "--archive", "-", "a", "b"]);
    two.refused("error: stdin can be read only once: name one IMAGE, or give the archive as a file\n");
}

/// An engine that saves what is beside it, and writes down what it was asked.
const ENGINE: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/asked"
case "$*" in
"save minimage:hello-c.gcc.scratch") cat "$here/missing.tar" ;;
"save some/image:1") cat "$here/fine.tar" ;;
"save dies") head -c 2000 "$here/fine.tar" && echo "the daemon is gone" >&2 && exit 1 ;;
"version") echo "Version: 1" ;;
"image inspect --format {{.Id}} dies") ;;
"save Odd:Name") echo "Error parsing reference: \"Odd:Name\" is not a valid repository/tag: invalid reference format" >&2 && exit 1 ;;
"image inspect --format {{.Id}} Odd:Name") echo "invalid reference format" >&2 && exit 1 ;;
*) echo "Error response from daemon: reference does not exist" >&2 && exit 1 ;;
esac
"#;

fn with_engine() -> Case {
    let case = Case::of(&["hello-c.gcc.scratch"])
        .file(
            "dockerfiles/Dockerfile.hello-c.gcc.scratch",
            "FROM gcc AS build\nRUN cc hello.c -o hello\nFROM scratch\nCOPY --from=build /hello .\n",
        )
        .file("engine/docker", ENGINE)
        .file("engine/missing.tar", tar(&docker_old(&[without_loader()], false)))
        .file("engine/fine.tar", tar(&docker_new(&[fine()])));
    case.mode("engine/docker", 0o755);
    case
}

#[test]
fn an_engine_that_leaves_a_layer_out_is_told_with_the_cause_and_the_way_out() {
    let layer = format!("blobs/sha256/{:064x}", 1);
    let mut items = docker_new(&[fine(), without_loader()]);
    items.retain(|item| item.path != layer.as_bytes());
    let case = with_engine().file("engine/fine.tar", tar(&items));
    let run = case.run(["why", "--docker", "engine/docker", "some/image:1"]);
    assert_eq!(run.code(), 2);
    let stderr = run.stderr();
    assert!(stderr.contains("is missing from the archive") && stderr.contains("moby#49473"), "{stderr}");
    assert!(stderr.contains("remove that image, then pull or build it again"), "{stderr}");
    // What somebody else saved cannot be blamed on the engine here.
    let run = case.run(["why", "--archive", "engine/fine.tar"]);
    assert_eq!(run.code(), 2);
    assert!(!run.stderr().contains("moby"), "{}", run.stderr());
}

#[test]
fn a_service_is_its_image_and_its_fixes_fit_its_dockerfile() {
    let case = with_engine();
    let expected = named(MISSING, "hello-c.gcc.scratch")
        .replace("--from=0", "--from=build")
        .replace("RUN gcc -static -o hello hello.c", "RUN cc -static hello.c -o hello");
    case.run(["why", "--docker", "engine/docker", "hello-c.gcc.scratch"]).expect(1, &expected, "");
    assert_eq!(case.read("engine/asked"), "save minimage:hello-c.gcc.scratch\n");
}

#[test]
fn a_glob_means_services_and_each_is_looked_at_once() {
    let case = with_engine().file("dockerfiles/Dockerfile.hello-c.other.err", "FROM scratch\n");
    let run = case.run(["why", "--docker", "engine/docker", "hello-*", "some/image:1", "*.scratch"]);
    let named: Vec<_> = run.stdout().lines().filter(|line| line.contains(": ")).map(str::to_owned).collect();
    assert!(named[0].starts_with("hello-c.gcc.scratch cannot start: "), "{named:?}");
    assert!(named.last().unwrap().starts_with("some/image:1: found no reason"), "{named:?}");
    assert_eq!(case.read("engine/asked"), "save minimage:hello-c.gcc.scratch\nsave some/image:1\n");
    let run = case.run(["why", "--docker", "engine/docker", "nobody-*", "hello-c.gcc.scratch"]);
    assert!(run.stderr().starts_with("error: `nobody-*` matches no service: "), "{}", run.stderr());
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
}

#[test]
fn what_is_no_image_is_said_in_plain_words_with_what_to_do() {
    let case = with_engine()
        .file("dockerfiles/Dockerfile.hello-c.other.err", "FROM scratch\n")
        .file("dockerfiles/Dockerfile.hello-c.gcc.alpine", "FROM alpine\n");
    let said = |name: &str| {
        let run = case.run(["why", "--docker", "engine/docker", name]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
        run.stderr()
    };
    let see = "run `mkcompose list` to see the services, or `docker images` to see the images";
    assert_eq!(
        said("nosuchservice"),
        format!(
            "error: `nosuchservice` is not a service of this repository, and the engine has no image with that name: {see}\n"
        )
    );
    assert_eq!(
        said("hello-c.gcc.alpin"),
        "error: `hello-c.gcc.alpin` is not a service of this repository, and the engine has no image with that name: did you mean \
         `hello-c.gcc.alpine`?\n"
    );
    assert_eq!(
        said("Odd:Name"),
        format!("error: `Odd:Name` is not a service of this repository, and it is not a valid image name: {see}\n")
    );
    assert_eq!(
        said("hello-c.gcc.alpine"),
        "error: `hello-c.gcc.alpine` has no image yet: build it with `mkcompose build hello-c.gcc.alpine`\n"
    );
    let err = said("hello-c.*.err");
    assert!(err.starts_with("error: `hello-c.other.err` has no image, because "), "{err}");
    assert!(err.contains("`mkcompose build hello-c.other.err`"), "{err}");
}

#[test]
fn an_engine_that_does_not_answer_is_said_once_with_what_to_do() {
    let silent = "#!/bin/sh\necho 'Cannot connect to the Docker daemon. Is it running?' >&2\nexit 1\n";
    let case = Case::empty().file("engine/docker", silent);
    case.mode("engine/docker", 0o755);
    let run = case.run(["why", "--docker", "engine/docker", "some/image:1", "some/image:2"]);
    let stderr = run.stderr();
    assert_eq!((run.code(), stderr.lines().count()), (2, 1), "{stderr}");
    assert!(stderr.contains("Cannot connect") && stderr.contains("start the engine"), "{stderr}");
    assert!(stderr.contains("--docker"), "{stderr}");
}

#[test]
fn an_engine_that_dies_while_it_saves_is_said_once_and_judges_no_image() {
    for half in ["head -c 2000 \"$here/missing.tar\"", "head -c 512 \"$here/missing.tar\"", ":"] {
        let case = with_engine().file("engine/docker", crate::sizes::dying("save", half));
        let run =
            case.run(["why", "--docker", "engine/docker", "hello-c.gcc.scratch", "some/image:1", "--format", "json"]);
        let stderr = run.stderr();
        assert_eq!(run.code(), 2, "{stderr}");
        assert!(!run.stdout().contains("loader-missing"), "{}", run.stdout());
        assert!(
            stderr.contains("Cannot connect to the Docker daemon") && stderr.contains("start the engine"),
            "{stderr}"
        );
        assert_eq!(stderr.matches("Cannot connect").count(), 1, "{stderr}");
    }
}

#[test]
fn any_image_of_the_engine_can_be_asked_about() {
    let case = with_engine();
    let said = "some/image:1: found no reason why it would not start\n";
    case.run(["why", "--docker", "engine/docker", "some/image:1"]).expect(0, said, "");
    let bare = Case::empty().file("engine/docker", ENGINE).file("engine/fine.tar", tar(&docker_new(&[fine()])));
    bare.mode("engine/docker", 0o755);
    bare.run(["why", "--docker", "engine/docker", "some/image:1"]).expect(0, said, "");
}

#[test]
fn what_could_not_be_looked_at_is_said_and_decides_and_the_others_are_answered() {
    let case = with_engine();
    let run = case.run(["why", "--docker", "engine/docker", "absent", "some/image:1", "dies"]);
    let said = "some/image:1: found no reason why it would not start\n";
    assert_eq!((run.code(), run.stdout().as_str()), (2, said));
    let stderr = run.stderr();
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("`absent`") && lines[1].contains("the daemon is gone"), "{stderr}");
}

#[test]
fn without_an_engine_there_is_one_clear_error() {
    let run = Case::empty().run(["why", "--docker", "/no/engine", "some/image:1"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let stderr = run.stderr();
    assert!(stderr.contains("there is no such program") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn every_finding_is_explained_in_the_documentation_and_in_the_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let documentation = fs::read_to_string(root.join("WHY.md")).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root.join("why.schema.json")).unwrap()).unwrap();
    let listed = schema["$defs"]["finding"]["properties"]["id"]["enum"].as_array().unwrap();
    let ids: Vec<_> = image_analyzer::FindingKind::ALL.iter().map(|kind| kind.id()).collect();
    assert_eq!(listed.iter().map(|id| id.as_str().unwrap()).collect::<Vec<_>>(), ids);
    let explained = documentation.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(explained.collect::<Vec<_>>(), ids, "the table of docs/WHY.md, in the same order");
}

/// The maker of archives knows more than is needed here.
#[test]
fn the_archives_of_these_tests_name_what_the_tests_expect() {
    assert!(make::CONFIG.contains(r#""Cmd":["/hello"]"#));
}

#[test]
fn a_hint_is_shown_and_counts_only_where_it_is_asked_for() {
    let program = [Sample::program().bytes(), b"\0/etc/passwd\0".to_vec()].concat();
    let layer = tar(&[file("hello", program).mode(0o755)]);
    let case = Case::empty().file("image.tar", tar(&docker_new(&[layer])));
    let said = "\
image.tar starts, but may fail: /hello looks up users, but /etc/passwd is not in the image (passwd-missing)
  the image's configuration: CMD [\"/hello\"]
  /hello contains the path /etc/passwd
  it fails if it looks up a user, by name or number, and does not go on without
  fix: copy what is missing from the stage that built the program
    COPY --from=0 /etc/passwd /etc/
";
    case.run(["why", "--archive", "image.tar"]).expect(0, said, "");
    case.run(["why", "--archive", "image.tar", "--strict"]).expect(1, said, "");
}

#[test]
fn all_files_are_looked_at_where_that_is_asked_for() {
    let layer =
        tar(&[file("hello", Sample::program().bytes()).mode(0o755), file("opt/tool", "#!/usr/bin/gone\n").mode(0o755)]);
    let case = Case::empty().file("image.tar", tar(&docker_new(&[layer])));
    case.run(["why", "--archive", "image.tar"]).expect(0, "image.tar: found no reason why it would not start\n", "");
    let said = "\
image.tar: found no reason why it would not start
image.tar: 2 programs, libraries and scripts, of which some could not run: findings: 1
image.tar: a file could not run: the interpreter /usr/bin/gone of /opt/tool is not in the image (interpreter-missing)
  /opt/tool starts with #!/usr/bin/gone
  fix: copy the program there
    COPY --from=0 /usr/bin/gone /usr/bin/gone
";
    case.run(["why", "--archive", "image.tar", "--all"]).expect(1, said, "");
    let json = case.run(["why", "--archive", "image.tar", "--all", "--format", "json"]).stdout();
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let image = &document["images"][0];
    assert_eq!((&image["starts"], &image["files"]["count"]), (&true.into(), &2.into()));
    assert_eq!(image["files"]["findings"][0]["id"], "interpreter-missing");
    let plain = case.run(["why", "--archive", "image.tar", "--format", "json"]).stdout();
    assert!(!plain.contains("\"files\""), "{plain}");
}

/// An archive of one layer whose image has this configuration.
fn configured(config: &str, layer: Vec<u8>) -> Vec<u8> {
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","config":{config},"rootfs":{{"type":"layers","diff_ids":["sha256:{:064}"]}}}}"#,
        1
    );
    let manifest = r#"[{"Config":"config.json","RepoTags":null,"Layers":["layer.tar"]}]"#;
    tar(&[file("config.json", config), file("layer.tar", layer), file("manifest.json", manifest)])
}

#[test]
fn a_file_that_an_interpreter_is_given_is_followed_through_what_starts_it() {
    let program = || Sample::program().bytes();
    let tools = ["sbin/tini", "usr/bin/env", "usr/bin/python3"].map(|path| file(path, program()).mode(0o755));
    let layer = tar(&[&tools[..], &[file("main.py", "")]].concat());
    let config = r#"{"Entrypoint":["tini","--"],"Cmd":["env","A=1","python3","-u","main.py"],"WorkingDir":"/app"}"#;
    let said = "\
image.tar cannot start: python3 is given main.py, which is not in the image (argument-missing)
  the image's configuration: ENTRYPOINT [\"tini\", \"--\"], which is /sbin/tini by PATH
  /sbin/tini runs env A=1 python3 -u main.py
  /usr/bin/env runs A=1 python3 -u main.py
  the image's configuration: WORKDIR is /app
  /main.py is there
  fix: write the command as a list of words
    CMD [\"env\", \"A=1\", \"python3\", \"-u\", \"/main.py\"]
  or: copy it into the image
    COPY main.py /app/main.py
";
    let case = Case::empty().file("image.tar", configured(config, layer.clone()));
    case.run(["why", "--archive", "image.tar"]).expect(1, said, "");
    let run = case.run(["why", "--archive", "image.tar", "--format", "json"]);
    assert_valid(&run.stdout(), "why.schema.json");
    let right = Case::empty().file("image.tar", configured(&config.replace("/app", "/"), layer));
    right.run(["why", "--archive", "image.tar"]).expect(0, "image.tar: found no reason why it would not start\n", "");
}

#[test]
fn the_first_program_of_a_line_for_a_shell_is_followed() {
    let programs = ["bin/sh", "bin/npm"].map(|path| file(path, Sample::program().bytes()).mode(0o755));
    let layer = tar(&programs);
    let why = |line: &str, more: &str| {
        let line = serde_json::Value::from(line);
        let config = format!(r#"{{"Cmd":["/bin/sh","-c",{line}],"Volumes":{{"/data":{{}}}}{more}}}"#);
        Case::empty().file("image.tar", configured(&config, layer.clone())).run(["why", "--archive", "image.tar"])
    };
    let said = "\
image.tar cannot start: cd /app fails, and the command ends: there is no such folder (folder-missing)
  the image's configuration: CMD [\"/bin/sh\", \"-c\", \"cd /app && npm start\"]
  /bin/sh runs cd /app
  /app is not in the image
  fix: use another WORKDIR
    WORKDIR /app
";
    why("cd /app && npm start", "").expect(1, said, "");
    for (line, more) in
        [("cd /app && npm start", r#","WorkingDir":"/app""#), ("cd /data && npm start", ""), ("cd /app; npm start", "")]
    {
        why(line, more).expect(0, "image.tar: found no reason why it would not start\n", "");
    }
    let run = why("/app/server --port $PORT > /dev/stdout 2>&1", "");
    assert!(run.code() == 1 && run.stdout().contains("the command /app/server is not in the image (command-missing)"));
}
