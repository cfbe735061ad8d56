//! Every Dockerfile of the project with what it says: the input of `list` and `lint`.

use crate::dockerfile::{Description, describe};
use crate::error::Error;
use crate::problem::Problem;
use crate::repository::Dockerfile;
use crate::repository::Project;

/// Scans the project and reads each Dockerfile, in the order of the services.
///
/// Bytes that are not UTF-8 become replacement characters: Docker takes them too, in a comment for instance.
///
/// # Errors
/// Every problem of the scan, or every Dockerfile that cannot be read.
pub fn described(project: &Project) -> Result<Vec<(Dockerfile, Description)>, Error> {
    let mut out = Vec::new();
    let mut problems = Vec::new();
    for dockerfile in project.scan()? {
        match std::fs::read(&dockerfile.path) {
            Ok(bytes) => {
                let description = describe(&dockerfile.service, &String::from_utf8_lossy(&bytes));
                out.push((dockerfile, description));
            }
            Err(error) => {
                problems.push(Problem::unreadable(&dockerfile.path, &error));
            }
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(Error::Problems(problems)) }
}
