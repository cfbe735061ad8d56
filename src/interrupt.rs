//! Ctrl-C and its kin: a request to stop that is heard between two steps, so that no step is left half done.
//!
//! The first request is only noted; the second ends the program at once, as the person clearly wants. A command that
//! has others work for it hears the second too, so that it can end them before itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};

use crate::exit_code::ExitCode;

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
        interrupt
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
