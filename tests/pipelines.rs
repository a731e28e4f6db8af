//! Description files: the standard ones are sound, and every mistake in one is told with its line and reason.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;

use atalaya::camera::{Catalog, Description, redact, start_gstreamer};
use atalaya::domain::ParamValue;
use gst::prelude::*;

const HEAD: &str = "name = \"mine\"\ndescription = \"Mine\"\nkind = \"file\"\n";

/// Problems of a description, as `line: reason`.
fn problems(text: &str) -> Vec<String> {
    start_gstreamer().unwrap();
    let found = match Description::parse("mine.toml", text) {
        Ok(description) => description.check(),
        Err(problem) => vec![problem],
    };
    found
        .into_iter()
        .map(|problem| {
            assert_eq!(problem.file, "mine.toml");
            format!("{}: {}", problem.line, problem.reason)
        })
        .collect()
}

fn with_launch(launch: &str) -> Vec<String> {
    problems(&format!("{HEAD}launch = '''\n{launch}\n'''\n"))
}

fn with_parameter(parameter: &str) -> Vec<String> {
    let launch = "videotestsrc name=source\n! queue name=wait\n! appsink name=records";
    problems(&format!(
        "{HEAD}launch = '''\n{launch}\n'''\n[parameters.x]\ndescription = \"X\"\n{parameter}\n"
    ))
}

/// Compares the beginnings: lists of what there is instead are long.
#[track_caller]
fn assert_told(found: &[String], expected: &[&str]) {
    let fits = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| f.starts_with(e));
    assert!(fits, "told {found:#?}\nexpected {expected:#?}");
}

#[test]
fn the_standard_pipelines_are_sound() {
    let catalog = Catalog::load(None).unwrap();
    let names: Vec<_> = catalog.list().map(|description| description.name.as_str()).collect();
    assert_eq!(names, ["file", "rtsp", "test", "usb", "whip"]);
    for description in catalog.list() {
        assert_eq!(description.check(), [], "{}", description.name);
    }
}

#[test]
fn mistakes_in_the_file_are_told_with_their_line() {
    for (text, told) in [
        ("name = \"a\"\nlaunch = [", "2: "),
        ("name = \"a\"\ndescription = \"\"\nkind = \"live\"\nlanch = \"x\"", "4: unknown field `lanch`"),
        (
            "name = \"a\"\ndescription = \"\"\nkind = \"lively\"\nlaunch = \"x\"",
            "3: unknown variant `lively`",
        ),
        ("description = \"\"\nkind = \"live\"\nlaunch = \"x\"", "1: missing field `name`"),
        ("name = \"A b\"\ndescription = \"\"\nkind = \"live\"\nlaunch = \"x\"", "1: name \"A b\" must be of"),
    ] {
        assert_told(&problems(text), &[told]);
    }
}

#[test]
fn mistakes_in_the_launch_text_are_told_with_their_line() {
    for (launch, told) in [
        ("videotestsrc\n! videoconver\n! appsink name=records", "6: no element `videoconver`; did you mean"),
        (
            "videotestsrc\n! vaapipostproc\n! appsink name=records",
            "6: no element `vaapipostproc` on this machine: apt install gstreamer1.0-vaapi",
        ),
        (
            "videotestsrc patern=ball\n! appsink name=records",
            "5: `videotestsrc` has no property `patern`; it has ",
        ),
        (
            "videotestsrc\n  pattern=cube\n! appsink name=records",
            "6: `videotestsrc`: property `pattern` cannot be \"cube\": it takes one of smpte, snow,",
        ),
        (
            "videotestsrc num-buffers=-5\n! appsink name=records",
            "5: `videotestsrc`: property `num-buffers` cannot be -5: it takes an integer from -1 to 2147483647",
        ),
        (
            "videotestsrc\n! fakesink name=records",
            "6: the element named `records` is a fakesink, not a appsink",
        ),
        ("videotestsrc\n! fakesink", "5: launch: no `appsink name=records`; it hands the frames to the app"),
        (
            "videotestsrc\n! queue name=views\n! appsink name=records",
            "6: the element named `views` is a queue, not a tee",
        ),
        (
            "videotestsrc name=a\n! queue name=a\n! appsink name=records",
            "6: two elements are named `a`; the other stands in line 5",
        ),
        ("videotestsrc\n! audioconvert\n! appsink name=records", "5: launch: could not link videotestsrc"),
        ("videotestsrc\n! video/x-raw,format=I420 !\n! appsink name=records", "5: launch: "),
    ] {
        assert_told(&with_launch(launch), &[told]);
    }
}

#[test]
fn mistakes_in_a_parameter_are_told_with_its_line() {
    for (parameter, told) in [
        ("type = \"integer\"", "11: unknown variant `integer`"),
        (
            "type = \"int\"\ntarget = \"source\"",
            "9: parameter `x`: target \"source\" is not \"element.property\"",
        ),
        (
            "type = \"int\"\ntarget = \"sauce.pattern\"",
            "9: parameter `x`: no element is named `sauce`; there are source, wait, records",
        ),
        ("type = \"int\"\ntarget = \"wait.leek\"", "9: parameter `x`: `queue` has no property `leek`"),
        (
            "type = \"int\"\ndefault = 9\nmax = 5\ntarget = \"wait.max-size-buffers\"",
            "9: parameter `x`: default: 9 is not an integer up to 5",
        ),
        (
            "type = \"int\"\nmin = -1\ntarget = \"wait.max-size-buffers\"",
            "9: parameter `x`: wait.max-size-buffers: property `max-size-buffers` cannot be",
        ),
        (
            "type = \"float\"\ndefault = 0.5\ntarget = \"wait.max-size-buffers\"",
            "9: parameter `x`: wait.max-size-buffers: property `max-size-buffers` takes an integer",
        ),
        ("type = \"choice\"\ntarget = \"source.pattern\"", "9: parameter `x`: choices is empty"),
        (
            "type = \"choice\"\nchoices = [\"ball\", \"cube\"]\ntarget = \"source.pattern\"",
            "9: parameter `x`: source.pattern: property `pattern` cannot be \"cube\"",
        ),
        ("type = \"int\"\nmin = 5\nmax = 3", "9: parameter `x`: min 5 is above max 3"),
        ("type = \"bool\"\nmin = 5", "9: parameter `x`: min and max are for int and float, not for bool"),
        (
            "type = \"int\"\ndefault = 5\nrequired = true",
            "9: parameter `x`: a required parameter needs no default",
        ),
    ] {
        assert_told(&with_parameter(parameter), &[told]);
    }
}

#[test]
fn several_mistakes_are_told_at_once() {
    let found = with_launch("videotestsrc patern=ball\n! videoconver\n! appsink nam=records");
    assert_told(
        &found,
        &["5: `videotestsrc` has", "5: launch: no `appsink", "6: no element", "7: `appsink` has"],
    );
}

#[test]
fn values_that_do_not_fit_name_key_value_and_range() {
    let rtsp = Catalog::load(None).unwrap().get("rtsp").unwrap();
    let url = ("location", ParamValue::Text("rtsp://ana:horse-battery@cam/x".into()));
    let told = |more: &[(&str, ParamValue)]| {
        let all: BTreeMap<_, _> =
            more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        rtsp.check_parameters(&all).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    };
    assert_eq!(told(std::slice::from_ref(&url)), "fine");
    assert!(told(&[]).starts_with("parameter `location`: is required"));
    for (key, value, expected) in [
        ("latency-ms", ParamValue::Int(-1), "parameter `latency-ms`: -1 is not an integer from 0 to 10000"),
        ("threshold", ParamValue::Float(1.5), "parameter `threshold`: 1.5 is not a number from 0 to 1"),
        ("threshold", ParamValue::Float(f64::NAN), "parameter `threshold`: NaN is not a number from 0 to 1"),
        ("threshold", ParamValue::Bool(true), "parameter `threshold`: true is not a number from 0 to 1"),
        (
            "transport",
            ParamValue::Text("pigeon".into()),
            "parameter `transport`: \"pigeon\" is not one of tcp, udp",
        ),
        ("password", ParamValue::Int(12345), "parameter `password`: the value is not a text"),
        (
            "colour",
            ParamValue::Int(1),
            "parameter `colour`: pipeline `rtsp` has none of this name; it has attributes-budget,",
        ),
    ] {
        let found = told(&[url.clone(), (key, value)]);
        assert!(found.starts_with(expected), "{found}");
    }
    let wrong = told(&[("location", ParamValue::Text("http://ana:horse-battery@cam/x".into()))]);
    assert!(wrong.contains("begins with rtsp://") && wrong.contains("ana:***@cam"), "{wrong}");
    assert!(!wrong.contains("horse-battery"), "{wrong}");
}

#[test]
fn an_address_of_which_nobody_can_tell_the_password_is_refused_and_not_shown() {
    let rtsp = Catalog::load(None).unwrap().get("rtsp").unwrap();
    for location in
        ["rtsp://ana:horse@ba/ttery@cam/x", "rtsp://ana:1234/ttery@cam/x", "ftp://ana:horse?ba#ttery@cam/x"]
    {
        let given = BTreeMap::from([("location".to_owned(), ParamValue::Text(location.to_owned()))]);
        let told = rtsp.check_parameters(&given).unwrap_err().to_string();
        assert_eq!(
            told,
            "parameter `location`: is ambiguous: write / ? # @ in a password as %2F %3F %23 %40, and @ behind the \
             host as %40"
        );
        assert_eq!(rtsp.shown(&given)["location"], ParamValue::Text("***".into()));
    }
    let escaped = ParamValue::Text("rtsp://ana:horse%40ba%2Fttery@cam/x".into());
    rtsp.check_parameters(&BTreeMap::from([("location".to_owned(), escaped)])).unwrap();
}

#[test]
fn a_password_is_never_shown_whatever_characters_it_holds() {
    let rtsp = Catalog::load(None).unwrap().get("rtsp").unwrap();
    for password in ["horse battery", "horse'battery", "horse\"battery", "horse@bat tery", "horse)battery"] {
        let location = format!("rtsp://ana:{password}@cam/x");
        let given = BTreeMap::from([("location".to_owned(), ParamValue::Text(location.clone()))]);
        rtsp.check_parameters(&given).unwrap();
        let shown = &rtsp.shown(&given)["location"];
        assert_eq!(*shown, ParamValue::Text("rtsp://ana:***@cam/x".into()));
        let said = redact(&format!("no answer from {location} for 3 s"), &rtsp.secrets(&given));
        assert_eq!(said, "no answer from rtsp://ana:***@cam/x for 3 s");
    }
}

#[test]
fn values_are_set_as_properties_and_never_parsed_as_a_pipeline() {
    let evil = "x ! filesink location=/tmp/atalaya-was-here \" ' name=records";
    let text = format!(
        "{HEAD}launch = \"filesrc name=source ! appsink name=records\"\n\
         [parameters.file]\ntype = \"string\"\ndescription = \"\"\ntarget = \"source.location\"\n"
    );
    start_gstreamer().unwrap();
    let description = Description::parse("mine.toml", &text).unwrap();
    let value = BTreeMap::from([("file".to_owned(), ParamValue::Text(evil.to_owned()))]);
    let pipeline = description.build(&value).unwrap().pipeline;
    assert_eq!(pipeline.children().len(), 2, "{:?}", pipeline.children());
    let source = pipeline.by_name("source").unwrap();
    assert_eq!(source.property::<String>("location"), evil);
}

#[test]
fn a_target_that_nobody_can_set_is_told_and_not_tried() {
    let text = format!(
        "{HEAD}launch = \"fakesrc name=source ! tee ! appsink name=records\"\n\
         [parameters.said]\ntype = \"string\"\ndescription = \"\"\ntarget = \"source.last-message\"\n"
    );
    assert_told(
        &problems(&text),
        &["5: parameter `said`: source.last-message: property `last-message` is read-only"],
    );
    let description = Description::parse("mine.toml", &text).unwrap();
    let value = BTreeMap::from([("said".to_owned(), ParamValue::Text("hello".into()))]);
    let error = description.build(&value).unwrap_err().to_string();
    assert_eq!(error, "parameter `said`: property `last-message` is read-only");
}

#[test]
fn no_frame_is_kept_for_those_who_come_later() {
    let test = Catalog::load(None).unwrap().get("test").unwrap();
    let built = test.build(&BTreeMap::new()).unwrap();
    assert!(!built.records.property::<bool>("enable-last-sample"));
}

#[test]
fn a_folder_adds_and_overrides_and_says_what_it_could_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let mine =
        |name: &str| format!("name = \"{name}\"\ndescription = \"Mine\"\nkind = \"live\"\nlaunch = \"a\"\n");
    std::fs::write(folder.path().join("usb.toml"), mine("usb")).unwrap();
    std::fs::write(folder.path().join("more.toml"), mine("more")).unwrap();
    std::fs::write(folder.path().join("broken.toml"), "name = ").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "name = ").unwrap();
    let catalog = Catalog::load(Some(folder.path())).unwrap();
    let names: Vec<_> = catalog.list().map(|description| description.name.as_str()).collect();
    assert_eq!(names, ["file", "more", "rtsp", "test", "usb", "whip"]);
    assert_eq!(catalog.get("usb").unwrap().description, "Mine");
    assert!(
        matches!(catalog.broken(), [problem] if problem.file.ends_with("broken.toml") && problem.line == 1)
    );
    assert_eq!(
        catalog.get("none").unwrap_err().to_string(),
        "no pipeline \"none\"; there are file, more, rtsp, test, usb, whip"
    );
    assert!(Catalog::load(Some(&folder.path().join("absent"))).is_err());
}
