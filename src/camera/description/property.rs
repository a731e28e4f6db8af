//! Parameter values and launch words → values of GObject properties, checked before GObject sees them.
//!
//! GObject panics or clamps silently on a value that does not fit; here it becomes a sentence.

use gst::glib;
use gst::prelude::*;

use crate::domain::ParamValue;

/// `value` as `spec` wants it.
pub(super) fn from_parameter(value: &ParamValue, spec: &glib::ParamSpec) -> Result<glib::Value, String> {
    check_settable(spec)?;
    match value {
        ParamValue::Text(text) if spec.value_type() == glib::Type::STRING => Ok(text.to_value()),
        ParamValue::Bool(_) if spec.value_type() != glib::Type::BOOL => Err(mismatch(spec, "a bool")),
        ParamValue::Float(_) if !is_real(spec) => Err(mismatch(spec, "a float")),
        // GStreamer would take it for a huge number.
        ParamValue::Int(value) if *value < 0 && is_unsigned(spec) => {
            Err(format!("property `{}` cannot be {value}: it takes {}", spec.name(), takes(spec)))
        }
        ParamValue::Int(_) if !is_real(spec) && !is_integer(spec) => Err(mismatch(spec, "an int")),
        ParamValue::Text(text) => from_text(text, spec),
        ParamValue::Bool(value) => from_text(if *value { "true" } else { "false" }, spec),
        ParamValue::Int(value) => from_text(&value.to_string(), spec),
        ParamValue::Float(value) => from_text(&value.to_string(), spec),
    }
}

/// Says so when nobody can set `spec` on an element that is there already.
pub(super) fn check_settable(spec: &glib::ParamSpec) -> Result<(), String> {
    check_writable(spec)?;
    if spec.flags().contains(glib::ParamFlags::CONSTRUCT_ONLY) {
        return Err(format!("property `{}` can only be set in the launch text", spec.name()));
    }
    Ok(())
}

fn check_writable(spec: &glib::ParamSpec) -> Result<(), String> {
    if spec.flags().contains(glib::ParamFlags::WRITABLE) {
        return Ok(());
    }
    Err(format!("property `{}` is read-only", spec.name()))
}

/// A word of a launch text as `spec` wants it.
pub(super) fn from_text(text: &str, spec: &glib::ParamSpec) -> Result<glib::Value, String> {
    check_writable(spec)?;
    let value = glib::Value::deserialize_with_pspec(text, spec)
        .map_err(|_| format!("property `{}` cannot be {text:?}: it takes {}", spec.name(), takes(spec)))?;
    match range(spec) {
        Some((least, most)) if !within(&value, least, most) => {
            Err(format!("property `{}` cannot be {text}: it takes {}", spec.name(), takes(spec)))
        }
        _ => Ok(value),
    }
}

fn mismatch(spec: &glib::ParamSpec, given: &str) -> String {
    format!("property `{}` takes {}, not {given}", spec.name(), takes(spec))
}

/// What a property takes, for people.
fn takes(spec: &glib::ParamSpec) -> String {
    if let Some((least, most)) = range(spec) {
        return format!("{} from {least} to {most}", if is_real(spec) { "a number" } else { "an integer" });
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecEnum>() {
        let words: Vec<_> = spec.enum_class().values().iter().map(|value| value.nick().to_owned()).collect();
        return format!("one of {}", words.join(", "));
    }
    if let Some(spec) = spec.downcast_ref::<glib::ParamSpecFlags>() {
        let words: Vec<_> = spec.flags_class().values().iter().map(|value| value.nick().to_owned()).collect();
        return format!("any of {}", words.join(", "));
    }
    match spec.value_type() {
        glib::Type::BOOL => "true or false".to_owned(),
        glib::Type::STRING => "a text".to_owned(),
        other => format!("a {}", other.name()),
    }
}

fn is_real(spec: &glib::ParamSpec) -> bool {
    matches!(spec.value_type(), glib::Type::F32 | glib::Type::F64)
}

fn is_integer(spec: &glib::ParamSpec) -> bool {
    use glib::Type;
    is_unsigned(spec) || matches!(spec.value_type(), Type::I32 | Type::I64 | Type::I_LONG)
}

fn is_unsigned(spec: &glib::ParamSpec) -> bool {
    use glib::Type;
    matches!(spec.value_type(), Type::U32 | Type::U64 | Type::U_LONG)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are for comparing and showing; huge ones mean no bound"
)]
fn range(spec: &glib::ParamSpec) -> Option<(f64, f64)> {
    macro_rules! bounds {
        ($($kind:ident),*) => {
            $(if let Some(spec) = spec.downcast_ref::<glib::$kind>() {
                return Some((spec.minimum() as f64, spec.maximum() as f64));
            })*
        };
    }
    bounds!(ParamSpecInt, ParamSpecUInt, ParamSpecInt64, ParamSpecUInt64, ParamSpecFloat, ParamSpecDouble);
    None
}

fn within(value: &glib::Value, least: f64, most: f64) -> bool {
    value.transform::<f64>().ok().and_then(|value| value.get::<f64>().ok()).is_none_or(|number| {
        // A float property's bounds went through f32.
        (least..=most).contains(&number)
    })
}
