//! The shape of a file, as far as a few of its bytes show it: what a reader would take for something else, or fall over.

use std::collections::HashMap;

use datafusion::arrow::csv::reader::Format;

/// A Parquet file ends with the length of its footer and its mark.
pub const PARQUET_END: u64 = 8;

/// More than any header takes.
pub const HEADER_MAX: u64 = 1024 * 1024;

/// As many bytes as tell that a file is packed.
pub const MARK_MAX: u64 = 8;

/// What is said of a JSON file that is one array.
pub const AN_ARRAY: &str = "starts an array, and JSON is read as one object a line";

/// Returns what is wrong with the last bytes of a Parquet file of `size` bytes.
pub fn parquet_end(end: &[u8], size: u64) -> Option<String> {
    let Some((length, mark)) = end.split_first_chunk::<4>().filter(|_| size > PARQUET_END) else {
        return Some("it is too short for a Parquet file".to_owned());
    };
    if mark != b"PAR1" {
        return Some("it does not end as a Parquet file does: it is something else, or was cut off".to_owned());
    }
    let footer = u64::from(u32::from_le_bytes(*length));
    (footer > size - PARQUET_END).then(|| "its footer is damaged".to_owned())
}

/// Returns what is wrong with a text file that starts with `start` and is packed.
pub fn packed(start: &[u8]) -> Option<String> {
    const MARKS: &[(&[u8], &str)] = &[
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"\xff\x06\0\0sNaPpY", "snappy"),
        (b"PK\x03\x04", "zip"),
        (b"PAR1", "Parquet"),
    ];
    let (_, name) = MARKS.iter().find(|it| start.starts_with(&it.0[..it.0.len().min(MARK_MAX as usize)]))?;
    Some(match *name {
        "Parquet" => "it is a Parquet file".to_owned(),
        name => format!("it is compressed ({name}), and compressed files are not read"),
    })
}

/// Returns what is wrong with the header of a CSV file, which `start` begins with.
pub fn csv_header(start: &[u8]) -> Option<String> {
    // Bytes that are no text are the reader's to report, with their place.
    let (schema, _) = Format::default().with_header(true).infer_schema(start, Some(0)).ok()?;
    let names: Vec<&str> = schema.fields().iter().map(|it| it.name().as_str()).collect();
    if names.first().is_some_and(|it| it.starts_with('{') || it.starts_with('[')) {
        return Some("its first line looks like JSON".to_owned());
    }
    let mut seen = HashMap::new();
    for (index, name) in names.iter().enumerate() {
        if name.chars().any(char::is_control) {
            return Some(format!("the name of column {} has signs that are no text", index + 1));
        }
        if name.trim().is_empty() {
            return Some(format!("column {} has no name in the first line", index + 1));
        }
        if let Some(first) = seen.insert(*name, index) {
            return Some(format!("columns {} and {} are both called `{name}` in the first line", first + 1, index + 1));
        }
    }
    None
}

/// Returns a reader's message as a person would put it.
pub fn words(said: &str) -> String {
    if said.starts_with("EOF") {
        return "its footer is damaged".to_owned();
    }
    said.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parquet_file_ends_with_a_footer_that_fits_into_it() {
        let end = |length: u32, mark: &[u8]| [&length.to_le_bytes(), mark].concat();
        for (end, size, good) in [
            (end(20, b"PAR1"), 100, true),
            (end(92, b"PAR1"), 100, true),
            (end(93, b"PAR1"), 100, false),
            (end(u32::MAX, b"PAR1"), 100, false),
            (end(20, b"PAR2"), 100, false),
            (end(0, b"PAR1"), 8, false),
            (b"PAR1".to_vec(), 4, false),
        ] {
            assert_eq!(parquet_end(&end, size).is_none(), good, "{end:?} of {size}");
        }
    }

    #[test]
    fn every_column_of_a_csv_file_has_a_name_of_its_own() {
        for (header, fault) in [
            ("a,b\n1,2\n", None),
            ("a,A\n", None),
            ("\"a\",b c\n", None),
            ("a,a\n", Some("columns 1 and 2 are both called `a` in the first line")),
            ("a,\n", Some("column 2 has no name in the first line")),
            ("\0\0", Some("the name of column 1 has signs that are no text")),
            ("{\"a\": 1}\n", Some("its first line looks like JSON")),
            ("", None),
        ] {
            assert_eq!(csv_header(header.as_bytes()).as_deref(), fault, "{header:?}");
        }
    }
}
