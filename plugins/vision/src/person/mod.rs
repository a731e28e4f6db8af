//! What is said about a person: garment, style, colours, head accessory, bag, age range.
//!
//! Nothing is guessed to fill a field: what is not seen is not said, and how sure it is is said with it. One [`Look`]
//! is what one crop shows, [`Votes`] are what all looks over a visit say together. No picture, crop or number that a
//! person could be known by leaves this module; ages are only kept as distributions until a range is made of them.
//!
//! # Layout
//! - `look`: the networks, and one look at one person
//! - `body`: where the parts of a body lie
//! - `clothes`: garment, style and the pixels that are clothes
//! - `colour`: words for colours
//! - `head`: faces and what is worn on heads
//! - `bag`: whose bag it is
//! - `votes`: looks over a visit
//! - `words`: codes, and what they are called in pictures

mod bag;
mod body;
mod clothes;
mod colour;
mod head;
mod look;
mod votes;
mod words;

pub use bag::{Carried, carried, is_worn, tie};
pub use colour::{Colour, Lab, Palette};
pub use look::{LEAST_HEIGHT, Look, Looker};
pub use votes::Votes;
pub use words::{Bag, Garment, HeadAccessory, Language, NONE, Style};
