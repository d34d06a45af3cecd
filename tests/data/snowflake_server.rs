//! Plays one side of recorded exchanges with Snowflake's SQL API, and is strict about the other side.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

pub const KEY: &str = include_str!("../fixtures/snowflake/key.p8");
const FINGERPRINT: &str = include_str!("../fixtures/snowflake/fingerprint.txt");
pub const HANDLE: &str = "01b2c3d4-0000-4a5b-0000-0001000200d2";

/// One request that is expected, and its answer.
#[derive(Clone)]
pub struct Exchange {
    pub request: String,
    /// The body of a POST.
    pub body: Option<Value>,
    pub status: u16,
    pub headers: &'static str,
    /// A file beside the key.
    pub answer: &'static str,
    pub gzip: bool,
}

impl Exchange {
    /// A statement that is sent.
    pub fn post(statement: &str, status: u16, answer: &'static str) -> Self {
        let body = json!({
            "statement": statement, "database": "ADS", "schema": "PUBLIC", "warehouse": "SMALL", "role": "Reader",
            "parameters": { "TIMEZONE": "UTC" },
        });
        let request = "POST /api/v2/statements".to_owned();
        Self { request, body: Some(body), status, headers: "", answer, gzip: false }
    }

    /// A question about the statement: its status, or a part of its rows.
    pub fn get(query: &str, status: u16, answer: &'static str) -> Self {
        let request = format!("GET /api/v2/statements/{HANDLE}?{query}");
        Self { request, body: None, status, headers: "", answer, gzip: false }
    }
}

/// A server that expects exactly these exchanges, in this order.
pub struct Server {
    pub url: String,
    port: u16,
    playing: JoinHandle<Vec<String>>,
}

/// Plays `exchanges`; whoever asks signs in with the key, or with `token`.
pub fn play(exchanges: Vec<Exchange>, token: Option<&'static str>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let playing = std::thread::spawn(move || {
        let mut faults = Vec::new();
        let mut expected = exchanges.into_iter();
        for stream in listener.incoming() {
            let Some(request) = read(stream.unwrap()) else { break };
            match expected.next() {
                Some(exchange) => {
                    faults.extend(request.faults(&exchange, token));
                    request.answer(&exchange);
                }
                None => faults.push(format!("one request too many: {}", request.line)),
            }
        }
        faults.extend(expected.map(|it| format!("never asked: {}", it.request)));
        faults
    });
    Server { url: format!("http://localhost:{port}"), port, playing }
}

impl Server {
    /// Stops the test unless all was asked, and asked rightly.
    #[track_caller]
    pub fn ends(self) {
        // A call without a word ends it.
        drop(TcpStream::connect(("127.0.0.1", self.port)).unwrap());
        let faults = self.playing.join().unwrap();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

struct Request {
    stream: TcpStream,
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn read(stream: TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|it| *it > 0).map(|_| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(": ") {
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let mut request = Request { stream, line: first, headers, body: Vec::new() };
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|it| it.0 == name).map_or("", |it| &it.1)
    }

    fn faults(&self, exchange: &Exchange, token: Option<&str>) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |what: &str, found: &str, expected: &str| {
            if found != expected {
                faults.push(format!("{what} is {found:?}, not {expected:?}"));
            }
        };
        check("the request", &self.line, &format!("{} HTTP/1.1", exchange.request));
        check("accept", self.header("accept"), "application/json");
        check("user-agent", self.header("user-agent"), concat!("weir/", env!("CARGO_PKG_VERSION")));
        let bearer = self.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let kind = self.header("x-snowflake-authorization-token-type");
        match token {
            Some(token) => {
                check("the token", bearer, token);
                check("the token's type", kind, "");
            }
            None => {
                check("the token's type", kind, "KEYPAIR_JWT");
                check("the token", claims(bearer).err().unwrap_or_default(), "");
            }
        }
        if let Some(body) = &exchange.body {
            check("content-type", self.header("content-type"), "application/json");
            let found: Value = serde_json::from_slice(&self.body).unwrap_or_default();
            if found != *body {
                faults.push(format!("the body is {found}, not {body}"));
            }
        } else if !self.body.is_empty() {
            faults.push("there is a body".to_owned());
        }
        faults
    }

    fn answer(mut self, exchange: &Exchange) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/snowflake");
        let mut body = std::fs::read(folder.join(exchange.answer)).unwrap();
        if exchange.gzip {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(&body).unwrap();
            body = writer.finish().unwrap();
        }
        let encoding = if exchange.gzip { "Content-Encoding: gzip\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 {} Any\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n{encoding}{}\r\n",
            exchange.status,
            body.len(),
            exchange.headers,
        );
        let _ = self.stream.write_all(head.as_bytes()).and_then(|()| self.stream.write_all(&body));
    }
}

/// Checks a JSON Web Token as Snowflake's documentation describes it.
fn claims(token: &str) -> Result<(), &'static str> {
    let (signed, signature) = token.rsplit_once('.').ok_or("has no signature")?;
    let (header, claims) = signed.split_once('.').ok_or("has no claims")?;
    let decode = |it: &str| URL_SAFE_NO_PAD.decode(it).map_err(|_| "is not base64");
    let parse = |it: &str| decode(it).and_then(|it| serde_json::from_slice::<Value>(&it).map_err(|_| "is not JSON"));
    let pem: String = KEY.lines().filter(|it| !it.starts_with("---")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(pem).unwrap();
    let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
        .verify(signed.as_bytes(), &decode(signature)?)
        .map_err(|_| "has a wrong signature")?;
    if parse(header)? != json!({ "alg": "RS256", "typ": "JWT" }) {
        return Err("has a wrong header");
    }
    let claims = parse(claims)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (from, until) = (claims["iat"].as_u64().unwrap_or(0), claims["exp"].as_u64().unwrap_or(0));
    if from > now || now - from > 60 || until <= now || until - from > 3600 {
        return Err("is not good for the next hour");
    }
    if claims["iss"] != format!("LOCALHOST.TESTER.{}", FINGERPRINT.trim()) || claims["sub"] != "LOCALHOST.TESTER" {
        return Err("is of somebody else");
    }
    Ok(())
}
