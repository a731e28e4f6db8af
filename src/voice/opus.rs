//! Opus in Ogg, RFC 7845: its packets are counted and checked here, before GStreamer's decoder sees any of them.

use gst::prelude::*;

use super::ogg;
use super::sound::{MAX_SECONDS, RATE_HZ, SoundError};

/// Opus counts time in samples of this rate, whatever is decoded.
const CLOCK_HZ: u64 = 48_000;

/// Longest packet: 120 ms.
const MAX_PACKET: u64 = 5760;

/// A decoder that has nothing to wait for gives its next sound within this.
const WAIT: gst::ClockTime = gst::ClockTime::from_seconds(10);

/// What a file holds.
#[derive(Debug, PartialEq)]
struct Stream {
    head: Head,
    packets: Vec<Vec<u8>>,
    /// Samples of [`CLOCK_HZ`] to keep behind those to skip.
    length: u64,
}

/// The head of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Head {
    channels: u8,
    /// Samples of [`CLOCK_HZ`] at the beginning, in which the decoder finds its feet.
    skip: u64,
    /// The values are to be multiplied by it.
    gain: f32,
}

/// The sound in `bytes` as mono at [`RATE_HZ`].
///
/// # Errors
/// When `bytes` are no Ogg file with one Opus stream, or too long, cut off or broken.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<f32>, SoundError> {
    let stream = read(bytes)?;
    let mut samples = run(&stream.packets, stream.head.channels)?;
    let at = |clock: u64| (clock * u64::from(RATE_HZ) / CLOCK_HZ) as usize;
    samples.drain(..at(stream.head.skip).min(samples.len()));
    samples.truncate(at(stream.length));
    if samples.is_empty() {
        return Err(SoundError::Broken("there is no sound in it".to_owned()));
    }
    for sample in &mut samples {
        *sample = (*sample * stream.head.gain).clamp(-1.0, 1.0);
    }
    Ok(samples)
}

/// Reads a file without decoding anything.
fn read(bytes: &[u8]) -> Result<Stream, SoundError> {
    let mut parsed = None;
    let (mut packets, mut number, mut length) = (Vec::new(), 0, 0);
    let end = ogg::packets(bytes, |packet| {
        number += 1;
        match number {
            1 => parsed = Some(head(packet)?),
            2 => {}
            _ => {
                length += duration(packet)
                    .ok_or_else(|| SoundError::Broken("a packet is none of Opus".to_owned()))?;
                if length > MAX_SECONDS * CLOCK_HZ {
                    return Err(SoundError::Long);
                }
                packets.push(packet.to_vec());
            }
        }
        Ok(())
    })?;
    let head = parsed.ok_or_else(|| SoundError::Broken("it is empty".to_owned()))?;
    // A recorder that began in the middle of something counts from there; then nothing is to be cut off at the end.
    let length = end.saturating_sub(head.skip).min(length);
    Ok(Stream { head, packets, length })
}

fn head(packet: &[u8]) -> Result<Head, SoundError> {
    let unsupported = |reason: &str| SoundError::Unsupported(reason.to_owned());
    if !packet.starts_with(b"OpusHead") {
        return Err(unsupported("an Ogg file of another codec than Opus is not taken"));
    }
    let Some(&[version, channels, skip_low, skip_high, _, _, _, _, gain_low, gain_high, family]) =
        packet.get(8..19).and_then(|fields| fields.first_chunk())
    else {
        return Err(SoundError::Broken("its head is too short".to_owned()));
    };
    if version > 15 || family != 0 || !(1..=2).contains(&channels) {
        return Err(unsupported("Opus with more than two channels, or of a later version, is not taken"));
    }
    let decibels = f32::from(i16::from_le_bytes([gain_low, gain_high])) / 256.0;
    let skip = u64::from(u16::from_le_bytes([skip_low, skip_high]));
    Ok(Head { channels, skip, gain: 10_f32.powf(decibels / 20.0) })
}

/// Samples of [`CLOCK_HZ`] in a packet: RFC 6716, 3.1 and 3.2. `None` when it cannot be one.
fn duration(packet: &[u8]) -> Option<u64> {
    let first = *packet.first()?;
    let step = usize::from(first >> 3 & 3);
    let frame = match first >> 3 {
        0..12 => [480, 960, 1920, 2880][step],
        12..16 => [480, 960][step % 2],
        _ => [120, 240, 480, 960][step],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 0x3f),
    };
    (1..=MAX_PACKET).contains(&(frame * frames)).then_some(frame * frames)
}

/// A pipeline that is taken down whatever happens.
struct Running(gst::Pipeline);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.set_state(gst::State::Null).is_err() {
            tracing::warn!("a decoder of sound did not stop");
        }
    }
}

fn run(packets: &[Vec<u8>], channels: u8) -> Result<Vec<f32>, SoundError> {
    let missing = |error: &dyn std::fmt::Display| SoundError::NoDecoder(error.to_string());
    gst::init().map_err(|error| missing(&error))?;
    let caps = gst::Caps::builder("audio/x-opus")
        .field("channel-mapping-family", 0)
        .field("channels", i32::from(channels))
        .field("rate", CLOCK_HZ as i32)
        .build();
    let wanted = gst::Caps::builder("audio/x-raw")
        .field("format", "F32LE")
        .field("layout", "interleaved")
        .field("channels", 1)
        .field("rate", RATE_HZ as i32)
        .build();
    let source = gst_app::AppSrc::builder().caps(&caps).format(gst::Format::Time).build();
    let sink = gst_app::AppSink::builder().caps(&wanted).sync(false).build();
    let make = |name: &str| gst::ElementFactory::make(name).build().map_err(|error| missing(&error));
    let (decoder, convert) = (make("opusdec")?, make("audioconvert")?);
    let pipeline = gst::Pipeline::new();
    let chain = [source.upcast_ref(), &decoder, &convert, sink.upcast_ref()];
    pipeline
        .add_many(chain)
        .and_then(|()| gst::Element::link_many(chain))
        .map_err(|error| missing(&error))?;
    let running = Running(pipeline);
    running.0.set_state(gst::State::Playing).map_err(|error| missing(&error))?;
    let mut at = 0;
    for packet in packets {
        let length = duration(packet).unwrap_or(0);
        let time = |clock: u64| gst::ClockTime::from_nseconds(clock * 1_000_000_000 / CLOCK_HZ);
        let mut buffer = gst::Buffer::from_slice(packet.clone());
        let fields = buffer.get_mut().expect("a new buffer should be writable");
        fields.set_pts(time(at));
        fields.set_duration(time(at + length) - time(at));
        at += length;
        // What is wrong is told by the bus.
        if source.push_buffer(buffer).is_err() {
            break;
        }
    }
    // Refused only by a source that is at its end.
    let _ = source.end_of_stream();
    let samples = collect(&sink)?;
    let bus = running.0.bus().expect("a pipeline should have a bus");
    match bus.pop_filtered(&[gst::MessageType::Error]).as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => Err(SoundError::Broken(error.error().message().to_owned())),
        _ => Ok(samples),
    }
}

fn collect(sink: &gst_app::AppSink) -> Result<Vec<f32>, SoundError> {
    let mut samples = Vec::new();
    while let Some(sample) = sink.try_pull_sample(WAIT) {
        let map = sample.buffer().and_then(|buffer| buffer.map_readable().ok());
        let map = map.ok_or_else(|| SoundError::NoDecoder("its sound cannot be read".to_owned()))?;
        samples.extend(map.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
    }
    if sink.is_eos() { Ok(samples) } else { Err(SoundError::NoDecoder("it stands still".to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::super::ogg::tests::written;
    use super::*;

    const HEAD: &[u8] = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0";

    /// A file of `head` and `packets`, at most 254 bytes each.
    fn file(head: &[u8], packets: &[&[u8]], position: u64) -> Vec<u8> {
        let lengths: Vec<u8> = packets.iter().map(|packet| packet.len() as u8).collect();
        let first = written(2, 0, 0, &[head.len() as u8], head);
        let tags = written(0, 0, 1, &[8], b"OpusTags");
        [first, tags, written(4, position, 2, &lengths, &packets.concat())].concat()
    }

    #[test]
    fn a_packet_tells_how_long_it_is() {
        // Rows of RFC 6716's table 2, and the numbers of frames of its 3.2.
        let cases: [(&[u8], Option<u64>); 8] = [
            (&[0], Some(480)),
            (&[3 << 3 | 1], Some(5760)),
            (&[13 << 3], Some(960)),
            (&[16 << 3], Some(120)),
            (&[31 << 3 | 3, 6], Some(5760)),
            (&[31 << 3 | 3, 7], None),
            (&[31 << 3 | 3, 0], None),
            (&[], None),
        ];
        for (packet, samples) in cases {
            assert_eq!(duration(packet), samples, "{packet:?}");
        }
    }

    #[test]
    fn what_is_no_opus_or_too_long_is_refused_before_it_is_decoded() {
        let packet = &[31u8 << 3][..];
        assert_eq!(read(&file(HEAD, &[packet; 3], 2000)).unwrap().length, 2000 - 312);
        assert_eq!(read(&file(HEAD, &[packet; 3], 1 << 40)).unwrap().length, 3 * 960);
        let unsupported =
            |head: &[u8]| matches!(read(&file(head, &[packet], 0)), Err(SoundError::Unsupported(_)));
        assert!(unsupported(b"\x01vorbis") && unsupported(b"OpusHead\x01\x03\0\0\0\0\0\0\0\0\0"));
        let is_broken = |bytes: &[u8]| matches!(decode(bytes), Err(SoundError::Broken(_)));
        assert!(is_broken(&file(b"OpusHead\x01", &[packet], 0)) && is_broken(&file(HEAD, &[&[]], 0)));
        assert!(is_broken(&file(HEAD, &[], 0)), "no packet");
        let long = [31u8 << 3 | 3, 6];
        let pages = (0..2501u32).map(|number| written(0, 0, number + 2, &[2], &long));
        let head = file(HEAD, &[], 0);
        let bytes = [&head[..head.len() - 27], &pages.collect::<Vec<_>>().concat()].concat();
        assert_eq!(read(&bytes), Err(SoundError::Long));
    }

    #[test]
    fn rubbish_in_the_right_wrapping_is_decoded_or_refused_and_no_more() {
        let rubbish: Vec<Vec<u8>> =
            (0..40u8).map(|seed| (0..60u8).map(|at| at.wrapping_mul(seed) ^ 0x5a).collect()).collect();
        let packets: Vec<&[u8]> =
            rubbish.iter().map(Vec::as_slice).filter(|packet| duration(packet).is_some()).collect();
        if let Ok(samples) = decode(&file(HEAD, &packets, 1 << 20)) {
            assert!(samples.iter().all(|sample| (-1.0..=1.0).contains(sample)));
        }
    }
}
