//! WS-Discovery: the question that is sent around, and what devices answer to it.

use super::xml;

/// Addresses that a device may give of itself.
const MAX_XADDRS: usize = 16;
/// Devices in one answer; a proxy may speak for several.
const MAX_MATCHES: usize = 16;

/// What a device says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// Where it takes questions, as it says.
    pub xaddrs: Vec<String>,
    pub name: Option<String>,
    pub hardware: Option<String>,
    pub location: Option<String>,
}

/// The question for devices that send video; `id` is a UUID.
pub(super) fn question(id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:w=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\" \
         xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\">\
         <e:Header><w:MessageID>uuid:{id}</w:MessageID>\
         <w:To e:mustUnderstand=\"true\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>\
         <w:Action e:mustUnderstand=\"true\">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>\
         </e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
    )
}

/// The devices in an answer; none when it is not one.
pub fn matches(answer: &str) -> Vec<Match> {
    let Some(document) = xml::parse(answer) else { return Vec::new() };
    let read = |node| {
        let list = |name| xml::first(node, &[name]).and_then(|node| node.text()).unwrap_or_default();
        let scopes: Vec<_> = list("Scopes").split_whitespace().collect();
        Match {
            xaddrs: list("XAddrs").split_whitespace().take(MAX_XADDRS).map(str::to_owned).collect(),
            name: scope(&scopes, "name"),
            hardware: scope(&scopes, "hardware"),
            location: scope(&scopes, "location"),
        }
    };
    xml::all(document.root(), "ProbeMatch").take(MAX_MATCHES).map(read).collect()
}

/// The value of `onvif://www.onvif.org/KEY/value`.
fn scope(scopes: &[&str], key: &str) -> Option<String> {
    let value = scopes.iter().find_map(|scope| {
        let rest = scope.strip_prefix("onvif://www.onvif.org/")?;
        rest.strip_prefix(key)?.strip_prefix('/')
    })?;
    // In the query of a URL, `+` is a space; in a path, where this stands, it is itself.
    let value: String = url::form_urlencoded::parse(
        format!("v={}", value.replace('+', "%2B").replace('&', "%26")).as_bytes(),
    )
    .map(|(_, value)| value.into_owned())
    .collect();
    xml::tidy(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_where_a_device_is_and_what_it_is() {
        let answer = "<?xml version=\"1.0\"?>\n<S:Envelope xmlns:S=\"http://www.w3.org/2003/05/soap-envelope\" \
            xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><S:Body><d:ProbeMatches><d:ProbeMatch>\
            <d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Front%20Door+1&amp;2 \
            onvif://www.onvif.org/hardware/DS-2CD2042 onvif://www.onvif.org/location/country/china</d:Scopes>\
            <d:XAddrs>http://10.0.0.7/onvif/device_service http://[fe80::1]/onvif/device_service</d:XAddrs>\
            </d:ProbeMatch></d:ProbeMatches></S:Body></S:Envelope>";
        let found = matches(answer);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].xaddrs[0], "http://10.0.0.7/onvif/device_service");
        assert_eq!(found[0].name.as_deref(), Some("Front Door+1&2"));
        assert_eq!(found[0].hardware.as_deref(), Some("DS-2CD2042"));
        assert_eq!(found[0].location.as_deref(), Some("country/china"));
        assert_eq!(matches("nonsense"), []);
        assert_eq!(matches(&question("1")), [], "our own question is no answer");
    }
}
