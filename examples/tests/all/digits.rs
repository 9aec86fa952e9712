//! The main job from outside: it survives being killed, and refuses bad input without harm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The example, which cargo builds before it runs the tests, beside this test's own directory.
fn program() -> Command {
    let own = std::env::current_exe().expect("a test is a program");
    let profile = own.ancestors().nth(2).expect("a test lies in <profile>/deps");
    let mut command = Command::new(profile.join("examples").join("digits"));
    command.args(["--epochs", "12"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the directory for temporary files can be written");
    path
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "it should have been refused");
    String::from_utf8(output.stderr.clone()).expect("messages are text")
}

#[test]
fn killed_ten_times_and_resumed_it_ends_with_the_same_parameters() {
    let (whole, cut) = (directory("whole"), directory("cut"));
    assert!(program().arg("--out").arg(&whole).status().expect("it runs").success());
    // Moments from a fixed sequence, spread over the time that a run takes.
    let mut moment = 12_345_u64;
    for _ in 0..10 {
        let mut run = program().arg("--resume").arg("--out").arg(&cut).spawn().expect("it runs");
        moment = moment.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(3 + (moment >> 33) % 60));
        // It may have ended by itself: then the next one resumes a finished run, which must change nothing.
        let _ = run.kill();
        run.wait().expect("a killed process can be waited for");
    }
    assert!(program().arg("--resume").arg("--out").arg(&cut).status().expect("it runs").success());
    let parameters = |out: &Path| fs::read(out.join("digits.safetensors")).expect("parameters were saved");
    assert_eq!(parameters(&whole), parameters(&cut));
}

#[test]
fn bad_options_get_a_clear_line() {
    for (arguments, wanted) in [
        (&["--batch", "0"][..], "invalid value '0' for '--batch"),
        (&["--lr", "-1"], "--lr"),
        (&["--lr=nan"], "it must be a finite number above 0"),
        (&["--optimizer", "magic"], "possible values: sgd, momentum, nesterov, adagrad"),
        (&["--epochs", "many"], "--epochs"),
    ] {
        let message = refused(&program().args(arguments).output().expect("it runs"));
        assert!(message.contains(wanted), "{arguments:?}: {message}");
    }
}

#[test]
fn a_corrupt_checkpoint_is_refused_and_left_as_it_is() {
    let out = directory("corrupt");
    let file = out.join("checkpoint.safetensors");
    fs::write(&file, b"not a checkpoint").expect("the file can be written");
    let message = refused(&program().arg("--resume").arg("--out").arg(&out).output().expect("it runs"));
    assert!(message.starts_with("digits: ") && message.contains("is damaged or not what it should be"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert_eq!(fs::read(&file).expect("it is still there"), b"not a checkpoint");
}

#[test]
fn an_output_directory_that_cannot_be_is_refused() {
    let out = directory("blocked");
    let file = out.join("file");
    fs::write(&file, b"mine").expect("the file can be written");
    let message = refused(&program().arg("--out").arg(file.join("below")).output().expect("it runs"));
    assert!(message.starts_with("digits: cannot create"), "{message}");
    assert_eq!(fs::read(&file).expect("it is still there"), b"mine");
}
