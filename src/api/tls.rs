//! HTTPS: who the server is, and the handshake with which it shows it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use crate::config;
use crate::gateway::Line;

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("`server.tls`: {path}: {reason}")]
    File { path: PathBuf, reason: pem::Error },
    #[error("`server.tls`: {path} holds no certificate in PEM")]
    Empty { path: PathBuf },
    #[error("`server.tls`: {0}")]
    Unfit(#[from] rustls::Error),
}

/// What the server shows; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tls {
    files: Arc<config::Tls>,
    shown: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// Reads the files of `files`.
    ///
    /// # Errors
    /// When they are not there, or the key is not the certificate's.
    pub fn read(files: &config::Tls) -> Result<Self, TlsError> {
        let shown = Arc::new(RwLock::new(Arc::new(read(files)?)));
        Ok(Self { files: Arc::new(files.clone()), shown })
    }

    /// Reads them again: from now on they are shown to whoever comes.
    ///
    /// # Errors
    /// As [`Tls::read`]; what was shown is shown further on.
    pub fn renew(&self) -> Result<(), TlsError> {
        let read = Arc::new(read(&self.files)?);
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// Shakes hands with a client.
    pub(super) async fn accept(&self, tcp: TcpStream) -> io::Result<Way> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Either::Right(Box::new(TlsAcceptor::from(shown).accept(tcp).await?)))
    }
}

fn read(files: &config::Tls) -> Result<ServerConfig, TlsError> {
    let failed = |path: &Path, reason| TlsError::File { path: path.to_owned(), reason };
    let path = &files.certificate;
    let chain = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|reason| failed(path, reason))?;
    if chain.is_empty() {
        return Err(TlsError::Empty { path: path.clone() });
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|reason| failed(&files.key, reason))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut shown = versions.with_no_client_auth().with_single_cert(chain, key)?;
    shown.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(shown)
}

/// How a client's bytes come: as they are, or by TLS.
pub(super) type Way = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// The socket that a way leads over.
pub(super) fn tcp(way: &Way) -> &TcpStream {
    match way {
        Either::Left(tcp) => tcp,
        Either::Right(stream) => stream.get_ref().0,
    }
}

/// The same for those who look after it themselves.
pub(super) fn line(way: Way) -> Line {
    match way {
        Either::Left(tcp) => tcp.into(),
        Either::Right(stream) => (*stream).into(),
    }
}
