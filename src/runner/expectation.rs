//! What is asked of an image while it runs, and what its run means in the light of what was expected.

use regex::Regex;

use super::outcome::Outcome;
use crate::engine::readiness::{ImagePorts, PortAccess, Readiness, ReadyWhen};
use crate::engine::run_container::{ContainerEnd, ContainerRun, ReadyCheck};
use crate::expectation::{Expectation, ExpectedOutcome};
use crate::repository::service_name::Set;

/// What one run is asked, made from its expectation and its image.
#[derive(Debug)]
pub struct RunQuestion<'a> {
    expectation: &'a Expectation,
    stdout: Option<Regex>,
    when: Option<ReadyWhen>,
    /// Why nothing can be said of an image that does not end, if so.
    not_askable: Option<String>,
    is_only_udp: bool,
}

impl<'a> RunQuestion<'a> {
    /// The question for an image with these ports, or whose configuration cannot be read for this reason.
    ///
    /// - `expect.http` is what is asked where it is given.
    /// - Else an image with a HEALTHCHECK is ready when that says so: its author knows best.
    /// - Else one that EXPOSEs TCP ports is ready when one of them accepts a connection.
    ///
    /// # Errors
    /// If `expect.stdout` is not a regular expression.
    pub fn new(expectation: &'a Expectation, image: Result<ImagePorts, String>) -> Result<Self, String> {
        let stdout = expectation.stdout.as_deref().map(Regex::new).transpose();
        let stdout = stdout.map_err(|why| format!("`expect.stdout` is not a regular expression: {why}"))?;
        let mut not_askable = None;
        let mut is_only_udp = false;
        let when = match (&expectation.http, expectation.outcome, image) {
            (Some(http), ..) => Some(ReadyWhen::Answers { port: http.port, path: http.path.clone() }),
            (None, ExpectedOutcome::Works, Ok(image)) if image.has_healthcheck => Some(ReadyWhen::Healthy),
            (None, ExpectedOutcome::Works, Ok(image)) if !image.tcp.is_empty() => Some(ReadyWhen::Accepts(image.tcp)),
            (None, ExpectedOutcome::Works, Ok(image)) => {
                let what = "it stays up and EXPOSEs only UDP ports, which accept no connection: add `# mkcompose: expect=runs` or a HEALTHCHECK";
                is_only_udp = image.is_only_udp;
                not_askable = is_only_udp.then(|| what.to_owned());
                None
            }
            (None, ExpectedOutcome::Works, Err(why)) => {
                not_askable = Some(format!("it stays up, and the engine does not say which ports it EXPOSEs: {why}"));
                None
            }
            (None, ..) => None,
        };
        Ok(Self { expectation, stdout, when, not_askable, is_only_udp })
    }

    /// Whether a port of the container must be reached.
    pub fn needs_ports(&self) -> bool {
        self.when.as_ref().is_some_and(|when| !when.ports().is_empty())
    }

    /// What the engine is to watch.
    pub fn check<'b>(&'b self, access: &'b PortAccess) -> Option<ReadyCheck<'b>> {
        let ends_run = self.expectation.outcome == ExpectedOutcome::Works;
        self.when.as_ref().map(|when| ReadyCheck { when, access, stdout: self.stdout.as_ref(), ends_run })
    }

    /// What `run` means, which came to `outcome` by itself.
    pub fn judge(&self, outcome: Outcome, run: &ContainerRun) -> Outcome {
        match (outcome, self.expectation.outcome) {
            (Outcome::TimedOut, ExpectedOutcome::Runs) => self.with_demands(Outcome::Runs, run),
            (Outcome::TimedOut, _) => self.still_up(run),
            (outcome, expected) if matches(&outcome, expected) => self.with_demands(outcome, run),
            (outcome, _) => outcome,
        }
    }

    /// Whether another run would tell as little as `run`, if that tells nothing.
    pub fn is_never_answered(&self, run: &ContainerRun) -> bool {
        match &run.readiness {
            None => self.is_only_udp,
            Some(readiness) => matches!(readiness, Readiness::Unreachable(_)),
        }
    }

    /// What it means that a container stays up.
    fn still_up(&self, run: &ContainerRun) -> Outcome {
        match (&run.readiness, &self.not_askable) {
            (Some(Readiness::Ready), _) => self.with_demands(Outcome::TimedOut, run),
            (Some(Readiness::NotReady(why)), _) => self.not_ready(why),
            (Some(Readiness::Unknown(why) | Readiness::Unreachable(why)), _) | (None, Some(why)) => {
                Outcome::Unknown { message: why.clone() }
            }
            (None, None) => Outcome::TimedOut,
        }
    }

    fn not_ready(&self, why: &str) -> Outcome {
        let message = why.to_owned();
        if self.when == Some(ReadyWhen::Healthy) {
            Outcome::Unhealthy { message }
        } else {
            Outcome::NoAnswer { message }
        }
    }

    /// `outcome` if the run also has what was demanded beside it.
    fn with_demands(&self, outcome: Outcome, run: &ContainerRun) -> Outcome {
        if self.expectation.http.is_some() {
            match &run.readiness {
                Some(Readiness::Ready) => {}
                Some(Readiness::Unknown(why) | Readiness::Unreachable(why)) => {
                    return Outcome::Unknown { message: why.clone() };
                }
                Some(Readiness::NotReady(why)) => return self.not_ready(why),
                None => return self.not_ready("it ended before it answered"),
            }
        }
        let pattern = self.expectation.stdout.as_deref().unwrap_or_default();
        match &self.stdout {
            Some(regex) if !regex.is_match(&run.stdout.text()) => {
                Outcome::WrongOutput { message: format!("standard output does not match `{pattern}`") }
            }
            _ if outcome == Outcome::TimedOut && run.ended == ContainerEnd::OutOfTime => Outcome::Works,
            _ => outcome,
        }
    }
}

/// How the ports of a container on `network` are reached, from the endpoint of an engine that is `remote`.
pub fn port_access(network: Option<&str>, remote: Option<String>) -> PortAccess {
    if let Some(endpoint) = remote {
        let why = format!("the engine is at {endpoint}, and the ports of its containers cannot be reached from here");
        return PortAccess::Unreachable(why);
    }
    match network {
        Some("host") => PortAccess::Host,
        Some(network) if network == "none" || network.starts_with("container:") || network.starts_with("ns:") => {
            PortAccess::Unreachable(format!("its ports cannot be reached with `--network {network}`"))
        }
        _ => PortAccess::Published,
    }
}

/// Whether an outcome is what was expected: images of the normal set as `expected`, those of the err set do not build.
/// `None` if nothing is known.
pub fn is_expected(outcome: &Outcome, set: Set, expected: ExpectedOutcome) -> Option<bool> {
    match (outcome, set) {
        (Outcome::NotRun | Outcome::Interrupted | Outcome::Unknown { .. }, _) => None,
        (Outcome::Built, Set::Normal) => Some(true),
        (outcome, Set::Normal) => Some(matches(outcome, expected)),
        (outcome, Set::Err) => Some(outcome.has_no_image()),
    }
}

/// Whether `outcome` is `expected`.
pub fn matches(outcome: &Outcome, expected: ExpectedOutcome) -> bool {
    match (expected, outcome) {
        (ExpectedOutcome::Works | ExpectedOutcome::Exit(0), Outcome::Works)
        | (ExpectedOutcome::CannotStart, Outcome::CannotStart { .. })
        | (ExpectedOutcome::Runs, Outcome::Runs) => true,
        (ExpectedOutcome::Exit(code), Outcome::ExitedWithError { exit_code, .. }) => i64::from(code) == *exit_code,
        // Engines and shells count so.
        (ExpectedOutcome::Exit(code), Outcome::Killed { signal, .. }) => i64::from(code) == signal + 128,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ImagePorts, PortAccess, RunQuestion, is_expected, port_access};
    use crate::engine::output::Output;
    use crate::engine::readiness::{Readiness, ReadyWhen};
    use crate::engine::run_container::{ContainerEnd, ContainerRun};
    use crate::expectation::{Expectation, ExpectedOutcome, HttpProbe};
    use crate::repository::service_name::Set;
    use crate::runner::outcome::Outcome;

    fn run(ended: ContainerEnd, said: &str, readiness: Option<Readiness>) -> ContainerRun {
        let mut stdout = Output::default();
        stdout.push(said.as_bytes());
        ContainerRun { ended, stdout, stderr: Output::default(), readiness }
    }

    fn expect(outcome: ExpectedOutcome) -> Expectation {
        Expectation { outcome, ..Expectation::default() }
    }

    fn tcp(ports: &[u16]) -> ImagePorts {
        ImagePorts { tcp: ports.to_vec(), ..ImagePorts::default() }
    }

    #[test]
    fn http_is_asked_before_health_and_health_before_ports() {
        let ports = ImagePorts { has_healthcheck: true, ..tcp(&[80]) };
        let when = |expectation: &Expectation, ports| RunQuestion::new(expectation, Ok(ports)).unwrap().when;
        let http = Some(HttpProbe { port: 8080, path: "/".to_owned() });
        let answers = ReadyWhen::Answers { port: 8080, path: "/".to_owned() };
        assert_eq!(when(&Expectation { http, ..Expectation::default() }, ports.clone()), Some(answers));
        assert_eq!(when(&Expectation::default(), ports.clone()), Some(ReadyWhen::Healthy));
        assert_eq!(when(&Expectation::default(), tcp(&[80])), Some(ReadyWhen::Accepts(vec![80])));
        assert_eq!(when(&Expectation::default(), ImagePorts::default()), None);
        assert_eq!(when(&expect(ExpectedOutcome::Runs), ports), None);
    }

    #[test]
    fn a_question_that_cannot_be_asked_is_unknown_and_never_a_failure() {
        let udp = ImagePorts { is_only_udp: true, ..ImagePorts::default() };
        let (works, up) = (Expectation::default(), run(ContainerEnd::OutOfTime, "", None));
        for image in [Ok(udp), Err("no answer".to_owned())] {
            let outcome = RunQuestion::new(&works, image).unwrap().judge(Outcome::TimedOut, &up);
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
            assert_eq!(is_expected(&outcome, Set::Normal, ExpectedOutcome::Works), None);
        }
        let far = run(ContainerEnd::OutOfTime, "", Some(Readiness::Unknown("far".to_owned())));
        let outcome = RunQuestion::new(&works, Ok(tcp(&[80]))).unwrap().judge(Outcome::TimedOut, &far);
        assert_eq!(outcome, Outcome::Unknown { message: "far".to_owned() });
    }

    #[test]
    fn a_server_that_is_not_ready_in_time_says_why() {
        let works = Expectation::default();
        let up = run(ContainerEnd::OutOfTime, "", Some(Readiness::NotReady("no".to_owned())));
        let ports = RunQuestion::new(&works, Ok(tcp(&[80]))).unwrap();
        assert_eq!(ports.judge(Outcome::TimedOut, &up), Outcome::NoAnswer { message: "no".to_owned() });
        let healthy = RunQuestion::new(&works, Ok(ImagePorts { has_healthcheck: true, ..ImagePorts::default() }));
        assert_eq!(healthy.unwrap().judge(Outcome::TimedOut, &up), Outcome::Unhealthy { message: "no".to_owned() });
    }

    #[test]
    fn what_stays_up_runs_only_where_that_is_expected() {
        let up = run(ContainerEnd::OutOfTime, "", None);
        let judge = |expected| {
            let expectation = expect(expected);
            RunQuestion::new(&expectation, Ok(ImagePorts::default())).unwrap().judge(Outcome::TimedOut, &up)
        };
        assert_eq!(judge(ExpectedOutcome::Runs), Outcome::Runs);
        assert_eq!(judge(ExpectedOutcome::Works), Outcome::TimedOut);
        assert_eq!(judge(ExpectedOutcome::Exit(1)), Outcome::TimedOut);
    }

    #[test]
    fn standard_output_must_match_where_that_is_expected() {
        let expectation = Expectation { stdout: Some("^Hello".to_owned()), ..Expectation::default() };
        let question = RunQuestion::new(&expectation, Ok(ImagePorts::default())).unwrap();
        let judge = |said: &str| question.judge(Outcome::Works, &run(ContainerEnd::Success, said, None));
        assert_eq!(judge("Hello, world!\n"), Outcome::Works);
        let message = "standard output does not match `^Hello`".to_owned();
        assert_eq!(judge("hello\n"), Outcome::WrongOutput { message });
        // What failed for another reason keeps that.
        let exits = Outcome::ExitedWithError { exit_code: 1, message: String::new() };
        assert_eq!(question.judge(exits.clone(), &run(ContainerEnd::Success, "", None)), exits);
        let wrong = Expectation { stdout: Some("(".to_owned()), ..Expectation::default() };
        assert!(
            RunQuestion::new(&wrong, Ok(ImagePorts::default())).unwrap_err().starts_with("`expect.stdout` is not a")
        );
    }

    #[test]
    fn a_program_that_ends_before_it_answers_has_not_answered() {
        let http = Some(HttpProbe { port: 80, path: "/".to_owned() });
        let expectation = Expectation { http, ..Expectation::default() };
        let question = RunQuestion::new(&expectation, Ok(ImagePorts::default())).unwrap();
        let outcome = question.judge(Outcome::Works, &run(ContainerEnd::Success, "", None));
        assert!(matches!(outcome, Outcome::NoAnswer { .. }), "{outcome:?}");
    }

    #[test]
    fn a_normal_image_is_to_work_and_an_err_one_not_to_build() {
        let exits = Outcome::ExitedWithError { exit_code: 1, message: String::new() };
        let cases = [
            (Outcome::Works, Some(true), Some(false)),
            (exits, Some(false), Some(false)),
            (Outcome::TimedOut, Some(false), Some(false)),
            (Outcome::DoesNotBuild { step: None, message: String::new() }, Some(false), Some(true)),
            (Outcome::NotBuilt, Some(false), Some(true)),
            (Outcome::NotRun, None, None),
            (Outcome::Interrupted, None, None),
            (Outcome::Unknown { message: String::new() }, None, None),
        ];
        for (outcome, normal, err) in cases {
            assert_eq!(is_expected(&outcome, Set::Normal, ExpectedOutcome::Works), normal, "{outcome:?}");
            assert_eq!(is_expected(&outcome, Set::Err, ExpectedOutcome::Works), err, "{outcome:?}");
        }
    }

    #[test]
    fn only_the_expected_is_expected_and_better_is_news_too() {
        let exits = |exit_code| Outcome::ExitedWithError { exit_code, message: String::new() };
        let cannot_start = || Outcome::CannotStart { message: String::new() };
        let is = |outcome: &Outcome, expected| is_expected(outcome, Set::Normal, expected).unwrap();
        assert!(is(&exits(3), ExpectedOutcome::Exit(3)) && !is(&exits(3), ExpectedOutcome::Exit(4)));
        assert!(is(&Outcome::Killed { signal: 9, out_of_memory: Some(true) }, ExpectedOutcome::Exit(137)));
        assert!(is(&Outcome::Works, ExpectedOutcome::Exit(0)));
        assert!(is(&cannot_start(), ExpectedOutcome::CannotStart) && !is(&cannot_start(), ExpectedOutcome::Works));
        assert!(!is(&Outcome::Works, ExpectedOutcome::CannotStart) && !is(&Outcome::Works, ExpectedOutcome::Exit(1)));
        assert!(is(&Outcome::Runs, ExpectedOutcome::Runs) && !is(&Outcome::Works, ExpectedOutcome::Runs));
    }

    #[test]
    fn ports_are_reached_by_network_and_engine() {
        assert_eq!(port_access(None, None), PortAccess::Published);
        assert_eq!(port_access(Some("mine"), None), PortAccess::Published);
        assert_eq!(port_access(Some("host"), None), PortAccess::Host);
        for network in ["none", "container:x"] {
            assert!(matches!(port_access(Some(network), None), PortAccess::Unreachable(_)), "{network}");
        }
        let PortAccess::Unreachable(why) = port_access(None, Some("ssh://far".to_owned())) else { panic!() };
        assert!(why.contains("ssh://far"), "{why}");
    }
}
