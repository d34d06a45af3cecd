//! Signing in to Snowflake: a JSON Web Token signed with a key pair, or a token that was given.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use spki::der::asn1::{Any, BitString};
use spki::der::{Encode, Tag};
use spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfoOwned};

use crate::disk::{SETTINGS_MAX, read_file};
use crate::engine::relation::Closed;
use crate::settings::{Secret, Snowflake};

/// How long a token is good for; Snowflake takes no more than an hour.
const LIFE_SECS: u64 = 59 * 60;

/// `rsaEncryption`, of RFC 8017.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// How requests sign in: with a key pair, or with a token.
pub enum Identity {
    KeyPair {
        user: String,
        pair: Box<RsaKeyPair>,
        /// The fingerprint of the public key, as `DESC USER` shows it.
        fingerprint: String,
    },
    Token(Secret),
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::KeyPair { .. } => "KeyPair",
            Self::Token(_) => "Token",
        })
    }
}

impl Identity {
    /// Takes what is configured; a key file is relative to the repo, which is at `root`.
    pub fn new(services: &Snowflake, root: &Path) -> Result<Self, Closed> {
        let pem = match (&services.private_key, &services.private_key_file) {
            (Some(text), _) => text.reveal().as_bytes().to_vec(),
            (None, Some(file)) if file.contains("-----BEGIN") => {
                let fault = Closed::unreachable("the private_key_file for Snowflake is a key and not the path of one");
                return Err(fault.hint(Some("give the key itself as SNOWFLAKE_PRIVATE_KEY".to_owned())));
            }
            (None, Some(file)) => read_file(&root.join(file), SETTINGS_MAX).map_err(|it| {
                Closed::unreachable(format!("the private key for Snowflake in `{file}` cannot be read: {it}"))
            })?,
            (None, None) => match &services.token {
                Some(token) => return Ok(Self::Token(token.clone())),
                None => {
                    let missing = "no credentials for Snowflake are set (SNOWFLAKE_USER with SNOWFLAKE_PRIVATE_KEY or \
                        SNOWFLAKE_PRIVATE_KEY_FILE, or SNOWFLAKE_TOKEN, or [snowflake] in weir.toml)";
                    return Err(Closed::NotChecked(missing.to_owned()));
                }
            },
        };
        let Some(user) = services.user.as_deref() else {
            return Err(Closed::NotChecked(
                "a private key for Snowflake is set and no user (SNOWFLAKE_USER, or [snowflake] in weir.toml)"
                    .to_owned(),
            ));
        };
        Self::key_pair(user, &pem).ok_or_else(|| {
            let message = "the private key for Snowflake is not an RSA key of 2048 bits or more in unencrypted PKCS #8";
            let hint = "write it in that form, as `openssl pkcs8 -topk8 -nocrypt -in key.pem -out key.p8`";
            Closed::unreachable(message).hint(Some(hint.to_owned()))
        })
    }

    fn key_pair(user: &str, pem: &[u8]) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).ok()?;
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        let fingerprint = fingerprint(pair.public_key().as_ref())?;
        Some(Self::KeyPair { user: user.to_uppercase(), pair: Box::new(pair), fingerprint })
    }

    /// Returns what follows `Bearer` in the header of a request, now.
    pub fn bearer(&self, account: &str) -> Result<String, Closed> {
        let (user, pair, fingerprint) = match self {
            Self::Token(token) => return Ok(token.reveal().to_owned()),
            Self::KeyPair { user, pair, fingerprint } => (user, pair, fingerprint),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
        let claims = json!({
            "iss": format!("{account}.{user}.{fingerprint}"),
            "sub": format!("{account}.{user}"),
            "iat": now,
            "exp": now + LIFE_SECS,
        });
        let part = |it: serde_json::Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let signed = format!("{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Closed::unreachable("the private key for Snowflake does not sign"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns what Snowflake is to take the bearer for, where it has to be told.
    pub fn token_type(&self) -> Option<&'static str> {
        matches!(self, Self::KeyPair { .. }).then_some("KEYPAIR_JWT")
    }
}

/// Returns Snowflake's name for a public key, given as PKCS #1: a digest of the same key with the name of its algorithm.
fn fingerprint(public_key: &[u8]) -> Option<String> {
    let info = SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifier { oid: RSA, parameters: Some(Any::new(Tag::Null, Vec::new()).ok()?) },
        subject_public_key: BitString::from_bytes(public_key).ok()?,
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, &info.to_der().ok()?);
    Some(format!("SHA256:{}", STANDARD.encode(digest)))
}

/// Returns the account that a host is the address of, without what says where it runs.
pub fn account(host: &str) -> String {
    let account = host.split('.').next().unwrap_or(host);
    // Of the address of a connection between accounts the last part is an identifier of its own.
    let global = host.contains(".global.");
    let account = if global { account.split('-').next().unwrap_or(account) } else { account };
    account.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../../../tests/fixtures/snowflake/key.p8");
    /// Of the key above, as openssl says it.
    const FINGERPRINT: &str = include_str!("../../../../tests/fixtures/snowflake/fingerprint.txt");

    #[test]
    fn the_fingerprint_is_the_one_that_openssl_gives() {
        let Some(Identity::KeyPair { fingerprint, user, .. }) = Identity::key_pair("tester", KEY.as_bytes()) else {
            panic!("the key is read");
        };
        assert_eq!((fingerprint.as_str(), user.as_str()), (FINGERPRINT.trim(), "TESTER"));
    }

    #[test]
    fn the_account_is_in_the_host() {
        for (host, expected) in [
            ("myorg-ads.snowflakecomputing.com", "MYORG-ADS"),
            ("xy12345.us-east-1.aws.snowflakecomputing.com", "XY12345"),
            ("myorg-ads.privatelink.snowflakecomputing.com", "MYORG-ADS"),
            ("xy12345-k9.global.snowflakecomputing.com", "XY12345"),
            ("localhost", "LOCALHOST"),
        ] {
            assert_eq!(account(host), expected);
        }
    }

    #[test]
    fn nothing_of_a_key_or_a_token_is_shown() {
        let services = Snowflake { token: Some(Secret::new("hush")), ..Snowflake::default() };
        let shown = format!("{:?}", Identity::new(&services, Path::new(".")));
        assert_eq!(shown, "Ok(Token)");
    }

    #[test]
    fn what_is_no_key_says_which_form_is_wanted() {
        let pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkq\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for text in [pem, "hush", ""] {
            let key = Some(Secret::new(text));
            let services = Snowflake { user: Some("u".to_owned()), private_key: key, ..Snowflake::default() };
            let Err(Closed::Unreachable { message, hint }) = Identity::new(&services, Path::new(".")) else {
                panic!("{text} is no key");
            };
            assert!(message.contains("PKCS #8") && !message.contains("hush") && hint.is_some());
        }
    }
}
