//! Cameras that go and come back are told of, each with its place and its name.

use atalaya::domain::{Camera, CameraState, Occurrence, ParamValue, SectorId, Sight};

use crate::common::{World, camera, until, within_deadline};
use crate::states::{plain_pipeline, restarted};

/// What is told next, of the camera `door`.
async fn next(world: &mut World) -> Sight {
    let told = within_deadline("something is told", world.told.recv()).await.unwrap();
    let Occurrence::AtCamera { place, name, sight } = told else { panic!("{told:?}") };
    assert_eq!((place.camera.as_str(), name.as_ref()), ("door", "Front door"));
    assert_eq!(place.sector, SectorId::new(3).ok());
    sight
}

fn door(parameters: &[(&str, ParamValue)]) -> Camera {
    let sector = SectorId::new(3).ok();
    Camera { name: "Front door".into(), sector, ..camera("door", "plain", parameters) }
}

#[tokio::test]
async fn a_camera_that_fails_and_is_put_right_is_told() {
    let folder = plain_pipeline();
    let mut world = World::new(Some(folder.path()));
    world.cameras.put(door(&[("pattern", ParamValue::Text("cube".into()))]));
    let Sight::Offline { reason, retried, .. } = next(&mut world).await else { panic!("it runs") };
    assert_eq!(reason, "parameter `pattern`: \"cube\" is not one of ball, smpte");
    assert!(!retried);
    let handle = world.cameras.put(door(&[]));
    assert!(matches!(next(&mut world).await, Sight::Online { .. }));
    // What its owner does is no news, but for the start after a stop.
    restarted(&handle).await;
    handle.stop();
    until(&handle, "stopped", |state| *state == CameraState::Stopped).await;
    assert!(world.told.try_recv().is_err());
    handle.start();
    assert!(matches!(next(&mut world).await, Sight::Online { .. }));
    world.end().await;
}

#[tokio::test]
async fn a_camera_that_ends_again_and_again_is_lost() {
    let folder = plain_pipeline();
    let mut world = World::new(Some(folder.path()));
    world.cameras.put(door(&[("frames", ParamValue::Int(2))]));
    assert!(matches!(next(&mut world).await, Sight::Online { .. }));
    let Sight::Offline { reason, retried, .. } = next(&mut world).await else { panic!("it runs") };
    assert_eq!((reason.as_str(), retried), ("the camera ended the stream", true));
    world.end().await;
}
