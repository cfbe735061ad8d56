//! Ctrl-C and its kin: a request to stop that is heard between two steps, so that no step is left half done.
//!
//! The first request is only noted; the second ends the program at once, as the person clearly wants. A command that
//! has others work for it hears the second too, so that it can end them before itself.

use std::env;
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};

use crate::exit_code::ExitCode;

/// The variable that names the socket by which Docker's command line tells its plugins to stop: it hands on no signal.
/// It closes the connection.
const DOCKER_SOCKET: &str = "DOCKER_CLI_PLUGIN_SOCKET";

/// How long to wait for the signal itself after that: a terminal sends it to Docker and to its plugins.
const SIGNAL_ITSELF: Duration = Duration::from_millis(500);

/// Whether the user asked the program to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    again: Arc<AtomicBool>,
    stopped: Arc<AtomicBool>,
}

impl Interrupt {
    /// From now on, notes SIGINT, SIGTERM and SIGHUP instead of dying of the first one.
    ///
    /// Where a signal cannot be caught, the program dies of it, which is what it did before.
    pub fn listen() -> Self {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the first request finds the flag down, the second finds it up and ends the program.
            let _ = flag::register_conditional_shutdown(
                signal,
                ExitCode::Interrupted.code().into(),
                Arc::clone(&interrupt.asked),
            );
            let _ = flag::register(signal, Arc::clone(&interrupt.asked));
        }
        interrupt.listen_to_docker();
        interrupt
    }

    /// As [`Interrupt::listen`], but the second request is noted as well, and only the third ends the program.
    ///
    /// `said` is called at each of the first two, on a thread of its own, with whether it is the first.
    pub fn listen_for_two(said: impl Fn(bool) + Send + 'static) -> Self {
        let interrupt = Self::default();
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return interrupt };
        let heard = interrupt.clone();
        thread::spawn(move || {
            for _ in signals.forever() {
                if heard.asked_again() {
                    low_level::exit(ExitCode::Interrupted.code().into());
                }
                said(heard.ask());
            }
        });
        interrupt.listen_to_docker();
        interrupt
    }

    /// As a plugin of Docker's command line, raises a signal when that one ends, unless the signal came by itself.
    fn listen_to_docker(&self) {
        let Some(connection) = env::var_os(DOCKER_SOCKET).and_then(|name| connected(&name)) else { return };
        let interrupt = self.clone();
        thread::spawn(move || {
            // Docker writes nothing, so this returns when the connection ends.
            let _ = (&connection).read(&mut [0]);
            thread::sleep(SIGNAL_ITSELF);
            if !interrupt.asked_by_somebody() {
                let _ = low_level::raise(SIGTERM);
            }
        });
    }

    /// Asks to stop, as a signal would, and says whether it was the first time.
    pub fn ask(&self) -> bool {
        let first = !self.asked.swap(true, Ordering::SeqCst);
        if !first {
            self.again.store(true, Ordering::SeqCst);
        }
        first
    }

    /// Stops what comes next, because there is no use in it; the user did not ask for that, and what is running goes on.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Whether the user asked to stop.
    pub fn asked_by_somebody(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Whether to stop before the next step.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) || self.stopped.load(Ordering::SeqCst)
    }

    /// Whether to end what is running too, at once.
    pub fn asked_again(&self) -> bool {
        self.again.load(Ordering::SeqCst)
    }
}

/// A connection to Docker's socket: a path, or with `@` an abstract name, which Linux alone has.
fn connected(name: &OsStr) -> Option<UnixStream> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name).ok()?;
        return UnixStream::connect_addr(&address).ok();
    }
    UnixStream::connect(name).ok()
}
