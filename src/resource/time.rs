//! Aligned windows and the ranges of backfills: one arithmetic for plans and for workers.

use super::duration::{Duration, Instant};

/// A stretch of time, start inclusive, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Range {
    pub start: Instant,
    pub end: Instant,
}

/// The approximate number of jobs of a backfill by default (facts 8.1).
const JOBS: i64 = 10;

impl Range {
    pub fn secs(self) -> i64 {
        (self.end.secs - self.start.secs).max(0)
    }

    pub fn days(self) -> i64 {
        self.secs() / 86_400
    }

    pub fn is_empty(self) -> bool {
        self.secs() == 0
    }
}

/// Returns the end of the last window that is complete at `now`; a window is complete `delay` after its end.
pub fn last_complete(now: Instant, delay: Duration, window: Duration) -> Instant {
    let width = window.secs.max(1);
    Instant { secs: (now.secs - delay.secs).div_euclid(width) * width }
}

/// Returns the number of jobs for a backfill of `range`: one per window, one per `longest` stretch, or about ten.
pub fn job_count(range: Range, window: Duration, longest: Option<Duration>, incremental: bool) -> i64 {
    let width = window.secs.max(1);
    let ceil = |a: i64, b: i64| (a + b - 1) / b.max(1);
    let windows = ceil(range.secs(), width);
    if range.is_empty() {
        return 0;
    }
    if incremental {
        return windows;
    }
    let stretch = match longest {
        Some(longest) => (longest.secs / width).max(1),
        None => ceil(windows, JOBS),
    };
    ceil(windows, stretch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn jobs_are_about_ten_unless_said() {
        let range = Range { start: at("2022-10-10"), end: at("2026-11-21") };
        let day = Duration::DAY;
        assert_eq!(job_count(range, day, None, false), 10);
        assert_eq!(job_count(range, day, Some(Duration::secs(86_400 * 365)), false), 5);
        assert_eq!(job_count(range, day, None, true), 1503);
        assert_eq!(job_count(Range { start: at("2022-10-10"), end: at("2022-10-13") }, day, None, false), 3);
        assert_eq!(job_count(Range { start: at("2022-10-13"), end: at("2022-10-10") }, day, None, false), 0);
    }
}
