//! A repository of Dockerfiles: from a folder, settings and flags to services with everything settled.
//!
//! [`Repository::load`] joins the parts: [`scan`] finds Dockerfiles, [`read_all`] reads them, [`service_name`] and
//! [`image_name`] name what they make, and [`load`] settles the rest.

mod build_order;
pub mod checkout;
pub mod convention;
pub mod image_name;
pub mod layout;
mod linked_file;
pub mod load;
mod local_bases;
pub mod paths;
pub mod read_all;
mod resolver;
pub mod scan;
pub mod select;
pub mod service;
pub mod service_name;
mod settings_check;
mod unused_args;

pub use layout::{AUTO, Contents, DEFAULT_IMAGE, Layout, LoadOptions};
pub use load::{Repository, templates};
pub use paths::{is_in, lexical, relative, resolve, way};
