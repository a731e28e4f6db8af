//! Description and values → a pipeline that stands ready to be started.

use std::collections::{BTreeMap, BTreeSet};

use gst::prelude::*;

use super::{
    ATTRIBUTES, BLUR, DETECT, Description, Kind, PUBLISHED, PipelineError, Problem, RECORDS, VIEWS, launch,
    property,
};
use crate::domain::ParamValue;

/// The elements that load networks, and so take what the process's configuration says of them.
const LOADING: [&str; 3] = [DETECT, ATTRIBUTES, BLUR];

/// A pipeline and the parts of it that the app talks to.
#[derive(Debug)]
pub struct Built {
    pub pipeline: gst::Pipeline,
    pub kind: Kind,
    /// Hands out every frame with its metadata.
    pub records: gst_app::AppSink,
    /// Takes the pictures that are published to the camera.
    pub published: Option<gst_app::AppSrc>,
    /// Where viewers are attached.
    pub views: Option<gst::Element>,
    /// The detector.
    pub detect: Option<gst::Element>,
    /// What looks closer at people.
    pub attributes: Option<gst::Element>,
    /// What hides people.
    pub blur: Option<gst::Element>,
    /// Properties of these three, by their element's name, that the description's text or a parameter set, if only to
    /// what they would be anyway.
    pub set: BTreeSet<(&'static str, String)>,
}

impl Description {
    /// Builds the pipeline with `given` set on its elements. It may take a while: not for the runtime's threads.
    ///
    /// # Errors
    /// A parameter that does not fit, or a description that does not make a pipeline.
    pub fn build(&self, given: &BTreeMap<String, ParamValue>) -> Result<Built, PipelineError> {
        let values = self.values(given)?;
        let pipeline = self.parse_launch().map_err(PipelineError::Description)?;
        let mut set = BTreeSet::new();
        for name in LOADING {
            set.extend(self.properties_in_text(name).into_iter().map(|property| (name, property)));
        }
        for (parameter, value) in values {
            for target in &parameter.targets {
                let element = pipeline.by_name(&target.element).ok_or_else(|| {
                    let reason =
                        format!("parameter `{}`: no element is named `{}`", parameter.name, target.element);
                    PipelineError::Description(self.problem(parameter.line, reason))
                })?;
                let spec = element.find_property(&target.property).ok_or_else(|| {
                    let reason = format!(
                        "parameter `{}`: {}",
                        parameter.name,
                        no_property(&element, &target.property)
                    );
                    PipelineError::Description(self.problem(parameter.line, reason))
                })?;
                let value = property::from_parameter(&value, &spec)
                    .map_err(|reason| PipelineError::parameter(&parameter.name, reason))?;
                element.set_property_from_value(&target.property, &value);
                let loading = LOADING.into_iter().find(|name| *name == target.element);
                set.extend(loading.map(|name| (name, spec.name().to_owned())));
            }
        }
        self.take_apart(pipeline, set).map_err(PipelineError::Description)
    }

    /// What the launch text sets on the element of this name.
    fn properties_in_text(&self, element: &str) -> BTreeSet<String> {
        let elements = launch::elements(&self.launch).into_iter();
        let of_it = elements.filter(|used| used.name.as_deref() == Some(element));
        // GObject takes an underscore for a dash.
        of_it.flat_map(|used| used.properties).map(|set| set.name.replace('_', "-")).collect()
    }

    /// Lets GStreamer parse the launch text; a mistake is pinned to its line.
    pub(super) fn parse_launch(&self) -> Result<gst::Pipeline, Problem> {
        let text = launch::without_comments(&self.launch);
        let flags = gst::ParseFlags::FATAL_ERRORS | gst::ParseFlags::NO_SINGLE_ELEMENT_BINS;
        let parsed = gst::parse::launch_full(&text, None, flags);
        match parsed.map(|element| element.downcast::<gst::Pipeline>()) {
            Ok(Ok(pipeline)) => Ok(pipeline),
            Ok(Err(_)) => Err(self.problem(self.launch_line, "launch: a single element is no pipeline")),
            Err(error) => {
                let message = error.message().to_owned();
                Err(self.element_problems().into_iter().next().unwrap_or_else(|| self.link_problem(&message)))
            }
        }
    }

    fn take_apart(
        &self,
        pipeline: gst::Pipeline,
        set: BTreeSet<(&'static str, String)>,
    ) -> Result<Built, Problem> {
        let problem = |reason: String| self.problem(self.launch_line, reason);
        let missing =
            || problem(format!("launch: no `appsink name={RECORDS}`; it hands the frames to the app"));
        let records = pipeline.by_name(RECORDS).ok_or_else(missing)?;
        let records = records
            .downcast::<gst_app::AppSink>()
            .map_err(|_| problem(format!("launch: the element named `{RECORDS}` is not an appsink")))?;
        let named = |name: &str, factory: &str| match pipeline.by_name(name) {
            Some(element) if is_of(&element, factory) => Ok(Some(element)),
            Some(_) => Err(problem(format!("launch: the element named `{name}` is not a {factory}"))),
            None => Ok(None),
        };
        let published = named(PUBLISHED, "appsrc")?.and_then(|element| element.downcast().ok());
        let views = named(VIEWS, "tee")?;
        let detect = named(DETECT, "visiondetect")?;
        let attributes = named(ATTRIBUTES, "visionattributes")?;
        let blur = pipeline.by_name(BLUR).filter(|element| is_of(element, "visionblur"));
        // It would keep the last picture in memory for as long as the pipeline lives.
        records.set_property("enable-last-sample", false);
        Ok(Built { kind: self.kind, records, published, views, detect, attributes, blur, set, pipeline })
    }
}

fn is_of(element: &gst::Element, factory: &str) -> bool {
    element.factory().is_some_and(|found| found.name() == factory)
}

/// Names what `element` does have when it lacks `property`.
pub(super) fn no_property(element: &gst::Element, property: &str) -> String {
    let factory = element.factory().map(|factory| factory.name().to_string()).unwrap_or_default();
    let mut names: Vec<_> = element.list_properties().iter().map(|spec| spec.name().to_owned()).collect();
    names.retain(|name| !matches!(name.as_str(), "name" | "parent"));
    names.sort_unstable();
    format!("`{factory}` has no property `{property}`; it has {}", names.join(", "))
}
