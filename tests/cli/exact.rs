//! `mkcompose sizes --exact`, and which earlier reports can be compared, against an engine that is a script.

use serde_json::Value;

use crate::make::{CONFIG, Item, Packed, file, hard_link, pack, tar};
use crate::schema::assert_valid;
use crate::sizes::{ENGINE, Fake, dying};

const OVERLAY2: &str = r#"{"ServerVersion":"28.5.2","Driver":"overlay2","DriverStatus":[["a","b"]],"OSType":"linux","Architecture":"x86_64"}"#;
const CONTAINERD: &str = r#"{"ServerVersion":"29.1.0","Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]],"OSType":"linux","Architecture":"x86_64"}"#;
const PODMAN: &str =
    r#"{"host":{"os":"linux","arch":"amd64"},"store":{"graphDriverName":"overlay"},"version":{"Version":"5.8.6"}}"#;

/// A digest, without what hashed it.
fn digest(number: u64) -> String {
    format!("{number:064x}")
}

/// An archive of images, each of layers of so many bytes in files, with the number of each one's digest. Each layer is there
/// once, packed in one way or another.
fn archive(images: &[&[(u64, usize)]]) -> Vec<u8> {
    let mut items: Vec<Item> = Vec::new();
    let mut listed = Vec::new();
    for (at, layers) in images.iter().enumerate() {
        let diffs: Vec<String> = layers.iter().map(|(number, _)| format!("\"sha256:{}\"", digest(*number))).collect();
        items.push(file(format!("{at}.json"), CONFIG.replace("DIFFS", &format!("[{}]", diffs.join(",")))));
        let mut paths = Vec::new();
        for (number, size) in *layers {
            let path = format!("{number}/layer.tar");
            if !items.iter().any(|item| item.path == path.as_bytes()) {
                let packed = [Packed::Plain, Packed::Gzip, Packed::Zstd][usize::try_from(*number).unwrap() % 3];
                let layer = tar(&[file("f", vec![0; *size]), hard_link("g", "f"), file(".wh.h", "x")]);
                items.push(file(&path, pack(packed, &layer)));
            }
            paths.push(format!("\"{path}\""));
        }
        listed.push(format!(r#"{{"Config":"{at}.json","RepoTags":null,"Layers":[{}]}}"#, paths.join(",")));
    }
    items.push(file("manifest.json", format!("[{}]", listed.join(","))));
    tar(&items)
}

/// Two images on one base, one of no layers at all, one not built. The store counts in blocks and knows nothing exact.
fn sample() -> Fake {
    let (base, one, two) = (digest(1), digest(2), digest(3));
    Fake::of(&["a.one", "a.two", "a.none", "a.gone"])
        .image("a.one", "sha256:1", &[(base.as_str(), 409_600), (one.as_str(), 4096)])
        .image("a.two", "sha256:2", &[(base.as_str(), 409_600), (two.as_str(), 8192)])
        .image("a.none", "sha256:3", &[])
        .file("engine/docker", ENGINE)
        .file("engine/info", CONTAINERD)
        .file("engine/archive", archive(&[&[(1, 400_001), (2, 3)], &[(1, 400_001), (3, 7777)]]))
}

/// What the engine was asked to save.
fn saved(fake: &Fake) -> Vec<String> {
    let asked = fake.case.read("engine/asked");
    asked.lines().filter(|line| line.starts_with("save")).map(str::to_owned).collect()
}

const TABLE: &str = "\
SERVICE       SIZE  100kB───── log ──────1MB  SMALLER     OWN  SHARED  PACKED
a.two        408kB  ██████████████▋           largest  7.78kB   400kB  13.3kB
a.one        400kB  ██████████████▌             1.02×      3B   400kB  2.23kB
a.none          0B                                 ∞×      0B      0B      0B
a.gone   not built

3 images, 808kB in total, 408kB with layers counted once (exact: the files of the layers), 13.5kB packed, 1 not built
";

#[test]
fn the_files_of_each_layer_are_counted_out_of_one_stream() {
    let fake = sample();
    let run = fake.run(&["--exact", "--format", "csv"]);
    let expected = "\
program,service,set,image,id,size,own,shared,smaller_by,was,packed
a,a.two,normal,minimage:a.two,sha256:2,407778,7777,400001,0,,13281
a,a.one,normal,minimage:a.one,sha256:1,400004,3,400001,7774,,2230
a,a.none,normal,minimage:a.none,sha256:3,0,0,0,407778,,0
a,a.gone,normal,minimage:a.gone,,,,,,,
";
    run.expect(0, expected, "");
    assert_eq!(saved(&fake), ["save sha256:1 sha256:2"], "what has no layers is refused by Docker");
    fake.run(&["--exact"]).expect(0, TABLE, "");
}

#[test]
fn the_report_says_whose_figures_it_has_and_of_which_kind() {
    let origin = |info: &str, args: &[&str]| {
        let json = sample().file("engine/info", info).run(args).stdout();
        assert_valid(&json, "sizes.schema.json");
        let report: Value = serde_json::from_str(&json).unwrap();
        ["kind", "engine", "version", "store", "platform"]
            .map(|key| report["figures"][key].to_string().replace('"', ""))
    };
    let exact = ["--exact", "--format", "json"];
    assert_eq!(origin(OVERLAY2, &exact), ["exact", "docker", "28.5.2", "overlay2", "linux/amd64"]);
    assert_eq!(origin(PODMAN, &exact), ["exact", "podman", "5.8.6", "overlay", "linux/amd64"]);
    assert_eq!(origin(CONTAINERD, &["--format", "json"]), ["store", "docker", "29.1.0", "containerd", "linux/amd64"]);
    assert_eq!(origin("no JSON", &["--format", "json"]), ["store", "null", "null", "null", "null"]);
}

#[test]
fn podman_is_told_that_several_images_are_saved() {
    let fake = sample().file("engine/info", PODMAN);
    assert_eq!(fake.run(&["--exact"]).code(), 0);
    assert_eq!(saved(&fake), ["save --multi-image-archive sha256:1 sha256:2"]);
}

#[test]
fn nothing_is_saved_where_no_image_has_a_layer() {
    let fake = sample();
    let run = fake.run(&["--exact", "--format", "csv", "a.none"]);
    assert!(run.stdout().ends_with("sha256:3,0,0,0,0,,0\n"), "{}", run.stdout());
    assert!(saved(&fake).is_empty());
}

#[test]
fn against_an_exact_baseline_the_run_is_exact_on_any_engine_and_ten_kilobytes_are_ten_kilobytes() {
    let earlier = sample().file("engine/info", OVERLAY2).run(&["--exact", "--format", "json"]).stdout();
    let fake = sample().file("sizes.json", &earlier);
    for info in [OVERLAY2, CONTAINERD, PODMAN] {
        let fake = sample().file("sizes.json", &earlier).file("engine/info", info);
        let run = fake.run(&["--baseline", "sizes.json"]);
        assert_eq!((run.code(), run.stderr().as_str()), (0, "nothing has grown\n"));
        assert!(run.stdout().contains("exact"), "{}", run.stdout());
    }
    let grown = |by: usize| archive(&[&[(1, 400_001), (2, 3)], &[(1, 400_001), (3, 7777 + by)]]);
    let fake = fake.file("engine/archive", grown(10_000));
    assert_eq!(fake.run(&["--baseline", "sizes.json", "--budget", "10kB"]).code(), 0);
    assert_eq!(fake.run(&["--baseline", "sizes.json"]).code(), 1);
    let fake = fake.file("engine/archive", grown(10_001));
    let run = fake.run(&["--baseline", "sizes.json", "--budget", "10kB"]);
    assert_eq!((run.code(), run.stderr().as_str()), (1, "1 image has grown beyond 10kB\n"));
}

#[test]
fn figures_of_different_kinds_are_not_compared() {
    let old = r#"{"images": [{"service": "a.one", "size": 400004}]}"#;
    let fake = sample().file("sizes.json", old);
    let run = fake.run(&["--baseline", "sizes.json", "--exact"]);
    run.refused(
        "error: sizes.json: its sizes are not exact: write a new one with `mkcompose sizes --exact --format json`, or remove `--exact`\n",
    );
    assert!(saved(&fake).is_empty(), "that is seen before the engine works");
    assert_eq!(fake.run(&["--baseline", "sizes.json"]).code(), 1, "as before");

    let overlay2 = sample().file("engine/info", OVERLAY2).run(&["--format", "json"]).stdout();
    let fake = sample().file("sizes.json", &overlay2);
    fake.run(&["--baseline", "sizes.json"]).refused(
        "error: sizes.json: its sizes were counted by docker with overlay2, but docker with containerd counts differently: write a new one with `mkcompose sizes --exact --format json`, because exact sizes are the same on every engine\n",
    );
    let same = fake.file("engine/info", OVERLAY2.replace("28.5.2", "30.0.0"));
    assert_eq!(same.run(&["--baseline", "sizes.json"]).code(), 0);
    let arm = same.file("engine/info", OVERLAY2.replace("x86_64", "aarch64"));
    assert_eq!(arm.run(&["--baseline", "sizes.json"]).code(), 2);
}

#[test]
fn what_the_engine_does_not_give_is_an_error_and_no_figure() {
    let incomplete = archive(&[&[(1, 400_001), (2, 3)]]);
    let run = sample().file("engine/archive", incomplete).run(&["--exact"]);
    run.refused(&format!(
        "error: `minimage:a.two`: its layer sha256:{} is not in the output of `engine/docker save … (2 images)`: if the image was rebuilt during the run, try again\n",
        digest(3)
    ));

    let whole = archive(&[&[(1, 400_001), (2, 3)], &[(1, 400_001), (3, 7777)]]);
    let run = sample().file("engine/archive", &whole[..5000]).run(&["--exact"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    let start = "error: cannot read the output of `engine/docker save … (2 images)`: cannot read the archive: ";
    assert!(run.stderr().starts_with(start), "{}", run.stderr());

    let manifest = file("manifest.json", r#"[{"Config":"0.json","Layers":["gone"]}]"#);
    let config = file("0.json", CONFIG.replace("DIFFS", &format!("[\"sha256:{}\"]", digest(1))));
    let run = sample().file("engine/archive", tar(&[manifest, config])).run(&["--exact"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(
        run.stderr().contains("layer `/gone` is missing") && run.stderr().contains("moby#49473"),
        "{}",
        run.stderr()
    );
}

#[test]
fn an_engine_that_fails_to_save_or_to_say_who_it_is_is_quoted() {
    let refusing =
        ENGINE.replace(r#"cat "$here/archive""#, r#"cat "$here/archive"; echo "disk \033[31mfull" >&2; exit 3"#);
    let fake = sample().file("engine/docker", refusing);
    let run = fake.run(&["--exact"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().starts_with("error: `engine/docker"), "{}", run.stderr());
    assert!(!run.stderr().trim_end().contains(char::is_control), "{}", run.stderr());
    let run = sample().file("engine/info", "no JSON").run(&["--exact"]);
    assert_eq!((run.code(), run.stdout().as_str()), (2, ""));
    assert!(run.stderr().contains("cannot read its answer ("), "{}", run.stderr());
}

#[test]
fn an_engine_that_dies_while_it_saves_costs_no_report_that_was_there() {
    let earlier = sample().run(&["--exact", "--format", "json"]).stdout();
    // In the middle of a layer, between two files, and after all of it.
    for half in ["head -c 5000 \"$here/archive\"", "head -c 512 \"$here/archive\"", "cat \"$here/archive\"", ":"] {
        let fake = sample().file("engine/docker", dying("save", half)).file("r.json", &earlier);
        let run = fake.run(&["--baseline", "r.json", "--report", "r.json", "--report", "r.md"]);
        assert_eq!((run.code(), run.stdout().as_str()), (2, ""), "{half}");
        let stderr = run.stderr();
        assert!(
            stderr.starts_with("error: `engine/docker version` failed (exit status: 1): Cannot connect "),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(fake.case.read("r.json"), earlier, "{half}");
        assert!(!fake.case.has("r.md"), "{half}");
    }
}
