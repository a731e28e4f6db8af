//! From a browser's offer to our answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use str0m::change::SdpOffer;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec, CodecConfig, FormatParams, PayloadParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid, Pt};
use str0m::{Candidate, IceCreds, Rtc, RtcConfig};

use crate::viewer::ViewerError;

/// Larger than any browser's offer by far.
const LARGEST_OFFER: usize = 64 * 1024;

/// H.264 profiles whose decoders show constrained baseline, the best first: constrained baseline, baseline,
/// main, high. The level in it is only a hint; decoders take what comes.
const PROFILES: [u32; 4] = [0x42_e0_1f, 0x42_00_1f, 0x4d_00_1f, 0x64_00_1f];

/// Payload types that PROFILES have before the offer's own numbers replace them.
const FIRST_PAYLOAD_TYPE: u8 = 96;

/// As [`FIRST_PAYLOAD_TYPE`], of VP8 and its packets that are sent again.
const VP8: (u8, u8) = (120, 121);

/// The server's identity towards browsers; made once, since every session may use the same.
#[derive(Debug, Clone)]
pub(in crate::viewer) struct Certificate {
    certificate: DtlsCert,
    provider: Arc<CryptoProvider>,
}

pub(in crate::viewer) fn certificate() -> Certificate {
    let provider = str0m::crypto::from_feature_flags();
    let certificate =
        provider.dtls_provider.generate_certificate().expect("the crypto library should make a certificate");
    Certificate { certificate, provider: Arc::new(provider) }
}

/// What the other side wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To see a camera's video.
    Watch,
    /// To be a camera's source.
    Publish,
}

/// A connection that waits for the browser's first packet.
#[derive(Debug)]
pub(in crate::viewer) struct Accepted {
    pub(super) rtc: Box<Rtc>,
    /// Where a viewer's video goes.
    pub(in crate::viewer) video: Option<(Mid, Pt)>,
    /// ICE user names.
    pub(super) local_user: String,
    pub(in crate::viewer) remote_user: Option<String>,
    pub(in crate::viewer) sdp: String,
}

/// Answers `offer`, made for `purpose`, with `addresses` as our candidates and `id` as our ICE user name.
///
/// The offer comes from outside and the library that reads it may panic on a hostile one: call it where a
/// panic ends nothing but this call.
///
/// # Errors
/// [`ViewerError::Offer`], [`ViewerError::NoH264`] or [`ViewerError::NoVideo`].
pub(in crate::viewer) fn accept(
    offer: &str,
    certificate: &Certificate,
    addresses: &[SocketAddr],
    credentials: (String, String),
    purpose: Purpose,
) -> Result<Accepted, ViewerError> {
    if offer.len() > LARGEST_OFFER {
        return Err(ViewerError::Offer(format!("it is larger than {LARGEST_OFFER} bytes")));
    }
    let parsed = SdpOffer::from_sdp_string(offer).map_err(refuse)?;
    let (user, password) = credentials;
    let mut config = RtcConfig::new()
        .set_crypto_provider(certificate.provider.clone())
        .set_dtls_cert(certificate.certificate.clone())
        .set_ice_lite(true)
        .set_local_ice_credentials(IceCreds { ufrag: user.clone(), pass: password })
        .clear_codecs();
    *config.codec_config() = match purpose {
        Purpose::Watch => outgoing(),
        Purpose::Publish => incoming(),
    };
    let mut rtc = config.build(Instant::now());
    for address in addresses {
        rtc.add_local_candidate(Candidate::host(*address, "udp").map_err(refuse)?);
    }
    let sdp = rtc.sdp_api().accept_offer(parsed).map_err(refuse)?.to_sdp_string();
    let video = match purpose {
        Purpose::Watch => Some(video(&mut rtc, &sdp)?),
        Purpose::Publish if receives(&rtc, &sdp) => None,
        Purpose::Publish => return Err(ViewerError::NoVideo),
    };
    Ok(Accepted { rtc: Box::new(rtc), video, local_user: user, remote_user: remote_user(offer), sdp })
}

fn refuse(error: impl std::fmt::Display) -> ViewerError {
    ViewerError::Offer(error.to_string())
}

/// H.264 in packets of any size, with lost ones sent again, and without bandwidth estimation: the one encode
/// of all viewers cannot follow any single viewer's line.
fn outgoing() -> CodecConfig {
    let codecs = h264();
    let without_estimation = codecs.params().iter().copied().map(|mut params| {
        params.set_fb_transport_cc(false);
        params.set_fb_remb(false);
        params
    });
    CodecConfig::new_from_payload_params(without_estimation.collect())
}

fn h264() -> CodecConfig {
    let mut codecs = CodecConfig::empty();
    for (index, profile) in (0_u8..).zip(PROFILES) {
        let payload_type = FIRST_PAYLOAD_TYPE + 2 * index;
        codecs.add_h264(payload_type.into(), Some((payload_type + 1).into()), true, profile);
    }
    codecs
}

/// H.264 or VP8, which every browser can make one of, with all feedback: the sender follows its line.
fn incoming() -> CodecConfig {
    let mut codecs = h264();
    let (payload_type, resend) = VP8;
    let format = FormatParams::default();
    codecs.add_config(
        payload_type.into(),
        Some(resend.into()),
        Codec::Vp8,
        Frequency::NINETY_KHZ,
        None,
        format,
    );
    codecs
}

/// Whether there is video in our answer that we are to get.
fn receives(rtc: &Rtc, answer: &str) -> bool {
    mids(answer).any(|mid| {
        rtc.media(mid).is_some_and(|media| {
            let receives = matches!(media.direction(), Direction::RecvOnly | Direction::SendRecv);
            media.kind() == MediaKind::Video
                && receives
                && !media.disabled()
                && !media.remote_pts().is_empty()
        })
    })
}

fn mids(answer: &str) -> impl Iterator<Item = Mid> {
    answer.lines().filter_map(|line| line.strip_prefix("a=mid:")).map(|mid| Mid::from(mid.trim()))
}

/// The first video of our answer that is to be sent and can be decoded.
fn video(rtc: &mut Rtc, answer: &str) -> Result<(Mid, Pt), ViewerError> {
    for mid in mids(answer) {
        let sends = rtc.media(mid).is_some_and(|media| {
            let sends = matches!(media.direction(), Direction::SendOnly | Direction::SendRecv);
            media.kind() == MediaKind::Video && sends && !media.disabled()
        });
        let Some(writer) = rtc.writer(mid).filter(|_| sends) else { continue };
        let best = writer.payload_params().min_by_key(|params| rank(params)).map(PayloadParams::pt);
        if let Some(payload_type) = best {
            return Ok((mid, payload_type));
        }
    }
    Err(ViewerError::NoH264)
}

fn rank(params: &PayloadParams) -> usize {
    let profile = params.spec().format.profile_level_id.map(|id| id >> 8);
    PROFILES.iter().position(|known| Some(known >> 8) == profile).unwrap_or(PROFILES.len())
}

fn remote_user(offer: &str) -> Option<String> {
    offer.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).map(|user| user.trim().to_owned())
}
