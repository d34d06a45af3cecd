//! JSON, one object a line.

use std::collections::VecDeque;
use std::fmt;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::json::ReaderBuilder;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::decode::{Columns, Decode, Fault, is_full};
use super::look::Look;
use super::typed::as_texts;

use crate::engine::place::shape;

/// Lines on their way from bytes to rows.
pub struct Json {
    lines: Lines,
    wanted: Columns,
    texts: SchemaRef,
    batch_size: usize,
}

impl Json {
    pub fn new(wanted: Columns, batch_size: usize) -> Self {
        let texts = match wanted.schema.fields().is_empty() {
            false => as_texts(&wanted.schema),
            // The reader counts rows by their columns: this is one that no object has.
            true => Schema::new(vec![Field::new("\0", DataType::Utf8, true)]).into(),
        };
        Self { lines: Lines::default(), wanted, texts, batch_size }
    }

    /// Returns the rows since the last batch, if there are any.
    fn batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        let lines = std::mem::take(&mut self.lines.whole);
        let text = std::mem::take(&mut self.lines.text);
        if lines.is_empty() {
            return Ok(None);
        }
        // What the reader does not take as a whole is read line by line: then it is known which.
        let texts = match self.decoded(&text, lines.len()) {
            Some(texts) => texts,
            None => {
                let mut start = 0;
                let mut one = |it: &Line| {
                    let line = &text[std::mem::replace(&mut start, it.end)..it.end];
                    self.decoded(line, 1).ok_or_else(|| self.fault(line, it.number))
                };
                let rows = lines.iter().map(&mut one).collect::<Result<Vec<_>, _>>()?;
                concat_batches(&self.texts, &rows).map_err(|it| Fault::whole(it.to_string()))?
            }
        };
        let columns = texts.columns().iter().take(self.wanted.schema.fields().len()).enumerate();
        let columns = columns.map(|(index, it)| self.wanted.typed(index, it, |row| lines[row].number));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(lines.len()));
        let batch = RecordBatch::try_new_with_options(self.wanted.schema.clone(), columns, &options);
        batch.map(Some).map_err(|it| Fault::whole(it.to_string()))
    }

    /// Returns as many objects with every value as text, if `text` holds exactly so many.
    fn decoded(&self, text: &[u8], count: usize) -> Option<RecordBatch> {
        let reader = ReaderBuilder::new(self.texts.clone()).with_coerce_primitive(true).with_batch_size(count + 1);
        let mut decoder = reader.build_decoder().ok()?;
        let is_whole = decoder.decode(text).ok()? == text.len() && !decoder.has_partial_record();
        (is_whole && decoder.len() == count).then(|| decoder.flush().ok().flatten()).flatten()
    }

    /// Returns what is wrong with a line that does not make a row.
    fn fault(&self, line: &[u8], number: u64) -> Fault {
        if let Err(fault) = Object::read(line, number) {
            return fault;
        }
        for (index, field) in self.texts.fields().iter().enumerate() {
            let schema = Schema::new(vec![field.as_ref().clone()]);
            let alone =
                Self { lines: Lines::default(), wanted: Columns::default(), texts: schema.into(), batch_size: 1 };
            if alone.decoded(line, 1).is_none() {
                return self.wanted.no_value(index, number);
            }
        }
        Fault::line(number, "does not make a row")
    }
}

impl Decode for Json {
    fn push(&mut self, bytes: &[u8], full: &mut VecDeque<RecordBatch>) -> Result<(), Fault> {
        for piece in bytes.split_inclusive(|it| *it == b'\n') {
            self.lines.push(piece);
            if is_full(self.lines.whole.len(), self.batch_size, self.lines.text.len()) && self.lines.is_between() {
                full.extend(self.batch()?);
            }
        }
        Ok(())
    }

    fn finish(&mut self, full: &mut VecDeque<RecordBatch>) -> Result<(), Fault> {
        self.lines.close();
        full.extend(self.batch()?);
        Ok(())
    }
}

/// The lines of a file that hold something, one after the other.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    whole: Vec<Line>,
    /// How many lines have ended.
    count: u64,
}

struct Line {
    /// Where in the text it ends.
    end: usize,
    /// Counts from 1.
    number: u64,
}

impl Lines {
    /// Adds a piece of a line, with the line break if it ends there.
    fn push(&mut self, piece: &[u8]) {
        self.text.extend_from_slice(piece);
        if piece.last() == Some(&b'\n') {
            self.close();
        }
    }

    fn start(&self) -> usize {
        self.whole.last().map_or(0, |it| it.end)
    }

    fn is_between(&self) -> bool {
        self.start() == self.text.len()
    }

    /// Ends the line; one that holds nothing is none.
    fn close(&mut self) {
        let start = self.start();
        self.count += 1;
        if self.count == 1 && self.text.starts_with("\u{feff}".as_bytes()) {
            self.text.drain(..3);
        }
        match self.text[start..].iter().all(u8::is_ascii_whitespace) {
            true => self.text.truncate(start),
            false => self.whole.push(Line { end: self.text.len(), number: self.count }),
        }
    }
}

/// One object of a line, its values unread.
struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    fn read(line: &'a [u8], number: u64) -> Result<Self, Fault> {
        let text = std::str::from_utf8(line).map_err(|_| Fault::line(number, "is not UTF-8"))?;
        let text = text.trim();
        if text.starts_with('[') {
            return Err(Fault::line(number, shape::AN_ARRAY));
        }
        let object: Self = serde_json::from_str(text).map_err(|it| match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Fault::line(number, "is not an object"),
            Err(_) => Fault::line(number, format!("is not valid JSON: {}", plain(&it.to_string()))),
        })?;
        let mut names: Vec<&str> = object.0.iter().map(|it| it.0.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|it| it[0] == it[1]) {
            Some(twice) => Err(Fault::line(number, format!("has `{}` twice", twice[0]))),
            None => Ok(object),
        }
    }
}

/// Returns what the parser says; the line is known, and the column follows.
fn plain(said: &str) -> String {
    match said.rsplit_once(" at line 1 column ") {
        Some((reason, _)) if reason.starts_with("EOF") => "it ends inside of a value".to_owned(),
        Some(("trailing characters", column)) => format!("more follows the object at column {column}"),
        Some((reason, column)) => format!("{reason} at column {column}"),
        None => said.to_owned(),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Object)
    }
}

/// How deep lists and objects may be in each other: whoever walks them does so by calling itself.
const DEPTH_MAX: usize = 100;

/// What the values of one field looked like.
#[derive(Default)]
struct Found {
    scalars: Look,
    items: Option<Box<Found>>,
    members: Option<Vec<(String, Found)>>,
}

impl Found {
    /// Adds a value, or says why no type holds it and those before.
    fn add(&mut self, value: &RawValue, depth: usize) -> Result<(), &'static str> {
        if depth > DEPTH_MAX {
            return Err("it nests too deeply");
        }
        match value.get().as_bytes() {
            [b'n', ..] => {}
            [b'[', ..] => {
                let items: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|_| "it is not a list")?;
                let found = self.items.get_or_insert_default();
                items.into_iter().try_for_each(|it| found.add(it, depth + 1))?;
            }
            [b'{', ..] => {
                let object: Object = serde_json::from_str(value.get()).map_err(|_| "it is not an object")?;
                let found = self.members.get_or_insert_default();
                let mut members = object.0.into_iter().enumerate();
                members.try_for_each(|(at, it)| member(found, at, it.0).add(it.1, depth + 1))?;
            }
            [b'"', ..] => self.scalars = self.scalars.and(Look::TEXT),
            _ => self.scalars = self.scalars.and(Look::number(value.get()).unwrap_or_else(|| Look::of(value.get()))),
        }
        let kinds = [self.scalars != Look::default(), self.items.is_some(), self.members.is_some()];
        match kinds.iter().filter(|it| **it).count() {
            0 | 1 => Ok(()),
            _ => Err("it is one value in one line, and an array or an object in another"),
        }
    }

    fn data_type(&self) -> DataType {
        match (&self.items, &self.members) {
            (Some(items), _) => DataType::new_list(inner(items.data_type()), true),
            (_, Some(members)) => DataType::Struct(
                members.iter().map(|(name, it)| Field::new(name, inner(it.data_type()), true)).collect(),
            ),
            _ => self.scalars.data_type(),
        }
    }
}

/// Returns the type of a member or an element; one that is null everywhere is read as text.
fn inner(dtype: DataType) -> DataType {
    if dtype == DataType::Null { DataType::Utf8 } else { dtype }
}

/// Returns the member `name`, which mostly stands where it stood in the object before: at `likely`.
fn member(members: &mut Vec<(String, Found)>, likely: usize, name: String) -> &mut Found {
    let is_there = members.get(likely).is_some_and(|it| it.0 == name);
    let known = if is_there { Some(likely) } else { members.iter().position(|it| it.0 == name) };
    let at = known.unwrap_or_else(|| {
        members.push((name, Found::default()));
        members.len() - 1
    });
    &mut members[at].1
}

/// Finds out what the columns of a JSON file are from its first rows.
#[derive(Default)]
pub struct Sample {
    lines: Lines,
    columns: Vec<(String, Found)>,
    rows: usize,
}

impl Sample {
    /// Adds bytes; says whether `rows` rows have been seen. Without bytes the file is over.
    pub fn push(&mut self, bytes: &[u8], rows: usize) -> Result<bool, Fault> {
        if bytes.is_empty() {
            self.lines.close();
        }
        bytes.split_inclusive(|it| *it == b'\n').for_each(|it| self.lines.push(it));
        let mut start = 0;
        for line in std::mem::take(&mut self.lines.whole) {
            let text = &self.lines.text[std::mem::replace(&mut start, line.end)..line.end];
            if self.rows >= rows {
                return Ok(true);
            }
            for (at, (name, value)) in Object::read(text, line.number)?.0.into_iter().enumerate() {
                let added = member(&mut self.columns, at, name.clone()).add(value, 0);
                added.map_err(|reason| Fault::column(line.number, &name, reason))?;
            }
            self.rows += 1;
        }
        self.lines.text.drain(..start);
        Ok(false)
    }

    pub fn schema(self) -> Schema {
        let fields = self.columns.iter().map(|(name, it)| Field::new(name, it.data_type(), true));
        Schema::new(fields.collect::<Vec<_>>())
    }
}
