//! Single pictures: bytes in, who is on it out, by the same networks and the same rules as video.
//!
//! Nothing is kept: the picture lives as long as the question.

mod analysers;
mod drawn;
mod encoder;
mod jpeg;
mod picture;

use std::sync::Arc;

use gstvision::engine::{Catalog, Detector, EngineError, Found, Job, LoadOptions, Wanted};
use gstvision::meta::{About, Aspect, Mark, MarkKind, Object};
use gstvision::person::{self, Looker, Votes};

pub use analysers::Analysers;
pub use encoder::{EncodeError, Encoders};
pub use picture::{MAX_PIXELS, Picture, PictureError};

use crate::domain::{Attribute, Attributes, Detection, Rect};

/// Label of who is looked for.
pub const PERSON: &str = "person";

/// How many people of a picture are looked at closely: that takes some four seconds, and whoever asks next waits.
const LOOKED_AT: usize = 50;

/// What looks at pictures.
pub struct Analyser {
    catalog: Arc<Catalog>,
    options: LoadOptions,
    detector: Detector,
    /// Label of each class that is looked for: people, and what says something about them.
    wanted: Wanted,
    /// Loaded when it is first needed.
    looker: Option<Looker>,
}

/// A person on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// With attributes when somebody looked closer.
    pub detection: Detection,
    /// Fractions of the picture; `None` when no face was seen.
    pub face: Option<Rect>,
    /// For whoever draws it.
    about: Option<Box<About>>,
}

impl Analyser {
    /// Loads the detector `model` of `catalog`.
    ///
    /// # Errors
    /// When it is missing, not what its manifest says, or knows no people.
    pub fn load(catalog: Arc<Catalog>, model: &str, options: LoadOptions) -> Result<Self, EngineError> {
        let manifest = catalog.find_for(Job::Detector, model)?;
        let detector = Detector::load(&manifest, &options)?;
        let worn = manifest.labels.iter().map(String::as_str).filter(|label| person::is_worn(label));
        let labels: Vec<&str> = worn.chain([PERSON]).collect();
        let wanted = Wanted::new(&manifest, &labels, manifest.thresholds.low_score())?;
        Ok(Self { catalog, options, detector, wanted, looker: None })
    }

    /// Name of the model that looks.
    pub fn model(&self) -> &str {
        &self.detector.model().manifest().name
    }

    /// The people on `picture`, surest first. Blocks for as long as an inference takes.
    ///
    /// # Errors
    /// When the inference fails.
    pub fn people(&mut self, picture: &Picture) -> Result<Vec<Person>, EngineError> {
        let objects = self.objects(picture)?;
        Ok(self.people_of(&objects).map(plain).collect())
    }

    /// As [`Analyser::people`], with all that can be said of each of the surest 50. Blocks for some 110 ms more for each
    /// of them.
    ///
    /// # Errors
    /// When an inference fails, or a network of those that look at people cannot be loaded.
    pub fn analyse(&mut self, picture: &Picture) -> Result<Vec<Person>, EngineError> {
        let objects = self.objects(picture)?;
        let people: Vec<Object> = self.people_of(&objects).cloned().collect();
        let looker = self.looker()?;
        let rects: Vec<_> = people.iter().map(|person| person.rect).collect();
        let carried = person::carried(&rects, &objects);
        let mut analysed = Vec::with_capacity(people.len());
        for (object, carried) in people.iter().zip(carried).take(LOOKED_AT) {
            let tie = person::tie(&object.rect, &objects);
            let look = looker.look(&picture.i420(), &object.rect, tie)?;
            let mut votes = Votes::of_picture();
            votes.add(&look);
            votes.add_bag(carried.as_ref());
            let bag = carried.map(|carried| Mark {
                kind: MarkKind::Bag,
                label: carried.bag.name().to_owned(),
                rect: carried.rect,
            });
            let about = About {
                attributes: votes.attributes(&looker.age_reader()),
                marks: look.marks.iter().cloned().chain(bag).collect(),
                landmarks: look.landmarks(),
            };
            analysed.push(described(plain(object), look.face.map(|face| face.rect), about));
        }
        analysed.extend(people.iter().skip(LOOKED_AT).map(plain));
        Ok(analysed)
    }

    /// Everything on `picture` that is a person or says something about one, down to what only a tracker can make use of.
    /// Blocks for as long as an inference takes.
    ///
    /// # Errors
    /// When the inference fails.
    pub fn objects(&mut self, picture: &Picture) -> Result<Vec<Object>, EngineError> {
        let (found, _) = self.detector.detect(&picture.i420(), &self.wanted)?;
        let labels = &self.detector.model().manifest().labels;
        let object = |found: &Found| Object {
            label: labels[found.class].clone(),
            score: found.score,
            rect: found.rect,
            seen: true,
            ..Object::default()
        };
        Ok(found.iter().map(object).collect())
    }

    /// Score from which an object can stand alone, 0..1.
    pub fn threshold(&self) -> f32 {
        self.detector.model().manifest().thresholds.score
    }

    /// What looks at one person at a time.
    ///
    /// # Errors
    /// When a network cannot be loaded.
    pub fn looker(&mut self) -> Result<&mut Looker, EngineError> {
        Ok(match &mut self.looker {
            Some(looker) => looker,
            none => none.insert(Looker::load(&self.catalog, &self.options)?),
        })
    }

    fn people_of<'a>(&self, objects: &'a [Object]) -> impl Iterator<Item = &'a Object> + use<'a> {
        let least = self.threshold();
        objects.iter().filter(move |object| object.label == PERSON && object.score >= least)
    }
}

/// A person of whom no more is known.
fn plain(object: &Object) -> Person {
    let detection = Detection {
        track: None,
        label: PERSON.into(),
        confidence: object.score,
        rect: to_domain(object.rect),
        seen: true,
        attributes: None,
    };
    Person { detection, face: None, about: None }
}

fn described(mut person: Person, face: Option<gstvision::meta::Rect>, about: About) -> Person {
    person.detection.attributes = Some(Arc::new(attributes_of(&about)));
    Person { face: face.map(to_domain), about: Some(Box::new(about)), ..person }
}

/// What is said of somebody.
pub fn attributes_of(about: &About) -> Attributes {
    let said = Aspect::ALL.map(|aspect| {
        let said = about.attributes.get(aspect);
        Attribute { value: said.value.as_deref().map(Into::into), confidence: said.confidence }
    });
    said.into()
}

/// A box of the plugin's.
pub fn to_domain(rect: gstvision::meta::Rect) -> Rect {
    Rect { x: rect.x, y: rect.y, w: rect.w, h: rect.h }
}

fn to_plugin(rect: Rect) -> gstvision::meta::Rect {
    gstvision::meta::Rect { x: rect.x, y: rect.y, w: rect.w, h: rect.h }
}
