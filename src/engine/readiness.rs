//! Finds out whether a running container is ready: healthy, accepting connections, or answering HTTP.
//!
//! The engine tells the health and the published ports; the ports are then asked from outside ([`super::probe`]). Where
//! they cannot be reached from here, nothing is known of the image, and the reason is kept.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::probe::{Connection, connect, http_status};
use super::{Engine, EngineError};
use image_analyzer::printable::shortened;

/// How often the container is looked at.
const PERIOD: Duration = Duration::from_millis(200);

/// How often the wait for the next look checks whether the run has ended.
const TICK: Duration = Duration::from_millis(20);

/// What makes a running container ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadyWhen {
    /// Its HEALTHCHECK succeeds.
    Healthy,
    /// One of these TCP ports of the container accepts a connection.
    Accepts(Vec<u16>),
    /// An HTTP request is answered with a status below 400.
    Answers {
        /// The container's port.
        port: u16,
        /// The path with its leading `/`.
        path: String,
    },
}

impl ReadyWhen {
    /// The container's ports that must be reached from outside.
    pub fn ports(&self) -> &[u16] {
        match self {
            Self::Healthy => &[],
            Self::Accepts(ports) => ports,
            Self::Answers { port, .. } => std::slice::from_ref(port),
        }
    }
}

/// How the ports of a container are reached from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortAccess {
    /// Each is published on the loopback address, at a free port that the engine chooses.
    Published,
    /// The container has the network of this machine.
    Host,
    /// Not at all, for this reason.
    Unreachable(String),
}

/// Whether a container is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is.
    Ready,
    /// It is not, for this reason. Raw.
    NotReady(String),
    /// That cannot be found out, for this reason. Raw.
    Unknown(String),
    /// Nor could it be with another run: its ports cannot be reached from here, for this reason. Raw.
    Unreachable(String),
}

/// What the configuration of an image says about readiness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePorts {
    /// Whether it has a HEALTHCHECK.
    pub has_healthcheck: bool,
    /// The TCP ports that it EXPOSEs, in order.
    pub tcp: Vec<u16>,
    /// Whether it EXPOSEs ports, but none for TCP.
    pub is_only_udp: bool,
}

/// Watches one container beside its run.
pub(super) struct Watch<'a> {
    pub engine: &'a Engine,
    pub name: &'a str,
    pub when: &'a ReadyWhen,
    pub access: &'a PortAccess,
    /// What is known last.
    pub state: Mutex<Option<Readiness>>,
    /// Whether it is ready.
    pub is_ready: AtomicBool,
    /// Whether the run has ended.
    pub is_over: AtomicBool,
    /// Whether a port was ever reached, be it only to be closed.
    pub was_reached: AtomicBool,
}

impl Engine {
    /// What the configuration of `image` says about ports and health.
    ///
    /// # Errors
    /// If the engine does not tell.
    pub fn image_ports(&self, image: &str) -> Result<ImagePorts, EngineError> {
        let answer = self.capture(["image", "inspect", "--format", "{{json .}}", image])?;
        let image = serde_json::from_slice(&answer).unwrap_or(Value::Null);
        Ok(image_ports(&image))
    }

    /// Where the engine is, if it is on another machine: `ssh://host`.
    pub fn remote_endpoint(&self) -> Option<String> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let context = || {
            let format = "{{.Endpoints.docker.Host}}";
            let answer = self.capture(["context", "inspect", "--format", format]).ok()?;
            Some(String::from_utf8_lossy(&answer).trim().to_owned())
        };
        let endpoint = variable("DOCKER_HOST").or_else(|| variable("CONTAINER_HOST")).or_else(context)?;
        is_remote(&endpoint).then_some(endpoint)
    }

    /// The name of the engine's machine, if it is certainly not this one, as where only the engine's socket was mounted
    /// into a container.
    fn other_machine(&self) -> Option<String> {
        let answer = self.capture(["info", "--format", "{{json .}}"]).ok()?;
        let info: Value = serde_json::from_slice(&answer).ok()?;
        // Docker; podman. Docker Desktop forwards published ports from its machine to this one.
        let name = info.get("Name").or_else(|| info.pointer("/host/hostname"))?.as_str()?;
        let is_forwarded = info.get("OperatingSystem").and_then(Value::as_str) == Some("Docker Desktop");
        let uname = rustix::system::uname();
        (!is_forwarded && name.as_bytes() != uname.nodename().to_bytes()).then(|| name.to_owned())
    }
}

impl<'a> Watch<'a> {
    pub(super) fn new(engine: &'a Engine, name: &'a str, when: &'a ReadyWhen, access: &'a PortAccess) -> Self {
        let [is_ready, is_over, was_reached] = [false; 3].map(AtomicBool::new);
        Self { engine, name, when, access, state: Mutex::default(), is_ready, is_over, was_reached }
    }

    /// Looks at the container until it is ready or its run is over.
    pub(super) fn watch(&self) {
        if let (PortAccess::Unreachable(why), false) = (self.access, self.when.ports().is_empty()) {
            return self.set(Readiness::Unreachable(why.clone()));
        }
        let mut addresses = Vec::new();
        while self.wait() {
            let Some(now) = self.look(&mut addresses) else { continue };
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let is_ready = now == Readiness::Ready;
            self.set(now);
            if is_ready {
                return self.is_ready.store(true, Ordering::SeqCst);
            }
        }
    }

    /// What is known at the end of a run that was not ended because the container was ready.
    pub(super) fn last(self) -> Option<Readiness> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state {
            Some(Readiness::NotReady(why)) if !self.when.ports().is_empty() => {
                let was_reached = self.was_reached.into_inner() || *self.access == PortAccess::Host;
                let other = if was_reached { None } else { self.engine.other_machine() };
                Some(other.map_or(Readiness::NotReady(why), |name| {
                    Readiness::Unreachable(format!(
                        "the engine runs on another machine, `{name}`, whose ports cannot be reached from here"
                    ))
                }))
            }
            state => state,
        }
    }

    fn set(&self, state: Readiness) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }

    /// Waits for the next look; whether there is one.
    fn wait(&self) -> bool {
        let mut waited = Duration::ZERO;
        while waited < PERIOD && !self.is_over.load(Ordering::SeqCst) {
            thread::sleep(TICK);
            waited += TICK;
        }
        !self.is_over.load(Ordering::SeqCst)
    }

    /// Whether it is ready now; `None`: there is no container yet.
    fn look(&self, addresses: &mut Vec<SocketAddr>) -> Option<Readiness> {
        if *self.when == ReadyWhen::Healthy {
            return Some(health(&self.inspect()?));
        }
        if addresses.is_empty() {
            *addresses = match self.access {
                PortAccess::Host => {
                    self.when.ports().iter().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, *port))).collect()
                }
                _ => published(&self.inspect()?, self.when.ports()),
            };
            if addresses.is_empty() {
                return Some(Readiness::Unknown("the engine published no port".to_owned()));
            }
        }
        Some(match self.when {
            ReadyWhen::Answers { port, path } => self.answers(addresses, *port, path),
            when => self.accepts(addresses, when.ports()),
        })
    }

    fn accepts(&self, addresses: &[SocketAddr], ports: &[u16]) -> Readiness {
        for address in addresses {
            match connect(*address) {
                Connection::Accepted => return Readiness::Ready,
                Connection::Closed => self.was_reached.store(true, Ordering::SeqCst),
                Connection::Refused => {}
            }
        }
        let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
        let (noun, verb) = if ports.len() == 1 { ("port", "accepts") } else { ("none of the ports", "accepts") };
        Readiness::NotReady(format!(
            "{noun} {} {verb} {} connection",
            ports.join(", "),
            if ports.len() == 1 { "no" } else { "a" }
        ))
    }

    fn answers(&self, addresses: &[SocketAddr], port: u16, path: &str) -> Readiness {
        let mut why = String::new();
        for address in addresses {
            why = match http_status(*address, path) {
                Ok(status) if status < 400 => return Readiness::Ready,
                Ok(status) => {
                    self.was_reached.store(true, Ordering::SeqCst);
                    format!("status {status}")
                }
                Err(why) => {
                    if connect(*address) != Connection::Refused {
                        self.was_reached.store(true, Ordering::SeqCst);
                    }
                    why
                }
            };
        }
        Readiness::NotReady(format!("GET {path} at port {port}: {why}"))
    }

    /// The state and the published ports of the container, if it is there.
    fn inspect(&self) -> Option<Value> {
        let format = "{\"state\":{{json .State}},\"ports\":{{json .NetworkSettings.Ports}}}";
        let answer = self.engine.capture(["container", "inspect", "--format", format, self.name]).ok()?;
        serde_json::from_slice(&answer).ok()
    }
}

/// The health of a container in what the engine tells of it: `.State.Health`, in older podman `.State.Healthcheck`.
fn health(container: &Value) -> Readiness {
    let state = container.get("state");
    let of = |name| state.and_then(|state| state.get(name)).filter(|health| !health.is_null());
    let health = of("Health").or_else(|| of("Healthcheck"));
    let status = health.and_then(|health| health.get("Status")).and_then(Value::as_str).unwrap_or_default();
    let log = health.and_then(|health| health.get("Log")).and_then(Value::as_array);
    let last = log.and_then(|log| log.last()).and_then(|last| last.get("Output")).and_then(Value::as_str);
    match (status, last) {
        ("healthy", _) => Readiness::Ready,
        // Podman leaves that to systemd, and where there is none nothing is checked.
        (_, None) => Readiness::Unknown("the engine has not run the HEALTHCHECK".to_owned()),
        (_, Some(said)) => {
            let said = shortened(said.trim());
            let between = if said.is_empty() { "" } else { ": " };
            Readiness::NotReady(format!("the HEALTHCHECK fails{between}{said}"))
        }
    }
}

/// Where the container's `ports` are published, in the engine's words: `{"80/tcp": [{"HostIp": …, "HostPort": "49153"}]}`.
fn published(container: &Value, ports: &[u16]) -> Vec<SocketAddr> {
    let bindings = |port: &u16| container.get("ports")?.get(format!("{port}/tcp"))?.as_array();
    let port = |binding: &Value| binding.get("HostPort")?.as_str()?.parse::<u16>().ok();
    let found = ports.iter().filter_map(bindings).flatten().filter_map(port);
    found.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect()
}

/// The image's configuration, as `image inspect` of docker and podman tell it: podman has the HEALTHCHECK outside `Config`.
fn image_ports(image: &Value) -> ImagePorts {
    let exposed = image.pointer("/Config/ExposedPorts").and_then(Value::as_object);
    let exposed = || exposed.into_iter().flat_map(|ports| ports.keys());
    let tcp = |port: &String| match port.split_once('/') {
        Some((port, protocol)) => port.parse().ok().filter(|_| protocol.eq_ignore_ascii_case("tcp")),
        None => port.parse().ok(),
    };
    let mut ports: Vec<u16> = exposed().filter_map(tcp).collect();
    ports.sort_unstable();
    let places = ["/Config/Healthcheck", "/HealthCheck", "/Healthcheck"];
    let test = places.iter().find_map(|place| image.pointer(place)?.get("Test")?.as_array());
    let first = test.and_then(|test| test.first()).and_then(Value::as_str);
    ImagePorts {
        has_healthcheck: first.is_some_and(|word| word != "NONE"),
        is_only_udp: ports.is_empty() && exposed().next().is_some(),
        tcp: ports,
    }
}

/// Whether the engine at `endpoint` is on another machine. One behind a loopback address may be this machine.
fn is_remote(endpoint: &str) -> bool {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return false };
    let host = rest.split('/').next().unwrap_or(rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    let is_loopback = matches!(host, "" | "localhost" | "::1") || host.starts_with("127.");
    match scheme {
        "ssh" => true,
        "tcp" | "http" | "https" => !is_loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ImagePorts, Readiness, health, image_ports, is_remote, published};
    use serde_json::json;

    #[test]
    fn an_engine_is_remote_by_its_endpoint() {
        for remote in ["ssh://me@host", "ssh://localhost", "tcp://10.0.0.1:2376", "tcp://[fe80::1]:2375", "tcp://h"] {
            assert!(is_remote(remote), "{remote}");
        }
        for local in ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "tcp://localhost:1", "tcp://[::1]:1", ""] {
            assert!(!is_remote(local), "{local}");
        }
    }

    #[test]
    fn ports_and_health_are_read_of_the_image_as_docker_and_podman_tell_them() {
        let docker = json!({"Config": {"ExposedPorts": {"8443/tcp": {}, "80/tcp": {}, "53/udp": {}},
            "Healthcheck": {"Test": ["CMD", "true"]}}});
        assert_eq!(image_ports(&docker), ImagePorts { has_healthcheck: true, tcp: vec![80, 8443], is_only_udp: false });
        let podman = json!({"Config": {"ExposedPorts": {"53/udp": {}}}, "Healthcheck": {"Test": ["CMD-SHELL", "x"]}});
        assert_eq!(image_ports(&podman), ImagePorts { has_healthcheck: true, tcp: vec![], is_only_udp: true });
        let none = json!({"Config": {"Healthcheck": {"Test": ["NONE"]}, "ExposedPorts": null}});
        assert_eq!(image_ports(&none), ImagePorts::default());
    }

    #[test]
    fn a_published_port_is_on_the_loopback_address() {
        let container = json!({"ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}], "81/tcp": null}});
        assert_eq!(published(&container, &[80, 81]), ["127.0.0.1:49153".parse().unwrap()]);
        assert_eq!(published(&json!(null), &[80]), []);
    }

    #[test]
    fn a_health_check_that_never_ran_tells_nothing() {
        let of = |health| super::health(&json!({"state": {"Health": health}}));
        assert_eq!(of(json!({"Status": "healthy", "Log": []})), Readiness::Ready);
        assert!(matches!(of(json!({"Status": "starting", "Log": []})), Readiness::Unknown(_)));
        assert!(matches!(health(&json!(null)), Readiness::Unknown(_)));
        let failed = of(json!({"Status": "starting", "Log": [{"ExitCode": 1, "Output": "no\n"}]}));
        assert_eq!(failed, Readiness::NotReady("the HEALTHCHECK fails: no".to_owned()));
    }
}
