//! A web server of one file, as small as HTTP lets it be. What it answers is a list of bytes to send
//! by path, so that it can break every promise that a server makes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is sent for a path, and how.
#[derive(Clone)]
pub enum Answer {
    /// Exactly this, and then the connection is closed.
    Bytes(Vec<u8>),
    /// This, and then a zero byte now and then until nobody listens.
    Forever(Vec<u8>),
    /// This, and then nothing, for as long as the test runs.
    Silence(Vec<u8>),
}

/// Runs until the test ends.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// A response with a body and its true length.
pub fn response(status: &str, headers: &str, body: &[u8]) -> Answer {
    promised(status, headers, body, body.len() as u64)
}

/// A response that promises `length` bytes, whatever it holds.
pub fn promised(status: &str, headers: &str, body: &[u8], length: u64) -> Answer {
    raw(
        // Who is not told may ask for the next file on the connection that is being closed.
        &format!(
            "HTTP/1.1 {status}\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n"
        ),
        body,
    )
}

/// A head and a body as they are.
pub fn raw(head: &str, body: &[u8]) -> Answer {
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend(body);
    Answer::Bytes(bytes)
}

impl Server {
    /// Answers each path of `answers`, whatever host is asked for, and nothing else.
    pub fn start(answers: Vec<(&'static str, Answer)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, seen) = (answers.clone(), Arc::clone(&seen));
                // Who hangs up early is the client's affair.
                thread::spawn(move || serve(stream, &answers, &seen));
            }
        });
        Self { address, requests }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The first line of each request so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &[(&'static str, Answer)],
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let mut line = first.clone();
        while !line.trim().is_empty() {
            line.clear();
            reader.read_line(&mut line)?;
        }
        seen.lock().unwrap().push(first.trim().to_owned());
        if first.starts_with("CONNECT ") {
            // As a proxy that is every host itself.
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            continue;
        }
        let path = first.split(' ').nth(1).unwrap_or_default();
        let answer = answers.iter().find(|(known, _)| *known == path);
        return match answer.map(|(_, answer)| answer) {
            None => stream.write_all(
                b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            ),
            Some(Answer::Bytes(bytes)) => stream.write_all(bytes),
            Some(Answer::Silence(bytes)) => {
                stream.write_all(bytes)?;
                loop {
                    thread::sleep(Duration::from_secs(60));
                }
            }
            Some(Answer::Forever(bytes)) => {
                stream.write_all(bytes)?;
                loop {
                    thread::sleep(Duration::from_millis(20));
                    stream.write_all(&[0])?;
                }
            }
        };
    }
}
