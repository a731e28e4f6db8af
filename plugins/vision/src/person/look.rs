//! One look at one person: four networks, and what their answers mean.

use super::body::Body;
use super::clothes::{self, Sight};
use super::colour::Palette;
use super::head;
use super::words::{Garment, HeadAccessory, Style};
use crate::engine::age::{self, AgeReader, Ages};
use crate::engine::blazeface::{BlazeFace, Face, KeyPoint};
use crate::engine::blazepose::{BlazePose, Pose};
use crate::engine::mask::MaskReader;
use crate::engine::{
    Answer, Catalog, EngineError, Feed, I420, Job, LoadOptions, Network, Preprocessor, Region, Tensor,
};
use crate::meta::{Mark, MarkKind, Point, Rect};

/// The networks, by their manifests' names. The full landmarks are twice as slow as the light ones (7.5 ms), which in
/// a crowd often take a neighbour's limbs for the person's; beside the mask that is nothing.
const LANDMARKS: &str = "blazepose_full";
const FACE: &str = "blazeface_front";
const AGE: &str = "age_v1";
const MASK: &str = "selfie_multiclass";

/// How much more than a person's box the landmarks' network is shown, as it was trained.
const POSE_MARGIN: f32 = 1.25;
/// … and the mask's. It should be filled with one person.
const MASK_MARGIN: f32 = 1.1;

/// Nothing is said of a person who is not so high, px.
pub const LEAST_HEIGHT: f32 = 75.0;
/// Below, the mask is mostly blind and sleeves are two pixels wide, px.
const LEAST_HEIGHT_OF_MASK: f32 = 90.0;
const LEAST_HEIGHT_OF_GARMENT: f32 = 140.0;

/// A pose that is less sure is mostly somebody else's or half of one's own.
const LEAST_PRESENCE: f32 = 0.6;

/// Glasses on a smaller face than this are two pixels high, px.
const LEAST_FACE_OF_ACCESSORY: f32 = 40.0;
/// An age needs a face of this width, px.
const LEAST_FACE_OF_AGE: f32 = 50.0;
/// A face of this width or more is as good as it gets, px.
const GOOD_FACE: f32 = 100.0;

/// What one look saw. `None` is not seen; what is sure is 0..1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// Places in fractions of the picture.
    pub pose: Option<Pose>,
    /// Places in fractions of the picture.
    pub face: Option<Face>,
    /// Colours of the clothes, and how much they count.
    pub palette: Option<(Palette, f32)>,
    pub garment: Option<(Garment, f32)>,
    pub style: Option<(Style, f32)>,
    pub head: Option<(HeadAccessory, f32)>,
    /// How likely each age is, and how much it counts.
    pub ages: Option<(Ages, f32)>,
    /// Where on the person things are, in fractions of the picture; without bags.
    pub marks: Vec<Mark>,
}

impl Look {
    /// The landmarks as the meta has them; none without a pose.
    pub fn landmarks(&self) -> Vec<Point> {
        let point = |mark: &crate::engine::blazepose::Landmark| Point {
            x: mark.x,
            y: mark.y,
            visibility: mark.visibility,
        };
        self.pose.iter().flat_map(|pose| pose.landmarks.iter().map(point)).collect()
    }
}

/// A network with what it needs to be asked.
struct Asked<D> {
    network: Network,
    preprocessor: Preprocessor,
    decoder: D,
}

impl<D> Asked<D> {
    fn load(
        catalog: &Catalog,
        (job, name): (Job, &str),
        options: &LoadOptions,
        decoder: impl FnOnce(&crate::engine::Manifest) -> Result<D, EngineError>,
    ) -> Result<Self, EngineError> {
        let manifest = catalog.find_for(job, name)?;
        let decoder = decoder(&manifest)?;
        let preprocessor = Preprocessor::new(manifest.picture_for(job)?);
        Ok(Self { network: Network::load(&manifest, options)?, preprocessor, decoder })
    }

    /// Shows it `region` of `frame`.
    fn ask<R>(
        &self,
        frame: &I420<'_>,
        region: &Region,
        tensor: &mut Tensor,
        read: impl FnOnce(&D, &[Answer<'_>]) -> Result<R, String>,
    ) -> Result<R, EngineError> {
        self.preprocessor.crop(frame, region, tensor);
        self.network.run(&[Feed::F32(tensor.values())], |answers| read(&self.decoder, answers))
    }
}

/// What looks at people; its networks are shared with everybody who loaded the same.
pub struct Looker {
    landmarks: Asked<BlazePose>,
    face: Asked<BlazeFace>,
    age: Asked<AgeReader>,
    mask: Asked<MaskReader>,
    tensor: Tensor,
}

impl Looker {
    /// Loads the networks.
    ///
    /// # Errors
    /// When one of them is missing or not what its manifest says.
    pub fn load(catalog: &Catalog, options: &LoadOptions) -> Result<Self, EngineError> {
        Ok(Self {
            landmarks: Asked::load(catalog, (Job::Landmarks, LANDMARKS), options, BlazePose::new)?,
            face: Asked::load(catalog, (Job::Face, FACE), options, BlazeFace::new)?,
            age: Asked::load(catalog, (Job::Age, AGE), options, AgeReader::new)?,
            mask: Asked::load(catalog, (Job::Mask, MASK), options, MaskReader::new)?,
            tensor: Tensor::default(),
        })
    }

    /// What turns distributions of ages into ranges.
    pub fn age_reader(&self) -> AgeReader {
        self.age.decoder.clone()
    }

    /// Keeps the networks in memory for as long as the answer is held, also when this is gone.
    pub fn keep_loaded(&self) -> impl Send + Sync + use<> {
        let (landmarks, face) = (self.landmarks.network.keep_loaded(), self.face.network.keep_loaded());
        (landmarks, face, self.age.network.keep_loaded(), self.mask.network.keep_loaded())
    }

    /// Looks at the person in `person`, in fractions of `frame`; `tie` is the score of a tie on them. Takes some 110 ms
    /// of a core.
    ///
    /// # Errors
    /// When an inference fails.
    pub fn look(&mut self, frame: &I420<'_>, person: &Rect, tie: Option<f32>) -> Result<Look, EngineError> {
        let size = frame.shown_size();
        let height = person.h * size.1;
        if height < LEAST_HEIGHT {
            return Ok(Look::default());
        }
        let region = Region::around(person, POSE_MARGIN, size);
        let pose = self
            .landmarks
            .ask(frame, &region, &mut self.tensor, |decoder, answers| decoder.decode(answers, &region))?;
        let Some(pose) = pose.filter(|pose| pose.presence >= LEAST_PRESENCE) else {
            return Ok(Look::default());
        };
        let mask =
            if height >= LEAST_HEIGHT_OF_MASK {
                let region = Region::around(person, MASK_MARGIN, size);
                Some(self.mask.ask(frame, &region, &mut self.tensor, |decoder, answers| {
                    decoder.decode(answers, &region)
                })?)
            } else {
                None
            };
        let sight = Sight { frame, mask: mask.as_ref() };
        let body = Body::new(&pose, size);
        let face = self.own_face(&sight, &body)?;
        let ages = face.as_ref().map(|face| self.ages_of(frame, face)).transpose()?.flatten();
        let mut look = Look { ages, face, ..describe(&sight, &body, face.as_ref(), tie, person) };
        look.pose = Some(pose);
        Ok(look)
    }

    fn own_face(&mut self, sight: &Sight<'_>, body: &Body<'_>) -> Result<Option<Face>, EngineError> {
        let (head, size) = (body.head(), sight.frame.shown_size());
        let region = Region::around(&head, 1.0, size);
        let faces = self.face.ask(sight.frame, &region, &mut self.tensor, |decoder, answers| {
            decoder.decode(answers, &region)
        })?;
        Ok(head::own_face(&faces, &head, sight, size))
    }

    fn ages_of(&mut self, frame: &I420<'_>, face: &Face) -> Result<Option<(Ages, f32)>, EngineError> {
        let size = frame.shown_size();
        let width = face.rect.w * size.0;
        if width < LEAST_FACE_OF_AGE || !head::is_frontal(face, size) {
            return Ok(None);
        }
        // The person's right eye is the one further left in the picture.
        let eyes = [face.point(KeyPoint::RightEye), face.point(KeyPoint::LeftEye)];
        let Some(region) = age::region(eyes, size) else { return Ok(None) };
        let ages =
            self.age.ask(frame, &region, &mut self.tensor, |decoder, answers| decoder.decode(answers))?;
        Ok(Some((ages, face.score * (width / GOOD_FACE).min(1.0))))
    }
}

/// All that follows from landmarks, mask and face without a network.
fn describe(
    sight: &Sight<'_>,
    body: &Body<'_>,
    face: Option<&Face>,
    tie: Option<f32>,
    person: &Rect,
) -> Look {
    let mut look = Look::default();
    let mut mark = |kind: MarkKind, label: &str, rect: Rect| {
        look.marks.push(Mark { kind, label: label.to_owned(), rect });
    };
    if let Some(face) = face {
        mark(MarkKind::Face, MarkKind::Face.name(), face.rect);
    }
    let size = sight.frame.shown_size();
    let is_clear =
        |face: &&Face| face.rect.w * size.0 >= LEAST_FACE_OF_ACCESSORY && head::is_frontal(face, size);
    let worn = face.filter(is_clear).and_then(|face| head::accessory(face, sight));
    if let Some((worn, _, Some(rect))) = worn {
        mark(MarkKind::HeadAccessory, worn.name(), rect);
    }
    if body.fits(person) {
        look.palette = clothes::colours(sight, body);
        let skin = face.and_then(|face| clothes::skin(sight, &face.rect));
        let is_large = person.h * size.1 >= LEAST_HEIGHT_OF_GARMENT;
        look.garment = is_large.then(|| clothes::garment(sight, body, skin, tie)).flatten();
        look.style = clothes::style(look.garment, look.palette.as_ref().map(|(palette, _)| palette), tie);
        if look.palette.is_some() || look.garment.is_some() {
            let label = look.garment.map_or(MarkKind::Garment.name(), |(garment, _)| garment.name());
            look.marks.push(Mark { kind: MarkKind::Garment, label: label.to_owned(), rect: body.upper() });
        }
    }
    look.head = worn.map(|(worn, sure, _)| (worn, sure));
    look
}
