//! podman-compose with podman.
