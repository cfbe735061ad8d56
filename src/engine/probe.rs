//! Asks a published port from outside the container: does it accept a connection, does it answer an HTTP request?
//!
//! Nothing is needed inside the image. A connection that is accepted says little by itself: the proxy of Docker accepts
//! it too, and closes it when nothing listens in the container. So it must stay open for a moment, or bring data.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a connection may take. The port is on this machine.
const CONNECT: Duration = Duration::from_secs(2);

/// How long a connection must stay open to count as accepted by the program and not by a proxy.
const OPEN: Duration = Duration::from_millis(300);

/// How long a server may take to answer a request.
const ANSWER: Duration = Duration::from_secs(10);

/// How much of an answer is read to find its status line, in bytes.
const STATUS_LINE: usize = 512;

/// What came of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The program accepted it.
    Accepted,
    /// It was closed at once, without a byte: a proxy that reaches no program.
    Closed,
    /// Nothing listens.
    Refused,
}

/// Connects to `address`.
pub fn connect(address: SocketAddr) -> Connection {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, CONNECT) else { return Connection::Refused };
    if stream.set_read_timeout(Some(OPEN)).is_err() {
        return Connection::Closed;
    }
    match stream.read(&mut [0]) {
        Ok(0) => Connection::Closed,
        Ok(_) => Connection::Accepted,
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Connection::Accepted
        }
        Err(_) => Connection::Closed,
    }
}

/// The status that a server at `address` gives to `GET path`.
///
/// # Errors
/// Why there is no status, in a few words.
pub fn http_status(address: SocketAddr, path: &str) -> Result<u16, String> {
    let words = |error: io::Error| match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::ConnectionRefused => "the connection is refused".to_owned(),
        _ => error.to_string(),
    };
    let mut stream = TcpStream::connect_timeout(&address, CONNECT).map_err(words)?;
    stream.set_read_timeout(Some(ANSWER)).map_err(words)?;
    stream.set_write_timeout(Some(ANSWER)).map_err(words)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: mkcompose\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(words)?;
    let start = Instant::now();
    let mut answer = Vec::new();
    let mut buffer = [0; STATUS_LINE];
    while answer.len() < STATUS_LINE && !answer.contains(&b'\n') {
        // A server that sends a byte now and then would keep us for long.
        if start.elapsed() > ANSWER {
            return Err("no answer in time".to_owned());
        }
        match stream.read(&mut buffer).map_err(words)? {
            0 => break,
            read => answer.extend_from_slice(buffer.get(..read).unwrap_or_default()),
        }
    }
    if answer.is_empty() {
        return Err("the connection is closed without an answer".to_owned());
    }
    status(&answer).ok_or_else(|| "the answer is not HTTP".to_owned())
}

/// The status in the first line of an answer: `HTTP/1.1 200 OK`.
fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|&byte| byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.strip_prefix("HTTP/")?.split_ascii_whitespace().skip(1);
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::{Connection, connect, http_status, status};
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    /// A server that does `serve` with one connection.
    fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || serve(listener.accept().unwrap().0));
        address
    }

    #[test]
    fn a_connection_that_stays_open_or_brings_data_is_accepted() {
        assert_eq!(connect(server(|_stream| thread::sleep(Duration::from_secs(20)))), Connection::Accepted);
        assert_eq!(connect(server(|mut stream| stream.write_all(b"hi").unwrap())), Connection::Accepted);
    }

    #[test]
    fn a_connection_that_a_proxy_closes_at_once_is_not_accepted() {
        assert_eq!(connect(server(drop)), Connection::Closed);
    }

    #[test]
    fn a_port_where_nothing_listens_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(connect(address), Connection::Refused);
        assert_eq!(http_status(address, "/"), Err("the connection is refused".to_owned()));
    }

    #[test]
    fn the_status_is_that_of_the_answer_to_the_path() {
        let address = server(|mut stream| {
            let mut request = [0; 64];
            let read = stream.read(&mut request).unwrap();
            let is_asked = request[..read].starts_with(b"GET /health HTTP/1.1\r\n");
            stream
                .write_all(if is_asked { b"HTTP/1.1 204 No Content\r\n\r\n" } else { b"HTTP/1.1 404 x\r\n\r\n" })
                .unwrap();
        });
        assert_eq!(http_status(address, "/health"), Ok(204));
    }

    #[test]
    fn what_is_not_http_has_no_status() {
        let cases: [(&[u8], Option<u16>); 6] = [
            (b"HTTP/1.0 200\r\n", Some(200)),
            (b"HTTP/1.1 99 x\n", None),
            (b"HTTP/1.1 2000 x\n", None),
            (b"HTTP/1.1\n", None),
            (b"SSH-2.0-x\r\n", None),
            (b"\xff\n", None),
        ];
        for (answer, expected) in cases {
            assert_eq!(status(answer), expected);
        }
        let address = server(|mut stream| stream.write_all(b"SSH-2.0-x\r\n").unwrap());
        assert_eq!(http_status(address, "/"), Err("the answer is not HTTP".to_owned()));
    }
}
