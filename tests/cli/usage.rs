//! Help, wrong usage, settings, tokens.

use crate::program::Program;

async fn wrong(arguments: &[&str], parts: &[&str]) {
    let ended = Program::new(arguments).run().await.failed(2, parts);
    assert_eq!(ended.stdout, "", "what is wrong is told on standard error");
}

#[tokio::test]
async fn every_command_has_help() {
    let commands: [&[&str]; 20] = [
        &[],
        &["serve"],
        &["demo"],
        &["run"],
        &["pipelines"],
        &["pipelines", "list"],
        &["pipelines", "show"],
        &["pipelines", "check"],
        &["models"],
        &["models", "list"],
        &["models", "verify"],
        &["models", "bench"],
        &["token"],
        &["token", "issue"],
        &["token", "link"],
        &["migrate"],
        &["discover"],
        &["backup"],
        &["restore"],
        &["export"],
    ];
    for command in commands {
        let help = Program::new(&[command, &["--help"]].concat()).run().await.fine();
        assert!(help.contains("Usage: atalaya"), "{command:?}: {help}");
        assert!(help.contains("--data-dir <DIR>"), "{command:?}: {help}");
    }
    let version = Program::new(&["--version"]).run().await.fine();
    assert_eq!(version.trim(), format!("atalaya {}", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn wrong_usage_is_told_with_what_fits() {
    wrong(&[], &["Usage: atalaya", "serve", "demo"]).await;
    wrong(&["serv"], &["'serv'", "serve"]).await;
    wrong(&["serve", "--listen", "here"], &["'here'", "--listen"]).await;
    wrong(&["run"], &["<PIPELINE>"]).await;
    wrong(&["run", "file", "location"], &["'location'", "no `=`"]).await;
    wrong(&["run", "file", "--line", "door=0,0,480,1"], &["--line", "[480, 1] is outside 0..1"]).await;
    wrong(&["run", "file", "--zone", "bar=0,0,1,1"], &["--zone", "needs 3 to 64"]).await;
    let twice = ["run", "file", "--zone", "bar=0,0,1,0,1,1", "--zone", "bar=0,0,1,0,1,1"];
    wrong(&twice, &["zones[1]", "\"bar\" stands there twice"]).await;
    wrong(&["discover", "8.8.8.8"], &["8.8.8.8", "never public ones"]).await;
    wrong(&["discover", "10.0.0.0/8"], &["10.0.0.0/8", "at most a /24"]).await;
    wrong(&["discover", "127.0.0.1", "--timeout", "1h"], &["\"1h\"", "10m"]).await;
    wrong(&["discover", "127.0.0.1", "--user", "ana"], &["--password-stdin", "CAMERA_PASSWORD"]).await;
    wrong(&["discover", "--password-stdin"], &["--user"]).await;
    wrong(&["token", "issue"], &["--role"]).await;
    wrong(&["token", "issue", "--role", "boss"], &["'boss'", "admin, kitchen, waiter, viewer"]).await;
    wrong(&["token", "issue", "--role", "admin", "--ttl", "soon"], &["\"soon\"", "30d"]).await;
    wrong(&["token", "issue", "--role", "admin", "--tenant", "0"], &["--tenant", "positive"]).await;
    wrong(&["token", "issue", "--role", "admin", "--branch", "x"], &["--branch", "\"x\"", "positive"]).await;
}

#[tokio::test]
async fn wrong_settings_end_every_command_with_key_and_value() {
    let program = Program::new(&["pipelines", "list", "--config", "mine.toml"]);
    let text = "[viewer]\njpeg_quality = \"high\"\n";
    let told = ["atalaya: config file mine.toml: line 2", "`viewer.jpeg_quality`", "high"];
    program.file("mine.toml", text).run().await.failed(1, &told);
    let text = "[viewer]\njpeg_quality = 101\n";
    let told = ["config file a.toml: key `viewer.jpeg_quality`", "101", "1..=100"];
    Program::new(&["serve", "--config", "a.toml"]).file("a.toml", text).run().await.failed(1, &told);
    let absent = Program::new(&["serve", "--config", "absent.toml"]).run().await;
    absent.failed(1, &["config file absent.toml", "No such file"]);
    let variable =
        Program::new(&["token", "issue", "--role", "admin"]).env("ATALAYA_AUTH__JWT_SECRET", "hunter2");
    let ended =
        variable.run().await.failed(1, &["ATALAYA_AUTH__JWT_SECRET: key `auth.jwt_secret`", "7 bytes", "32"]);
    assert!(!ended.stderr.contains("hunter2"));
}

#[tokio::test]
async fn a_token_is_all_that_is_printed() {
    let token = Program::new(&["token", "issue", "--role", "viewer"]).run().await.fine();
    let token = token.strip_suffix('\n').unwrap();
    assert_eq!(token.split('.').count(), 3, "{token}");
    assert!(!token.contains(char::is_whitespace), "{token}");
}

#[tokio::test]
async fn who_makes_a_new_secret_is_told_where_the_demos_is_when_it_is_beside() {
    let issue = || Program::new(&["token", "issue", "--role", "viewer"]);
    let elsewhere = issue().run().await;
    assert!(elsewhere.stderr.contains("made a new signing secret in "), "{}", elsewhere.stderr);
    assert!(!elsewhere.stderr.contains("demo"), "{}", elsewhere.stderr);
    let usual = issue().usual_folders();
    let demo = usual.folder.path().join("atalaya/demo");
    let usual = usual.run().await;
    assert!(usual.stderr.contains(&format!("is {}", demo.display())), "{}", usual.stderr);
}

#[tokio::test]
async fn a_tables_token_is_of_one_session_in_one_branch() {
    let issue = ["token", "issue", "--session", "77", "--branch", "5"];
    let token = Program::new(&[&issue[..], &["--table", "T-12", "--ttl", "4h"]].concat()).run().await.fine();
    let token = token.strip_suffix('\n').unwrap();
    assert!(token.starts_with("v1.default.") && token.split('.').count() == 4, "{token}");
    assert!(!token.contains(char::is_whitespace), "{token}");
    let twice = Program::new(&[&issue[..], &["--branch", "6"]].concat()).run().await;
    twice.failed(1, &["one branch", "--branch"]);
    wrong(&["token", "issue", "--session", "77"], &["--branch"]).await;
    wrong(&[&issue[..], &["--role", "waiter"]].concat(), &["--role", "--session"]).await;
    wrong(&["token", "issue", "--role", "waiter", "--table", "T-12"], &["--session"]).await;
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_written_is_named() {
    // Nobody, not even root, may put a file there.
    for command in [&["token", "issue", "--role", "admin"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let ended = Program::new(command).env("ATALAYA_DATA_DIR", "/sys/kernel").run().await;
        let ended = ended.failed(1, &["/sys/kernel/jwt.secret", "make the folder writable", "--data-dir"]);
        assert_eq!(ended.stderr.matches("os error").count(), 1, "the cause is told once: {}", ended.stderr);
    }
    let ended = Program::new(&["migrate"]).env("ATALAYA_DATA_DIR", "/sys/kernel").run().await;
    ended.failed(1, &["cannot use data folder /sys/kernel", "--data-dir"]);
}

#[tokio::test]
async fn migrate_says_what_it_brought_where() {
    let program = Program::new(&["migrate"]);
    let folder = program.folder.path().join("kept");
    std::fs::create_dir(&folder).unwrap();
    let first = program.data_dir(&folder).run().await.fine();
    assert!(first.starts_with(&format!("SQLite file {}", folder.join("atalaya.db").display())), "{first}");
    assert!(first.contains(": schema "), "{first}");
    let url = Program::new(&["migrate"]).env("ATALAYA_DATABASE__URL", "postgres://a:hunter2@127.0.0.1:1/x");
    let ended = url.run().await.failed(1, &["127.0.0.1"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_doctor_fails_when_something_is_missing() {
    let ready = Program::new(&["doctor", "--listen", "127.0.0.1:0"]).run().await;
    assert!(ready.stdout.ends_with("ready\n"), "{ready:?}");
    ready.fine();
    let sick = Program::new(&["doctor"]).env("ATALAYA_ASSETS_DIR", "/nowhere").run().await;
    assert_eq!(sick.code, Some(1));
    assert!(sick.stdout.contains("✗ model") && sick.stdout.contains("make setup"), "{}", sick.stdout);
}
