//! Settings: what each source says, who wins, and what an operator reads when something does not fit.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as loudly as tests")]

#[path = "config/documents.rs"]
mod documents;

use std::ffi::OsString;
use std::path::PathBuf;

use atalaya::config::{Config, ConfigError, LogFormat, Overrides, Value, load_with};
use proptest::prelude::*;

/// A file in a folder of its own, read with an environment of the test's own.
struct Source {
    dir: tempfile::TempDir,
    overrides: Overrides,
    environment: Vec<(OsString, OsString)>,
}

impl Source {
    fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, overrides: Overrides::default(), environment: Vec::new() }
    }

    fn file(text: &str) -> Self {
        let mut source = Self::empty();
        source.overrides.file = Some(source.write("atalaya.toml", text));
        source
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn load(&self) -> Result<Config, ConfigError> {
        load_with(&self.overrides, self.environment.clone())
    }

    fn config(&self) -> Config {
        self.load().unwrap()
    }

    fn error(&self) -> String {
        self.load().unwrap_err().to_string()
    }
}

#[track_caller]
fn assert_says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}

#[test]
fn nothing_set_is_the_default() {
    assert_eq!(Source::empty().config(), Config::default());
}

#[test]
fn flag_wins_over_environment_and_environment_over_file() {
    let text = "data_dir = \"/file\"\n[server]\nlisten = \"127.0.0.1:1\"\n[detector]\nthreads = 2\n";
    let mut source = Source::file(text);
    assert_eq!(source.config().server.listen.port(), 1);
    assert_eq!(source.config().data_dir, PathBuf::from("/file"));

    source = source.env("ATALAYA_SERVER__LISTEN", "127.0.0.1:2").env("ATALAYA_DATA_DIR", "/environment");
    assert_eq!(source.config().server.listen.port(), 2);
    assert_eq!(source.config().data_dir, PathBuf::from("/environment"));
    assert_eq!(source.config().detector.threads, 2, "what only the file sets stays");

    source.overrides.listen = Some("127.0.0.1:3".parse().unwrap());
    source.overrides.data_dir = Some("/flag".into());
    assert_eq!(source.config().server.listen.port(), 3);
    assert_eq!(source.config().data_dir, PathBuf::from("/flag"));
}

#[test]
fn environment_sets_every_kind_of_value() {
    let config = Source::empty()
        .env("ATALAYA_ASSETS_DIR", "/assets")
        .env("ATALAYA_DETECTOR__THREADS", "4")
        .env("ATALAYA_SERVER__MAX_BODY_BYTES", "65536")
        .env("ATALAYA_LOG__FORMAT", "json")
        .env("ATALAYA_VIEWER__ENCODERS", "x264enc, openh264enc")
        .env("ATALAYA_WEBRTC__PUBLIC_ADDRESSES", "203.0.113.7,2001:db8::7")
        .env("ATALAYA_WEBRTC__ICE_SERVERS", r#"[{ url = "stun:stun.example:3478" }]"#)
        .env("ATALAYA_CAMERAS", r#"[{ id = "door", pipeline = "rtsp", enabled = false }]"#)
        .env("PATH", "/bin")
        .env("ATALAYAN", "somebody else's")
        .config();
    assert_eq!(config.assets_dir, PathBuf::from("/assets"));
    assert_eq!(config.detector.threads, 4);
    assert_eq!(config.server.max_body_bytes, 65_536);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.viewer.encoders, ["x264enc", "openh264enc"]);
    assert_eq!(config.webrtc.public_addresses.len(), 2);
    assert_eq!(config.webrtc.ice_servers[0].url, "stun:stun.example:3478");
    assert!(!config.cameras[0].enabled);
}

#[test]
fn what_belongs_together_is_set_by_variables_in_any_order() {
    let (certificate, key) =
        (("ATALAYA_SERVER__TLS__CERTIFICATE", "5"), ("ATALAYA_SERVER__TLS__KEY", "k.pem"));
    for [first, second] in [[certificate, key], [key, certificate]] {
        let config = Source::empty().env(first.0, first.1).env(second.0, second.1).config();
        let tls = config.server.tls.unwrap();
        assert_eq!((tls.certificate, tls.key), ("5".into(), "k.pem".into()));
    }
    let section = ("ATALAYA_DETECTOR", "{ threads = 2, model = \"mine\" }");
    let within = ("ATALAYA_DETECTOR__THREADS", "4");
    for [first, second] in [[section, within], [within, section]] {
        let config = Source::empty().env(first.0, first.1).env(second.0, second.1).config();
        assert_eq!((config.detector.threads, config.detector.model.as_str()), (4, "mine"));
    }
}

#[test]
fn half_of_what_belongs_together_is_told_with_the_variable_that_wants_the_other() {
    let error =
        Source::empty().env("ATALAYA_SERVER__TLS__KEY", "5").env("ATALAYA_LOG__FORMAT", "json").error();
    assert_says(&error, &["ATALAYA_SERVER__TLS__KEY", "`server.tls.key`", "missing field `certificate`"]);
    let certificate = "[server.tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    let config = Source::file(certificate).env("ATALAYA_SERVER__TLS__KEY", "mine.pem").config();
    assert_eq!(config.server.tls.unwrap().key, PathBuf::from("mine.pem"));
}

#[test]
fn of_several_variables_the_one_with_the_mistake_is_named() {
    let error = Source::empty()
        .env("ATALAYA_DETECTOR__THREADS", "4")
        .env("ATALAYA_DETECTOR__MODEL", "mine")
        .env("ATALAYA_SERVER__MAX_BODY_BYTES", "much")
        .env("ATALAYA_VIEWER__JPEG_QUALITY", "70")
        .error();
    assert_says(&error, &["ATALAYA_SERVER__MAX_BODY_BYTES", "`server.max_body_bytes`", "\"much\""]);
}

#[test]
fn empty_variable_is_as_if_it_were_not_there() {
    let config = Source::file("[detector]\nthreads = 2\n")
        .env("ATALAYA_DETECTOR__THREADS", "")
        .env("ATALAYA_AUTH__JWT_SECRET", "")
        .env("ATALAYA_NO_SUCH_KEY", "")
        .config();
    assert_eq!(config.detector.threads, 2);
    assert!(config.auth.jwt_secret.is_none());
}

#[test]
fn secret_that_looks_like_a_number_stays_as_it_was_typed() {
    for secret in
        ["00000000000000000000000000000042", "1e40000000000000000000000000000000", "+0x1F".repeat(8).as_str()]
    {
        let config = Source::empty().env("ATALAYA_AUTH__JWT_SECRET", secret).config();
        assert_eq!(config.auth.jwt_secret.unwrap().reveal(), secret);
    }
}

proptest! {
    #[test]
    fn any_secret_comes_through_the_environment_unchanged(secret in "[^\0]{32,80}") {
        let config = Source::empty().env("ATALAYA_AUTH__JWT_SECRET", &secret).config();
        let found = config.auth.jwt_secret.unwrap();
        prop_assert_eq!(found.reveal(), secret);
    }
}

#[test]
fn secrets_are_read_from_files_without_their_last_line_break() {
    let mut source = Source::empty();
    let secret = source.write("secret", "0123456789abcdef0123456789abcdef\n");
    let url = source.write("url", "postgres://atalaya:pw@db/atalaya\n");
    source = source
        .env("ATALAYA_AUTH__JWT_SECRET_FILE", secret.to_str().unwrap())
        .env("ATALAYA_DATABASE__URL_FILE", url.to_str().unwrap());
    let config = source.config();
    assert_eq!(config.auth.jwt_secret.unwrap().reveal(), "0123456789abcdef0123456789abcdef");
    assert_eq!(config.database.url.unwrap().reveal(), "postgres://atalaya:pw@db/atalaya");
}

#[test]
fn secret_and_its_file_together_are_refused() {
    let error = Source::empty()
        .env("ATALAYA_DATABASE__URL", "sqlite://a.db")
        .env("ATALAYA_DATABASE__URL_FILE", "/etc/url")
        .error();
    assert_says(&error, &["`database.url`", "`database.url_file`", "keep one"]);
}

#[test]
fn secret_file_that_is_not_there_is_named() {
    let error = Source::empty().env("ATALAYA_AUTH__JWT_SECRET_FILE", "/nowhere/secret").error();
    assert_says(&error, &["`auth.jwt_secret_file`", "/nowhere/secret", "No such file"]);
}

#[test]
fn short_secret_is_refused_without_showing_it() {
    let error = Source::empty().env("ATALAYA_AUTH__JWT_SECRET", "hunter2").error();
    assert_says(&error, &["`auth.jwt_secret`", "7 bytes", "32"]);
    assert!(!error.contains("hunter2"));
}

#[test]
fn debug_output_of_a_config_holds_no_secret() {
    let source = Source::file(
        "[[webrtc.ice_servers]]\nurl = \"turn:t\"\ncredential = \"hunter2-turn\"\n\
         [[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\n\
         parameters = { location = \"rtsp://u:hunter2@h\", password = \"hunter2\" }\n",
    )
    .env("ATALAYA_AUTH__JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2")
    .env("ATALAYA_DATABASE__URL", "postgres://a:hunter2@db/a");
    assert!(!format!("{:?}", source.config()).contains("hunter2"));
}

#[test]
fn no_mistake_about_a_secret_shows_it() {
    for text in [
        "database = \"postgres://u:hunter2@h/db\"\n",
        "[database]\nurl = [\"postgres://u:hunter2@h/db\"]\n",
        "[database]\nurl = { at = \"postgres://u:hunter2@h/db\" }\n",
        "auth = \"hunter2, expected a secret\"\n",
        "[auth]\njwt_secret = 4815162342\n",
        "[auth]\njwt_secret = hunter2\n",
        "[auth]\njwt_secret = \"hunter2\nhunter2\"\n",
        "webrtc = \"turn:u:hunter2@h\"\n",
        "[webrtc]\nice_servers = \"turn:u:hunter2@h\"\n",
        "[webrtc]\nice_servers = [\"turn:u:hunter2@h\"]\n",
        "[[webrtc.ice_servers]]\nurl = \"https://u:hunter2@h\"\n",
        "[[webrtc.ice_servers]]\nurl = \"turn:h\"\ncredential = [\"hunter2\"]\n",
        "cameras = \"rtsp://u:hunter2@h\"\n",
        "cameras = [\"rtsp://u:hunter2@h\"]\n",
        "[[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\nparameters = \"rtsp://u:hunter2@h\"\n",
        "[[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\nparameters = { location = [\"hunter2\"] }\n",
        "[[cameras]]\nid = \"a\"\npipeline = [\"rtsp://u:hunter2@h\"]\n",
    ] {
        let error = Source::file(text).error();
        assert!(!error.contains("hunter2") && !error.contains("4815162342"), "{text:?}: {error}");
    }
    for (name, value) in [
        ("ATALAYA_DATABASE", "postgres://u:hunter2@h/db"),
        ("ATALAYA_AUTH", "hunter2"),
        ("ATALAYA_CAMERAS", r#"[{"id": "a", "parameters": {"location": "rtsp://u:hunter2@h"}}]"#),
        ("ATALAYA_WEBRTC__ICE_SERVERS", r#"[{"url": "turn:h", "credential": "hunter2"}]"#),
        ("ATALAYA_WEBRTC", r#"{"ice_servers": [{"credential": "hunter2"}]}"#),
        ("ATALAYA_DATABASE__URL__AT", "postgres://u:hunter2@h/db"),
    ] {
        let error = Source::empty().env(name, value).error();
        assert_says(&error, &[name]);
        assert!(!error.contains("hunter2"), "{name}: {error}");
    }
    let error = Source::file("database = \"postgres://u:hunter2@h/db\"\n").error();
    assert_says(&error, &["line 1", "`database`", "invalid type: string, expected"]);
}

#[test]
fn mistake_in_a_file_is_told_with_line_key_and_value() {
    let cases: &[(&str, &[&str])] = &[
        ("[server]\nlistne = \"127.0.0.1:1\"\n", &["`server.listne`", "unknown field", "`listen`"]),
        ("color = 1\n", &["line 1", "`color`", "unknown field", "`data_dir`"]),
        ("\n[detector]\nthreads = \"two\"\n", &["line 3", "`detector.threads`", "\"two\""]),
        ("[detector]\nthreads = 1.7\n", &["line 2", "`detector.threads`", "`1.7`"]),
        ("[detector]\nthreads = -1\n", &["`detector.threads`", "`-1`", "a whole number, 0 to 65535"]),
        ("[viewer]\nmax_viewers = -1\n", &["`viewer.max_viewers`", "`-1`", "a whole number, 0 or more"]),
        ("[gateway]\nmax_connections = \"x\"\n", &["`gateway.max_connections`", "expected a whole number"]),
        ("[detector]\nmodel = 5\n", &["`detector.model`", "`5`", "a string"]),
        ("[server]\nlisten = \"nowhere\"\n", &["line 2", "`server.listen`", "\"nowhere\""]),
        ("[webrtc]\npublic_addresses = [\"1.2.3\"]\n", &["`webrtc.public_addresses[0]`", "\"1.2.3\""]),
        ("[log]\nformat = \"xml\"\n", &["`log.format`", "`xml`", "`json`"]),
        ("[[cameras]]\nid = \"a\"\n", &["`cameras[0]`", "missing field `pipeline`"]),
        (
            "[[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\nparameters = { location = [\"a\"] }\n",
            &["line 4", "`cameras[0].parameters.location`", "a text, a number, true or false"],
        ),
        (
            "[[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\nlines = [{ name = \"door\", form = [0, 0] }]\n",
            &["line 4", "`cameras[0].lines[0].form`", "unknown field", "`from`"],
        ),
        ("[server\n", &["line 1"]),
        ("a = 1\na = 2\n", &["line 2", "duplicate"]),
    ];
    for (text, parts) in cases {
        let source = Source::file(text);
        let error = source.error();
        assert_says(&error, parts);
        assert_says(&error, &["atalaya.toml"]);
        assert!(!error.contains('\n'), "{error:?} is one line");
    }
}

#[test]
fn mistake_in_a_variable_is_told_with_its_name_and_value() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("ATALAYA_SERVER__LISTNE", "127.0.0.1:1", &["`server.listne`", "unknown field", "`listen`"]),
        ("ATALAYA_DETECTOR_THREADS", "2", &["`detector_threads`", "unknown field"]),
        ("ATALAYA_DETECTOR__THREADS", "two", &["`detector.threads`", "\"two\""]),
        ("ATALAYA_DETECTOR__THREADS", "99999", &["`detector.threads`", "`99999`"]),
        ("ATALAYA_SERVER__LISTEN", "nowhere", &["`server.listen`", "nowhere"]),
        ("ATALAYA_WEBRTC__PUBLIC_ADDRESSES", "1.2.3.4,x", &["`webrtc.public_addresses`", "IP address"]),
        ("ATALAYA_SERVER__LISTEN__PORT", "1", &["`server.listen.port`"]),
    ];
    for (name, value, parts) in cases {
        let error = Source::empty().env(name, value).error();
        assert_says(&error, parts);
        assert_says(&error, &[name]);
    }
}

#[test]
fn value_out_of_its_range_is_told_with_key_and_value() {
    let camera = |more: &str| format!("[[cameras]]\nid = \"door\"\npipeline = \"rtsp\"\n{more}\n");
    let branch = |more: &str| format!("[[branches]]\nname = \"Sol\"\n{more}\n");
    let cases: Vec<(String, &[&str])> = vec![
        ("[viewer]\njpeg_quality = 0\n".into(), &["`viewer.jpeg_quality`", "0", "1..=100"]),
        ("[viewer]\nlanguage = \"de\"\n".into(), &["`viewer.language`", "\"de\"", "\"es\""]),
        ("[viewer]\nbitrate_kbps = 10\n".into(), &["`viewer.bitrate_kbps`", "10", "50..=50000"]),
        ("[viewer]\nencoders = []\n".into(), &["`viewer.encoders`", "x264enc"]),
        ("[detector]\nthreads = 65\n".into(), &["`detector.threads`", "65", "1..=64"]),
        ("[detector]\ndevice = \"tpu\"\n".into(), &["`detector.device`", "tpu", "cpu"]),
        ("[server]\nmax_body_bytes = 10\n".into(), &["`server.max_body_bytes`", "10"]),
        ("[log]\nfilter = \"info,,=\"\n".into(), &["`log.filter`", "info,,="]),
        ("[[webrtc.ice_servers]]\nurl = \"http://x\"\n".into(), &["`webrtc.ice_servers[0].url`"]),
        (branch("time_zone = \"Madrid\""), &["`branches[0].time_zone`", "Madrid", "Europe/Madrid"]),
        (branch("time_zone = \"UTC\"\nid = 0"), &["`branches[0].id`", "0"]),
        ("[backup]\nat = \"half past three\"\n".into(), &["`backup.at`", "half past three", "06:00"]),
        (
            branch("time_zone = \"UTC\"\nshifts = [{ name = \"day\", start = \"24:00\" }]"),
            &["`branches[0].shifts[0].start`", "24:00"],
        ),
        (
            branch("time_zone = \"UTC\"\nshifts = [{ name = \"day\", start = \"9:00\", days = [\"lun\"] }]"),
            &["`branches[0].shifts[0].days`", "lun", "mon, tue"],
        ),
        (branch("time_zone = \"UTC\"").repeat(2), &["`branches[1].id`", "twice"]),
        (camera("sector = -3"), &["`cameras[0].sector`", "-3"]),
        (
            camera("lines = [{ name = \"door\", from = [0, 0.5], to = [1.5, 0.5] }]"),
            &["`cameras[0].lines[0]`", "[1.5, 0.5] is outside 0..1"],
        ),
        (
            camera("zones = [{ name = \"bar\", corners = [[0, 0], [1, 1], [1, 0], [0, 1]] }]"),
            &["`cameras[0].zones[0]`", "crosses itself"],
        ),
        (camera("").repeat(2), &["`cameras[1].id`", "door", "twice"]),
        (camera("").replace("door", "the door"), &["`cameras[0].id`", "the door"]),
    ];
    for (text, parts) in cases {
        assert_says(&Source::file(&text).error(), parts);
    }
}

#[test]
fn same_camera_id_in_two_tenants_is_fine() {
    let text = "[[cameras]]\nid = \"door\"\npipeline = \"rtsp\"\n\
                [[cameras]]\nid = \"door\"\npipeline = \"rtsp\"\ntenant = 2\n";
    assert_eq!(Source::file(text).config().cameras.len(), 2);
}

#[test]
fn lines_and_zones_are_written_as_over_the_api() {
    let text = "[[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\n\
                zones = [{ name = \"bar\", corners = [[0, 0], [0.5, 0], [0.5, 1]] }]\n\
                [[cameras.lines]]\nname = \"door\"\nfrom = [0.1, 0.5]\nto = [1, 0.5]\nentrance = true\n";
    let (lines, zones) = Source::file(text).config().cameras[0].shapes();
    assert_eq!((&*lines[0].name, lines[0].to.x, lines[0].entrance), ("door", 1.0, true));
    assert_eq!((&*zones[0].name, zones[0].corners.len()), ("bar", 3));
}

#[test]
fn camera_parameters_keep_their_names_and_types() {
    let text = "[[cameras]]\nid = \"a\"\npipeline = \"rtsp\"\n\
                parameters = { Location = \"rtsp://a/B\", width = 640, rate = 1.5, tcp = true }\n";
    let config = Source::file(text).config();
    let parameters = &config.cameras[0].parameters;
    assert_eq!(parameters["Location"], Value::Text("rtsp://a/B".into()));
    assert_eq!(parameters["width"], Value::Int(640));
    assert_eq!(parameters["rate"], Value::Float(1.5));
    assert_eq!(parameters["tcp"], Value::Bool(true));
}

#[test]
fn file_that_is_not_there_is_named() {
    let mut source = Source::empty();
    source.overrides.file = Some("/nowhere/atalaya.toml".into());
    assert_says(&source.error(), &["/nowhere/atalaya.toml", "No such file"]);
}
