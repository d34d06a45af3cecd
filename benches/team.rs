//! The entity, the source and the services of a team, as YAML. Its views are in `view.rs`.

/// How many declarations a team has.
pub const TEAM_SIZE: usize = 13;

const NOUNS: [&str; 10] =
    ["user", "card", "merchant", "ad", "keyword", "session", "device", "order", "seller", "listing"];
/// What the views of a team are about, by their place.
pub const TOPICS: [&str; 9] =
    ["activity", "spend", "velocity", "recency", "profile", "quality", "overlap", "trend", "history"];
const NUMBERS: [(&str, &str); 7] = [
    ("amount", "Float64"),
    ("quantity", "Int64"),
    ("price", "Float64"),
    ("latency_ms", "Int64"),
    ("score", "Float64"),
    ("clicks", "Int64"),
    ("distance_km", "Float64"),
];
const TEXTS: [&str; 5] = ["country", "category", "channel", "currency", "browser"];
const FLAGS: [&str; 3] = ["approved", "is_new", "converted"];

/// Thirteen declarations that belong together.
#[derive(Clone, Copy)]
pub struct Team {
    pub index: usize,
}

/// The two services of a team.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Over the first five views, which are all online
    Serving,
    /// Over the others: of every other team, for training only
    Second,
}

/// Where a team's rows come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Files,
    Pushed,
    PushedAndHive,
}

impl Team {
    pub fn rows(self) -> Rows {
        match self.index % 4 {
            0 => Rows::PushedAndHive,
            2 => Rows::Pushed,
            _ => Rows::Files,
        }
    }

    /// Returns the earlier team that this one leans on: one with rows of the same sort, pushed or in files.
    pub fn elder(self) -> Option<Self> {
        Some(Self { index: self.index.checked_sub(2)? })
    }

    pub fn noun(self) -> &'static str {
        NOUNS[self.index % NOUNS.len()]
    }

    pub fn entity(self) -> String {
        format!("{}_{:05}", self.noun(), self.index)
    }

    pub fn source(self) -> String {
        let rows = if self.rows() == Rows::Files { "rows" } else { "events" };
        format!("{}_{rows}_{:05}", self.noun(), self.index)
    }

    pub fn view(self, place: usize) -> String {
        format!("{}_{}_{:05}", self.noun(), TOPICS[place], self.index)
    }

    pub fn service(self, which: Service) -> String {
        let purpose = match which {
            Service::Serving => "ranking",
            Service::Second if self.trains() => "training",
            Service::Second => "scoring",
        };
        format!("{}_{purpose}_{:05}", self.noun(), self.index)
    }

    /// Says whether the second service is for training only.
    pub fn trains(self) -> bool {
        self.index % 2 == 1
    }

    pub fn key(self) -> String {
        format!("{}_id", self.noun())
    }

    /// Returns the second key of every row: that of the elder team's entity.
    pub fn elder_key(self) -> String {
        format!("{}_id", NOUNS[(self.index + NOUNS.len() - 2) % NOUNS.len()])
    }

    /// Returns one of the three numeric columns, with its type.
    pub fn number(self, nth: usize) -> (&'static str, &'static str) {
        NUMBERS[(self.index + nth) % NUMBERS.len()]
    }

    pub fn text(self) -> &'static str {
        TEXTS[self.index % TEXTS.len()]
    }

    pub fn flag(self) -> &'static str {
        FLAGS[self.index % FLAGS.len()]
    }

    /// Returns the columns of the source, which are also those of every view of it.
    fn columns(self) -> [(String, &'static str); 8] {
        let number = |nth| (self.number(nth).0.to_owned(), self.number(nth).1);
        let (text, flag) = ((self.text().to_owned(), "String"), (self.flag().to_owned(), "Bool"));
        let time = ("timestamp".to_owned(), "Timestamp");
        [(self.key(), "String"), (self.elder_key(), "String"), time, number(0), number(1), number(2), text, flag]
    }

    /// Returns the fields that every kind has.
    pub fn header(self, kind: &str, name: &str, description: &str) -> String {
        let owner = format!("{}-team@example.com", self.noun());
        let release = ["production", "staging", "experiment"][self.index % 3];
        let tags = match self.index % 2 {
            0 => format!("tags: {{ release: {release}, domain: \"{}\" }}\n", self.index / 10),
            _ => format!("tags:\n  release: {release}\n  domain: \"{}\"\n", self.index / 10),
        };
        format!("kind: {kind}\nname: {name}\ndescription: {description}\nowner: {owner}\n{tags}")
    }

    pub fn entity_text(self) -> String {
        let noun = self.noun();
        let header =
            self.header("Entity", &self.entity(), &format!("Who or what the features of each {noun} are about"));
        format!("{header}join_keys:\n  - {{ name: {}, dtype: String }}\n", self.key())
    }

    pub fn source_text(self) -> String {
        let (noun, name) = (self.noun(), self.source());
        match self.rows() {
            Rows::Files => format!(
                "{}{}",
                self.header("BatchSource", &name, &format!("One row for each change of the {noun}")),
                self.file_config()
            ),
            Rows::Pushed => format!(
                "{}{}",
                self.header("PushSource", &name, &format!("Events of the {noun}, as they happen")),
                self.schema("schema", "")
            ),
            Rows::PushedAndHive => {
                let header =
                    self.header("PushSource", &name, &format!("Events of the {noun}, with their history in Hive"));
                format!("{header}{}{}", self.schema("schema", ""), self.hive_config())
            }
        }
    }

    /// Returns the columns as a list below `field`.
    pub fn schema(self, field: &str, indent: &str) -> String {
        let fields: String = self
            .columns()
            .iter()
            .map(|(name, dtype)| format!("{indent}  - {{ name: {name}, dtype: {dtype} }}\n"))
            .collect();
        format!("{indent}{field}:\n{fields}")
    }

    fn file_config(self) -> String {
        let (noun, index) = (self.noun(), self.index);
        let (uri, format) = match self.index % 4 {
            1 => (format!("s3://lake/{noun}/{index:05}/"), "parquet"),
            _ => (format!("data/{noun}_{index:05}.csv"), "csv"),
        };
        let columns = match format {
            "csv" => format!("  # CSV carries no types.\n{}", self.schema("schema_override", "  ")),
            _ => String::new(),
        };
        format!(
            "batch_config:
  kind: FileConfig
  uri: {uri}
  file_format: {format}
  timestamp_field: timestamp
  data_delay: 2h
{columns}"
        )
    }

    fn hive_config(self) -> String {
        let plain: Vec<String> = self.columns()[3..].iter().map(|it| it.0.clone()).collect();
        format!(
            "batch_config:
  kind: HiveConfig
  database: lake
  table: {noun}_events_{index:05}
  timestamp_field: timestamp
  datetime_partition_columns:
    - {{ column_name: ds, datepart: date, zero_padded: true }}
  data_delay: 1h
  # The table names its keys and its time otherwise.
  post_processor: |
    SELECT {noun}_uuid AS {key}, {elder}, ts AS timestamp,
           {plain}
    FROM input
",
            noun = self.noun(),
            index = self.index,
            key = self.key(),
            elder = self.elder_key(),
            plain = plain.join(", "),
        )
    }
}
