//! Keys of others who sign tokens, each by its name.
//!
//! A key is good for its own algorithm and no other, whatever a token's header says: or else a public key, which anybody
//! may have, would be taken for the secret of a token that names HS256.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

use crate::config::{self, KeyAlgorithm, MIN_SECRET_BYTES};

/// `rsaEncryption`, as it stands in a public key.
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A public key of 2048 bits; what is shorter is not believed by the library either.
const MIN_RSA_BYTES: usize = 294;

/// What stands before the point of a public key on P-256.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Why a key cannot be used.
#[derive(Debug, Error)]
#[error("`auth.keys`, {kid:?}: {}: {reason}", path.display())]
pub struct KeyError {
    kid: String,
    path: PathBuf,
    reason: String,
}

/// One key.
#[derive(Clone)]
pub(super) struct Verifier {
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
}

/// Keys by the `kid` of their tokens.
#[derive(Clone, Default)]
pub struct Verifiers(BTreeMap<String, Verifier>);

impl std::fmt::Debug for Verifiers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Verifiers").field(&self.0.keys()).finish()
    }
}

impl Verifiers {
    /// Reads the files of `keys`.
    ///
    /// # Errors
    /// When one cannot be read, or is not for its algorithm.
    pub fn read(keys: &[config::Key]) -> Result<Self, KeyError> {
        let read = keys.iter().map(|key| {
            let decoding = read_key(&key.file, key.algorithm);
            let failed = |reason| KeyError { kid: key.kid.clone(), path: key.file.clone(), reason };
            let validation = validation(algorithm(key.algorithm));
            Ok((key.kid.clone(), Verifier { decoding: decoding.map_err(failed)?, validation }))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The key that a token names.
    pub(super) fn of(&self, token: &str) -> Option<&Verifier> {
        if self.0.is_empty() {
            return None;
        }
        self.0.get(&jsonwebtoken::decode_header(token).ok()?.kid?)
    }
}

/// What the library looks at of a token by `algorithm`: its signature.
pub(super) fn validation(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    // Times are checked against our clock, by `Claims::check_times`; `Claims` cannot be read without `exp`.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    // A token may be meant for other services too.
    validation.validate_aud = false;
    validation
}

fn algorithm(named: KeyAlgorithm) -> Algorithm {
    match named {
        KeyAlgorithm::Hs256 => Algorithm::HS256,
        KeyAlgorithm::Rs256 => Algorithm::RS256,
        KeyAlgorithm::Es256 => Algorithm::ES256,
    }
}

fn read_key(path: &Path, algorithm: KeyAlgorithm) -> Result<DecodingKey, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    if algorithm == KeyAlgorithm::Hs256 {
        let secret = text.trim_ascii();
        return match secret.len() {
            _ if secret.starts_with(b"-----BEGIN") => Err("is no secret, but a key in PEM".into()),
            len if len < MIN_SECRET_BYTES => {
                Err(format!("has {len} bytes, needs {MIN_SECRET_BYTES} or more"))
            }
            _ => Ok(DecodingKey::from_secret(secret)),
        };
    }
    let public = SubjectPublicKeyInfoDer::from_pem_slice(&text);
    let public = public.map_err(|_| "holds no public key in PEM (`BEGIN PUBLIC KEY`)")?;
    match algorithm {
        KeyAlgorithm::Rs256 if !public.windows(RSA.len()).take(MIN_RSA_BYTES).any(|part| part == RSA) => {
            Err("is no RSA key, as RS256 needs".into())
        }
        KeyAlgorithm::Rs256 if public.len() < MIN_RSA_BYTES => Err("is shorter than 2048 bits".into()),
        KeyAlgorithm::Rs256 => Ok(DecodingKey::from_rsa_der(&public)),
        _ => {
            let point = public.strip_prefix(P256).ok_or("is no key on the curve P-256, as ES256 needs")?;
            Ok(DecodingKey::from_ec_der(point))
        }
    }
}
