//! The secret that tokens are signed with: from the settings, else made once and kept in the data folder.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rand::Rng;
use thiserror::Error;

use crate::config::{Config, Secret, private_folder};

/// Beside the database, so that a backup of the data folder keeps tokens valid.
const FILE_NAME: &str = "jwt.secret";
/// As many random bytes as HS256's hash is long; the file holds them in hexadecimal.
const RANDOM_BYTES: usize = 32;

/// Why there is no secret to sign with.
#[derive(Debug, Error)]
pub enum SecretError {
    #[error(
        "cannot write the signing secret {path}: {reason}; make the folder writable, name another with --data-dir, \
         or set `auth.jwt_secret`"
    )]
    Write { path: PathBuf, reason: io::Error },
    #[error("cannot read the signing secret {path}: {reason}")]
    Read { path: PathBuf, reason: io::Error },
    #[error(
        "the signing secret {path} has {bytes} bytes, needs 32 or more; delete the file to get a new one"
    )]
    Short { path: PathBuf, bytes: usize },
}

/// The secret of `auth.jwt_secret`, else the one kept in `data_dir`, which is made when it is not there.
///
/// # Errors
/// When the file cannot be read, made, or is too short to be safe.
pub fn signing_secret(config: &Config) -> Result<Secret, SecretError> {
    if let Some(secret) = &config.auth.jwt_secret {
        return Ok(secret.clone());
    }
    let path = config.data_dir.join(FILE_NAME);
    match read(&path) {
        Err(SecretError::Read { reason, .. }) if is_absent(reason.kind()) => make(&path),
        read => read,
    }
}

/// Whether [`signing_secret`] would find one rather than make it.
pub fn has_signing_secret(config: &Config) -> bool {
    config.auth.jwt_secret.is_some() || config.data_dir.join(FILE_NAME).exists()
}

fn is_absent(kind: ErrorKind) -> bool {
    // Not a directory: a file stands where a folder should; making the secret will say so.
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn read(path: &Path) -> Result<Secret, SecretError> {
    let text =
        fs::read_to_string(path).map_err(|reason| SecretError::Read { path: path.to_owned(), reason })?;
    let text = text.trim();
    if text.len() < RANDOM_BYTES {
        return Err(SecretError::Short { path: path.to_owned(), bytes: text.len() });
    }
    Ok(Secret::new(text.to_owned()))
}

fn make(path: &Path) -> Result<Secret, SecretError> {
    let failed = |reason| SecretError::Write { path: path.to_owned(), reason };
    if let Some(dir) = path.parent() {
        private_folder(dir).map_err(failed)?;
    }
    let mut bytes = [0; RANDOM_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Written under a name of this process and then linked: a server and a command that start together agree on one
    // secret, and nobody ever reads half of one.
    let draft = path.with_extension(format!("secret.{}", std::process::id()));
    let written = write_private(&draft, &text).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // It may never have come to be; what counts is the error of the write.
    let _ = fs::remove_file(&draft);
    written.map_err(failed)?;
    read(path)
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config_in(dir: &Path) -> Config {
        Config { data_dir: dir.to_owned(), ..Config::default() }
    }

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let config = config_in(&dir.path().join("new"));
        let first = signing_secret(&config).unwrap();
        let again = signing_secret(&config).unwrap();
        assert_eq!(first.reveal(), again.reveal());
        assert_eq!(first.reveal().len(), 64);
        let file = config.data_dir.join(FILE_NAME);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&config.data_dir).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&config.data_dir).unwrap().count(), 1, "no draft should be left");
    }

    #[test]
    fn the_settings_win_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config_in(dir.path());
        config.auth.jwt_secret = Some(Secret::new("from the settings, long enough to sign".into()));
        assert_eq!(signing_secret(&config).unwrap().reveal(), "from the settings, long enough to sign");
        assert!(!dir.path().join(FILE_NAME).exists());
    }

    #[test]
    fn a_short_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), "short").unwrap();
        let error = signing_secret(&config_in(dir.path())).unwrap_err().to_string();
        assert!(error.contains("has 5 bytes"), "{error}");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named_with_the_way_out() {
        // Below a file nothing can be made, whoever runs the test.
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        fs::write(&blocked, "").unwrap();
        let error = signing_secret(&config_in(&blocked.join("data"))).unwrap_err().to_string();
        assert!(error.contains("jwt.secret") && error.contains("--data-dir"), "{error}");
    }
}
