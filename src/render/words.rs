//! Plurals, lists and durations in words, the same everywhere.

use std::fmt::Display;

use crate::resource::Duration;

/// Returns `1 job`, `2 jobs`. Digits are plain, because scripts read them, too.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// Returns the form of the noun for `number`.
pub fn plural(number: usize, noun: &str) -> String {
    match (number, noun) {
        (1, noun) => noun.to_owned(),
        (_, "is") => "are".to_owned(),
        (_, noun) if noun.ends_with("ch") => format!("{noun}es"),
        (_, noun) if noun.ends_with('y') && !noun.ends_with("ey") && !noun.ends_with("ay") => {
            format!("{}ies", &noun[..noun.len() - 1])
        }
        (_, noun) => format!("{noun}s"),
    }
}

/// Returns `a, b and c`.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|it| it.to_string()).collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Returns `every day`, `every 2 hours`.
pub fn every(duration: Duration) -> String {
    for (secs, noun) in [(86_400, "day"), (3_600, "hour"), (60, "minute")] {
        if duration.secs == secs {
            return format!("every {noun}");
        }
        if duration.secs % secs == 0 && duration.secs > 0 {
            return format!("every {}", count((duration.secs / secs).unsigned_abs() as usize, noun));
        }
    }
    format!("every {duration}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_their_numbers() {
        assert_eq!(
            [count(1, "job"), count(0, "job"), count(12_345, "query"), count(2, "branch")].join("; "),
            "1 job; 0 jobs; 12345 queries; 2 branches"
        );
        assert_eq!([list(["a"]), list(["a", "b", "c"])].join("; "), "a; a, b and c");
        assert_eq!(
            [every(Duration::DAY), every(Duration::secs(7200)), every(Duration::secs(90))].join("; "),
            "every day; every 2 hours; every 90s"
        );
    }
}
