//! The program: the library with an exit code. Nothing else.

fn main() -> std::process::ExitCode {
    mkcompose::run()
}
