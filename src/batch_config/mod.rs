//! Where batch rows live. One file per config; a new one is a file and two lines here.

mod file;
mod hive;
mod redshift;
mod snowflake;
mod spark;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::diagnostic::Code;
use crate::resource::{Dtype, Duration, FileSlot, MapQuery, Query, Report, Resource, Tagged, tagged};
use crate::sql::Dialect;

pub use file::{FileConfig, FileFormat};
pub use hive::{Datepart, DatetimePartitionColumn, HiveConfig};
pub use redshift::RedshiftConfig;
pub use snowflake::SnowflakeConfig;
pub use spark::SparkBatchConfig;

configs! {
    FileConfig(file::FileConfig),
    HiveConfig(hive::HiveConfig),
    RedshiftConfig(redshift::RedshiftConfig),
    SnowflakeConfig(snowflake::SnowflakeConfig),
    SparkBatchConfig(spark::SparkBatchConfig),
}

/// What a config says about itself.
pub trait Config: Send + Sync {
    /// How long after the end of a window its rows are complete.
    fn data_delay(&self) -> Option<Duration>;

    fn timestamp_field(&self) -> Option<&str>;

    /// How timestamps are written where they are text.
    fn timestamp_format(&self) -> Option<&str> {
        None
    }

    /// SQL over `input`, run on the rows as they are read.
    fn post_processor(&self) -> Option<&str> {
        None
    }

    /// Writes out the defaults that only this config has.
    fn write_defaults(&self, _json: &mut Value) {}

    /// SQL that yields the rows, and whose it is.
    fn query(&self) -> Option<(Dialect, &str)> {
        None
    }

    /// Where the texts of both are kept, each with its dialect unless that is the engine's.
    fn queries_mut(&mut self) -> Vec<(Option<Dialect>, &mut Option<String>)> {
        Vec::new()
    }

    /// The columns before the post_processor, when the config itself says them.
    fn declared_columns(&self) -> Option<Vec<(String, Option<Dtype>)>> {
        None
    }

    fn file(&mut self) -> Option<FileSlot<'_>> {
        None
    }

    fn check(&self, _me: &Resource, _report: &mut Report) {}
}

impl BatchConfig {
    /// Returns the comparable form: `kind`, and defaults written out.
    pub fn canonical(&self) -> Value {
        let mut json = serde_json::to_value(self).expect("configs hold only plain data");
        json["data_delay"] = json!(self.data_delay());
        self.config().write_defaults(&mut json);
        if let Value::Object(object) = &mut json {
            object.retain(|_, value| !value.is_null());
        }
        json
    }

    /// Returns how long after the end of a window its rows are complete; `0s` by default.
    pub fn data_delay(&self) -> Duration {
        self.config().data_delay().unwrap_or(Duration::ZERO)
    }

    pub fn queries(&self) -> Vec<Query<'_>> {
        let config = self.config();
        let post_processor = config.post_processor().map(|text| Query {
            path: "batch_config.post_processor",
            text,
            tables: Some(vec!["input".to_owned()]),
            dialect: None,
        });
        let query = config.query().map(|(dialect, text)| Query {
            path: "batch_config.query",
            text,
            tables: None,
            dialect: Some(dialect),
        });
        post_processor.into_iter().chain(query).collect()
    }

    /// Replaces the text of every query.
    pub fn map_queries(&mut self, map: &MapQuery) {
        for (dialect, query) in self.config_mut().queries_mut() {
            *query = query.as_deref().map(|it| map(dialect, it));
        }
    }

    pub fn files(&mut self) -> Vec<FileSlot<'_>> {
        self.config_mut().file().into_iter().collect()
    }

    pub fn check(&self, me: &Resource, report: &mut Report) {
        self.config().check(me, report);
        if self.data_delay().secs < 0 {
            report
                .error(Code::V016, "batch_config.data_delay", format!("the data_delay of `{}` is negative", me.address))
                .hint("write how long jobs wait after a window, as `1h`");
        }
        if let (Some(field), Some(columns)) = (self.config().timestamp_field(), self.column_names())
            && !columns.iter().any(|it| it.0 == field)
        {
            let has: Vec<_> = columns.iter().map(|it| it.0.as_str()).collect();
            report
                .error(
                    Code::V004,
                    "batch_config.timestamp_field",
                    format!(
                        "timestamp_field `{field}` is not a column that the batch_config of `{}` yields (yields: {})",
                        me.address,
                        has.join(", ")
                    ),
                )
                .hint_if(crate::diagnostic::did_you_mean(field, has));
        }
    }

    /// Returns the columns that come out, with their types where they are known, or `None` when a source must be opened.
    pub fn column_names(&self) -> Option<Vec<(String, Option<Dtype>)>> {
        let declared = self.config().declared_columns();
        match self.config().post_processor() {
            None => declared,
            Some(text) => {
                let input: Option<Vec<String>> = declared.as_ref().map(|it| it.iter().map(|it| it.0.clone()).collect());
                let columns =
                    crate::sql::output_columns(text, &|table| if table == "input" { input.clone() } else { None })?;
                let dtype = |source: &Option<String>| {
                    declared.as_ref()?.iter().find(|it| Some(&it.0) == source.as_ref())?.1.clone()
                };
                Some(columns.into_iter().map(|it| (it.name, dtype(&it.source))).collect())
            }
        }
    }

    /// Returns the field that decides which columns come out, for messages.
    pub fn columns_path(&self) -> &'static str {
        if self.config().post_processor().is_some() { "batch_config.post_processor" } else { "batch_config" }
    }
}

impl Serialize for BatchConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(fields) = self.fields() else { unreachable!("every config is a struct") };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind())?;
        for (key, value) in fields.iter().filter(|it| !it.1.is_null()) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for BatchConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged(deserializer)
    }
}

impl JsonSchema for BatchConfig {
    fn schema_name() -> Cow<'static, str> {
        "BatchConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let shapes: Vec<Value> = Self::schemas(generator)
            .into_iter()
            .map(|(kind, schema)| {
                let mut schema = schema.to_value();
                schema["properties"]["kind"] = json!({ "const": kind });
                let mut required = vec![json!("kind")];
                required.extend(schema["required"].as_array().into_iter().flatten().cloned());
                schema["required"] = json!(required);
                // if/then, not oneOf: an editor then names the field that is wrong, not five shapes that do not fit.
                json!({ "if": { "properties": { "kind": { "const": kind } }, "required": ["kind"] }, "then": schema })
            })
            .collect();
        json_schema!({ "type": "object", "properties": { "kind": { "enum": Self::KINDS } }, "required": ["kind"], "allOf": shapes })
    }
}

/// Reports a config that has both of `table` and `query`, or neither (facts 2.5).
fn check_table_or_query(table: bool, query: bool, me: &Resource, report: &mut Report) {
    let (path, what) = match (table, query) {
        (true, true) => ("batch_config.query", "has both `table` and `query`"),
        (false, false) => ("batch_config", "has neither `table` nor `query`"),
        _ => return,
    };
    report
        .error(Code::V008, path, format!("the batch_config of `{}` {what}", me.address))
        .hint("write exactly one of them");
}

/// Reports an address that holds more than one: what signs in is never stored with a declaration. Whoever shows the
/// line hides what signs in (`secret::hide`).
fn check_address(path: &str, holds_more: bool, me: &Resource, hint: &str, report: &mut Report) {
    if holds_more {
        let field = path.rsplit('.').next().unwrap_or(path);
        let summary =
            format!("the {field} of `{}` holds more than an address: nothing that signs in is recorded", me.address);
        report.error(Code::V016, path, summary).hint(hint);
    }
}

/// Writes the closed set of configs.
macro_rules! configs {
    ($($kind:ident($module:ident::$config:ident)),* $(,)?) => {
        /// Where rows lie and how to read them, told apart by `kind`.
        #[derive(Debug, Clone, PartialEq)]
        pub enum BatchConfig { $($kind($module::$config)),* }

        impl BatchConfig {
            pub const KINDS: &'static [&'static str] = &[$(stringify!($kind)),*];

            pub fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => stringify!($kind)),* }
            }

            pub fn config(&self) -> &dyn Config {
                match self { $(Self::$kind(it) => it),* }
            }

            fn config_mut(&mut self) -> &mut dyn Config {
                match self { $(Self::$kind(it) => it),* }
            }

            fn fields(&self) -> Value {
                match self { $(Self::$kind(it) => serde_json::to_value(it).expect("configs hold only plain data")),* }
            }

            fn schemas(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
                vec![$((stringify!($kind), <$module::$config as JsonSchema>::json_schema(generator))),*]
            }
        }

        impl Tagged for BatchConfig {
            const EXPECTED: &'static str = "a batch config such as `{ kind: HiveConfig, database: ..., table: ... }`";

            fn decode<'de, A: MapAccess<'de>>(kind: &str, rest: A) -> Result<Self, A::Error> {
                match kind {
                    $(stringify!($kind) => Deserialize::deserialize(MapAccessDeserializer::new(rest)).map(Self::$kind),)*
                    other => Err(A::Error::unknown_variant(other, Self::KINDS)),
                }
            }
        }
    };
}
use configs;
