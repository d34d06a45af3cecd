//! The type language of columns and features: parsed from and printed as text such as `Array<Int64>`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The type of a column or a feature. Nulls are allowed everywhere (facts 5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dtype {
    Bool,
    Int32,
    Int64,
    Float32,
    Float64,
    String,
    Timestamp,
    Array(Box<Dtype>),
    /// Keys are always `String`.
    Map(Box<Dtype>),
    Struct(Vec<(String, Dtype)>),
}

/// The greatest depth of nested types. A deeper one is a mistake or an attack.
const DEPTH_MAX: usize = 16;

/// The names a user may write, for messages.
pub const NAMES: &[&str] = &[
    "Bool",
    "Int32",
    "Int64",
    "Float32",
    "Float64",
    "String",
    "Timestamp",
    "Array<T>",
    "Map<String, T>",
    "Struct<a: T>",
];

impl Dtype {
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int32 | Self::Int64 | Self::Float32 | Self::Float64)
    }

    pub fn is_integer(&self) -> bool {
        matches!(self, Self::Int32 | Self::Int64)
    }
}

impl FromStr for Dtype {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let dtype = parse(&mut rest, 0).map_err(|it| explain(text, &it))?;
        match rest.trim_start() {
            "" => Ok(dtype),
            extra => Err(explain(text, &format!("`{extra}` follows a complete type"))),
        }
    }
}

/// Returns `what`, or an explanation of a type cut short: YAML ends an unquoted value at the comma inside `{…}`.
fn explain(text: &str, what: &str) -> String {
    let open = text.matches('<').count() > text.matches('>').count();
    if open {
        format!(
            "`{text}` is not a complete type: inside {{…}} YAML ends a value at the comma, so put quotes round it, as in \"Map<String, Int64>\""
        )
    } else {
        what.to_owned()
    }
}

fn parse(rest: &mut &str, depth: usize) -> Result<Dtype, String> {
    if depth > DEPTH_MAX {
        return Err(format!("the type nests deeper than {DEPTH_MAX}"));
    }
    let word = word(rest);
    Ok(match word {
        "Bool" => Dtype::Bool,
        "Int32" => Dtype::Int32,
        "Int64" => Dtype::Int64,
        "Float32" => Dtype::Float32,
        "Float64" => Dtype::Float64,
        "String" => Dtype::String,
        "Timestamp" => Dtype::Timestamp,
        "Array" => {
            expect(rest, "<")?;
            let element = parse(rest, depth + 1)?;
            expect(rest, ">")?;
            Dtype::Array(Box::new(element))
        }
        "Map" => {
            expect(rest, "<")?;
            if parse(rest, depth + 1)? != Dtype::String {
                return Err("the keys of a Map are String".to_owned());
            }
            expect(rest, ",")?;
            let value = parse(rest, depth + 1)?;
            expect(rest, ">")?;
            Dtype::Map(Box::new(value))
        }
        "Struct" => Dtype::Struct(parse_members(rest, depth)?),
        "" => return Err(format!("a type is missing; the types are {}", NAMES.join(", "))),
        other => {
            let hint = crate::diagnostic::closest(
                other,
                ["Bool", "Int32", "Int64", "Float32", "Float64", "String", "Timestamp", "Array", "Map", "Struct"],
            );
            return Err(match hint {
                Some(hint) => format!("`{other}` is not a type, did you mean `{hint}`?"),
                None => format!("`{other}` is not a type; the types are {}", NAMES.join(", ")),
            });
        }
    })
}

fn parse_members(rest: &mut &str, depth: usize) -> Result<Vec<(String, Dtype)>, String> {
    expect(rest, "<")?;
    let mut members: Vec<(String, Dtype)> = Vec::new();
    loop {
        let name = word(rest).to_owned();
        if name.is_empty() {
            return Err("a Struct names each member, as in Struct<a: Int64>".to_owned());
        }
        if members.iter().any(|it| it.0 == name) {
            return Err(format!("the Struct names `{name}` twice"));
        }
        expect(rest, ":")?;
        members.push((name, parse(rest, depth + 1)?));
        *rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => break,
        }
    }
    expect(rest, ">")?;
    Ok(members)
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    *rest = rest.trim_start();
    let end = rest.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    word
}

fn expect(rest: &mut &str, token: &str) -> Result<(), String> {
    *rest = rest.trim_start();
    match rest.strip_prefix(token) {
        Some(after) => {
            *rest = after;
            Ok(())
        }
        None if rest.is_empty() => Err(format!("the type ends where `{token}` is expected")),
        None => Err(format!("`{rest}` stands where `{token}` is expected")),
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("Bool"),
            Self::Int32 => f.write_str("Int32"),
            Self::Int64 => f.write_str("Int64"),
            Self::Float32 => f.write_str("Float32"),
            Self::Float64 => f.write_str("Float64"),
            Self::String => f.write_str("String"),
            Self::Timestamp => f.write_str("Timestamp"),
            Self::Array(element) => write!(f, "Array<{element}>"),
            Self::Map(value) => write!(f, "Map<String, {value}>"),
            Self::Struct(members) => {
                f.write_str("Struct<")?;
                for (index, (name, dtype)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}: {dtype}")?;
                }
                f.write_str(">")
            }
        }
    }
}

impl Serialize for Dtype {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Dtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::parse(deserializer, "a type such as Int64", str::parse)
    }
}

impl JsonSchema for Dtype {
    fn schema_name() -> Cow<'static, str> {
        "Dtype".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Bool, Int32, Int64, Float32, Float64, String, Timestamp, Array<T>, Map<String, T> or Struct<a: T>",
            "pattern": r"^\s*(Bool|Int32|Int64|Float32|Float64|String|Timestamp|Array\s*<.+>|Map\s*<.+>|Struct\s*<.+>)\s*$",
            "examples": ["String", "Int64", "Float64", "Timestamp", "Array<Int64>", "Map<String, Int64>", "Struct<a: Int64>"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_print_as_they_parse() {
        for text in [
            "Int64",
            "Array<Array<String>>",
            "Map<String, Struct<a: Int64, b: Array<Bool>>>",
            "Struct<a: Int64, b: String>",
        ] {
            assert_eq!(text.parse::<Dtype>().unwrap().to_string(), text);
        }
        assert_eq!("Map< String ,Int64 >".parse::<Dtype>().unwrap().to_string(), "Map<String, Int64>");
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let check = |text: &str, expected: &str| assert_eq!(text.parse::<Dtype>().unwrap_err(), expected);
        check("Strin", "`Strin` is not a type, did you mean `String`?");
        check("int64", "`int64` is not a type, did you mean `Int64`?");
        check("Map<Int64, String>", "the keys of a Map are String");
        check("Int64 x", "`x` follows a complete type");
        check(
            "Map<String",
            "`Map<String` is not a complete type: inside {…} YAML ends a value at the comma, so put quotes round it, as in \"Map<String, Int64>\"",
        );
        check("Struct<a: Int64, a: Bool>", "the Struct names `a` twice");
        check(&"Array<".repeat(50), &explain(&"Array<".repeat(50), ""));
    }
}
