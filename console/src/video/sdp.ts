// The few lines of SDP and of HTTP headers that a WHEP client has to read or write itself.

/** What a trickled candidate must be sent with: the credentials of the session and the section it is for. */
interface Fragment {
  ufrag: string;
  password: string;
  /** The first media section, without its attributes. */
  media: string;
  mid: string;
}

export function fragmentOf(offer: string): Fragment | undefined {
  const line = (pattern: RegExp) => pattern.exec(offer)?.[1];
  const ufrag = line(/^a=ice-ufrag:(.+?)\r?$/m);
  const password = line(/^a=ice-pwd:(.+?)\r?$/m);
  const media = line(/^(m=.+?)\r?$/m);
  const mid = line(/^a=mid:(.+?)\r?$/m);
  return ufrag && password && media && mid ? { ufrag, password, media, mid } : undefined;
}

/** A body of `application/trickle-ice-sdpfrag` (RFC 8840); an empty candidate means "no more". */
export function sdpFragment(of: Fragment, candidates: readonly string[]): string {
  const lines = [`a=ice-ufrag:${of.ufrag}`, `a=ice-pwd:${of.password}`, of.media, `a=mid:${of.mid}`];
  for (const candidate of candidates) {
    lines.push(candidate === '' ? 'a=end-of-candidates' : `a=${candidate}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** ICE servers that a `Link` header names (`rel="ice-server"`). */
export function iceServers(link: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, url, rest] of (link ?? '').matchAll(/<([^>]+)>([^<]*)/g)) {
    if (!url || !rest || !/rel="?ice-server"?/.test(rest)) continue;
    const value = (name: string) => new RegExp(`${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(rest)?.[1];
    const username = value('username');
    const credential = value('credential');
    servers.push({ urls: url, ...(username && credential ? { username, credential } : {}) });
  }
  return servers;
}
