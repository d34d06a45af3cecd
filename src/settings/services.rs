//! The services that a repo reads from, as weir.toml and the environment say: where they are and how to sign in.
//!
//! Every build reads and checks this; builds with the engine use it. Nothing here is ever stored, shown or logged.

use serde::Deserialize;

use crate::diagnostic::Diagnostic;
use crate::resource::Duration;
use crate::secret::Secret;
use crate::sql::Dialect;

/// The settings that reading rows needs beside the declarations.
#[derive(Debug, Clone, Default)]
pub struct Services {
    pub engine: EngineSettings,
    pub redshift: Redshift,
    pub snowflake: Snowflake,
    /// The environment's `AWS_*` variables, for `s3://`.
    pub aws: Vec<(String, Secret)>,
}

/// The engine that SQL runs on, and the time that one source may take to answer.
#[derive(Debug, Clone, Default)]
pub struct EngineSettings {
    pub kind: EngineKind,
    /// The address of Spark Connect, as `sc://host:15002`. It may hold a token.
    pub url: Option<Secret>,
    /// The folder of Hive's tables, for reading them without Spark: relative to the repo, or `s3://`.
    pub warehouse: Option<String>,
    /// The Python that runs data source functions; it needs pyspark.
    pub python: Option<String>,
    /// The time that one source may take to answer. Each kind of source has a default.
    pub time_limit: Option<Duration>,
    /// The reason why a value of this section is missing, where its variable is not set.
    pub unset: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    #[default]
    Datafusion,
    Spark,
}

impl EngineKind {
    /// Returns the dialect of the declarations' SQL.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Datafusion => Dialect::Embedded,
            Self::Spark => Dialect::Spark,
        }
    }
}

/// The sign-in to Redshift.
#[derive(Debug, Clone, Default)]
pub struct Redshift {
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub ssl: Ssl,
    /// The reason why a value of this section is missing, where its variable is not set.
    pub unset: Option<String>,
}

/// The encryption of the connection, in PostgreSQL's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ssl {
    Disable,
    Prefer,
    /// Encrypted, without a check of the host.
    #[default]
    Require,
    /// Encrypted, and the certificate is the host's.
    VerifyFull,
}

/// The sign-in to Snowflake, with a key pair (`user` and `private_key`) or a token.
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
    /// The reason why a value of this section is missing, where its variable is not set.
    pub unset: Option<String>,
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

/// The `AWS_*` variables that are passed on: those that the store's client knows.
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
        expand: Expand,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let aws = AWS.iter().filter_map(|it| Some(((*it).to_owned(), Secret::new(env(it)?)))).collect();
        let mut section = Section { name: "engine", expand, env, unset: None };
        let engine = EngineSettings {
            kind: engine.kind.unwrap_or_default(),
            url: section.written(engine.url).map(Secret::new),
            warehouse: section.written(engine.warehouse),
            python: engine.python,
            time_limit: None,
            unset: section.unset.take(),
        };
        section.name = "redshift";
        let redshift = Redshift {
            user: section.or_environment(redshift.user, "REDSHIFT_USER"),
            password: section.or_environment(redshift.password, "REDSHIFT_PASSWORD").map(Secret::new),
            ssl: redshift.ssl.unwrap_or_default(),
            unset: section.unset.take(),
        };
        section.name = "snowflake";
        let snowflake = Snowflake {
            url: section.or_environment(snowflake.url, "SNOWFLAKE_URL"),
            user: section.or_environment(snowflake.user, "SNOWFLAKE_USER"),
            private_key: section.or_environment(snowflake.private_key, "SNOWFLAKE_PRIVATE_KEY").map(Secret::new),
            private_key_file: section.or_environment(snowflake.private_key_file, "SNOWFLAKE_PRIVATE_KEY_FILE"),
            token: section.or_environment(snowflake.token, "SNOWFLAKE_TOKEN").map(Secret::new),
            unset: section.unset.take(),
        };
        Self { engine, redshift, snowflake, aws }
    }
}

/// Replaces the variables in a value of a section.
pub(super) type Expand<'a> = &'a mut dyn FnMut(&str, Option<String>) -> Option<Result<String, Box<Diagnostic>>>;

/// A section whose values are being filled in.
struct Section<'a> {
    name: &'static str,
    expand: Expand<'a>,
    env: &'a dyn Fn(&str) -> Option<String>,
    unset: Option<String>,
}

impl Section<'_> {
    /// Returns the value, unless a variable in it is not set.
    fn written(&mut self, value: Option<String>) -> Option<String> {
        match (self.expand)(self.name, value)? {
            Ok(value) => Some(value),
            Err(fault) => {
                self.unset.get_or_insert(fault.summary);
                None
            }
        }
    }

    /// Returns the value or, where none is written, that of the environment.
    fn or_environment(&mut self, value: Option<String>, name: &str) -> Option<String> {
        if value.is_some() { self.written(value) } else { (self.env)(name) }
    }
}
