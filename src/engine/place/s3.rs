//! `s3://`: one client a bucket, made from the environment's `AWS_*` variables.

use std::sync::Arc;
use std::time::Duration;

use datafusion::datasource::listing::ListingTableUrl;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::{ClientOptions, RetryConfig};

use crate::engine::core::Core;
use crate::engine::relation::Closed;

/// Variables that say how to sign in: without any of them nobody means S3 to be read.
const SIGN_IN: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SKIP_SIGNATURE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    // On a machine of Amazon's own, which answers for itself.
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

/// Makes the bucket of `url` known to the session.
pub fn register(core: &Core, url: &ListingTableUrl, field: &'static str) -> Result<(), Closed> {
    let bucket = url.object_store();
    if core.session.runtime_env().object_store(&bucket).is_ok() {
        return Ok(());
    }
    let aws = &core.services.aws;
    if !aws.iter().any(|it| SIGN_IN.contains(&it.0.as_str())) {
        return Err(Closed::NotChecked("no credentials for S3 are set (AWS_ACCESS_KEY_ID)".to_owned()));
    }
    if let Some((name, _)) = aws.iter().find(|it| it.1.reveal().chars().any(char::is_control)) {
        let fault = Closed::unreachable(format!("{name} holds a line break, and no request can carry one"));
        return Err(fault.hint(Some(format!("set {name} without it"))));
    }
    let endpoint = aws.iter().rev().find(|it| it.0.starts_with("AWS_ENDPOINT_URL") && !it.0.ends_with("_STS"));
    // A store of one's own is often reached without encryption: its address says so.
    let plain = endpoint.is_some_and(|it| it.1.reveal().starts_with("http://"));
    let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(15), ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new().with_url(url.as_str()).with_retry(retry);
    for (name, value) in aws {
        if let Ok(key) = name.to_lowercase().parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value.reveal());
        }
    }
    if plain {
        builder = builder.with_client_options(ClientOptions::new().with_allow_http(true));
    }
    let store = builder.build().map_err(|it| Closed::fault(field, format!("S3 cannot be set up: {it}")))?;
    core.session.runtime_env().register_object_store(bucket.as_ref(), Arc::new(store));
    Ok(())
}

/// Tells a store that does not answer from one that says no.
pub fn why(uri: &str, field: &'static str, error: &object_store::Error) -> Closed {
    use object_store::Error;
    match error {
        Error::NotFound { .. } => Closed::fault(field, format!("`{uri}` does not exist")),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            let denied = Closed::unreachable(format!("access to `{uri}` is denied"));
            denied.hint(Some("look at the AWS_* variables, and at what they may read".to_owned()))
        }
        other if root(other).contains("404 Not Found") => {
            let bucket = uri.split('/').nth(2).unwrap_or_default();
            Closed::fault(field, format!("the bucket `{bucket}` does not exist"))
        }
        other => Closed::unreachable(format!("`{uri}` does not answer: {}", root(other))),
    }
}

/// The innermost cause, which says what happened; what is round it says who asked.
pub fn root(error: &object_store::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let said = cause.to_string();
    // After the first words comes what the server sent, for programs.
    said.lines().next().unwrap_or_default().split(": <").next().unwrap_or_default().trim().to_owned()
}
