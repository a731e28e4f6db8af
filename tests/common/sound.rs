//! Sounds that tests make for themselves: a voice by espeak-ng, tones, noise; and what they are sent as.

use std::process::Command;

use gst::prelude::*;

/// 16-bit samples of one channel.
#[derive(Debug, Clone)]
pub(crate) struct Clip {
    pub(crate) rate_hz: u32,
    pub(crate) samples: Vec<i16>,
}

/// A second of silence, two sentences with a pause of two seconds between them, and a second of silence, at 22050 Hz.
pub(crate) fn speech() -> Clip {
    let say = |text: &str| {
        let said = Command::new("espeak-ng").args(["-v", "en", "-s", "150", "--stdout", text]).output();
        let said = said.expect("espeak-ng should be there: `make test` installs it");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        // A head of 44 bytes, as of every plain WAV.
        let samples = said.stdout[44..].as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes));
        samples.collect::<Vec<_>>()
    };
    let silence = |seconds: usize| vec![0; seconds * 22_050];
    let parts = [
        silence(1),
        say("Good morning how can I help you today?"),
        silence(2),
        say("I would like a cup of coffee and the newspaper please."),
        silence(1),
    ];
    Clip { rate_hz: 22_050, samples: parts.concat() }
}

/// `seconds` of what `wave` gives for each moment, in seconds.
pub(crate) fn made(rate_hz: u32, seconds: u32, mut wave: impl FnMut(f64) -> f64) -> Clip {
    let sample = |at: u32| (wave(f64::from(at) / f64::from(rate_hz)) * 32_767.0) as i16;
    Clip { rate_hz, samples: (0..rate_hz * seconds).map(sample).collect() }
}

/// A hiss, the same every time.
pub(crate) fn noise(seconds: u32) -> Clip {
    let mut state = 1u32;
    made(16_000, seconds, |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state) / f64::from(u32::MAX) - 0.5) * 0.2
    })
}

impl Clip {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    /// As a WAV.
    pub(crate) fn wav(&self) -> Vec<u8> {
        wav(self.rate_hz, 1, &self.bytes())
    }

    /// What `chain`, elements behind a source of this sound, makes of it.
    pub(crate) fn through(&self, chain: &str) -> Vec<u8> {
        gst::init().expect("GStreamer should start");
        let text = format!("appsrc name=source format=time ! {chain} ! appsink name=sink sync=false");
        let pipeline = gst::parse::launch(&text).unwrap().downcast::<gst::Pipeline>().unwrap();
        let source = pipeline.by_name("source").unwrap().downcast::<gst_app::AppSrc>().unwrap();
        let caps = gst::Caps::builder("audio/x-raw")
            .field("format", "S16LE")
            .field("layout", "interleaved")
            .field("channels", 1)
            .field("rate", self.rate_hz as i32);
        source.set_caps(Some(&caps.build()));
        let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let mut buffer = gst::Buffer::from_slice(self.bytes());
        buffer.get_mut().unwrap().set_pts(gst::ClockTime::ZERO);
        source.push_buffer(buffer).unwrap();
        source.end_of_stream().unwrap();
        let mut bytes = Vec::new();
        while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(30)) {
            // The heads of some formats come apart from their samples.
            bytes.extend_from_slice(&sample.buffer().unwrap().map_readable().unwrap());
        }
        assert!(sink.is_eos(), "{chain} should come to its end");
        pipeline.set_state(gst::State::Null).unwrap();
        bytes
    }

    /// The same sound at another rate, with 16 bits.
    pub(crate) fn at_rate(&self, rate_hz: u32) -> Self {
        let bytes = self.through(&format!("audioresample ! audio/x-raw,format=S16LE,rate={rate_hz}"));
        let samples = bytes.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
        Self { rate_hz, samples }
    }
}

/// A WAV around 16-bit samples.
pub(crate) fn wav(rate_hz: u32, channels: u16, samples: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((rate_hz * 2 * u32::from(channels)).to_le_bytes());
    bytes.extend((channels * 2).to_le_bytes());
    bytes.extend([16, 0]);
    bytes.extend(b"data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes
}
