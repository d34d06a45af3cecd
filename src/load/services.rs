//! The services that a repo reads from, as weir.toml and the environment say: where they are and how to sign in.
//!
//! Every build reads and checks this; builds with the engine use it. Nothing here is ever stored, shown or logged.

use std::fmt;

use serde::Deserialize;

use crate::resource::Duration;
use crate::sql::Dialect;

/// What reading rows needs beside the declarations.
#[derive(Debug, Clone, Default)]
pub struct Services {
    pub engine: Engine,
    pub redshift: Redshift,
    pub snowflake: Snowflake,
    /// The environment's `AWS_*` variables, for `s3://`.
    pub aws: Vec<(String, Secret)>,
}

/// Where SQL runs, and how long one source may take to answer.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    pub kind: EngineKind,
    /// Of Spark Connect, as `sc://host:15002`; it may hold a token.
    pub url: Option<Secret>,
    /// The folder of Hive's tables, for reading them without Spark: relative to the repo, or `s3://`.
    pub warehouse: Option<String>,
    /// The Python that runs data source functions; it needs pyspark.
    pub python: Option<String>,
    /// How long one source may take to answer; each kind of source has a default.
    pub time_limit: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    #[default]
    Datafusion,
    Spark,
}

impl EngineKind {
    /// Returns whose SQL the declarations hold.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Datafusion => Dialect::Embedded,
            Self::Spark => Dialect::Spark,
        }
    }
}

/// How to sign in to Redshift.
#[derive(Debug, Clone, Default)]
pub struct Redshift {
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub ssl: Ssl,
}

/// Whether the connection is encrypted, in PostgreSQL's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ssl {
    Disable,
    Prefer,
    /// Encrypted, whoever answers.
    #[default]
    Require,
    /// Encrypted, and the certificate is the host's.
    VerifyFull,
}

/// How to sign in to Snowflake: with a key pair (`user` and `private_key`) or a token.
#[derive(Debug, Clone, Default)]
pub struct Snowflake {
    /// The account's address, as `https://org-account.snowflakecomputing.com`, unless the declaration says it.
    pub url: Option<String>,
    pub user: Option<String>,
    /// PEM, unencrypted PKCS #8: the text, or the path of a file that holds it.
    pub private_key: Option<Secret>,
    pub private_key_file: Option<String>,
    /// A programmatic access token, or one of OAuth.
    pub token: Option<Secret>,
}

/// A text that nobody sees: printing it for debugging shows that it is there, and nothing of it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for handing it to the service.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The sections of weir.toml, as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section, as `[engine]` and below it `kind = ...`")]
pub(super) struct WrittenEngine {
    pub kind: Option<EngineKind>,
    pub url: Option<String>,
    pub warehouse: Option<String>,
    pub python: Option<String>,
    pub time_limit: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section, as `[redshift]` and below it `user = ...`")]
pub(super) struct WrittenRedshift {
    pub user: Option<String>,
    pub password: Option<String>,
    pub ssl: Option<Ssl>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a section, as `[snowflake]` and below it `user = ...`")]
pub(super) struct WrittenSnowflake {
    pub url: Option<String>,
    pub user: Option<String>,
    pub private_key: Option<String>,
    pub private_key_file: Option<String>,
    pub token: Option<String>,
}

/// The `AWS_*` variables that are handed on: those that the store's client knows.
const AWS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ALLOW_HTTP",
    "AWS_SKIP_SIGNATURE",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
];

impl Services {
    /// Takes what is written, with `${VAR}` replaced by `expand`, and from the environment what is left out.
    pub(super) fn new(
        (engine, redshift, snowflake): (WrittenEngine, WrittenRedshift, WrittenSnowflake),
        expand: &mut dyn FnMut(&str, Option<String>) -> Option<String>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let aws = AWS.iter().filter_map(|it| Some(((*it).to_owned(), Secret::new(env(it)?)))).collect();
        let engine = Engine {
            kind: engine.kind.unwrap_or_default(),
            url: expand("engine", engine.url).map(Secret::new),
            warehouse: expand("engine", engine.warehouse),
            python: engine.python,
            time_limit: None,
        };
        let mut secret = |section: &str, written, name: &str| expand(section, written).or_else(|| env(name));
        let redshift = Redshift {
            user: secret("redshift", redshift.user, "REDSHIFT_USER"),
            password: secret("redshift", redshift.password, "REDSHIFT_PASSWORD").map(Secret::new),
            ssl: redshift.ssl.unwrap_or_default(),
        };
        let snowflake = Snowflake {
            url: secret("snowflake", snowflake.url, "SNOWFLAKE_URL"),
            user: secret("snowflake", snowflake.user, "SNOWFLAKE_USER"),
            private_key: secret("snowflake", snowflake.private_key, "SNOWFLAKE_PRIVATE_KEY").map(Secret::new),
            private_key_file: secret("snowflake", snowflake.private_key_file, "SNOWFLAKE_PRIVATE_KEY_FILE"),
            token: secret("snowflake", snowflake.token, "SNOWFLAKE_TOKEN").map(Secret::new),
        };
        Self { engine, redshift, snowflake, aws }
    }
}
