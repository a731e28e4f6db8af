//! What a person wears on the upper body, and in which colours.
//!
//! The original design told garments apart by three lengths as fractions of the picture. The same lengths in units of
//! the body are where this starts (their thresholds divided by its typical torso of 0.4); what decides is seen rather
//! than measured: skin or cloth along the forearms tells sleeves, a front that is open or reaches over the hips tells
//! a jacket, a silhouette wider than the body tells how thick the cloth is.

use super::body::{ArmPart, Body, Place, Side};
use super::colour::{Colour, Lab, Palette};
use super::words::{Garment, Style};
use crate::engine::I420;
use crate::engine::mask::{Mask, Material};

/// A picture, and what its pixels belong to where that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) frame: &'a I420<'a>,
    /// `None` when the person is too small for one.
    pub(super) mask: Option<&'a Mask>,
}

/// A pixel of a person.
#[derive(Debug, Clone, Copy)]
struct Spot {
    colour: Lab,
    material: Option<Material>,
}

impl Sight<'_> {
    /// What is at `places`; those outside of the picture are left out.
    fn spots(&self, places: &[Place]) -> Vec<Spot> {
        let spot = |(x, y): &Place| {
            let colour = Lab::of_rgb(self.frame.rgb(*x, *y)?);
            Some(Spot { colour, material: self.material((*x, *y)) })
        };
        places.iter().filter_map(spot).collect()
    }

    /// What is at a place, where a mask says so.
    pub(super) fn material(&self, (x, y): Place) -> Option<Material> {
        self.mask?.at(x, y)
    }
}

/// The part of `spots` that `is` one of something; 0 of none.
fn share(spots: &[Spot], is: impl Fn(Material) -> bool) -> f32 {
    let count = spots.iter().filter(|spot| spot.material.is_some_and(&is)).count();
    count as f32 / spots.len().max(1) as f32
}

fn is_skin(material: Material) -> bool {
    matches!(material, Material::BodySkin | Material::FaceSkin)
}

/// The least part of a torso that must be in the picture.
const TORSO_IN_PICTURE: f32 = 0.6;

/// From this part of a torso on, what the mask calls clothes is taken for all of the clothes.
const ENOUGH_CLOTHES: f32 = 0.35;

/// From this part on, skin and hair leave too little of the clothes to be seen.
const TOO_MUCH_SKIN: f32 = 0.3;

/// Where the mask is blind, as it is for people far away or in the dark, the landmarks must be surer than elsewhere.
const SURE_BODY: f32 = 0.85;

/// From this part of a torso on that is something, the mask sees the person.
const MASK_SEES: f32 = 0.2;

/// The least part of a torso that may be clothes.
const LEAST_PIECES: f32 = 0.25;

/// The part of the clothes that a colour must have to be said at all.
const LEAST_COLOUR: f32 = 0.35;

/// How much the colours of a blind look count beside those of one with a mask.
const BLIND_WEIGHT: f32 = 0.6;

/// The colours of the clothes and how much this look counts, 0..1; `None` when the clothes are not seen.
pub(super) fn colours(sight: &Sight<'_>, body: &Body<'_>) -> Option<(Palette, f32)> {
    let places: Vec<Place> = body.torso_rows().into_iter().flatten().collect();
    let torso = sight.spots(&places);
    if (torso.len() as f32) < TORSO_IN_PICTURE * places.len() as f32 {
        return None;
    }
    let is_cloth = |spot: &&Spot| spot.material == Some(Material::Clothes);
    let (pieces, weight): (Vec<Lab>, f32) =
        if share(&torso, |material| material == Material::Clothes) >= ENOUGH_CLOTHES {
            let arms = sight.spots(&arms(body));
            (torso.iter().chain(&arms).filter(is_cloth).map(|spot| spot.colour).collect(), 1.0)
        } else {
            (blind_pieces(&torso, body)?, BLIND_WEIGHT)
        };
    let palette = Palette::of(&pieces);
    let most = palette.ranked().first()?.1;
    (most >= LEAST_COLOUR).then(|| (palette, weight * body.presence().min(1.0)))
}

/// The pixels of a torso that may be clothes where the mask does not say which are; `None` when it says that hardly any
/// can be.
fn blind_pieces(torso: &[Spot], body: &Body<'_>) -> Option<Vec<Lab>> {
    let is_bare = |material| is_skin(material) || material == Material::Hair;
    if share(torso, is_bare) > TOO_MUCH_SKIN || body.presence() < SURE_BODY {
        return None;
    }
    // Of a person far away or in the dark the mask often sees nothing at all; what it then calls background is not.
    let sees = share(torso, |material| material != Material::Background) >= MASK_SEES;
    let may_be = |material| !(is_bare(material) || sees && material == Material::Background);
    let spots = torso.iter().filter(|spot| spot.material.is_none_or(may_be));
    let pieces: Vec<Lab> = spots.map(|spot| spot.colour).collect();
    (pieces.len() as f32 >= LEAST_PIECES * torso.len() as f32).then_some(pieces)
}

fn arms(body: &Body<'_>) -> Vec<Place> {
    let parts = [Side::Left, Side::Right]
        .map(|side| [body.arm(side, ArmPart::Upper), body.arm(side, ArmPart::Fore)].concat());
    parts.concat()
}

/// What covers a part of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    Cloth,
    Skin,
}

/// The part of an arm's spots that must be of one kind.
const ARM_SHARE: f32 = 0.55;

/// Colours nearer than this are of one thing in one light.
const SAME: f32 = 16.0;

/// Colours further apart than this are of two things.
const DIFFERENT: f32 = 26.0;

/// What covers a part of an arm; `skin` is the colour of the person's face.
fn cover(sight: &Sight<'_>, arm: &[Place], torso: Lab, skin: Option<Lab>) -> Option<Cover> {
    let spots = sight.spots(arm);
    if spots.len() < (arm.len() * 7 / 10).max(1) {
        return None;
    }
    if share(&spots, |material| material == Material::Clothes) >= ARM_SHARE {
        return Some(Cover::Cloth);
    }
    if share(&spots, is_skin) >= ARM_SHARE {
        return Some(Cover::Skin);
    }
    // Where the mask is blind, a sleeve has the colour of the torso and not that of the face.
    let colour = Lab::median(&spots.iter().map(|spot| spot.colour).collect::<Vec<_>>())?;
    let is_torso = colour.distance(torso) < SAME / 2.0;
    let is_skin = skin.is_some_and(|skin| colour.distance(skin) < SAME);
    (is_torso && !is_skin).then_some(Cover::Cloth)
}

/// How long the sleeves are, and how sure that is, 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sleeves {
    Short(f32),
    Long(f32),
}

fn sleeves(sight: &Sight<'_>, body: &Body<'_>, torso: Lab, skin: Option<Lab>) -> Option<Sleeves> {
    let covers =
        |part| [Side::Left, Side::Right].map(|side| cover(sight, &body.arm(side, part), torso, skin));
    let upper = covers(ArmPart::Upper);
    let both =
        |covers: [Option<Cover>; 2], cover| covers.iter().filter(|found| **found == Some(cover)).count();
    let fore = covers(ArmPart::Fore);
    match (both(fore, Cover::Skin), both(fore, Cover::Cloth)) {
        (2, 0) => Some(Sleeves::Short(0.9)),
        (1, 0) => Some(Sleeves::Short(0.7)),
        (0, 2) => Some(Sleeves::Long(0.9)),
        (0, 1) => Some(Sleeves::Long(0.7)),
        // Forearms are often hidden; what covers the elbows tells as much.
        (0, 0) if both(upper, Cover::Skin) > 0 && both(upper, Cover::Cloth) == 0 => Some(Sleeves::Short(0.6)),
        (0, 0) if both(upper, Cover::Cloth) > 0 && both(upper, Cover::Skin) == 0 => Some(Sleeves::Long(0.6)),
        // One of each is a rolled sleeve or something in the hand.
        _ => None,
    }
}

/// The original's thresholds of shoulder width and arm drop, over its torso of 0.4.
const JACKET_SHOULDERS: f32 = 0.62;
const JACKET_ARMS: f32 = 0.5;
const SWEATSHIRT_SHOULDERS: f32 = 0.47;

/// Cloth at the shoulders so many times as wide as they are apart is thick.
const THICK: f32 = 1.55;

/// What a person wears and how sure that is, 0..1; `skin` is the colour of the face where it is seen, `tie` a detector's
/// score for one on the chest.
pub(super) fn garment(
    sight: &Sight<'_>,
    body: &Body<'_>,
    skin: Option<Lab>,
    tie: Option<f32>,
) -> Option<(Garment, f32)> {
    let rows = body.torso_rows();
    let places: Vec<Place> = rows.iter().flatten().copied().collect();
    let spots = sight.spots(&places);
    if spots.len() < places.len() * 8 / 10 {
        return None;
    }
    let torso = Lab::median(&spots.iter().map(|spot| spot.colour).collect::<Vec<_>>())?;
    let sure = match sleeves(sight, body, torso, skin)? {
        Sleeves::Short(sure) => return Some((Garment::TShirt, sure * body.presence().min(1.0))),
        Sleeves::Long(sure) => sure * body.presence().min(1.0),
    };
    let is_broad = body.shoulder_width() > JACKET_SHOULDERS && body.arm_drop() > JACKET_ARMS;
    let is_thick = is_thick(sight, body);
    let is_suit = tie.is_some() && is_thick.unwrap_or(true);
    let jacket = 0.45 * f32::from(is_suit || is_open(sight, body, &rows))
        + 0.35 * f32::from(is_long(sight, body, torso))
        + 0.2 * f32::from(is_thick.unwrap_or(is_broad))
        + 0.1 * f32::from(is_broad);
    if jacket >= 0.35 {
        return Some((Garment::Jacket, sure * (0.4 + jacket).min(1.0)));
    }
    if is_thick.unwrap_or(false) && body.shoulder_width() > SWEATSHIRT_SHOULDERS {
        return Some((Garment::Sweatshirt, sure * 0.6));
    }
    Some((Garment::LongSleeve, sure * 0.6))
}

/// Whether the middle of the chest has another colour than both sides, and these have one: an open front, be it down
/// to the hips or, as a suit's, only above.
fn is_open(sight: &Sight<'_>, body: &Body<'_>, rows: &[Vec<Place>]) -> bool {
    body.is_facing() && [3, 2].iter().any(|part| is_parted(sight, &rows[..rows.len() / part]))
}

/// Whether the middle of `rows` has another colour than both of their sides, and these have one.
fn is_parted(sight: &Sight<'_>, rows: &[Vec<Place>]) -> bool {
    let columns = |from: usize, to: usize| {
        let places: Vec<Place> = rows.iter().flat_map(|row| row[from..to].iter().copied()).collect();
        let is_bare = |material| is_skin(material) || material == Material::Hair;
        let spots = sight.spots(&places).into_iter();
        let cloth: Vec<Lab> = spots
            .filter(|spot| spot.material.is_none_or(|material| !is_bare(material)))
            .map(|spot| spot.colour)
            .collect();
        Lab::median(&cloth)
    };
    let count = rows.first().map_or(0, Vec::len);
    let sides = [columns(0, count / 4), columns(count - count / 4, count)];
    let (Some(middle), [Some(left), Some(right)]) = (columns(count * 7 / 16, count * 9 / 16), sides) else {
        return false;
    };
    left.distance(right) < SAME && middle.distance(left) > DIFFERENT && middle.distance(right) > DIFFERENT
}

/// Whether what the torso wears goes on below the hips and ends above the knees.
fn is_long(sight: &Sight<'_>, body: &Body<'_>, torso: Lab) -> bool {
    let at = |down: f32| {
        let line = body.across(down);
        // The middle half of two shoulder widths is the body.
        let spots = sight.spots(&line[line.len() * 3 / 8..line.len() * 5 / 8]);
        Lab::median(&spots.iter().map(|spot| spot.colour).collect::<Vec<_>>())
    };
    let (Some(hem), Some(thigh)) = (at(1.25), at(1.75)) else { return false };
    hem.distance(torso) < SAME && thigh.distance(torso) > DIFFERENT
}

/// Whether the cloth at the upper chest is much wider than the body beneath; `None` where no mask tells.
fn is_thick(sight: &Sight<'_>, body: &Body<'_>) -> Option<bool> {
    let line = body.across(0.25);
    let cloth = line.iter().filter(|place| sight.material(**place) == Some(Material::Clothes)).count();
    // The line is two shoulder widths long.
    let width = cloth as f32 / line.len() as f32 * 2.0;
    (width > 0.5 && body.is_facing()).then_some(width > THICK)
}

/// How a person is dressed and how sure that is; `tie` is a detector's score for one on the chest.
pub(super) fn style(
    garment: Option<(Garment, f32)>,
    palette: Option<&Palette>,
    tie: Option<f32>,
) -> Option<(Style, f32)> {
    if let Some(score) = tie {
        return Some((Style::Formal, score));
    }
    let ((garment, sure), colours) = (garment?, palette?.ranked());
    let is_quiet = |colour: Colour| {
        matches!(
            colour,
            Colour::Black | Colour::White | Colour::Grey | Colour::Blue | Colour::Brown | Colour::Beige
        )
    };
    // A second colour of a quarter is a pattern, not a seam.
    let loud = colours.iter().filter(|(colour, share)| *share >= 0.25 && !is_quiet(*colour)).count();
    Some(match garment {
        Garment::Jacket if loud == 0 => (Style::Formal, sure * 0.7),
        Garment::Sweatshirt => (Style::Sporty, sure * 0.8),
        Garment::Jacket => (Style::Sporty, sure * 0.6),
        Garment::LongSleeve | Garment::TShirt => (Style::Casual, sure * 0.8),
    })
}

/// The colour of the skin of a face, from the middle of it; `None` when that is hidden.
pub(super) fn skin(sight: &Sight<'_>, face: &crate::meta::Rect) -> Option<Lab> {
    let place = |index: usize| {
        let (column, row) = ((index % 8) as f32, (index / 8) as f32);
        (face.x + face.w * (0.3 + 0.4 * column / 7.0), face.y + face.h * (0.45 + 0.35 * row / 7.0))
    };
    let places: Vec<Place> = (0..64).map(place).collect();
    let spots = sight.spots(&places);
    let is_bare = |spot: &&Spot| spot.material.is_none_or(is_skin);
    Lab::median(&spots.iter().filter(is_bare).map(|spot| spot.colour).collect::<Vec<_>>())
}
