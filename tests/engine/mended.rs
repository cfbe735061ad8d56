//! What fails, fails for one reason only: with the one thing that it lacks, each such image works.

use std::fs;

use crate::command::scratch;
use crate::engine::{docker, files_of, four_at_a_time, turn};
use crate::https::{NETWORK, Server};
use crate::outcomes::{self, Outcome, printed_by_program_of};
use crate::{build, stand_ins};

#[test]
#[ignore = "needs a Docker engine"]
fn each_image_that_fails_works_once_it_has_what_it_lacks() {
    let _turn = turn();
    build::normal_set();
    let _server = Server::start();
    let here = stand_ins::normal_services_here();
    let all = outcomes::all().into_iter();
    let failing: Vec<_> = all.filter(|(name, expected)| here.contains(name) && !expected.mended.is_empty()).collect();
    assert!(!failing.is_empty(), "nothing was tried");
    four_at_a_time(&failing, |(service, expected)| {
        let folder = scratch().join("mended").join(service);
        fs::create_dir_all(&folder).unwrap();
        let (file, tag) = (folder.join("Dockerfile"), format!("minimage-mended:{service}"));
        fs::write(&file, format!("FROM minimage:{service}\n{}\n", expected.mended.join("\n"))).unwrap();
        let folder = folder.to_str().unwrap();
        docker(&format!("mended.build.{service}"), &["build", "--progress", "plain", "--tag", &tag, folder]).succeeds();
        let ran = docker(&format!("mended.run.{service}"), &["run", "--rm", "--network", NETWORK, &tag]).succeeds();
        assert_eq!(ran.stdout, printed_by_program_of(service), "{service}");
    });
}

#[test]
#[ignore = "needs a Docker engine"]
fn what_an_image_that_cannot_start_lacks_is_not_in_it_and_its_program_is() {
    let _turn = turn();
    build::normal_set();
    let here = stand_ins::normal_services_here();
    let mut looked_at = 0;
    for (service, expected) in outcomes::all().into_iter().filter(|(service, _)| here.contains(service)) {
        let Outcome::CannotStart { path, .. } = expected.outcome else { continue };
        let files = files_of(&format!("minimage:{service}"));
        let program = if service.starts_with("hello-") { "hello" } else { "whatsmyip" };
        assert!(files.contains(program), "{service} has no {program}");
        let name = path.rsplit('/').next().unwrap_or(&path);
        let found = files.iter().find(|file| file.rsplit('/').next() == Some(name));
        assert_eq!(found, None, "{service} has {path}");
        looked_at += 1;
    }
    assert!(looked_at > 0, "nothing was looked at");
}
