//! Where a cluster is.

use crate::engine::relation::Closed;

/// What a cluster listens on, and the database that every cluster starts with.
const PORT: u16 = 5439;

const DATABASE: &str = "dev";

/// Where a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
    pub database: String,
}

impl Endpoint {
    pub fn parse(text: &str) -> Result<Self, Closed> {
        let parsed = || {
            let (address, database) = text.split_once('/').unwrap_or((text, DATABASE));
            let (host, port) = match address.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok().filter(|it| *it > 0)?),
                _ => (address, PORT),
            };
            let bracketed = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
            let host_is_good = match bracketed {
                Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
                None => host.chars().all(|it| it.is_ascii_alphanumeric() || ".-_".contains(it)),
            };
            let database_is_good = !database.is_empty() && !database.contains(['/', '?', '@', '#']);
            let host = bracketed.unwrap_or(host).to_owned();
            (!host.is_empty() && host_is_good && database_is_good).then(|| Self {
                host,
                port,
                database: database.to_owned(),
            })
        };
        // It is not repeated in the message: people put passwords into addresses.
        parsed().ok_or_else(|| {
            let fault = Closed::fault("endpoint", "the endpoint is not a host, or `host:port/database`");
            fault.hint(Some("write it without `jdbc:redshift://`, user and options".to_owned()))
        })
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
