//! WebRTC viewers.

use std::time::{Duration, Instant};

use atalaya::camera::Overlay;
use atalaya::viewer::{Height, View, ViewerError};
use str0m::media::MediaKind;

use crate::client::{Client, Offering};
use crate::studio::{BarsCamera, Decoder, Seen, Studio, eventually};

async fn join(studio: &Studio, camera: &BarsCamera) -> (String, Client) {
    let offering = Offering::video();
    let offer = offering.offer.clone();
    let answer = studio
        .viewers
        .whep_offer(&camera.handle, Overlay::Plain.into(), &offer)
        .await
        .expect("the offer should be answered");
    (answer.id, offering.watch(&answer.sdp))
}

/// Decodes what arrives until `wanted`; for half a minute at most.
pub(crate) async fn see(client: &mut Client, decoder: &Decoder, wanted: impl Fn(&Seen) -> bool) -> Seen {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let picture = client.picture().await;
        match decoder.see(&picture.data) {
            Some(seen) if wanted(&seen) => return seen,
            last => assert!(Instant::now() < end, "the picture never came; the last one: {last:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_picture_arrives_soon_and_is_the_cameras() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    studio.viewers.encoder().await.unwrap();
    let asked = Instant::now();
    let (id, mut client) = join(&studio, &camera).await;
    let first = client.picture().await;
    assert!(first.key, "decoding cannot start in the middle");
    assert!(first.at - asked < Duration::from_secs(3), "{:?}", first.at - asked);
    let decoder = Decoder::h264();
    let seen = match decoder.see(&first.data) {
        Some(seen) => seen,
        None => see(&mut client, &decoder, |_| true).await,
    };
    assert_eq!((seen.width, seen.height), (640, 480));
    assert!(seen.is_colourful(), "{seen:?}");
    let of = studio.viewers.session_camera(&id).expect("the session is open");
    assert_eq!((of.tenant, of.camera), (camera.handle.camera().tenant, camera.id()));
    assert_eq!(id.len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_picture_is_smaller_also_in_bits() {
    let (studio, mut camera) = (Studio::new(), BarsCamera::running("door"));
    // Noise fills the bit rate whatever the encoder does.
    camera.show(640, 480, "snow");
    let mut sent = Vec::new();
    for (lines, size) in [(None, (640, 480)), (Some(180), (240, 180))] {
        let offering = Offering::video();
        let height = lines.map(|lines| Height::try_from(lines).unwrap());
        let view = View { overlay: Overlay::Plain, height };
        let answer = studio.viewers.whep_offer(&camera.handle, view, &offering.offer).await.unwrap();
        let mut client = offering.watch(&answer.sdp);
        let seen = see(&mut client, &Decoder::h264(), |_| true).await;
        assert_eq!((seen.width, seen.height), size);
        // The first ones are of an encoder that does not know yet what it has to do with.
        for _ in 0..15 {
            client.picture().await;
        }
        let mut bytes = 0;
        for _ in 0..30 {
            bytes += client.picture().await.data.len();
        }
        sent.push(bytes);
    }
    assert!(sent[1] * 2 < sent[0], "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_viewers_cost_one_encode_and_nobody_watching_costs_none() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    assert_eq!(studio.viewers.encodes().h264_running, 0);
    assert_eq!(camera.feed.wanted(Overlay::Plain), 0);
    let mut watching = Vec::new();
    for _ in 0..5 {
        watching.push(join(&studio, &camera).await);
    }
    for (_, client) in &mut watching {
        for _ in 0..10 {
            client.picture().await;
        }
    }
    let encodes = studio.viewers.encodes();
    assert_eq!((encodes.h264_running, encodes.h264_started), (1, 1));
    let figures = studio.viewers.figures(camera.handle.camera().tenant, &camera.id());
    assert_eq!(figures.viewers, 5);
    assert!(figures.packets_sent > 50 && figures.bytes_sent > 5000, "{figures:?}");
    assert_eq!(camera.feed.wanted(Overlay::Plain), 1);

    for (id, client) in &mut watching {
        studio.viewers.end_session(id).await.unwrap();
        client.closed().await;
    }
    eventually("the encode to end", || studio.viewers.encodes().h264_running == 0).await;
    eventually("the camera to make no pictures for nobody", || camera.feed.wanted(Overlay::Plain) == 0).await;
    assert_eq!(studio.viewers.count(camera.handle.camera().tenant, &camera.id()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_picture_brings_a_key_picture() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let (_, mut client) = join(&studio, &camera).await;
    // One for joining, at most two; none by itself after that.
    assert!(client.picture().await.key);
    let mut unasked = 0;
    for _ in 0..30 {
        unasked += u32::from(client.picture().await.key);
    }
    assert!(unasked <= 1, "{unasked} key pictures nobody asked for");
    client.request_key();
    let asked = Instant::now();
    while !client.picture().await.key {
        assert!(asked.elapsed() < Duration::from_secs(5), "no key picture came");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_stay_while_the_camera_is_away_and_see_that_it_is() {
    let (studio, mut camera) = (Studio::new(), BarsCamera::running("door"));
    let (id, mut client) = join(&studio, &camera).await;
    let decoder = Decoder::h264();
    see(&mut client, &decoder, Seen::is_colourful).await;

    camera.lose();
    let seen = see(&mut client, &decoder, Seen::is_no_signal).await;
    assert_eq!((seen.width, seen.height), (640, 480), "its last picture, not just any");

    let mut ticks = client.picture().await.ticks;
    camera.switch_on(640, 480);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let picture = client.picture().await;
        assert!(picture.ticks > ticks, "time ran backwards: {ticks} → {}", picture.ticks);
        let step_ms = (picture.ticks - ticks) / 90;
        assert!(step_ms < 5000, "time leapt by {step_ms} ms");
        ticks = picture.ticks;
        if decoder.see(&picture.data).is_some_and(|seen| seen.is_colourful()) {
            break;
        }
        assert!(Instant::now() < end, "the camera never came back");
    }
    assert!(studio.viewers.session_camera(&id).is_some());
    assert_eq!(studio.viewers.encodes().h264_started, 1, "the same encode all along");
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_that_never_showed_anything_has_a_picture_too() {
    let (studio, mut camera) = (Studio::new(), BarsCamera::new("door"));
    let (_, mut client) = join(&studio, &camera).await;
    let decoder = Decoder::h264();
    see(&mut client, &decoder, Seen::is_no_signal).await;
    // It starts at another size than that picture's.
    camera.switch_on(320, 240);
    let seen = see(&mut client, &decoder, Seen::is_colourful).await;
    assert_eq!((seen.width, seen.height), (320, 240));
    // H.264 has even sizes only.
    camera.switch_on(417, 241);
    let seen = see(&mut client, &decoder, |seen| seen.width > 320).await;
    assert_eq!((seen.width, seen.height), (416, 240));
}

#[tokio::test(flavor = "multi_thread")]
async fn removed_camera_takes_its_viewers_along_and_no_others() {
    let studio = Studio::new();
    let (removed, other) = (BarsCamera::running("door"), BarsCamera::running("till"));
    let (_, mut client) = join(&studio, &removed).await;
    let (_, mut elsewhere) = join(&studio, &other).await;
    client.picture().await;
    elsewhere.picture().await;
    removed.feed.remove();
    client.closed().await;
    // A new one of the same name is another camera.
    let again = BarsCamera::running("door");
    let (_, mut client) = join(&studio, &again).await;
    assert!(client.picture().await.key);
    assert_eq!(studio.viewers.count(again.handle.camera().tenant, &again.id()), 1);
    elsewhere.picture().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_while_the_camera_is_being_removed_is_sent_away() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    camera.feed.remove();
    let offering = Offering::video();
    let outcome = studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &offering.offer).await;
    // Should he have been let in after all, he comes.
    let _client = outcome.map(|answer| offering.watch(&answer.sdp));
    let tenant = camera.handle.camera().tenant;
    eventually("the session to end", || studio.viewers.count(tenant, &camera.id()) == 0).await;
    eventually("the encode to end", || studio.viewers.encodes().h264_running == 0).await;
    eventually("the camera to make no pictures", || camera.feed.wanted(Overlay::Plain) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_session_is_gone() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let (id, mut client) = join(&studio, &camera).await;
    client.picture().await;
    studio.viewers.end_session(&id).await.unwrap();
    assert!(studio.viewers.session_camera(&id).is_none());
    client.closed().await;
    for outcome in [studio.viewers.end_session(&id).await, studio.viewers.trickle(&id, "a=mid:0").await] {
        assert!(matches!(outcome, Err(ViewerError::NoSession)), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_viewers_than_allowed_even_when_all_come_at_once() {
    let studio = Studio::with(|config| config.viewer.max_viewers = 2);
    let camera = BarsCamera::running("door");
    let offers: Vec<String> = (0..6).map(|_| Offering::video().offer).collect();
    let asked =
        offers.iter().map(|offer| studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), offer));
    let outcomes = futures_util::future::join_all(asked).await;
    let (seated, turned_away): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((seated.len(), turned_away.len()), (2, 4));
    assert!(turned_away.iter().all(|outcome| matches!(outcome, Err(ViewerError::Full { max: 2 }))));
    assert!(matches!(
        studio.viewers.mjpeg(&camera.handle, Overlay::Plain.into()),
        Err(ViewerError::Full { .. })
    ));
    let publishing = Offering::sending().offer;
    let outcome = studio.viewers.whip_offer(&camera.handle, &publishing).await;
    assert!(matches!(outcome, Err(ViewerError::Full { .. })), "{outcome:?}");
    // One leaves, one may come.
    let id = seated[0].as_ref().unwrap().id.clone();
    studio.viewers.end_session(&id).await.unwrap();
    let tenant = camera.handle.camera().tenant;
    eventually("his place to be free", || studio.viewers.count(tenant, &camera.id()) == 1).await;
    join(&studio, &camera).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn useless_offers_are_refused_with_their_reason() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let audio = Offering::receiving(&[MediaKind::Audio], |config| config).offer;
    let vp8 = Offering::receiving(&[MediaKind::Video], |config| config.clear_codecs().enable_vp8(true)).offer;
    let sending = Offering::video().offer.replace("a=recvonly", "a=sendonly");
    for offer in [audio, vp8, sending] {
        let outcome = studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &offer).await;
        assert!(matches!(outcome, Err(ViewerError::NoH264)), "{outcome:?}");
    }
    let good = Offering::video().offer;
    let no_fingerprint: Vec<&str> = good.lines().filter(|line| !line.starts_with("a=fingerprint")).collect();
    let huge = format!("{good}{}", "a=x\r\n".repeat(20_000));
    for offer in ["", "hello", "v=0\r\n", &no_fingerprint.join("\r\n"), &huge] {
        let outcome = studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), offer).await;
        assert!(matches!(outcome, Err(ViewerError::Offer(_))), "{outcome:?}");
    }
    assert_eq!(studio.viewers.count(camera.handle.camera().tenant, &camera.id()), 0);
    assert_eq!(studio.viewers.encodes().h264_started, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn offer_with_sound_gets_the_picture_alone() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let offering = Offering::receiving(&[MediaKind::Audio, MediaKind::Video], |config| config);
    let offer = offering.offer.clone();
    let answer = studio.viewers.whep_offer(&camera.handle, Overlay::Drawn.into(), &offer).await.unwrap();
    assert!(offering.watch(&answer.sdp).picture().await.key);
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_may_trickle_but_ice_does_not_restart() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let offering = Offering::video();
    let offer = offering.offer.clone();
    let answer = studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &offer).await.unwrap();
    let user = offer.lines().find(|line| line.starts_with("a=ice-ufrag:")).unwrap();
    let candidate = "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host";
    let fragment = format!(
        "{user}\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n{candidate}\r\na=end-of-candidates\r\n"
    );
    studio.viewers.trickle(&answer.id, &fragment).await.unwrap();
    let restart = fragment.replace(user, "a=ice-ufrag:other");
    let outcome = studio.viewers.trickle(&answer.id, &restart).await;
    assert!(matches!(outcome, Err(ViewerError::IceRestart)), "{outcome:?}");
    assert!(offering.watch(&answer.sdp).picture().await.key);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_packets_and_vanished_viewers_harm_nobody() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let (_, mut client) = join(&studio, &camera).await;
    let (_, mut vanishing) = join(&studio, &camera).await;
    vanishing.picture().await;
    vanishing.vanish();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let request = b"\x00\x01\x00\x08\x21\x12\xa4\x42aaaaaaaaaaaa\x00\x06\x00\x04ab:c".as_slice();
    let hello = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    for packet in [request, &hello, &[0; 1], &[0x80; 1200], &[0xff; 1400]] {
        stranger.send_to(packet, studio.viewers.udp_address()).unwrap();
    }
    let mut last = client.picture().await.at;
    for _ in 0..20 {
        let picture = client.picture().await;
        assert!(picture.at - last < Duration::from_secs(1), "starved for {:?}", picture.at - last);
        last = picture.at;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_connects_or_falls_silent_is_dropped() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let offer = Offering::video().offer;
    studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &offer).await.unwrap();
    let (_, mut vanishing) = join(&studio, &camera).await;
    vanishing.picture().await;
    vanishing.vanish();
    let tenant = camera.handle.camera().tenant;
    assert_eq!(studio.viewers.count(tenant, &camera.id()), 2);
    eventually("both to be dropped", || studio.viewers.count(tenant, &camera.id()) == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_encoder_is_passed_over_and_none_at_all_is_told() {
    let camera = BarsCamera::running("door");
    let studio = Studio::with(|config| {
        config.viewer.encoders = vec!["v4l2h264enc".into(), "openh264enc".into()];
    });
    let (_, mut client) = join(&studio, &camera).await;
    see(&mut client, &Decoder::h264(), Seen::is_colourful).await;

    let studio = Studio::with(|config| config.viewer.encoders = vec!["nosuchenc".into()]);
    let offer = Offering::video().offer;
    let outcome = studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &offer).await;
    assert!(matches!(outcome, Err(ViewerError::NoEncoder { .. })), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_all_ends_everything() {
    let (studio, camera) = (Studio::new(), BarsCamera::running("door"));
    let (_, mut client) = join(&studio, &camera).await;
    client.picture().await;
    studio.viewers.close_all();
    client.closed().await;
    studio.tracker.close();
    tokio::time::timeout(Duration::from_secs(5), studio.tracker.wait()).await.expect("all tasks should end");
    let outcome =
        studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &Offering::video().offer).await;
    assert!(matches!(outcome, Err(ViewerError::Stopping)), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_udp_port_names_the_key() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut config = atalaya::config::Config::default();
    config.webrtc.listen = taken.local_addr().unwrap();
    let outcome = atalaya::viewer::Viewers::new(&config, Default::default(), Default::default());
    let error = outcome.err().expect("the port is taken").to_string();
    assert!(error.contains("webrtc.listen"), "{error}");
}
