//! `atalaya analyze`: one JSON object a picture; what is no picture is told and does not stop the others.

use serde_json::Value;

use crate::program::Program;
use crate::street::street;

#[tokio::test]
async fn people_on_pictures_are_told() {
    let program = Program::new(&["analyze", "street.jpg", "street.png"]);
    std::fs::write(program.folder.path().join("street.jpg"), street("jpegenc quality=95")).unwrap();
    std::fs::write(program.folder.path().join("street.png"), street("pngenc")).unwrap();
    let output = program.run().await.fine();
    let images: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(images.len(), 2);
    for (image, file) in images.iter().zip(["street.jpg", "street.png"]) {
        assert_eq!((&image["kind"], &image["file"]), (&"image".into(), &file.into()));
        assert_eq!((&image["width"], &image["height"]), (&768.into(), &576.into()));
        let people = image["people"].as_array().unwrap();
        assert!(people.len() >= 3, "{people:?}");
        for person in people {
            let [x, y, w, h] = [0, 1, 2, 3].map(|at| person["box"][at].as_f64().unwrap());
            assert!(x >= -1.0 && y >= -1.0 && x + w <= 769.0 && y + h <= 577.0 && h > w, "{person}");
            assert!(person["face"].is_null() && person["attributes"]["bag"]["value"].is_null(), "{person}");
        }
        let scores: Vec<_> = people.iter().map(|person| person["confidence"].as_f64().unwrap()).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    }
}

#[tokio::test]
async fn what_is_no_picture_is_told_and_the_others_are_analysed() {
    let program = Program::new(&["analyze", "absent.jpg", "notes.jpg", "cut.jpg", "street.jpg"]);
    let mut cut = street("jpegenc");
    std::fs::write(program.folder.path().join("street.jpg"), &cut).unwrap();
    cut.truncate(cut.len() / 2);
    let ended = program.file("notes.jpg", "not a picture").file("cut.jpg", cut).run().await;
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(1), 1), "{ended:?}");
    let told: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(told.len(), 4, "{told:?}");
    for (told, parts) in told.iter().zip([
        ["atalaya: absent.jpg", "No such file"],
        ["atalaya: notes.jpg", "neither JPEG, PNG nor WebP"],
        ["atalaya: cut.jpg", "cut off or broken"],
        ["atalaya: 3 pictures", "could not be analysed"],
    ]) {
        assert!(parts.iter().all(|part| told.contains(part)), "{told} does not say {parts:?}");
    }
}
