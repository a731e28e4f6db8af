//! What Redis does for us in one step: gives an event its place, keeps it, and tells everybody.
//!
//! Redis runs a script to its end before anything else, so all servers see one order, and an event that is sent again
//! because its answer got lost is known.

use super::keys::{self, Place};
use crate::gateway::stream::new_epoch;

/// An event's place: once for each token, the next offset, into the log and onto the channel. Answers the offset, or 0 when
/// the token is known.
///
/// When another process of Redis answers than the one that gave the last offset, that one may have given more of them
/// than this one remembers. The count then goes on far above, so that no offset is given twice; `prev` says where it was.
const PUBLISH: &str = r"
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'run')
local epoch, prev, run = meta[1], tonumber(meta[2] or 0), meta[3]
if not epoch then
  epoch, prev, run = ARGV[6], 0, false
  redis.call('DEL', KEYS[2])
end
local offset = prev + 1
if run and run ~= ARGV[7] then offset = prev + 1048576 end
local time = redis.call('TIME')
local at = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local packet = string.format('%s %.0f %.0f %.0f ', epoch, offset, prev, at) .. ARGV[8]
redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', string.format('%.0f', offset), 'run', ARGV[7])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], string.format('%.0f-0', offset), 'p', packet)
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('SET', KEYS[3], '1', 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[1], packet)
return string.format('%.0f', offset)
";

/// Where a stream is, and a part of its log; begins it when it is not there. Answers as [`Answer`] has it.
///
/// What is read is bounded in bytes, too: events may be large, and an answer has to come before Redis is given up.
const READ: &str = r"
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then
  epoch = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', '0')
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
local command, step, stop = 'XRANGE', 1, '+'
if ARGV[3] == '+' then command, step, stop = 'XREVRANGE', -1, '-' end
local next, left, room = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local packets, more = {}, 0
while left > 0 and more == 0 do
  local wanted = math.min(left, 64)
  local page = redis.call(command, KEYS[2], next, stop, 'COUNT', wanted)
  for _, entry in ipairs(page) do
    local packet = entry[2][2]
    room = room - #packet
    if room < 0 and #packets > 0 then
      more = 1
      break
    end
    packets[#packets + 1] = packet
  end
  if #page < wanted then break end
  left = left - #page
  if left == 0 then more = 1 end
  next = string.format('%.0f-0', tonumber(string.match(page[#page][1], '^%d+')) + step)
end
return {epoch, redis.call('HGET', KEYS[1], 'offset'), packets, more}
";

/// Two events with one token are one, within so long.
pub(super) const SEEN_MS: u64 = 60_000;

/// A stream in which nothing happens for so long is forgotten: a month.
const META_S: u64 = 30 * 24 * 3600;

/// Of a log so much is read at once: what a slow network carries in the time that Redis is waited for.
pub(super) const MOST_BYTES: usize = 4 << 20;

/// How much of a stream is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) events: usize,
    pub(super) seconds: u64,
}

/// Teaches Redis the script of [`publish`]; answers its name.
pub(super) fn load() -> redis::Cmd {
    let mut load = redis::cmd("SCRIPT");
    load.arg("LOAD").arg(PUBLISH);
    load
}

/// Gives an event its place. `name` is the script's, `run` the process of Redis.
pub(super) fn publish(
    pipe: &mut redis::Pipeline,
    (name, run): (&str, &str),
    place: Place,
    (token, event): (&str, &str),
    kept: Kept,
) {
    let command = pipe.cmd("EVALSHA").arg(name).arg(3);
    command.arg(keys::meta(place)).arg(keys::log(place)).arg(keys::seen(place, token));
    command.arg(keys::live(place)).arg(SEEN_MS).arg(kept.events).arg(kept.seconds).arg(META_S);
    command.arg(new_epoch().as_ref()).arg(run).arg(event);
}

/// What is asked of a stream's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The newest.
    Newest(usize),
    /// From this offset on.
    From(u64, usize),
}

/// Where a stream is and a part of its log, the newest first with [`Part::Newest`].
pub(super) fn read(place: Place, part: Part) -> redis::Cmd {
    let (from, count) = match part {
        Part::Newest(count) => ("+".to_owned(), count),
        Part::From(offset, count) => (format!("{offset}-0"), count),
    };
    let mut read = redis::cmd("EVAL");
    read.arg(READ).arg(2).arg(keys::meta(place)).arg(keys::log(place));
    read.arg(new_epoch().as_ref()).arg(META_S).arg(from).arg(count).arg(MOST_BYTES);
    read
}

/// What [`read`] is answered with: epoch, offset, packets, and whether there are more than were asked for or than fit.
pub(super) type Answer = (String, u64, Vec<Vec<u8>>, bool);
