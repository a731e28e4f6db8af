//! Proving who one is to HTTP and RTSP, by the challenge in `WWW-Authenticate`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::Credentials;

/// How the other side wants to be convinced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    Digest(Digest),
    /// The password as it is, for everybody on the way to read.
    Basic,
}

/// The parts of a digest's challenge, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Digest {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// Whether it wants to be told of a nonce of ours.
    has_qop: bool,
    is_sha256: bool,
}

/// What is asked for: the words that a digest covers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a str,
    pub(super) uri: &'a str,
}

impl Challenge {
    /// The safest of the challenges in these headers.
    pub(super) fn choose<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let all: Vec<_> = headers.filter_map(Self::parse).collect();
        let rank = |challenge: &Self| match challenge {
            Self::Digest(digest) if digest.is_sha256 => 2,
            Self::Digest(_) => 1,
            Self::Basic => 0,
        };
        all.into_iter().max_by_key(rank)
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let mut digest = Digest::default();
        for (key, value) in pairs(rest) {
            match key.to_ascii_lowercase().as_str() {
                "realm" => digest.realm = value.to_owned(),
                "nonce" => digest.nonce = value.to_owned(),
                "opaque" => digest.opaque = Some(value.to_owned()),
                "qop" if value.split(',').any(|word| word.trim() == "auth") => digest.has_qop = true,
                "algorithm" if value.eq_ignore_ascii_case("sha-256") => digest.is_sha256 = true,
                "algorithm" if !value.eq_ignore_ascii_case("md5") => return None,
                _ => {}
            }
        }
        (!digest.nonce.is_empty()).then_some(Self::Digest(digest))
    }

    /// Whether the answer keeps the password from who reads it.
    pub(super) fn is_safe(&self) -> bool {
        matches!(self, Self::Digest(_))
    }

    /// The value of `Authorization`.
    pub(super) fn answer(&self, credentials: &Credentials, asked: Asked<'_>) -> String {
        match self {
            Self::Digest(digest) => {
                let own: [u8; 8] = rand::random();
                digest.answer(credentials, asked, &hex(&own))
            }
            Self::Basic => {
                let both = format!("{}:{}", credentials.user, credentials.password.reveal());
                format!("Basic {}", STANDARD.encode(both))
            }
        }
    }
}

impl Digest {
    fn answer(&self, credentials: &Credentials, asked: Asked<'_>, own: &str) -> String {
        let Self { realm, nonce, .. } = self;
        let Asked { method, uri } = asked;
        let user = &credentials.user;
        let who = self.hash(&format!("{user}:{realm}:{}", credentials.password.reveal()));
        let what = self.hash(&format!("{method}:{uri}"));
        let proof = match self.has_qop {
            true => self.hash(&format!("{who}:{nonce}:00000001:{own}:auth:{what}")),
            false => self.hash(&format!("{who}:{nonce}:{what}")),
        };
        let user = user.replace('\\', "\\\\").replace('"', "\\\"");
        let mut answer = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{proof}\""
        );
        if self.is_sha256 {
            answer.push_str(", algorithm=SHA-256");
        }
        if self.has_qop {
            answer.push_str(&format!(", qop=auth, nc=00000001, cnonce=\"{own}\""));
        }
        if let Some(opaque) = &self.opaque {
            answer.push_str(&format!(", opaque=\"{opaque}\""));
        }
        answer
    }

    fn hash(&self, text: &str) -> String {
        if self.is_sha256 {
            hex(&sha2::Digest::finalize(sha2::Digest::chain_update(Sha256::default(), text)))
        } else {
            hex(&Md5::digest(text))
        }
    }
}

/// `key=value` and `key="value"`, separated by commas; a value as it stands between its quotes.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',', '\t']);
        let after = after.trim_start();
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => {
                let is_end = |(at, _): &(usize, &str)| !quoted[..*at].ends_with('\\');
                let end = quoted.match_indices('"').find(is_end).map_or(quoted.len(), |(at, _)| at);
                (&quoted[..end], quoted.get(end + 1..).unwrap_or(""))
            }
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim(), &after[end..])
            }
        };
        pairs.push((key, value));
        rest = left;
    }
    pairs
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mufasa(password: &str) -> Credentials {
        Credentials::new("Mufasa", password).unwrap()
    }

    const ASKED: Asked<'_> = Asked { method: "GET", uri: "/dir/index.html" };

    fn digest(header: &str) -> Digest {
        match Challenge::choose([header].into_iter()) {
            Some(Challenge::Digest(digest)) => digest,
            other => panic!("{header}: {other:?}"),
        }
    }

    #[test]
    fn answers_are_those_of_the_standards_examples() {
        let old = digest(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        );
        let answer = old.answer(&mufasa("Circle Of Life"), ASKED, "0a4f113b");
        assert!(answer.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{answer}");
        assert!(answer.contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""), "{answer}");
        let new = digest(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"",
        );
        let own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = new.answer(&mufasa("Circle of Life"), ASKED, own);
        let proof = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert!(answer.contains(&format!("response=\"{proof}\"")), "{answer}");
    }

    #[test]
    fn the_safest_challenge_is_taken() {
        let choose = |headers: &[&str]| Challenge::choose(headers.iter().copied());
        let md5 = "Digest realm=\"a, b\", nonce=\"n\", algorithm=MD5";
        let sha = "digest nonce=n,realm=\"r\",algorithm=\"SHA-256\"";
        assert_eq!(choose(&["Basic realm=\"x\""]), Some(Challenge::Basic));
        assert!(
            matches!(choose(&["Basic", md5]), Some(Challenge::Digest(d)) if d.realm == "a, b" && !d.is_sha256)
        );
        assert!(matches!(choose(&[md5, sha, "Basic"]), Some(Challenge::Digest(d)) if d.is_sha256));
        assert_eq!(choose(&["Bearer", "Digest realm=\"no nonce\"", "Digest nonce=n, algorithm=X", ""]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_challenge_is_too_odd_to_be_read(header in "(Digest |basic |)[a-z=\\\\\",é ]{0,60}", user in "[^:]{1,8}") {
            if let Some(challenge) = Challenge::choose([header.as_str()].into_iter())
                && let Some(credentials) = Credentials::new(&user, "p")
            {
                let answer = challenge.answer(&credentials, ASKED);
                proptest::prop_assert!(!answer.contains(['\r', '\n']), "{answer:?}");
            }
        }
    }
}
