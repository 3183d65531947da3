//! A small blocking HTTP/1.1 client for the simulator's own plain-HTTP control requests.
//!
//! It exists because a shim on the learner's `PATH` must start in a few milliseconds: no runtime,
//! no TLS, one request per connection. Everything else talks to the simulator with the real
//! clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest response body that is accepted, in bytes.
const BODY_LIMIT: u64 = 64 * 1024 * 1024;
/// The longest line of a response head or of a chunk's size, in bytes.
const LINE_LIMIT: u64 = 64 * 1024;

/// Sends one request and returns the status and the whole body of the response.
///
/// `Host`, `Content-Length` and `Connection: close` are added to `headers`. Waits for the response
/// as long as the server takes to give one (it may let world time pass first), but no longer than
/// the connection lives.
///
/// # Errors
/// When the server cannot be reached, or does not answer in HTTP/1.1.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(u16, Vec<u8>)> {
    let head = request_head(address, method, path, headers, body.len())?;
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)
        .with_context(|| format!("connect to the simulator at {address}"))?;
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .context("send a request to the simulator")?;
    read_response(&mut BufReader::new(stream)).context("read the simulator's response")
}

fn request_head(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    length: usize,
) -> Result<String> {
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(
        is_word(method) && is_word(path),
        "{method:?} {path:?} is not a request line"
    );
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\nconnection: close\r\n"
    );
    for (name, value) in headers {
        ensure!(
            is_word(name) && !value.contains(char::is_control),
            "{name:?} with {value:?} is not a header"
        );
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    Ok(head)
}

fn read_response(reader: &mut impl BufRead) -> Result<(u16, Vec<u8>)> {
    loop {
        let status = read_status(reader)?;
        let framing = read_headers(reader)?;
        match status {
            100..200 => {} // an interim response: the real one follows
            204 | 304 => return Ok((status, Vec::new())),
            _ => return Ok((status, read_body(reader, framing)?)),
        }
    }
}

/// How the end of the body is known.
#[derive(Debug)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

fn read_status(reader: &mut impl BufRead) -> Result<u16> {
    let line = read_line(reader)?;
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    status.with_context(|| format!("{line:?} is not an HTTP/1 status line"))
}

fn read_headers(reader: &mut impl BufRead) -> Result<Framing> {
    let mut framing = Framing::UntilClose;
    loop {
        let line = read_line(reader)?;
        if line.is_empty() {
            return Ok(framing);
        }
        let (name, value) = line
            .split_once(':')
            .with_context(|| format!("{line:?} is not a header"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("transfer-encoding") {
            ensure!(
                value.eq_ignore_ascii_case("chunked"),
                "the transfer encoding {value:?} is not supported"
            );
            framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("content-length")
            && !matches!(framing, Framing::Chunked)
        {
            framing = Framing::Length(
                value
                    .parse()
                    .with_context(|| format!("{value:?} is not a length"))?,
            );
        }
    }
}

fn read_body(reader: &mut impl BufRead, framing: Framing) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    match framing {
        Framing::Length(length) => read_exactly(reader, length, &mut body)?,
        Framing::Chunked => read_chunks(reader, &mut body)?,
        Framing::UntilClose => {
            reader.take(BODY_LIMIT + 1).read_to_end(&mut body)?;
            ensure!(body.len() as u64 <= BODY_LIMIT, "the body is too large");
        }
    }
    Ok(body)
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16)
            .with_context(|| format!("{line:?} is not a chunk size"))?;
        if size == 0 {
            while !read_line(reader)?.is_empty() {} // trailers
            return Ok(());
        }
        read_exactly(reader, size, body)?;
        ensure!(
            read_line(reader)?.is_empty(),
            "a chunk is longer than it says"
        );
    }
}

fn read_exactly(reader: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> Result<()> {
    ensure!(
        length <= BODY_LIMIT.saturating_sub(body.len() as u64),
        "the body is too large"
    );
    let read = reader.take(length).read_to_end(body)?;
    ensure!(
        read as u64 == length,
        "the connection closed within the body"
    );
    Ok(())
}

/// One line without its end.
fn read_line(reader: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    reader.take(LINE_LIMIT).read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(whole) => Ok(whole.strip_suffix('\r').unwrap_or(whole).to_owned()),
        None if line.is_empty() => bail!("the connection closed before the response was complete"),
        None => bail!(
            "the line {:?}… does not end",
            line.chars().take(40).collect::<String>()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn check(response: &str, expected: (u16, &str)) {
        let (status, body) = read_response(&mut response.as_bytes()).unwrap();
        assert_eq!(
            (status, str::from_utf8(&body).unwrap()),
            expected,
            "{response:?}"
        );
    }

    #[test]
    fn every_way_to_end_a_body_is_understood() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more",
            (200, "hi"),
        );
        check(
            "HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n",
            (404, ""),
        );
        check(
            "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nA;x=y\r\n 012345678\r\n0\r\nt: x\r\n\r\n",
            (200, "hi 012345678"),
        );
        check(
            "HTTP/1.0 200 OK\r\n\r\nuntil the end",
            (200, "until the end"),
        );
        check("HTTP/1.1 204 No Content\r\n\r\n", (204, ""));
        check(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\ncontent-length: 1\r\n\r\n!",
            (500, "!"),
        );
    }

    #[test]
    fn a_response_that_is_cut_off_or_nonsense_is_an_error() {
        for response in [
            "",
            "HTTP/1.1 200 OK",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length: -3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nhi\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
            "HTTP/1.1 OK\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            assert!(
                read_response(&mut response.as_bytes()).is_err(),
                "accepted {response:?}"
            );
        }
    }

    #[test]
    fn a_request_cannot_smuggle_another() {
        let address = "127.0.0.1:80".parse().unwrap();
        assert!(request_head(address, "GET", "/ HTTP/1.1\r\nx: y", &[], 0).is_err());
        assert!(request_head(address, "GET\r\n", "/", &[], 0).is_err());
        assert!(request_head(address, "GET", "/", &[("x", "y\r\nz: a")], 0).is_err());
        assert!(request_head(address, "GET", "/", &[("x:\n", "y")], 0).is_err());
    }

    #[test]
    fn the_request_on_the_wire_is_whole_and_closes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut received = vec![0; 4096];
            let mut length = 0;
            while !received[..length].ends_with(b"body") {
                length += socket.read(&mut received[length..]).unwrap();
            }
            socket
                .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok")
                .unwrap();
            String::from_utf8(received[..length].to_vec()).unwrap()
        });
        let response = request(
            address,
            "POST",
            "/advance?by=5",
            &[("x-key", "secret")],
            b"body",
        )
        .unwrap();
        assert_eq!(response, (201, b"ok".to_vec()));
        assert_eq!(
            server.join().unwrap(),
            format!(
                "POST /advance?by=5 HTTP/1.1\r\nhost: {address}\r\ncontent-length: 4\r\nconnection: close\r\n\
                 x-key: secret\r\n\r\nbody"
            )
        );
    }

    #[test]
    fn a_server_that_is_not_there_is_named() {
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = request(address, "GET", "/", &[], b"").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("connect to the simulator at {address}")
        );
    }
}
