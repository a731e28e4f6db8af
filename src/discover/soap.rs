//! Envelopes of ONVIF's SOAP, with the digest that a user proves itself by, and what a refusal looks like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::{Credentials, xml};
use crate::domain::Timestamp;

/// A request with `body`, signed for `at` by the device's clock when there is somebody to sign it.
pub(super) fn envelope(body: &str, signed: Option<(&Credentials, Timestamp)>) -> String {
    let header = signed.map_or_else(String::new, |(credentials, at)| {
        format!("<s:Header>{}</s:Header>", token(credentials, at, rand::random()))
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">{header}<s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// WS-UsernameToken with a digest: the password itself does not travel.
fn token(credentials: &Credentials, at: Timestamp, nonce: [u8; 16]) -> String {
    let created = created(at);
    let digest = Sha1::new()
        .chain_update(nonce)
        .chain_update(&created)
        .chain_update(credentials.password.reveal())
        .finalize();
    format!(
        "<Security s:mustUnderstand=\"1\" \
         xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         <UsernameToken><Username>{}</Username>\
         <Password Type=\"http://docs.oasis-open.org/wss/2004/01/\
         oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">{}</Password>\
         <Nonce EncodingType=\"http://docs.oasis-open.org/wss/2004/01/\
         oasis-200401-wss-soap-message-security-1.0#Base64Binary\">{}</Nonce>\
         <Created xmlns=\"http://docs.oasis-open.org/wss/2004/01/\
         oasis-200401-wss-wssecurity-utility-1.0.xsd\">{created}</Created></UsernameToken></Security>",
        xml::escape(&credentials.user),
        STANDARD.encode(digest),
        STANDARD.encode(nonce),
    )
}

/// To the second: some devices read no fraction.
fn created(at: Timestamp) -> String {
    let seconds = jiff::Timestamp::from_second(at.as_millis().div_euclid(1000));
    seconds.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// What an answer is, apart from what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// What was asked for.
    Fine,
    /// Not without a user, or not with this one.
    Refused,
    /// Something else is wrong; in the device's words.
    Fault(String),
    /// Not SOAP.
    Nonsense,
}

/// Tells what the answer with this HTTP status is.
pub(super) fn reply(status: u16, body: &str) -> Reply {
    if matches!(status, 401 | 403) {
        return Reply::Refused;
    }
    let Some(document) = xml::parse(body) else { return Reply::Nonsense };
    let root = document.root_element();
    if root.tag_name().name() != "Envelope" {
        return Reply::Nonsense;
    }
    let Some(fault) = xml::first(root, &["Fault"]) else { return Reply::Fine };
    let codes = xml::all(fault, "Value").chain(xml::all(fault, "faultcode")).filter_map(|node| node.text());
    let refusals = ["NotAuthorized", "FailedAuthentication", "InvalidSecurity", "OperationProhibited"];
    let words =
        xml::text(fault, &["Text"]).or_else(|| xml::text(fault, &["faultstring"])).unwrap_or_default();
    let mut codes = codes.map(|code| code.trim().rsplit(':').next().unwrap_or_default());
    if codes.any(|code| refusals.contains(&code)) || words.to_lowercase().contains("not authorized") {
        return Reply::Refused;
    }
    Reply::Fault(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_standards_example() {
        // From the ONVIF programmer's guide.
        let nonce: [u8; 16] = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap().try_into().unwrap();
        let credentials = Credentials::new("user<", "userpassword").unwrap();
        let at = Timestamp::from_millis(
            "2010-09-16T07:50:45Z".parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        );
        let token = token(&credentials, at, nonce);
        assert!(token.contains(">tuOSpGlFlIXsozq4HFNeeGeFLEI=<"), "{token}");
        assert!(
            token.contains("<Username>user&lt;</Username>") && !token.contains("userpassword"),
            "{token}"
        );
        assert!(token.contains(">2010-09-16T07:50:45Z<"), "{token}");
    }

    #[test]
    fn refusals_are_told_from_other_faults() {
        let fault = |code: &str, words: &str| {
            format!(
                "<e:Envelope xmlns:e='e'><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>\
                 <e:Value>{code}</e:Value></e:Subcode></e:Code><e:Reason><e:Text>{words}</e:Text></e:Reason>\
                 </e:Fault></e:Body></e:Envelope>"
            )
        };
        assert_eq!(reply(400, &fault("ter:NotAuthorized", "no")), Reply::Refused);
        assert_eq!(reply(500, &fault("wsse:FailedAuthentication", "no")), Reply::Refused);
        assert_eq!(reply(200, &fault("ter:Action", "Sender Not Authorized")), Reply::Refused);
        assert_eq!(reply(500, &fault("ter:ActionNotSupported", "a b")), Reply::Fault("a b".into()));
        assert_eq!(reply(401, ""), Reply::Refused);
        assert_eq!(reply(200, "<html/>"), Reply::Nonsense);
        assert_eq!(reply(200, "garbage"), Reply::Nonsense);
        assert_eq!(reply(200, "<Envelope><Body/></Envelope>"), Reply::Fine);
    }
}
