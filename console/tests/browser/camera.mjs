// A camera that can be cut off: a TCP relay in front of a real RTSP server.

import { connect, createServer } from 'node:net';

export class Relay {
  /** A relay to the host and port of `url`. */
  constructor(url) {
    const { hostname, port } = new URL(url.replace(/^rtsp:/, 'http:'));
    this.target = { host: hostname, port: Number(port) };
    this.sockets = new Set();
  }

  /** Takes connections; on the same port as before, if there was one. */
  async up() {
    this.server = createServer((near) => {
      const far = connect(this.target);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        this.sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
      }
    });
    await new Promise((resolve, reject) => {
      this.server.on('error', reject);
      this.server.listen(this.port ?? 0, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
  }

  /** Breaks every connection and takes no new one, like a camera whose cable is pulled. */
  async down() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** `url` by way of this relay. */
  through(url) {
    return url.replace(/^(rtsp:\/\/(?:[^@/]*@)?)[^/]+/, `$1127.0.0.1:${this.port}`);
  }
}
