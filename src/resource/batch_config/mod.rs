//! Batch configs: where batch rows lie and how to read them. A new config is one file and two lines here.

mod config;
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

use super::address::Address;
use super::dtype::Dtype;
use super::duration::Duration;
use super::query::{FileSlot, MapQuery, Query};
use super::report::Report;
use super::tagged::{Tagged, tagged};
use crate::diagnostic::Code;
use crate::sql::output_columns;

pub use config::Config;
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

    pub fn check(&self, me: &Address, report: &mut Report) {
        self.config().check(me, report);
        if self.data_delay().secs < 0 {
            report
                .error(Code::V016, "batch_config.data_delay", format!("the data_delay of `{me}` is negative"))
                .hint("write how long jobs wait after a window, as `1h`");
        }
    }

    /// Returns the columns after the post_processor, with known types. `None` when the data must be opened.
    pub fn column_names(&self) -> Option<Vec<(String, Option<Dtype>)>> {
        let declared = self.config().declared_columns();
        match self.config().post_processor() {
            None => declared,
            Some(text) => {
                let input: Option<Vec<String>> = declared.as_ref().map(|it| it.iter().map(|it| it.0.clone()).collect());
                let columns = output_columns(text, &|table| if table == "input" { input.clone() } else { None })?;
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
                // `if`/`then` instead of `oneOf`: an editor then names the wrong field, not five shapes.
                json!({ "if": { "properties": { "kind": { "const": kind } }, "required": ["kind"] }, "then": schema })
            })
            .collect();
        json_schema!({ "type": "object", "properties": { "kind": { "enum": Self::KINDS } }, "required": ["kind"], "allOf": shapes })
    }
}

/// Makes `BatchConfig` from the list of configs.
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
