//! Tokens of others: each key verifies by its own name and its own algorithm, and nothing else.

use std::path::{Path, PathBuf};

use atalaya::auth::{Keys, LoginLinks, Revocations, TableKeys, TokenError, Verifiers};
use atalaya::clock::Clock;
use atalaya::config::{self, KeyAlgorithm, Secret};
use atalaya::domain::{Endpoint, TenantId, Timestamp};
use atalaya::gateway::{Close, Doorman, Refusal};
use atalaya::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::world::SECRET;

const NOW_S: i64 = 1_800_000_000;

/// What stands before the point of a public key on P-256.
const BEFORE_POINT: usize = 26;

/// What stands before a private key of RSA in PKCS #8.
const BEFORE_RSA: usize = 26;

/// A key pair, and the public half in a file.
struct Pair {
    file: PathBuf,
    pem: Vec<u8>,
    private: EncodingKey,
}

fn pair(folder: &Path, algorithm: KeyAlgorithm) -> Pair {
    let is_rsa = algorithm == KeyAlgorithm::Rs256;
    let kind = if is_rsa { &rcgen::PKCS_RSA_SHA256 } else { &rcgen::PKCS_ECDSA_P256_SHA256 };
    let key = rcgen::KeyPair::generate_for(kind).unwrap();
    let public = STANDARD.encode(rcgen::PublicKeyData::subject_public_key_info(&key));
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{public}\n-----END PUBLIC KEY-----\n").into_bytes();
    let file = folder.join(format!("{algorithm:?}.pem"));
    std::fs::write(&file, &pem).unwrap();
    let der = key.serialize_der();
    // Of RSA the library wants what stands in PKCS #8, without that.
    let private =
        if is_rsa { EncodingKey::from_rsa_der(&der[BEFORE_RSA..]) } else { EncodingKey::from_ec_der(&der) };
    Pair { file, pem, private }
}

fn key(kid: &str, algorithm: KeyAlgorithm, file: &Path) -> config::Key {
    config::Key { kid: kid.into(), algorithm, file: file.to_owned() }
}

fn claims() -> Value {
    json!({"sub": "ana", "tenant_id": 7, "roles": ["waiter"], "exp": NOW_S + 60})
}

fn signed(algorithm: Algorithm, kid: Option<&str>, key: &EncodingKey, claims: &Value) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

#[test]
fn a_key_verifies_by_its_own_name_and_its_own_algorithm_only() {
    let folder = tempfile::tempdir().unwrap();
    let (rsa, ec) = (pair(folder.path(), KeyAlgorithm::Rs256), pair(folder.path(), KeyAlgorithm::Es256));
    let shared = folder.path().join("shared");
    std::fs::write(&shared, "the secret of another system, long enough\n").unwrap();
    let others = Verifiers::read(&[
        key("pos", KeyAlgorithm::Rs256, &rsa.file),
        key("app", KeyAlgorithm::Es256, &ec.file),
        key("old", KeyAlgorithm::Hs256, &shared),
    ]);
    let clock = Clock::held_at(Timestamp::from_millis(NOW_S * 1000));
    let keys = Keys::new(&Secret::new(SECRET.into()), clock).with_others(others.unwrap());
    let secret = |text: &[u8]| EncodingKey::from_secret(text);
    let (own, old) = (secret(SECRET.as_bytes()), secret(b"the secret of another system, long enough"));
    for (algorithm, kid, key) in [
        (Algorithm::RS256, Some("pos"), &rsa.private),
        (Algorithm::ES256, Some("app"), &ec.private),
        (Algorithm::HS256, Some("old"), &old),
        (Algorithm::HS256, None, &own),
        (Algorithm::HS256, Some("a name that is nobody's"), &own),
    ] {
        let caller = keys.check(&signed(algorithm, kid, key, &claims()));
        assert_eq!(caller.map(|caller| caller.tenant.get()), Ok(7), "{algorithm:?} {kid:?}");
    }
    let point = &SubjectPublicKeyInfoDer::from_pem_slice(&ec.pem).unwrap()[BEFORE_POINT..].to_vec();
    let der = SubjectPublicKeyInfoDer::from_pem_slice(&rsa.pem).unwrap().to_vec();
    for (algorithm, kid, key) in [
        // A public key is no secret: the attack by which who has it signs as its owner.
        (Algorithm::HS256, Some("pos"), &secret(&rsa.pem)),
        (Algorithm::HS256, Some("pos"), &secret(&der)),
        (Algorithm::HS256, Some("app"), &secret(&ec.pem)),
        (Algorithm::HS256, Some("app"), &secret(point)),
        (Algorithm::HS256, None, &secret(&rsa.pem)),
        // Nor is our own secret good by another's name, another algorithm of the same key, or another's key.
        (Algorithm::HS256, Some("pos"), &own),
        (Algorithm::HS256, Some("old"), &own),
        (Algorithm::RS384, Some("pos"), &rsa.private),
        (Algorithm::PS256, Some("pos"), &rsa.private),
        (Algorithm::RS256, Some("app"), &rsa.private),
        (Algorithm::RS256, None, &rsa.private),
        (Algorithm::ES256, Some("pos"), &ec.private),
        (Algorithm::ES256, Some("nobody"), &ec.private),
    ] {
        let token = signed(algorithm, kid, key, &claims());
        assert_eq!(keys.check(&token), Err(TokenError::Invalid), "{algorithm:?} {kid:?}");
    }
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for kid in ["pos", "app", "old"] {
        let head = encode(json!({"alg": "none", "typ": "JWT", "kid": kid}));
        assert_eq!(keys.check(&format!("{head}.{}.", encode(claims()))), Err(TokenError::Invalid));
    }
}

#[test]
fn nobody_elses_token_logs_in_to_the_console() {
    let folder = tempfile::tempdir().unwrap();
    let ec = pair(folder.path(), KeyAlgorithm::Es256);
    let others = Verifiers::read(&[key("app", KeyAlgorithm::Es256, &ec.file)]).unwrap();
    let clock = Clock::held_at(Timestamp::from_millis(NOW_S * 1000));
    let keys = Keys::new(&Secret::new(SECRET.into()), clock.clone()).with_others(others);
    let links = LoginLinks::new(keys.clone(), clock);
    let mut claims = claims();
    claims["purpose"] = "login".into();
    claims["jti"] = "name".into();
    claims["iat"] = NOW_S.into();
    let token = signed(Algorithm::ES256, Some("app"), &ec.private, &claims);
    assert_eq!(links.redeem(&token), Err(TokenError::Invalid));
    assert_eq!(keys.check(&token), Err(TokenError::Invalid));
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (rsa, ec) = (pair(folder.path(), KeyAlgorithm::Rs256), pair(folder.path(), KeyAlgorithm::Es256));
    let short = folder.path().join("short");
    std::fs::write(&short, "short").unwrap();
    for (algorithm, file, says) in [
        (KeyAlgorithm::Rs256, &ec.file, "no RSA key"),
        (KeyAlgorithm::Es256, &rsa.file, "P-256"),
        (KeyAlgorithm::Hs256, &rsa.file, "no secret"),
        (KeyAlgorithm::Hs256, &short, "5 bytes"),
        (KeyAlgorithm::Rs256, &short, "BEGIN PUBLIC KEY"),
        (KeyAlgorithm::Rs256, &folder.path().join("nothing"), "nothing"),
    ] {
        let error = Verifiers::read(&[key("pos", algorithm, file)]).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("\"pos\""), "{error}");
    }
}

#[tokio::test]
async fn who_may_have_been_revoked_comes_later_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(None, folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let clock = Clock::held_at(Timestamp::from_millis(NOW_S * 1000));
    let revocations = Revocations::new(store, clock.clone());
    let doorman = Doorman {
        keys: Keys::new(&Secret::new(SECRET.into()), clock.clone()),
        tables: TableKeys::new([].into(), Secret::new(SECRET.into()), clock),
        revocations: revocations.clone(),
    };
    let mut claims = claims();
    let mut token = |name: Option<&str>| {
        claims["jti"] = name.into();
        signed(Algorithm::HS256, None, &EncodingKey::from_secret(SECRET.as_bytes()), &claims)
    };
    let (nameless, named, revoked) = (token(None), token(Some("known")), token(Some("revoked")));
    let identify = |token| doorman.identify(Endpoint::Waiter, token).map(drop);
    revocations.add(TenantId::new(7).unwrap(), "revoked", None);
    let unsure = Refusal::Token(TokenError::Unsure);
    assert_eq!(unsure.close(), Close::TryLater);
    assert_eq!([identify(&nameless), identify(&named)], [Ok(()), Err(unsure)]);
    assert_eq!(identify(&revoked), Err(Refusal::Token(TokenError::Revoked)));
    revocations.learn(Timestamp::from_millis(0)).await.unwrap();
    assert_eq!([identify(&nameless), identify(&named)], [Ok(()), Ok(())]);
}
