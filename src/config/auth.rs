//! Settings of tokens: what they are signed with, and by whom besides this server.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Secret, TableKeys};

#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// 32 bytes or more; made and kept in the data folder when absent.
    pub jwt_secret: Option<Secret>,
    /// A file that holds `jwt_secret`.
    pub jwt_secret_file: Option<PathBuf>,
    /// What tokens of tables are signed with, by their `kid`, 32 bytes or more each; the last by name signs new ones.
    /// Without any it is `jwt_secret`.
    pub table_keys: TableKeys,
    /// Others whose tokens are taken, besides those signed with `jwt_secret`.
    pub keys: Vec<Key>,
}

/// A key of somebody who signs tokens.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// As its tokens' headers name it.
    pub kid: String,
    /// The only one that it is good for.
    pub algorithm: KeyAlgorithm,
    /// The public key in PEM; of HS256 the secret itself.
    pub file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum KeyAlgorithm {
    Hs256,
    Rs256,
    Es256,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Auth");
        shown
            .field("jwt_secret_file", &self.jwt_secret_file)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
