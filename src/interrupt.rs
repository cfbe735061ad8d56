//! Ctrl-C and its kin: a request to stop that is heard between two steps, so that no step is left half done.
//!
//! The first request is only noted; the second ends the program at once, as the person clearly wants.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::Exit;

/// Whether somebody asked the program to stop.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on, notes SIGINT, SIGTERM and SIGHUP instead of dying of the first one.
    ///
    /// Where a signal cannot be caught, the program dies of it, which is what it did before.
    pub fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // In this order: the first request finds the flag down, the second finds it up and ends the program.
            let _ = flag::register_conditional_shutdown(signal, Exit::Interrupted.code().into(), Arc::clone(&asked));
            let _ = flag::register(signal, Arc::clone(&asked));
        }
        Self(asked)
    }

    /// Whether to stop before the next step.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
