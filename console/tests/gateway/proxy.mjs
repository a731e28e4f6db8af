// A way to the server that can be cut.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Passes on to the port of `target` whatever comes; `cut` ends all connections without a word. */
export async function startProxy(target) {
  const open = new Set();
  const server = createServer((client) => {
    const behind = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ]) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const one of open) one.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut,
    close() {
      server.close();
      cut();
    },
  };
}
