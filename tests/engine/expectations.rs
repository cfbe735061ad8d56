//! What `mkcompose test` expects of images, with real servers: each is asked from outside its container, and is gone after.

use std::collections::BTreeMap;

use crate::engine::{docker, turn};
use crate::made_repository::MadeRepository;

/// Dockerfiles, and the outcome of each and whether it is expected.
const IMAGES: [(&str, &str, &str, Option<bool>); 13] = [
    (
        "http.python",
        "FROM python:slim\nEXPOSE 8000\nCMD [\"python3\", \"-m\", \"http.server\", \"8000\"]\n",
        "works",
        Some(true),
    ),
    (
        "answers.python",
        "# mkcompose: expect.http=8000/hello\nFROM python:slim\nWORKDIR /w\nRUN touch hello\n\
         CMD [\"python3\", \"-m\", \"http.server\", \"8000\"]\n",
        "works",
        Some(true),
    ),
    (
        "no-such-path.python",
        "# mkcompose: expect.http=8000/nowhere\nFROM python:slim\nCMD [\"python3\", \"-m\", \"http.server\", \"8000\"]\n",
        "no-answer",
        Some(false),
    ),
    (
        "go-server.golang.scratch",
        "# mkcompose: expect.http=8080/health\nFROM golang\nWORKDIR /src\nCOPY server.go .\nENV CGO_ENABLED=0\n\
         RUN go build -o /server server.go\nFROM scratch\nCOPY --from=0 /server /server\nCMD [\"/server\"]\n",
        "works",
        Some(true),
    ),
    (
        "healthy.busybox",
        "FROM busybox\nHEALTHCHECK --interval=1h CMD test -e /tmp/up\nCMD sleep 1; touch /tmp/up; exec sleep 1000\n",
        "works",
        Some(true),
    ),
    ("ill.busybox", "FROM busybox\nHEALTHCHECK CMD echo no; exit 1\nCMD exec sleep 1000\n", "unhealthy", Some(false)),
    ("silent.busybox", "FROM busybox\nEXPOSE 80\nCMD exec sleep 1000\n", "no-answer", Some(false)),
    ("udp.busybox", "FROM busybox\nEXPOSE 53/udp\nCMD exec sleep 1000\n", "unknown", None),
    ("job.busybox", "FROM busybox\nEXPOSE 80\nCMD echo done\n", "works", Some(true)),
    ("crashes.busybox", "FROM busybox\nEXPOSE 80\nCMD sleep 1; exit 3\n", "exits", Some(false)),
    ("runs.busybox", "# mkcompose: expect=runs\nFROM busybox\nCMD exec sleep 1000\n", "runs", Some(true)),
    ("exits.busybox", "# mkcompose: expect=exit 3\nFROM busybox\nCMD exit 3\n", "exits", Some(true)),
    ("prints.busybox", "# mkcompose: expect.stdout=(?m)^b$\nFROM busybox\nCMD echo a; echo b\n", "works", Some(true)),
];

/// A server in Go, to be linked statically.
const SERVER: &str = "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.HandleFunc(\"/health\", \
                      func(w http.ResponseWriter, r *http.Request) {})\n\thttp.ListenAndServe(\":8080\", nil)\n}\n";

fn repository() -> MadeRepository {
    let made = MadeRepository::new("expectations").sample("server.go", SERVER);
    IMAGES.iter().fold(made, |made, (service, text, ..)| made.dockerfile(service, text))
}

#[test]
#[ignore = "needs a Docker engine"]
fn servers_are_asked_from_outside_and_none_is_left() {
    let _turn = turn();
    let made = repository();
    let report = made.report(&["--timeout", "10s"]);
    let told: BTreeMap<_, _> = report
        .iter()
        .map(|(service, image)| {
            (service.as_str(), (image["outcome"].as_str().unwrap().to_owned(), image["expected"].as_bool()))
        })
        .collect();
    let expected: BTreeMap<_, _> =
        IMAGES.iter().map(|(service, _, outcome, is)| (*service, ((*outcome).to_owned(), *is))).collect();
    assert_eq!(told, expected);
    let message = report["no-such-path.python"]["message"].as_str().unwrap();
    assert_eq!(message, "GET /nowhere at port 8000: status 404");
    made.nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_server_on_no_network_is_unknown() {
    let _turn = turn();
    let made = MadeRepository::new("expectations-none")
        .dockerfile("silent.busybox", "FROM busybox\nEXPOSE 80\nCMD exec sleep 1000\n");
    let report = made.report(&["--timeout", "3s", "--network", "none"]);
    let image = &report["silent.busybox"];
    assert_eq!(image["outcome"], "unknown", "{image}");
    assert_eq!(image["message"], "its ports cannot be reached with `--network none`");
    made.nothing_is_left();
}

#[test]
#[ignore = "needs a Docker engine"]
fn a_server_on_the_network_of_this_machine_is_asked_there() {
    let _turn = turn();
    let text = "FROM python:slim\nEXPOSE 18431\nCMD [\"python3\", \"-m\", \"http.server\", \"18431\"]\n";
    let made = MadeRepository::new("expectations-host").dockerfile("http.python", text);
    let report = made.report(&["--timeout", "20s", "--network", "host"]);
    assert_eq!(report["http.python"]["outcome"], "works", "{report:?}");
    let published =
        docker("expectations.ps", &["ps", "--all", "--filter", "label=mkcompose.run", "--quiet"]).succeeds();
    assert_eq!(published.stdout, "");
}
