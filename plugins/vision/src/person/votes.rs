//! What several looks at one person say together.

use super::bag::Carried;
use super::colour::Palette;
use super::look::Look;
use super::words::{Bag, Garment, HeadAccessory, Style};
use crate::engine::age::{AgeReader, Ages};
use crate::meta::{Aspect, Attribute, Attributes};

/// A word needs more than this part of the votes.
const MAJORITY: f32 = 0.5;

/// The part of the clothes that the first colour must have …
const LEAST_COLOUR: f32 = 0.35;
/// … and the second.
const SECOND_COLOUR: f32 = 0.15;

/// The part of results that must see a bag before it is one …
const BAG_SHARE: f32 = 0.2;
/// … and how many of them in video, where one box can be a mistake.
const BAG_HITS: u32 = 3;

/// Votes for the words of one aspect.
#[derive(Debug, Clone)]
struct Ballot<T>(Vec<Tally<T>>);

#[derive(Debug, Clone)]
struct Tally<T> {
    word: T,
    /// Sum of how sure each vote was.
    sure: f32,
    votes: u32,
}

impl<T> Default for Ballot<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq> Ballot<T> {
    fn add(&mut self, vote: Option<(T, f32)>) {
        let Some((word, sure)) = vote else { return };
        if let Some(tally) = self.0.iter_mut().find(|tally| tally.word == word) {
            tally.sure += sure;
            tally.votes += 1;
        } else {
            self.0.push(Tally { word, sure, votes: 1 });
        }
    }

    /// The word with most of the votes, each counting as it is sure, and how sure that is: its part of the votes by
    /// how sure they were on the average.
    fn winner(&self) -> Option<(T, f32)> {
        let whole: f32 = self.0.iter().map(|tally| tally.sure).sum();
        let best = self.0.iter().max_by(|one, other| one.sure.total_cmp(&other.sure))?;
        let share = best.sure / whole;
        (share > MAJORITY).then(|| (best.word, share * best.sure / best.votes as f32))
    }
}

/// The looks at one person so far.
#[derive(Debug, Clone)]
pub struct Votes {
    garment: Ballot<Garment>,
    style: Ballot<Style>,
    head: Ballot<HeadAccessory>,
    palette: Palette,
    /// Sum and number of the palettes' weights.
    palettes: (f32, u32),
    ages: Vec<(Ages, f32)>,
    bags: Ballot<Bag>,
    /// Results of the detector in which a bag could have been seen.
    bag_looks: u32,
    /// Results with a bag that it takes.
    bag_hits: u32,
}

impl Default for Votes {
    /// Of video.
    fn default() -> Self {
        Self {
            garment: Ballot::default(),
            style: Ballot::default(),
            head: Ballot::default(),
            palette: Palette::default(),
            palettes: (0.0, 0),
            ages: Vec::new(),
            bags: Ballot::default(),
            bag_looks: 0,
            bag_hits: BAG_HITS,
        }
    }
}

/// Looks at a face that are kept; more do not make the mean any better.
const KEPT_AGES: usize = 32;

impl Votes {
    /// Of a single picture, which has nothing but one look.
    pub fn of_picture() -> Self {
        Self { bag_hits: 1, ..Self::default() }
    }

    /// Takes a look into account.
    pub fn add(&mut self, look: &Look) {
        self.garment.add(look.garment);
        self.style.add(look.style);
        self.head.add(look.head);
        if let Some((palette, weight)) = &look.palette {
            self.palette.add(palette, *weight);
            self.palettes = (self.palettes.0 + weight, self.palettes.1 + 1);
        }
        if let Some(ages) = &look.ages {
            self.ages.push(ages.clone());
            if self.ages.len() > KEPT_AGES {
                // The least sure one goes.
                let least = (0..self.ages.len()).min_by(|a, b| self.ages[*a].1.total_cmp(&self.ages[*b].1));
                self.ages.swap_remove(least.unwrap_or_default());
            }
        }
    }

    /// Takes into account what one result of the detector says of bags.
    pub fn add_bag(&mut self, carried: Option<&Carried>) {
        self.bag_looks += 1;
        self.bags.add(carried.map(|carried| (carried.bag, carried.score)));
    }

    /// What all of it says.
    pub fn attributes(&self, ages: &AgeReader) -> Attributes {
        let mut said = Attributes::default();
        let word = |word: Option<(&str, f32)>| {
            word.map_or_else(Attribute::default, |(word, sure)| Attribute {
                value: Some(word.to_owned()),
                confidence: sure.clamp(0.0, 1.0),
            })
        };
        said.set(Aspect::Garment, word(self.garment.winner().map(|(garment, sure)| (garment.name(), sure))));
        said.set(Aspect::Style, word(self.style.winner().map(|(style, sure)| (style.name(), sure))));
        said.set(Aspect::HeadAccessory, word(self.head.winner().map(|(worn, sure)| (worn.name(), sure))));
        let ranked = self.palette.ranked();
        let weight = self.palettes.0 / self.palettes.1.max(1) as f32;
        let colour = |index: usize, least: f32| {
            let (colour, share) = ranked.get(index).filter(|(_, share)| *share >= least)?;
            Some((colour.name(), share * weight))
        };
        said.set(Aspect::PrimaryColor, word(colour(0, LEAST_COLOUR)));
        said.set(Aspect::SecondaryColor, word(colour(1, SECOND_COLOUR)));
        said.set(Aspect::Bag, word(self.bag()));
        let mean = Ages::mean(self.ages.iter().map(|(ages, weight)| (ages, *weight)));
        let range = mean.and_then(|mean| ages.say(&mean));
        said.set(Aspect::AgeRange, word(range.map(|(range, share)| (range.name(), share))));
        said
    }

    /// Never "none": detectors overlook too many bags for that, as those on backs that are turned away.
    fn bag(&self) -> Option<(&'static str, f32)> {
        let hits: u32 = self.bags.0.iter().map(|tally| tally.votes).sum();
        let share = hits as f32 / self.bag_looks.max(1) as f32;
        let is_seen = share >= BAG_SHARE && hits >= self.bag_hits;
        self.bags.winner().filter(|_| is_seen).map(|(bag, sure)| (bag.name(), sure * share))
    }
}

#[cfg(test)]
mod tests {
    use super::super::colour::Lab;
    use super::*;
    use crate::engine::Manifest;
    use crate::meta::Rect;

    fn said(votes: &Votes, aspect: Aspect) -> (Option<String>, f32) {
        let manifest =
            Manifest::parse(include_str!("../../../../models/age_v1.toml"), "age_v1.toml").unwrap();
        let attribute = votes.attributes(&AgeReader::new(&manifest).unwrap()).get(aspect).clone();
        (attribute.value, attribute.confidence)
    }

    fn dressed(garment: Garment, sure: f32) -> Look {
        Look { garment: Some((garment, sure)), ..Look::default() }
    }

    #[test]
    fn most_votes_win_and_a_draw_says_nothing() {
        let mut votes = Votes::default();
        assert_eq!(said(&votes, Aspect::Garment), (None, 0.0));
        for (garment, sure) in [(Garment::Jacket, 0.8), (Garment::Jacket, 0.6), (Garment::TShirt, 0.6)] {
            votes.add(&dressed(garment, sure));
        }
        votes.add(&Look::default());
        let (value, confidence) = said(&votes, Aspect::Garment);
        assert_eq!(value.as_deref(), Some("jacket"));
        assert!((confidence - 0.7 * 0.7).abs() < 1e-5, "{confidence}");
        votes.add(&dressed(Garment::LongSleeve, 1.0));
        assert_eq!(said(&votes, Aspect::Garment), (None, 0.0), "1.4 of 3 is no majority");
        let mut votes = Votes::default();
        [Garment::Jacket, Garment::TShirt].into_iter().for_each(|garment| votes.add(&dressed(garment, 0.5)));
        assert_eq!(said(&votes, Aspect::Garment), (None, 0.0), "a draw");
    }

    #[test]
    fn colours_of_several_looks_are_mixed() {
        let (red, blue) = (Lab::of_rgb([200.0, 20.0, 30.0]), Lab::of_rgb([30.0, 60.0, 120.0]));
        let mut votes = Votes::default();
        for pieces in [[red, red, red, blue], [red, red, blue, blue]] {
            votes.add(&Look { palette: Some((Palette::of(&pieces), 0.5)), ..Look::default() });
        }
        assert_eq!(said(&votes, Aspect::PrimaryColor), (Some("red".into()), 0.625 * 0.5));
        assert_eq!(said(&votes, Aspect::SecondaryColor), (Some("blue".into()), 0.375 * 0.5));
    }

    #[test]
    fn a_bag_must_be_seen_again_and_none_is_never_said() {
        let bag = Carried { bag: Bag::Handbag, score: 0.5, rect: Rect::default() };
        let mut picture = Votes::of_picture();
        picture.add_bag(Some(&bag));
        assert_eq!(said(&picture, Aspect::Bag), (Some("handbag".into()), 0.5), "there is but one look");
        let mut votes = Votes::default();
        votes.add_bag(Some(&bag));
        votes.add_bag(Some(&bag));
        assert_eq!(said(&votes, Aspect::Bag).0, None, "two may be mistakes");
        votes.add_bag(Some(&bag));
        votes.add_bag(None);
        assert_eq!(said(&votes, Aspect::Bag), (Some("handbag".into()), 0.375));
        (0..12).for_each(|_| votes.add_bag(None));
        assert_eq!(said(&votes, Aspect::Bag).0, None, "three of sixteen are mistakes");
        let mut votes = Votes::default();
        (0..99).for_each(|_| votes.add_bag(None));
        assert_eq!(said(&votes, Aspect::Bag).0, None);
    }
}
