// A WebSocket for Node before 22, which has none: as much of RFC 6455 as a client of the gateway uses.

import { randomBytes } from 'node:crypto';
import { request } from 'node:http';

const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];

export class PlainSocket {
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #tcp;
  #read = Buffer.alloc(0);
  #isOver = false;

  constructor(url, protocols) {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': protocols.join(', '),
    };
    const asking = request(url.replace('ws', 'http'), { headers });
    asking.on('upgrade', (_, tcp, head) => this.#begin(tcp, head));
    asking.on('response', (answer) => this.#over(1006, `HTTP ${answer.statusCode}`));
    asking.on('error', (error) => this.#over(1006, error.message));
    asking.end();
  }

  send(text) {
    this.#write(TEXT, Buffer.from(text));
  }

  close(code = 1000) {
    const reason = Buffer.alloc(2);
    reason.writeUInt16BE(code);
    this.#write(CLOSE, reason);
    this.#tcp?.end();
    this.#over(code, '');
  }

  #begin(tcp, head) {
    this.#tcp = tcp;
    tcp.on('data', (bytes) => this.#take(bytes));
    tcp.on('error', () => this.#over(1006, ''));
    tcp.on('close', () => this.#over(1006, ''));
    this.onopen?.({});
    this.#take(head);
  }

  #take(bytes) {
    this.#read = Buffer.concat([this.#read, bytes]);
    for (let frame = this.#next(); frame && !this.#isOver; frame = this.#next()) this.#heard(frame);
  }

  /** The next whole frame; a server's are not masked. */
  #next() {
    if (this.#read.length < 2) return undefined;
    const short = this.#read[1] & 127;
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (this.#read.length < head) return undefined;
    const length =
      short === 127
        ? Number(this.#read.readBigUInt64BE(2))
        : short === 126
          ? this.#read.readUInt16BE(2)
          : short;
    if (this.#read.length < head + length) return undefined;
    const frame = { kind: this.#read[0] & 15, body: this.#read.subarray(head, head + length) };
    this.#read = this.#read.subarray(head + length);
    return frame;
  }

  #heard({ kind, body }) {
    if (kind === TEXT) this.onmessage?.({ data: body.toString() });
    if (kind === PING) this.#write(PONG, body);
    if (kind === CLOSE) {
      this.#write(CLOSE, body.subarray(0, 2));
      this.#tcp.end();
      this.#over(body.length > 1 ? body.readUInt16BE(0) : 1005, body.subarray(2).toString());
    }
  }

  #write(kind, body) {
    if (!this.#tcp || this.#isOver) return;
    const mask = randomBytes(4);
    const length = body.length < 126 ? [128 | body.length] : [128 | 126, body.length >> 8, body.length & 255];
    this.#tcp.write(
      Buffer.concat([
        Buffer.from([128 | kind, ...length]),
        mask,
        body.map((byte, at) => byte ^ mask[at & 3]),
      ]),
    );
  }

  #over(code, reason) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.onclose?.({ code, reason });
  }
}
