//! Age: how likely each year from 0 to 80 is, and which range that makes.
//!
//! One look at a face is off by many years; the mean of the distributions of several looks is not, so that is what is
//! kept of each and a range is made of only at the end.

use super::super::error::EngineError;
use super::super::manifest::{Job, Manifest};
use super::super::region::Region;
use super::{Answer, values};

/// Years told apart; the last stands for 80 and more.
pub const YEARS: usize = 81;

/// Where a face's eyes lie in the network's crop, in fractions of it, the one further left in the picture first.
const EYES: [(f32, f32); 2] = [(19.53 / 64.0, 19.26 / 64.0), (43.56 / 64.0, 19.26 / 64.0)];

/// What the first year of the scale stands for, in years: infants are on the average a few months old.
const INFANT_YEARS: f32 = 0.25;

/// How far the sum of an answer may be from 1.
const SUM_TOLERANCE: f32 = 0.05;

/// Decoder of an age network's answer.
#[derive(Debug, Clone)]
pub struct AgeReader {
    min_share: f32,
}

/// How likely each year is; sums up to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Ages([f32; YEARS]);

/// Ranges of ages that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgeRange {
    Upto12,
    From13,
    From18,
    From25,
    From35,
    From45,
    From55,
    From65,
}

impl AgeRange {
    /// All of them, youngest first.
    pub const ALL: [Self; 8] = [
        Self::Upto12,
        Self::From13,
        Self::From18,
        Self::From25,
        Self::From35,
        Self::From45,
        Self::From55,
        Self::From65,
    ];

    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upto12 => "0-12",
            Self::From13 => "13-17",
            Self::From18 => "18-24",
            Self::From25 => "25-34",
            Self::From35 => "35-44",
            Self::From45 => "45-54",
            Self::From55 => "55-64",
            Self::From65 => "65+",
        }
    }

    /// Its first year of age.
    fn first_year(self) -> usize {
        match self {
            Self::Upto12 => 0,
            Self::From13 => 13,
            Self::From18 => 18,
            Self::From25 => 25,
            Self::From35 => 35,
            Self::From45 => 45,
            Self::From55 => 55,
            Self::From65 => 65,
        }
    }

    /// Its years of age, as far as they are told apart.
    fn years(self) -> std::ops::Range<usize> {
        let next = Self::ALL.get(self as usize + 1);
        self.first_year()..next.map_or(YEARS, |next| next.first_year())
    }

    /// The range of somebody who is `years` old.
    pub fn of(years: usize) -> Self {
        let is_old_enough = |range: &&Self| years >= range.first_year();
        Self::ALL.iter().rev().find(is_old_enough).copied().unwrap_or(Self::Upto12)
    }
}

impl Ages {
    /// The mean of several looks at one face, each counting by its weight; `None` when there are none.
    pub fn mean<'a>(looks: impl IntoIterator<Item = (&'a Self, f32)>) -> Option<Self> {
        let (mut sum, mut weights) = ([0.0; YEARS], 0.0);
        for (ages, weight) in looks {
            sum.iter_mut().zip(ages.0).for_each(|(sum, share)| *sum += share * weight);
            weights += weight;
        }
        (weights > 0.0).then(|| Self(sum.map(|share| share / weights)))
    }

    /// The age to expect, in years.
    pub fn years(&self) -> f32 {
        let year =
            |(index, share): (usize, &f32)| share * if index == 0 { INFANT_YEARS } else { index as f32 };
        self.0.iter().enumerate().map(year).sum()
    }

    /// The range that the middle of the distribution lies in, and how sure that is: how likely the person is that old,
    /// 0..1.
    ///
    /// The likeliest range would favour wide ranges over narrow ones, and the mean is drawn out of the right one by a
    /// few per cent at a quite different age.
    pub fn range(&self) -> (AgeRange, f32) {
        let mut sum = 0.0;
        let is_passed = |share: &f32| {
            sum += share;
            sum >= 0.5
        };
        let middle = self.0.iter().position(is_passed).unwrap_or(YEARS - 1);
        let range = AgeRange::of(middle);
        (range, self.0[range.years()].iter().sum::<f32>().clamp(0.0, 1.0))
    }
}

/// Shape of the years.
pub(in super::super) fn shape() -> Vec<i64> {
    vec![1, YEARS as i64]
}

/// The region to look at for a face whose eyes lie at these fractions of the picture, upright whichever way the head
/// is inclined; `picture` is the picture's size as it is shown. `None` when both eyes are one point.
pub fn region(eyes: [(f32, f32); 2], picture: (f32, f32)) -> Option<Region> {
    Region::through(eyes, EYES, picture)
}

impl AgeReader {
    /// For the network of `manifest`.
    ///
    /// # Errors
    /// When that is not for ages.
    pub fn new(manifest: &Manifest) -> Result<Self, EngineError> {
        manifest.picture_for(Job::Age)?;
        Ok(Self { min_share: manifest.thresholds.score })
    }

    /// What one look says.
    ///
    /// # Errors
    /// When the answer has another size than promised or is no distribution.
    pub fn decode(&self, answers: &[Answer<'_>]) -> Result<Ages, String> {
        let shares: &[f32; YEARS] = values(answers, 0, YEARS)?
            .as_array()
            .ok_or("the years should have the size that was just checked")?;
        let sum: f32 = shares.iter().sum();
        // Comparisons with what is no number are false.
        let is_distribution = (sum - 1.0).abs() <= SUM_TOLERANCE && shares.iter().all(|share| *share >= 0.0);
        if !is_distribution {
            return Err(format!("the probabilities of the years sum up to {sum}, not to 1"));
        }
        Ok(Ages(shares.map(|share| share / sum)))
    }

    /// The range of `ages` and how sure it is; `None` when it is not sure enough to be said.
    pub fn say(&self, ages: &Ages) -> Option<(AgeRange, f32)> {
        Some(ages.range()).filter(|(_, share)| *share >= self.min_share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> AgeReader {
        let text = include_str!("../../../../../models/age_v1.toml");
        AgeReader::new(&Manifest::parse(text, "age_v1.toml").unwrap()).unwrap()
    }

    fn ages(shares: &[(usize, f32)]) -> Result<Ages, String> {
        let mut values = [0.0; YEARS];
        for (year, share) in shares {
            values[*year] += share;
        }
        reader().decode(&[Answer { shape: &[1, 81], values: &values }])
    }

    #[test]
    fn every_year_lies_in_one_range() {
        let years: Vec<_> = AgeRange::ALL.iter().flat_map(|range| range.years()).collect();
        assert_eq!(years, (0..YEARS).collect::<Vec<_>>());
        for range in AgeRange::ALL {
            let name = range.name();
            let (first, last) = name.split_once('-').unwrap_or((name.trim_end_matches('+'), "80"));
            assert_eq!(range.years(), first.parse().unwrap()..last.parse::<usize>().unwrap() + 1, "{name}");
            assert!(range.years().all(|year| AgeRange::of(year) == range), "{name}");
        }
    }

    #[test]
    fn a_distribution_becomes_an_age_a_range_and_how_sure_it_is() {
        let cases = [
            (vec![(0, 1.0)], 0.25, AgeRange::Upto12, 1.0),
            (vec![(80, 1.0)], 80.0, AgeRange::From65, 1.0),
            (vec![(30, 0.25), (35, 0.5), (46, 0.25)], 36.5, AgeRange::From35, 0.5),
            (vec![(26, 0.25), (30, 0.5), (34, 0.25)], 30.0, AgeRange::From25, 1.0),
            // The mean is 25.25, which it surely is not.
            (vec![(21, 0.75), (38, 0.25)], 25.25, AgeRange::From18, 0.75),
            // It wavers: a child, in between or old.
            (vec![(10, 0.375), (40, 0.25), (70, 0.375)], 40.0, AgeRange::From35, 0.25),
        ];
        for (shares, years, range, share) in cases {
            let ages = ages(&shares).unwrap();
            assert!((ages.years() - years).abs() < 1e-3, "{shares:?}: {}", ages.years());
            let found = ages.range();
            assert!(found.0 == range && (found.1 - share).abs() < 1e-5, "{shares:?}: {found:?}");
            assert_eq!(reader().say(&ages).is_some(), share >= 0.5, "{shares:?}");
        }
    }

    #[test]
    fn several_looks_are_averaged_by_their_weights() {
        let (young, old) = (ages(&[(20, 1.0)]).unwrap(), ages(&[(60, 1.0)]).unwrap());
        let mean = Ages::mean([(&young, 3.0), (&old, 1.0)]).unwrap();
        assert!((mean.years() - 30.0).abs() < 1e-3);
        assert_eq!(Ages::mean([(&young, 0.0)]), None);
        assert_eq!(Ages::mean([]), None);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for shares in [&[(3, 2.0)][..], &[], &[(3, 1.5), (4, -0.5)], &[(3, f32::NAN)]] {
            let error = ages(shares).unwrap_err();
            assert!(error.contains("not to 1"), "{error}");
        }
        assert!(reader().decode(&[Answer { shape: &[1, 2], values: &[0.5; 2] }]).is_err());
    }

    #[test]
    fn the_crop_has_the_eyes_at_their_places() {
        let eyes = [(0.4, 0.5), (0.45, 0.55)];
        let region = region(eyes, (640.0, 480.0)).unwrap();
        for (eye, at) in eyes.into_iter().zip(EYES) {
            let found = region.of_picture(eye.0, eye.1);
            assert!((found.0 - at.0).abs() < 1e-4 && (found.1 - at.1).abs() < 1e-4, "{found:?}");
        }
    }
}
