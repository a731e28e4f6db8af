//! What an owner changed → the elements of a pipeline that plays, as far as they take it while they play.

use std::collections::BTreeMap;

use gst::prelude::*;

use super::{Description, Parameter, property};
use crate::domain::ParamValue;

/// A value and the element and property it is for.
type Setting = (gst::Element, String, gst::glib::Value);

impl Description {
    /// Sets on `pipeline`, which this built with the parameters `before`, what `after` has otherwise. False when that
    /// takes another pipeline; nothing is set then. It may load a model: not for the runtime's threads.
    pub(in crate::camera) fn retune(
        &self,
        pipeline: &gst::Pipeline,
        before: &BTreeMap<String, ParamValue>,
        after: &BTreeMap<String, ParamValue>,
    ) -> bool {
        let Some(settings) = self.settings(pipeline, before, after) else { return false };
        for (element, property, value) in settings {
            element.set_property_from_value(&property, &value);
        }
        true
    }

    /// What has to be set; `None` when an element is to be what it is from its start on.
    fn settings(
        &self,
        pipeline: &gst::Pipeline,
        before: &BTreeMap<String, ParamValue>,
        after: &BTreeMap<String, ParamValue>,
    ) -> Option<Vec<Setting>> {
        let (before, after) = (self.values(before).ok()?, self.values(after).ok()?);
        let is_set = |known: &Parameter| after.iter().any(|(parameter, _)| parameter.name == known.name);
        // What a property is by itself is known to a new element only.
        if before.iter().any(|(parameter, _)| !is_set(parameter)) {
            return None;
        }
        let is_new = |value: &&(&Parameter, ParamValue)| !before.contains(value);
        let mut settings = Vec::new();
        for (parameter, value) in after.iter().filter(is_new) {
            for target in &parameter.targets {
                let element = pipeline.by_name(&target.element)?;
                let spec = element.find_property(&target.property).filter(is_mutable)?;
                let value = property::from_parameter(value, &spec).ok()?;
                settings.push((element, target.property.clone(), value));
            }
        }
        Some(settings)
    }
}

/// Whether an element says that the property may change while it plays.
fn is_mutable(spec: &gst::glib::ParamSpec) -> bool {
    spec.flags().intersects(gst::PARAM_FLAG_MUTABLE_PLAYING | gst::PARAM_FLAG_CONTROLLABLE)
}
