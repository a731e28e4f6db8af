//! Who is asking, and what may they do: signed tokens, the caller made of one, the one permission table.
//!
//! A token is trusted for what it claims because this server, or somebody with its secret, has signed it; the
//! tenant, the branches and the roles need not stand in the store.

mod caller;
mod claims;
mod cleared;
mod grant;
mod keys;
mod login;
mod revocations;
pub mod roles;
mod secret;
mod table;
mod ttl;
mod verifiers;

pub use caller::{Branches, Caller};
pub use claims::{Claims, TokenError};
pub use cleared::Cleared;
pub use grant::{GrantError, Wish, grant};
pub use keys::{Bearer, Keys, Signed};
pub use login::{LOGIN_LINK_TTL, LoginLinks, SESSION_TTL, login_link};
pub use revocations::Revocations;
pub use roles::Action;
pub use secret::{SecretError, has_signing_secret, signing_secret};
pub use table::{TABLE_TTL, Table, TableKeys};
pub use ttl::{Ttl, TtlError};
pub use verifiers::{KeyError, Verifiers};
