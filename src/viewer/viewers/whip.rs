//! Those who publish: an offer that sends becomes the source of a camera.

use std::sync::atomic::Ordering;

use super::{Answer, Command, Listed, Listing, Publisher, Purpose, Role, Session, Viewers};
use crate::camera::CameraHandle;
use crate::domain::random_name;
use crate::viewer::ViewerError;

impl Viewers {
    /// Opens a session for the offer of somebody who sends pictures to `camera`, whose pipeline has to take them. Once
    /// it is connected, who did so before is sent away: most often it is the same one, whose old connection is dead.
    ///
    /// # Errors
    /// [`ViewerError::Offer`] and [`ViewerError::NoVideo`] are the caller's fault; [`ViewerError::Stopping`] and, when the
    /// camera is removed meanwhile, [`ViewerError::NoPicture`] are not.
    pub async fn whip_offer(&self, camera: &CameraHandle, sdp: &str) -> Result<Answer, ViewerError> {
        let inner = &self.inner;
        let watched = self.watched(camera)?;
        let accepted = self.accept(sdp.to_owned(), Purpose::Publish).await?;
        let of = camera.camera();
        let number = inner.next_session.fetch_add(1, Ordering::Relaxed);
        let entry = Listed {
            number,
            camera_number: watched.number,
            tenant: of.tenant,
            camera: of.id.clone(),
            remote_user: accepted.remote_user.clone(),
            purpose: Purpose::Publish,
        };
        let answer = Answer { id: random_name(), sdp: accepted.sdp.clone() };
        let listing = Listing::new(&inner.directory, answer.id.clone(), entry);
        let role = Role::Publisher(Publisher::new(camera.clone()));
        self.command(Command::Join(Box::new(Session::new(accepted, listing, role)))).await?;
        self.still_there(&watched, number).await?;
        Ok(answer)
    }
}
