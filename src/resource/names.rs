//! The rules for names of resources, columns and features.

use super::address::{Address, VARIANTS};
use crate::diagnostic::article;

/// Returns the rule that `name` breaks as the name of a column or a feature: letters, digits, single underscores.
///
/// `__` separates namespace and feature offline (facts 2.5), so it is refused.
pub fn column_name_fault(name: &str) -> Option<String> {
    let starts = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
    if !starts {
        return Some("starts with a letter or `_`".to_owned());
    }
    if name.contains("__") {
        return Some("has single underscores only: `__` separates namespace and feature".to_owned());
    }
    if !name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
        return Some("has only letters, digits and `_`".to_owned());
    }
    (name.len() > 128).then(|| "has at most 128 characters".to_owned())
}

/// Returns the rule that a resource's name breaks: a letter or `_`, then letters, digits, `_`, `-`. Views and services
/// may end in `:variant` (facts 2.2).
pub fn name_fault(address: &Address) -> Option<String> {
    let takes_variant = VARIANTS.contains(&address.kind);
    let (base, variant) = match address.name.split_once(':') {
        Some((base, variant)) => (base, Some(variant)),
        None => (&*address.name, None),
    };
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    if base.is_empty() {
        return Some("it is empty".to_owned());
    }
    if !base.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_') {
        return Some("a name starts with a letter or `_`".to_owned());
    }
    if let Some(odd) = base.chars().find(|it| !word(*it)) {
        return Some(format!("it holds `{}`", odd.escape_default()));
    }
    if address.name.len() > 128 {
        return Some(format!("it has {} characters, and a name has at most 128", address.name.len()));
    }
    match variant {
        Some(_) if !takes_variant => Some(format!("{} takes no variant", article(address.kind.as_str()))),
        Some(variant) if variant.is_empty() || !variant.chars().all(word) => {
            Some("a variant is letters, digits, `_` and `-`, as in `fraud_score:v2`".to_owned())
        }
        _ => None,
    }
}
