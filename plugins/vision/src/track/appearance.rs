//! What a track looks like, to tell it from others when places do not.

/// Weight of a new look in the mean, per second of seeing it: clothes stay, light and pose change.
const LEARNED_A_SECOND: f64 = 0.5;
/// … and at most for one look.
const LEARNED_AT_ONCE: f64 = 0.3;

/// The mean of the histograms that were seen; none before the first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Appearance {
    colours: Vec<f32>,
    /// What was seen last, maybe in part.
    last: Vec<u8>,
}

impl Appearance {
    /// Takes a look into the mean, `seconds` after the last one.
    pub(super) fn learn(&mut self, colours: &[u8], seconds: f64) {
        if self.colours.len() != colours.len() {
            self.colours = colours.iter().map(|bin| f32::from(*bin)).collect();
            return;
        }
        let weight = (LEARNED_A_SECOND * seconds).min(LEARNED_AT_ONCE) as f32;
        for (mean, bin) in self.colours.iter_mut().zip(colours) {
            *mean += weight * (f32::from(*bin) - *mean);
        }
    }

    /// Takes note of the last sight, clear or not.
    pub(super) fn note(&mut self, colours: &[u8]) {
        self.last.clear();
        self.last.extend_from_slice(colours);
    }

    /// How different `colours` are: 0 is the same, 1 has nothing in common (Bhattacharyya, 1943). `None` when one of
    /// the two is not known.
    pub(super) fn distance(&self, colours: &[u8]) -> Option<f64> {
        distance(self.colours.iter().copied(), colours)
    }

    /// How different `colours` are from those of the last sight: who steps behind a table changes little by little.
    pub(super) fn distance_to_last(&self, colours: &[u8]) -> Option<f64> {
        distance(self.last.iter().map(|bin| f32::from(*bin)), colours)
    }
}

fn distance(known: impl ExactSizeIterator<Item = f32>, colours: &[u8]) -> Option<f64> {
    if colours.is_empty() || known.len() != colours.len() {
        return None;
    }
    let (mut common, mut mine, mut theirs) = (0.0, 0.0, 0.0);
    for (known, bin) in known.zip(colours) {
        let bin = f32::from(*bin);
        common += (known * bin).sqrt();
        mine += known;
        theirs += bin;
    }
    let whole = (mine * theirs).sqrt();
    (whole > 0.0).then(|| 1.0 - f64::from(common / whole))
}
