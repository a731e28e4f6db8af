// One session of WHEP, which watches, or of WHIP, which publishes: what helps through firewalls, offer, answer, trickled
// candidates, and the DELETE that ends it.

import { ApiError, request } from '../api';
import { pause } from '../backoff';
import { fragmentOf, iceServers, sdpFragment } from './sdp';

/** WebRTC itself did not work here, while the server did answer: another way to the picture may. */
export class MediaError extends Error {
  override name = 'MediaError';
}

/** From the answer to an open transport; on a healthy network it takes a tenth of a second. */
const CONNECT_WITHIN_MS = 6000;

/** A connection may lose a few packets' worth of consent checks and recover by itself. */
const DISCONNECTED_FOR_MS = 4000;

/** How often frames are counted. */
const COUNT_EVERY_MS = 1000;

/** Silence after which the session is thought dead; a lost camera still sends its "no signal" picture. */
const SILENT_FOR_MS = 8000;

/** A server that does not take its leave within this is left without. */
const FAREWELL_MS = 1000;

/** Candidates are gathered in bursts; one PATCH carries a burst. */
const TRICKLE_AFTER_MS = 30;

export const webrtcAvailable = (): boolean => typeof RTCPeerConnection === 'function';

export interface RtcSession {
  /** Resolves with the reason when the session is over, for whatever reason. */
  ended: Promise<string>;
  /** Leaves, and tells the server, even while the page unloads. */
  close(): void;
}

/** One that watches. */
export interface WhepSession extends RtcSession {
  stream: MediaStream;
}

/** Which way the video goes, and how many frames of it there were. */
interface Way {
  direction: 'recvonly' | 'sendonly';
  add(connection: RTCPeerConnection): RTCRtpTransceiver;
  frames(of: RTCRtpTransceiver): Promise<number>;
}

/** With what the server is asked besides the console's cookie. */
type Headers = Record<string, string>;

/**
 * Opens a session that watches; the stream is connected when it resolves.
 *
 * @throws ApiError when nobody answers or the camera may not be watched
 * @throws MediaError when WebRTC fails between this server and this browser
 */
export async function openWhep(url: string, stop: AbortSignal, headers: Headers = {}): Promise<WhepSession> {
  const stream = new MediaStream();
  const way: Way = {
    direction: 'recvonly',
    add(connection) {
      const transceiver = connection.addTransceiver('video', { direction: 'recvonly' });
      const { receiver } = transceiver;
      stream.addTrack(receiver.track);
      // A watcher wants the newest frame, not the smoothest: no buffer beyond what the network forces.
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      return transceiver;
    },
    frames: async ({ receiver }) => counted(await receiver.getStats(), 'inbound-rtp', 'framesReceived'),
  };
  return Object.assign(await open(url, way, headers, stop), { stream });
}

/**
 * Opens a session that sends `track`; it is connected when it resolves.
 *
 * @throws ApiError when nobody answers or the camera takes none
 * @throws MediaError when WebRTC fails between this server and this browser
 */
export function openWhip(
  url: string,
  track: MediaStreamTrack,
  stop: AbortSignal,
  headers: Headers = {},
): Promise<RtcSession> {
  const way: Way = {
    direction: 'sendonly',
    add: (connection) => connection.addTransceiver(track, { direction: 'sendonly' }),
    frames: async ({ sender }) => counted(await sender.getStats(), 'outbound-rtp', 'framesSent'),
  };
  return open(url, way, headers, stop);
}

async function open(url: string, way: Way, headers: Headers, stop: AbortSignal): Promise<Session> {
  const session = new Session(await serversOf(url, headers, stop), way, headers);
  try {
    await session.open(url, stop);
  } catch (error) {
    session.close('not opened');
    throw error;
  }
  return session;
}

/** Asked for before the offer: a connection looks for its ways out once, as soon as it has made one. */
async function serversOf(url: string, headers: Headers, stop: AbortSignal): Promise<RTCIceServer[]> {
  try {
    return iceServers((await request(url, { method: 'OPTIONS', headers, signal: stop })).headers.get('link'));
  } catch (error) {
    if (isFinal(error)) throw error;
    return [];
  }
}

/** Whoever may not, or asks nobody, need not try another way. */
function isFinal(error: unknown): boolean {
  return !(error instanceof ApiError) || [0, 401, 403, 404, 409].includes(error.status);
}

class Session implements RtcSession {
  readonly ended: Promise<string>;
  private readonly connection: RTCPeerConnection;
  private readonly transceiver: RTCRtpTransceiver;
  private finish: (reason: string) => void = () => undefined;
  private over = false;
  private resource: string | undefined;
  private trickle: Trickle | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;

  constructor(
    servers: RTCIceServer[],
    private readonly way: Way,
    private readonly headers: Headers,
  ) {
    this.connection = newConnection(servers);
    this.transceiver = way.add(this.connection);
    this.ended = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  async open(url: string, stop: AbortSignal): Promise<void> {
    if (stop.aborted) throw new ApiError(0, 'left');
    const leave = () => this.close('left');
    stop.addEventListener('abort', leave);
    void this.ended.then(() => stop.removeEventListener('abort', leave));
    const offer = await this.makeOffer();
    const response = await this.post(url, offer);
    const location = response.headers.get('location');
    this.resource = location ? new URL(location, new URL(url, window.location.href)).pathname : undefined;
    if (stop.aborted) {
      await this.remove();
      throw new ApiError(0, 'left');
    }
    await this.takeAnswer(await response.text());
    const tag = response.headers.get('etag');
    const matching: Headers = tag ? { 'if-match': tag } : {};
    if (this.resource) this.trickle?.sendTo(this.resource, { ...this.headers, ...matching });
    await this.connected();
    this.watchFrames();
  }

  close(reason = 'left'): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.watch);
    this.trickle?.end();
    // The farewell over HTTP first: to a server that had it by DTLS already, the session would be unknown.
    void Promise.race([this.remove(), pause(FAREWELL_MS)]).then(() => this.connection.close());
    this.finish(reason);
  }

  private async remove(): Promise<void> {
    if (!this.resource) return;
    const farewell = fetch(this.resource, { method: 'DELETE', headers: this.headers, keepalive: true });
    this.resource = undefined;
    await farewell.catch(() => undefined);
  }

  private async makeOffer(): Promise<string> {
    try {
      const offer = await this.connection.createOffer();
      this.trickle = new Trickle(this.connection, offer.sdp ?? '');
      await this.connection.setLocalDescription(offer);
      return offer.sdp ?? '';
    } catch (error) {
      throw new MediaError(String(error));
    }
  }

  private async post(url: string, offer: string): Promise<Response> {
    try {
      return await request(url, {
        method: 'POST',
        headers: { ...this.headers, 'content-type': 'application/sdp', accept: 'application/sdp' },
        body: offer,
      });
    } catch (error) {
      // A server without an encoder for us, or that cannot read the offer, may still have pictures.
      throw isFinal(error) ? error : new MediaError(String(error));
    }
  }

  private async takeAnswer(sdp: string): Promise<void> {
    try {
      await this.connection.setRemoteDescription({ type: 'answer', sdp });
    } catch (error) {
      throw new MediaError(String(error));
    }
    if (this.transceiver.currentDirection !== this.way.direction) {
      throw new MediaError('no video format in common');
    }
  }

  private connected(): Promise<void> {
    const { connection } = this;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new MediaError('no path for the video')), CONNECT_WITHIN_MS);
      let lapse: ReturnType<typeof setTimeout> | undefined;
      connection.onconnectionstatechange = () => {
        clearTimeout(lapse);
        switch (connection.connectionState) {
          case 'connected':
            clearTimeout(timer);
            return resolve();
          case 'disconnected':
            lapse = setTimeout(() => this.close('connection lost'), DISCONNECTED_FOR_MS);
            return;
          case 'failed':
            reject(new MediaError('no path for the video'));
            return this.close('connection lost');
        }
      };
      void this.ended.then((reason) => {
        clearTimeout(timer);
        clearTimeout(lapse);
        reject(new ApiError(0, reason));
      });
    });
  }

  /** Ends a session that is connected but mute. */
  private watchFrames(): void {
    let before = 0;
    let silentMs = 0;
    this.watch = setInterval(async () => {
      const count = await this.way.frames(this.transceiver);
      silentMs = count === before ? silentMs + COUNT_EVERY_MS : 0;
      before = count;
      if (silentMs >= SILENT_FOR_MS) this.close('no frames came');
    }, COUNT_EVERY_MS);
  }
}

function newConnection(iceServers: RTCIceServer[]): RTCPeerConnection {
  try {
    return new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers });
  } catch (error) {
    throw new MediaError(String(error));
  }
}

function counted(reports: RTCStatsReport, type: RTCStatsType, field: string): number {
  for (const report of reports.values()) {
    if (report.type === type) return Number(report[field] ?? 0);
  }
  return 0;
}

/** Sends candidates after the offer, in bursts; those found before the answer wait for its address. */
class Trickle {
  private waiting: string[] = [];
  private resource: string | undefined;
  private headers: Headers = {};
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly connection: RTCPeerConnection,
    private readonly offer: string,
  ) {
    connection.onicecandidate = ({ candidate }) => {
      this.waiting.push(candidate?.candidate ?? '');
      this.schedule();
    };
  }

  sendTo(resource: string, headers: Headers): void {
    this.resource = resource;
    this.headers = headers;
    this.schedule();
  }

  end(): void {
    clearTimeout(this.timer);
    this.connection.onicecandidate = null;
    this.waiting = [];
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.resource && this.waiting.length > 0) {
      this.timer = setTimeout(() => void this.send(), TRICKLE_AFTER_MS);
    }
  }

  private async send(): Promise<void> {
    const of = fragmentOf(this.offer);
    if (!of || !this.resource) return;
    const body = sdpFragment(of, this.waiting.splice(0));
    const headers = { ...this.headers, 'content-type': 'application/trickle-ice-sdpfrag' };
    // A server that learns our address from our packets needs none of these: a refusal is not a failure.
    await request(this.resource, { method: 'PATCH', headers, body }).catch(() => this.end());
  }
}
