//! CSV, as RFC 4180 has it: the first line names the columns, and a record has as many fields as that.

use std::collections::VecDeque;
use std::sync::Arc;

use csv_core::ReadRecordResult;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Schema};

use super::decode::{Columns, Decode, Fault, is_full};

/// Records on their way from bytes to rows. An empty field is null, in quotes or not.
pub struct Csv {
    reader: csv_core::Reader,
    record: Record,
    /// How many fields the header has, once it is read.
    width: Option<usize>,
    /// Until the header is read, nothing where every column is wanted.
    wanted: Option<Columns>,
    texts: Vec<StringBuilder>,
    /// The line that each row starts in.
    lines: Vec<u64>,
    bytes: usize,
    batch_size: usize,
    last_byte: u8,
}

/// The record that is being read.
struct Record {
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    fields: usize,
    count: u64,
}

impl Record {
    /// Returns a field's text.
    fn field(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |it| self.ends[it]);
        &self.text[start..self.ends[index]]
    }

    /// Returns the line that the record starts in; `line` is the one that the reader is in, after `last_byte`.
    fn line(&self, line: u64, last_byte: u8) -> u64 {
        // Where lines end with a carriage return alone, the reader counts none.
        if line == 1 {
            return self.count + 1;
        }
        let inside = self.text[..self.text_len].iter().filter(|it| **it == b'\n').count() as u64;
        line - u64::from(last_byte == b'\n') - inside
    }
}

impl Csv {
    /// Reads the columns that are `wanted`, which says where in a record each stands; without, all of them as text.
    pub fn new(wanted: Option<Columns>, batch_size: usize) -> Self {
        let texts = wanted.iter().flat_map(|it| it.places.iter()).map(|_| StringBuilder::new()).collect();
        let record = Record { text: vec![0; 4096], text_len: 0, ends: vec![0; 64], fields: 0, count: 0 };
        let (reader, lines) = (csv_core::Reader::new(), Vec::new());
        Self { reader, record, width: None, wanted, texts, lines, bytes: 0, batch_size, last_byte: 0 }
    }

    /// Goes on with `bytes`.
    fn read(&mut self, mut bytes: &[u8], full: &mut VecDeque<RecordBatch>) -> Result<(), Fault> {
        loop {
            let record = &mut self.record;
            let (result, taken, written, ends) =
                self.reader.read_record(bytes, &mut record.text[record.text_len..], &mut record.ends[record.fields..]);
            if let Some(last) = taken.checked_sub(1) {
                self.last_byte = bytes[last];
            }
            bytes = &bytes[taken..];
            record.text_len += written;
            record.fields += ends;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Ok(()),
                ReadRecordResult::OutputFull => record.text.resize(record.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize(record.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    self.take_record()?;
                    if is_full(self.lines.len(), self.batch_size, self.bytes) {
                        full.extend(self.batch()?);
                    }
                }
            }
        }
    }

    fn take_record(&mut self) -> Result<(), Fault> {
        let record = &self.record;
        let line = record.line(self.reader.line(), self.last_byte);
        match self.width {
            None => self.take_header()?,
            Some(width) if width != record.fields => {
                let fields = if record.fields == 1 { "field" } else { "fields" };
                let reason = format!("has {} {fields}, and the header {width}", record.fields);
                return Err(Fault::line(line, reason));
            }
            Some(_) => {
                let wanted = self.wanted.iter().flat_map(|it| it.places.iter().zip(it.schema.fields()));
                for ((place, column), texts) in wanted.zip(&mut self.texts) {
                    match std::str::from_utf8(record.field(*place)) {
                        Ok("") => texts.append_null(),
                        Ok(text) => texts.append_value(text),
                        Err(_) => return Err(Fault::column(line, column.name(), "it is not UTF-8")),
                    }
                }
                self.lines.push(line);
                self.bytes += record.text_len;
            }
        }
        let record = &mut self.record;
        (record.text_len, record.fields) = (0, 0);
        record.count += 1;
        Ok(())
    }

    fn take_header(&mut self) -> Result<(), Fault> {
        self.width = Some(self.record.fields);
        if self.wanted.is_none() {
            let name = |it| std::str::from_utf8(self.record.field(it)).map_err(|_| Fault::line(1, "is not UTF-8"));
            let names = (0..self.record.fields).map(name).collect::<Result<Vec<_>, _>>()?;
            let fields = names.into_iter().map(|it| Field::new(it, DataType::Utf8, true)).collect::<Vec<_>>();
            self.texts = fields.iter().map(|_| StringBuilder::new()).collect();
            self.wanted = Some(Columns::all(Arc::new(Schema::new(fields))));
        }
        Ok(())
    }

    /// Returns the columns, once the header is read.
    pub fn columns(&self) -> Option<&Columns> {
        self.wanted.as_ref()
    }

    /// Returns the rows since the last batch, if there are any.
    fn batch(&mut self) -> Result<Option<RecordBatch>, Fault> {
        let lines = std::mem::take(&mut self.lines);
        self.bytes = 0;
        let Some(wanted) = self.wanted.as_ref().filter(|_| !lines.is_empty()) else { return Ok(None) };
        let mut columns = Vec::new();
        for (index, texts) in self.texts.iter_mut().enumerate() {
            let texts: ArrayRef = Arc::new(texts.finish());
            columns.push(wanted.typed(index, &texts, |row| lines[row])?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(lines.len()));
        let batch = RecordBatch::try_new_with_options(wanted.schema.clone(), columns, &options);
        batch.map(Some).map_err(|it| Fault::whole(it.to_string()))
    }
}

impl Decode for Csv {
    fn push(&mut self, bytes: &[u8], full: &mut VecDeque<RecordBatch>) -> Result<(), Fault> {
        // To the reader, no bytes mean that the file is over.
        if bytes.is_empty() { Ok(()) } else { self.read(bytes, full) }
    }

    fn finish(&mut self, full: &mut VecDeque<RecordBatch>) -> Result<(), Fault> {
        // A line break ends whatever record is left; inside of quotes it is text like any other.
        self.read(b"\n", full)?;
        if self.record.text_len > 0 || self.record.fields > 0 {
            let inside = self.record.text[..self.record.text_len].iter().filter(|it| **it == b'\n').count() as u64;
            return Err(Fault::line(self.reader.line() - inside, "opens a quote that is never closed"));
        }
        full.extend(self.batch()?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `text` in pieces of `size` bytes; of every row its line and its cells.
    fn read(text: &str, size: usize) -> Result<Vec<String>, String> {
        let (mut csv, mut full) = (Csv::new(None, 100), VecDeque::new());
        let pieces = text.as_bytes().chunks(size).try_for_each(|it| csv.push(it, &mut full));
        pieces.and_then(|()| csv.read(b"\n", &mut full)).map_err(|it| it.to_string())?;
        let lines = csv.lines.clone();
        csv.finish(&mut full).map_err(|it| it.to_string())?;
        let rows = full.iter().flat_map(|batch| {
            (0..batch.num_rows()).map(|row| {
                let cells = batch.columns().iter().map(|it| {
                    let texts = datafusion::arrow::array::AsArray::as_string::<i32>(it);
                    texts.iter().nth(row).flatten().unwrap_or("null").to_owned()
                });
                cells.collect::<Vec<_>>().join("|")
            })
        });
        Ok(lines.iter().zip(rows).map(|(line, row)| format!("{line}: {row}")).collect())
    }

    #[test]
    fn records_know_the_line_that_they_start_in() {
        let wide = format!("a,b\n1,{}\nx,y\n", "z".repeat(9000));
        for (text, expected) in [
            ("a,b\n1,2\n3,4\n", Ok(vec!["2: 1|2", "3: 3|4"])),
            ("a,b\r\n1,2\r\n3,4\r\n", Ok(vec!["2: 1|2", "3: 3|4"])),
            ("a,b\r1,2\r3,4\r", Ok(vec!["2: 1|2", "3: 3|4"])),
            ("\u{feff}a,b\n\n\n1,2\n", Ok(vec!["4: 1|2"])),
            ("a,b\n\"1\n1\",\"2,\"\"2\"\"\"\n3,4\n\n5,6\n", Ok(vec!["2: 1\n1|2,\"2\"", "4: 3|4", "6: 5|6"])),
            ("a,b\n\"1\r\n1\",2\r\n3,4\r\n", Ok(vec!["2: 1\r\n1|2", "4: 3|4"])),
            ("a,b\n,\"\"\n", Ok(vec!["2: null|null"])),
            ("a,b\n1\n", Err("line 2 has 1 field, and the header 2")),
            ("a,b\n\n1,2,3\n", Err("line 3 has 3 fields, and the header 2")),
            ("a,b\n1,2\n3,\"4\n5,6\n", Err("line 3 opens a quote that is never closed")),
            ("a,b\n1,\"", Err("line 2 opens a quote that is never closed")),
            ("a\n\"", Err("line 2 opens a quote that is never closed")),
            (wide.as_str(), Ok(vec![&*wide[4..].trim_end().replace(',', "|").replace('\n', ";")])),
        ] {
            let expected = match (text == wide, expected) {
                (true, _) => Ok(vec![format!("2: 1|{}", "z".repeat(9000)), "3: x|y".to_owned()]),
                (false, it) => it.map(|it| it.into_iter().map(str::to_owned).collect()).map_err(str::to_owned),
            };
            for size in [1, 2, 3, 7, 100_000] {
                // Lines of rows that are still in the batch: none is full here.
                assert_eq!(read(text, size), expected, "{text:.40?} in pieces of {size}");
            }
        }
    }
}
