//! A certificate authority of a test's own, and what it has signed.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Files of who signs, and of a certificate for this machine.
pub(crate) struct Certificate {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    folder: tempfile::TempDir,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let (certificate, key) = (file("certificate.pem"), file("key.pem"));
        let mut new = Self { ca: PathBuf::new(), certificate, key, folder };
        new.replace();
        new
    }

    /// Puts others of another authority in their place; where the old authority stands.
    pub(crate) fn replace(&mut self) -> PathBuf {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let ca = self.folder.path().join(format!("ca-{:x}.pem", rand::random::<u64>()));
        write(&ca, "CERTIFICATE", params.self_signed(&key).unwrap().der());
        let (issuer, key) = (Issuer::new(params, key), KeyPair::generate().unwrap());
        let params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        write(&self.certificate, "CERTIFICATE", params.signed_by(&key, &issuer).unwrap().der());
        write(&self.key, "PRIVATE KEY", &key.serialize_der());
        std::mem::replace(&mut self.ca, ca)
    }
}

fn write(file: &Path, kind: &str, der: &[u8]) {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    std::fs::write(file, format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")).unwrap();
}
