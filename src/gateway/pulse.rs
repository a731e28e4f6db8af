//! Whether who is connected is still there: it is asked when it says nothing for a while, and waited for at the end.

use std::time::Duration;

use tokio::time::Instant;

use super::close::Close;
use super::frame;
use super::settings::Settings;
use super::socket::{Deaf, Heard, Reader, Socket};

/// A client has so long to take the last frames and to say goodbye.
pub(super) const GOODBYE: Duration = Duration::from_secs(5);

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    GoOn,
    End,
}

/// Looks after one session's client.
#[derive(Debug)]
pub struct Pulse {
    heard: Instant,
    /// When the client was asked whether it is there, unless it has answered.
    asked: Option<Instant>,
    /// Bytes that waited for it then.
    waiting: usize,
    /// Until when it is waited for, once the last frame is put.
    goodbye: Option<Instant>,
}

impl Pulse {
    /// Of somebody who was heard now.
    pub fn begin() -> Self {
        Self { heard: Instant::now(), asked: None, waiting: 0, goodbye: None }
    }

    /// When there is something to do though nothing comes; `due` is when the session has to do something else.
    pub fn next_time(&self, settings: &Settings, due: Instant) -> Instant {
        let beat = self.asked.map_or(self.heard + settings.ping_every, |asked| asked + settings.pong_within);
        self.goodbye.unwrap_or_else(|| beat.min(due))
    }

    /// The next thing that is said; a sign when that is nothing to the session.
    ///
    /// # Errors
    /// When there is nothing more, for now or for ever.
    pub fn read(&mut self, reader: &mut Reader, socket: &Socket) -> Result<Heard, Next> {
        let heard = reader.read(socket).map_err(|deaf| self.deaf(deaf, socket))?;
        self.heard = Instant::now();
        let asked = self.asked.take();
        match heard {
            Heard::Pong => {
                let answered = asked.map(|asked| asked.elapsed().as_secs_f64());
                answered.into_iter().for_each(|seconds| socket.figures().ping_seconds.add(seconds));
                Ok(Heard::Sign)
            }
            Heard::Closing => {
                let _ = socket.flush();
                Err(Next::End)
            }
            // After the last frame only the client's own last one is of interest.
            Heard::Text(_) | Heard::Binary(_) if self.is_parting() => Ok(Heard::Sign),
            said => Ok(said),
        }
    }

    fn deaf(&self, deaf: Deaf, socket: &Socket) -> Next {
        match deaf {
            Deaf::NothingYet => return Next::GoOn,
            Deaf::Over => socket.figures().lost.add(u64::from(!self.is_parting())),
            Deaf::Wrong(close) => {
                socket.cut(close);
                let _ = socket.flush();
            }
        }
        Next::End
    }

    /// Does what is due `now`: asks whether the client is there, and ends the session of one who is not.
    pub fn beat(&mut self, settings: &Settings, socket: &Socket, now: Instant) -> Next {
        if let Some(goodbye) = self.goodbye {
            return if goodbye <= now { Next::End } else { Next::GoOn };
        }
        match self.asked {
            // It takes what it missed, behind which the question is.
            Some(asked) if now >= asked + settings.pong_within && socket.waiting() < self.waiting => {
                (self.asked, self.waiting) = (Some(now), socket.waiting());
            }
            Some(asked) if now >= asked + settings.pong_within => {
                socket.cut(Close::HeartbeatLost);
                // Nobody is there to say goodbye to; should somebody be, the frame tells.
                let _ = socket.flush();
                return Next::End;
            }
            None if now >= self.heard + settings.ping_every => {
                (self.asked, self.waiting) = (Some(now), socket.waiting());
                socket.put(&frame::ping());
            }
            _ => {}
        }
        Next::GoOn
    }

    /// Sees whether the last frame is put: then the client has a while to take it.
    pub fn see_end(&mut self, socket: &Socket) {
        if !self.is_parting() && socket.is_closing() {
            self.goodbye = Some(Instant::now() + GOODBYE);
        }
    }

    /// Whether nothing is to be done any more but to wait for the client's goodbye.
    pub fn is_parting(&self) -> bool {
        self.goodbye.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn who_takes_what_it_missed_is_there_and_who_takes_nothing_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (line, _) = listener.accept().await.unwrap();
        let settings = Settings::default();
        let socket = Socket::new(line, settings.room, Arc::default());
        // More than the kernel holds for one who does not read.
        socket.put_all(std::iter::repeat_n(Bytes::from(vec![0; 1 << 20]), 64));
        let mut pulse = Pulse::begin();
        let asked = pulse.heard + settings.ping_every;
        assert_eq!(pulse.beat(&settings, &socket, asked), Next::GoOn);
        // The server sends while the client reads a part; it reads too, or `ready` would never wait.
        let mut taken = vec![0; 1 << 20];
        let taking = tokio::time::timeout(Duration::from_secs(20), client.read_exact(&mut taken));
        let mut reader = Reader::new(Vec::new(), 512);
        let sending = async {
            while socket.ready().await.is_ok() {
                assert_eq!(reader.read(&socket), Err(Deaf::NothingYet));
            }
        };
        tokio::select! {
            taken = taking => assert!(matches!(taken, Ok(Ok(_))), "nothing was sent: {taken:?}"),
            () = sending => panic!("the client is gone"),
        }
        assert!(socket.waiting() > 0);
        let late = asked + settings.pong_within;
        assert_eq!(pulse.beat(&settings, &socket, late), Next::GoOn);
        assert_eq!(pulse.beat(&settings, &socket, late + settings.pong_within), Next::End);
    }
}
