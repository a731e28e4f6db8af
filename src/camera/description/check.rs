//! Everything that is wrong with a description, before anything runs: file, line, reason.

use std::collections::BTreeMap;

use gst::prelude::*;

use super::build::no_property;
use super::launch::{self, ElementUse};
use super::{Description, PUBLISHED, Parameter, ParameterType, Problem, RECORDS, VIEWS, packages, property};
use crate::domain::ParamValue;

impl Description {
    /// Looks for all mistakes; an empty answer means that the pipeline can be built on this machine.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = self.element_problems();
        problems.extend(self.role_problems());
        problems.extend(self.parameters.iter().flat_map(|parameter| self.parameter_problems(parameter)));
        if problems.is_empty() {
            match self.parse_launch() {
                Ok(pipeline) => problems.extend(self.loose_ends(&pipeline)),
                Err(problem) => problems.push(problem),
            }
        }
        problems.sort();
        problems
    }

    /// Outputs that lead nowhere: the commonest mistake is a `!` that was forgotten. Outputs that come to be while the
    /// pipeline runs are not there yet.
    fn loose_ends(&self, pipeline: &gst::Pipeline) -> Vec<Problem> {
        let elements = pipeline.iterate_elements().into_iter().flatten();
        let loose = elements.filter(|element| element.src_pads().iter().any(|pad| !pad.is_linked()));
        loose
            .map(|element| {
                let name = element.name();
                self.link_problem(&format!("the output of {name} leads nowhere; is a `!` missing behind it?"))
            })
            .collect()
    }

    /// Elements and properties that do not exist here.
    pub(super) fn element_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for used in launch::elements(&self.launch) {
            let at = |line| self.launch_line + line;
            let Some(element) = make(&used.factory) else {
                problems.push(self.problem(at(used.line), packages::missing_element(&used.factory)));
                continue;
            };
            // `inner::property` belongs to a child that may only come to be while the pipeline runs.
            for set in used.properties.iter().filter(|set| !set.name.contains("::") && set.name != "name") {
                let reason = match element.find_property(&set.name) {
                    None => no_property(&element, &set.name),
                    Some(spec) => match property::from_text(&set.value, &spec) {
                        Ok(_) => continue,
                        Err(reason) => format!("`{}`: {reason}", used.factory),
                    },
                };
                problems.push(self.problem(at(set.line), reason));
            }
        }
        problems
    }

    /// The elements that the app looks for by name.
    fn role_problems(&self) -> Vec<Problem> {
        let elements = launch::elements(&self.launch);
        let named = |name: &str| elements.iter().find(|used| used.name.as_deref() == Some(name));
        let mut problems = Vec::new();
        if named(RECORDS).is_none() {
            let reason = format!("launch: no `appsink name={RECORDS}`; it hands the frames to the app");
            problems.push(self.problem(self.launch_line, reason));
        }
        for (name, factory) in [
            (RECORDS, "appsink"),
            (PUBLISHED, "appsrc"),
            (VIEWS, "tee"),
            (super::DETECT, "visiondetect"),
            (super::ATTRIBUTES, "visionattributes"),
        ] {
            if let Some(used) = named(name)
                && used.factory != factory
            {
                let reason = format!("the element named `{name}` is a {}, not a {factory}", used.factory);
                problems.push(self.problem(self.launch_line + used.line, reason));
            }
        }
        let mut lines = BTreeMap::new();
        for used in &elements {
            let Some(name) = &used.name else { continue };
            if let Some(first) = lines.insert(name, used.line) {
                let reason = format!(
                    "two elements are named `{name}`; the other stands in line {}",
                    self.launch_line + first
                );
                problems.push(self.problem(self.launch_line + used.line, reason));
            }
        }
        problems
    }

    fn parameter_problems(&self, parameter: &Parameter) -> Vec<Problem> {
        let at = |reason: String| {
            self.problem(parameter.line, format!("parameter `{}`: {reason}", parameter.name))
        };
        let mut problems: Vec<_> = shape_problems(parameter).into_iter().map(at).collect();
        let elements = launch::elements(&self.launch);
        for target in &parameter.targets {
            let used = elements.iter().find(|used| used.name.as_deref() == Some(&target.element));
            let Some(used) = used else {
                let names: Vec<_> = elements.iter().filter_map(|used| used.name.as_deref()).collect();
                let reason =
                    format!("no element is named `{}`; there are {}", target.element, names.join(", "));
                problems.push(at(reason));
                continue;
            };
            // A factory that is missing was told already.
            let Some(element) = make(&used.factory) else { continue };
            match element.find_property(&target.property) {
                None => problems.push(at(no_property(&element, &target.property))),
                Some(spec) => {
                    if let Err(reason) = property::check_settable(&spec) {
                        problems.push(at(format!("{target}: {reason}")));
                        continue;
                    }
                    problems.extend(sample_values(parameter).iter().filter_map(|value| {
                        property::from_parameter(value, &spec)
                            .err()
                            .map(|reason| at(format!("{target}: {reason}")))
                    }));
                }
            }
        }
        problems
    }

    /// What GStreamer said when it could not link, with the line of the element it named.
    pub(super) fn link_problem(&self, message: &str) -> Problem {
        let line = launch::elements(&self.launch)
            .into_iter()
            .find(|used| mentions(message, used))
            .map_or(self.launch_line, |used| self.launch_line + used.line);
        self.problem(line, format!("launch: {message}"))
    }
}

/// True when `message` speaks of `used`, by its name or by the one GStreamer gave it.
fn mentions(message: &str, used: &ElementUse) -> bool {
    message.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')).any(|word| match &used.name {
        Some(name) => word == name,
        None => word.trim_end_matches(|c: char| c.is_ascii_digit()) == used.factory && word != used.factory,
    })
}

fn make(factory: &str) -> Option<gst::Element> {
    gst::ElementFactory::find(factory)?.create().build().ok()
}

/// Mistakes in the parameter itself.
fn shape_problems(parameter: &Parameter) -> Vec<String> {
    let mut problems = Vec::new();
    let number = matches!(parameter.kind, ParameterType::Int | ParameterType::Float);
    if !number && (parameter.min.is_some() || parameter.max.is_some()) {
        problems.push(format!("min and max are for int and float, not for {}", parameter.kind.name()));
    }
    if let (Some(least), Some(most)) = (parameter.min, parameter.max)
        && least > most
    {
        problems.push(format!("min {least} is above max {most}"));
    }
    match parameter.kind {
        ParameterType::Choice if parameter.choices.is_empty() => problems.push("choices is empty".to_owned()),
        ParameterType::Choice | ParameterType::Url => {}
        other if !parameter.choices.is_empty() => {
            problems.push(format!("choices are for choice and url, not for {}", other.name()));
        }
        _ => {}
    }
    match &parameter.default {
        Some(_) if parameter.required => problems.push("a required parameter needs no default".to_owned()),
        Some(value) => {
            problems.extend(parameter.check(value).err().map(|reason| format!("default: {reason}")));
        }
        None => {}
    }
    problems
}

/// Values whose types and extremes every target has to take.
fn sample_values(parameter: &Parameter) -> Vec<ParamValue> {
    #[expect(clippy::cast_possible_truncation, reason = "bounds of an int are whole numbers")]
    let bound = |bound: f64| match parameter.kind {
        ParameterType::Int => ParamValue::Int(bound as i64),
        _ => ParamValue::Float(bound),
    };
    let mut values: Vec<_> = parameter.default.iter().cloned().collect();
    values.extend(parameter.min.into_iter().chain(parameter.max).map(bound));
    match parameter.kind {
        ParameterType::Choice => values.extend(parameter.choices.iter().cloned().map(ParamValue::Text)),
        ParameterType::Bool => values.push(ParamValue::Bool(true)),
        _ => {}
    }
    values.dedup();
    values
}
