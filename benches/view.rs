//! The views of a team, as YAML: streamed and batch, with and without a query, a schema, aggregations.

use crate::team::{Rows, Service, TOPICS, Team};

/// One of the nine views of a team.
#[derive(Clone, Copy)]
pub struct View {
    pub team: Team,
    pub place: usize,
}

impl View {
    /// Returns a number of its own, from which its shape follows.
    fn number(self) -> usize {
        self.team.index * TOPICS.len() + self.place
    }

    fn streams(self) -> bool {
        match self.team.rows() {
            Rows::Files => false,
            Rows::Pushed => true,
            Rows::PushedAndHive => self.place % 3 != 2,
        }
    }

    pub fn aggregates(self) -> bool {
        !matches!(self.number() % 7, 2 | 5)
    }

    /// Returns the elder team whose rows the view joins.
    fn joins(self) -> Option<Team> {
        self.team.elder().filter(|_| self.place == 4 && self.team.rows() == Rows::Files)
    }

    fn has_sql(self) -> bool {
        (self.team.index + self.place).is_multiple_of(2)
    }

    fn has_schema(self) -> bool {
        self.joins().is_some() || self.number() % 5 != 4
    }

    /// Says whether it is served: all that the serving service reads, and the rest unless that is for training only.
    fn online(self) -> bool {
        self.place < 5 || !self.team.trains()
    }

    pub fn declaration(self) -> String {
        let (team, streams) = (self.team, self.streams());
        let kind = if streams { "StreamFeatureView" } else { "BatchFeatureView" };
        let description = format!("The {} of the {}, as of model {}", TOPICS[self.place], team.noun(), self.number());
        let mut text = team.header(kind, &team.view(self.place), &description);
        text += &self.inputs();
        text += &self.query();
        if self.has_schema() {
            text += &team.schema("schema", "");
        } else if self.has_sql() || team.rows() == Rows::Files {
            text += "timestamp_field: timestamp\n";
        }
        text += &if self.aggregates() { self.aggregations() } else { "ttl: 30d\n".to_owned() };
        if self.online() {
            text += "online: true\n";
        }
        if !streams {
            text += "offline: true\n";
        }
        if team.rows() != Rows::Pushed {
            text += &format!("feature_start_time: 2023-{:02}-01\nbatch_schedule: 1d\n", self.number() % 12 + 1);
        }
        if self.online() && !self.number().is_multiple_of(4) {
            text += &self.monitoring();
        }
        text
    }

    fn inputs(self) -> String {
        let team = self.team;
        let sources = match self.joins() {
            Some(elder) => format!("sources: [{}, {}]\n", team.source(), elder.source()),
            None => format!("sources: [{}]\n", team.source()),
        };
        let entities = match team.elder().filter(|_| self.place == 7) {
            Some(elder) => format!("entities:\n  - {}\n  - {}\n", team.entity(), elder.entity()),
            None => format!("entities: [{}]\n", team.entity()),
        };
        sources + &entities
    }

    fn query(self) -> String {
        let team = self.team;
        let (source, key, elder_key, text, flag) =
            (team.source(), team.key(), team.elder_key(), team.text(), team.flag());
        let [first, second, third] = [0, 1, 2].map(|nth| team.number(nth).0);
        let factor = self.number() % 90 + 2;
        if let Some(elder) = self.joins() {
            let elder_source = elder.source();
            return format!(
                "sql: |
  SELECT own.{key}, own.{elder_key}, own.timestamp, own.{first},
         own.{second}, own.{third}, own.{text}, own.{flag}
  FROM {source} AS own
  JOIN {elder_source} AS elder ON own.{elder_key} = elder.{elder_key}
  WHERE elder.timestamp <= own.timestamp
"
            );
        }
        if !self.has_sql() {
            return String::new();
        }
        format!(
            "# What lies below the threshold is noise.
sql: |
  SELECT {key}, {elder_key}, timestamp,
         {first}, {second} * {factor} AS {second},
         coalesce({third}, 0) AS {third},
         lower({text}) AS {text}, {flag}
  FROM {source}
  WHERE {first} > {factor}
"
        )
    }

    fn aggregations(self) -> String {
        let [first, second, third] = [0, 1, 2].map(|nth| self.team.number(nth).0);
        let text = self.team.text();
        let (interval, [short, middle, long]) = match self.streams() {
            true if self.number().is_multiple_of(3) => ("aggregation_interval: 1h\n", ["1h", "1d", "7d"]),
            true => ("", ["15m", "1h", "7d"]),
            false => ("aggregation_interval: 1d\n", ["1d", "7d", "30d"]),
        };
        let spread = ["mean", "stddev_samp", "\"approx_percentile(0.5, 100)\"", "min"][self.number() % 4];
        let seen = ["last_distinct(10)", "approx_count_distinct(8)", "last(5)"][self.number() % 3];
        let peak = match self.number() % 2 {
            0 => format!("  - {{ column: {first}, function: max, time_window: {long}, name: {first}_peak }}\n"),
            _ => format!("  - column: {first}\n    function: max\n    time_window: {long}\n    name: {first}_peak\n"),
        };
        format!(
            "{interval}aggregations:
  - {{ column: {first}, function: sum, time_window: {short}, name: {first}_total }}
{peak}  - {{ column: {second}, function: count, time_window: {middle} }}
  - {{ column: {third}, function: {spread}, time_window: {long} }}
  - {{ column: {text}, function: {seen}, time_window: {long} }}
"
        )
    }

    fn monitoring(self) -> String {
        let email = format!("{}-oncall@example.com", self.team.noun());
        match self.number() % 4 {
            1 => format!("monitoring: {{ monitor_freshness: true, expected_freshness: 3d, alert_email: {email} }}\n"),
            _ => format!("monitoring:\n  monitor_freshness: true\n  expected_freshness: 3d\n  alert_email: {email}\n"),
        }
    }
}

impl Team {
    pub fn service_text(self, which: Service) -> String {
        let what = if which == Service::Serving { "Ranks" } else { "Scores" };
        let mut text = self.header(
            "FeatureService",
            &self.service(which),
            &format!("\"{what} the {}: features of domain {}\"", self.noun(), self.index / 10),
        );
        if which == Service::Serving && self.index.is_multiple_of(5) {
            text += "# Models in production read it.\nprevent_destroy: true\n";
        }
        if which == Service::Second && self.trains() {
            text += "online_serving_enabled: false\n";
        }
        text += "features:\n";
        let places = if which == Service::Serving { 0..5 } else { 5..9 };
        for place in places {
            text += &self.service_entry(place);
        }
        if let Some(elder) = self.elder().filter(|_| which == Service::Second) {
            text += &format!(
                "  - view: {}\n    namespace: elder\n    join_key_map: {{ {}: earlier_{} }}\n",
                elder.view(0),
                elder.key(),
                self.elder_key()
            );
        }
        text
    }

    fn service_entry(self, place: usize) -> String {
        let name = self.view(place);
        match (place, View { team: self, place }.aggregates()) {
            (1 | 6, true) => format!("  - view: {name}\n    features: [{0}_total, {0}_peak]\n", self.number(0).0),
            (3, _) => format!("  - view: {name}\n    namespace: {}\n", TOPICS[place]),
            _ => format!("  - {name}\n"),
        }
    }

    pub fn view_text(self, place: usize) -> String {
        View { team: self, place }.declaration()
    }
}
