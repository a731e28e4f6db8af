//! What an owner changed → the elements of a pipeline that plays, as far as they take it while they play.

use std::collections::BTreeMap;

use gst::prelude::*;

use super::{Description, Parameter, Target, property};
use crate::domain::ParamValue;

/// A value and the element and property it is for.
type Setting = (gst::Element, String, gst::glib::Value);

/// What properties were by themselves before a parameter was first set on them, by element and property, as GStreamer
/// writes values: they become it again when their owner takes the parameter back.
pub(in crate::camera) type Own = BTreeMap<(String, String), String>;

impl Description {
    /// Sets on `pipeline`, which this built with the parameters `before`, what `after` has otherwise. False when that
    /// takes another pipeline; nothing is set then. `own` is kept from call to call for as long as the pipeline lives. It
    /// may load a model: not for the runtime's threads.
    pub(in crate::camera) fn retune(
        &self,
        pipeline: &gst::Pipeline,
        before: &BTreeMap<String, ParamValue>,
        after: &BTreeMap<String, ParamValue>,
        own: &mut Own,
    ) -> bool {
        let Some(settings) = self.settings(pipeline, before, after, own) else { return false };
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
        own: &mut Own,
    ) -> Option<Vec<Setting>> {
        let (before, after) = (self.values(before).ok()?, self.values(after).ok()?);
        let is_in = |values: &[(&Parameter, ParamValue)], known: &Parameter| {
            values.iter().any(|(parameter, _)| parameter.name == known.name)
        };
        let mut settings = Vec::new();
        for (parameter, value) in after.iter().filter(|value| !before.contains(value)) {
            for target in &parameter.targets {
                let (element, spec) = mutable(pipeline, target)?;
                if !is_in(&before, parameter) {
                    let value = element.property_value(&target.property).serialize().ok()?;
                    own.entry(key(target)).or_insert_with(|| value.into());
                }
                let value = property::from_parameter(value, &spec).ok()?;
                settings.push((element, target.property.clone(), value));
            }
        }
        for (parameter, _) in before.iter().filter(|(parameter, _)| !is_in(&after, parameter)) {
            for target in &parameter.targets {
                let (element, spec) = mutable(pipeline, target)?;
                // One that was set from the start is only known to a new element.
                let value = gst::glib::Value::deserialize(own.get(&key(target))?, spec.value_type()).ok()?;
                settings.push((element, target.property.clone(), value));
            }
        }
        Some(settings)
    }
}

fn key(target: &Target) -> (String, String) {
    (target.element.clone(), target.property.clone())
}

/// The element, and the property where it says that this may change while it plays.
fn mutable(pipeline: &gst::Pipeline, target: &Target) -> Option<(gst::Element, gst::glib::ParamSpec)> {
    let element = pipeline.by_name(&target.element)?;
    let spec = element.find_property(&target.property)?;
    let flags = spec.flags();
    let is_mutable = flags.intersects(gst::PARAM_FLAG_MUTABLE_PLAYING | gst::PARAM_FLAG_CONTROLLABLE)
        && flags.contains(gst::glib::ParamFlags::READWRITE);
    is_mutable.then_some((element, spec))
}
