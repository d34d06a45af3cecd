//! Redshift's errors in words: whether the declaration is wrong or the cluster cannot be reached.

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use super::endpoint::Endpoint;
use crate::engine::place::warehouse::{Input, one_line, root};
use crate::engine::relation::Closed;

/// Says why a query, in which the input starts after `before` bytes, or a connection failed.
pub fn why(endpoint: &Endpoint, input: &Input, error: &sqlx::Error, before: usize) -> Closed {
    match error {
        sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => refused(endpoint, input, error, before),
            None => Closed::unreachable(format!("{endpoint} says {}", one_line(error.message()))),
        },
        // A certificate that is not accepted is invalid data to the socket that reads it.
        sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => untrusted(endpoint, &root(error)),
        sqlx::Error::Io(error) => {
            let message = format!("{endpoint} does not answer: {}", root(error));
            Closed::unreachable(message).hint(Some("look at the endpoint, and at the network between".to_owned()))
        }
        sqlx::Error::Tls(error) => untrusted(endpoint, &root(error.as_ref())),
        sqlx::Error::Protocol(message) => {
            // The place in the client's own source is of no use to anybody here.
            let message = message.split(" (sqlx").next().unwrap_or(message);
            Closed::unreachable(format!("{endpoint} does not speak as Redshift does: {}", one_line(message)))
        }
        other => Closed::unreachable(format!("{endpoint} does not answer: {}", root(other))),
    }
}

fn untrusted(endpoint: &Endpoint, reason: &str) -> Closed {
    let hint = "say what is expected as `ssl = \"…\"` in the [redshift] section of weir.toml: disable, prefer, require \
        or verify-full";
    let message = format!("{} offers no encryption that is accepted: {reason}", endpoint);
    Closed::unreachable(message).hint(Some(hint.to_owned()))
}

/// Sorts what the server says by PostgreSQL's codes, which Redshift shares.
fn refused(endpoint: &Endpoint, input: &Input, error: &PgDatabaseError, before: usize) -> Closed {
    let message = one_line(error.message());
    let code = error.code();
    match code {
        "3D000" => Closed::fault("endpoint", format!("database `{}` does not exist", endpoint.database))
            .hint(Some("write it after the port, as `host:5439/database`".to_owned())),
        "42501" => Closed::unreachable(format!("{endpoint} refuses to be read: {message}"))
            .hint(Some("grant the user of REDSHIFT_USER usage of the schema and select on the table".to_owned())),
        "42P01" if let Some(parts) = &input.table => {
            Closed::fault(input.field, format!("`{}` does not exist", parts.join(".")))
        }
        _ if code.starts_with("28") => Closed::unreachable(format!("{endpoint} refuses the sign-in: {message}"))
            .hint(Some("look at REDSHIFT_USER and REDSHIFT_PASSWORD, or at [redshift] in weir.toml".to_owned())),
        // The query is wrong, or asks for what a transaction that only reads refuses.
        _ if ["0A", "22", "25", "42"].iter().any(|it| code.starts_with(it)) => {
            let place = place(error, input, before).unwrap_or_default();
            Closed::fault(input.field, format!("{message}{place}")).hint(error.hint().map(hint))
        }
        _ => Closed::unreachable(format!("{endpoint} says {message}")),
    }
}

/// Returns PostgreSQL's hint as our hints are written.
fn hint(text: &str) -> String {
    crate::sql::lower_first(one_line(text).trim_end_matches('.'))
}

/// Returns where in the declared query the fault is.
fn place(error: &PgDatabaseError, input: &Input, before: usize) -> Option<String> {
    let PgErrorPosition::Original(position) = error.position()? else { return None };
    // Before the query stands what we wrote, in single bytes, and its parenthesis; positions count from 1.
    let inside = position.checked_sub(before + 2)?;
    if input.table.is_some() || before == 0 {
        return None;
    }
    let above: String = input.from.chars().skip(1).take(inside).collect();
    let line = above.matches('\n').count() + 1;
    let column = above.rsplit('\n').next().map_or(1, |it| it.chars().count() + 1);
    Some(format!(" (line {line}, column {column})"))
}
