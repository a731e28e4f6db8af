// The hub in a shared worker: all pages of this browser are at its ports.

import { newHub } from './start';

const hub = newHub();

globalThis.addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  const hear = hub.attach(port);
  port.onmessage = ({ data }) => hear(data);
});
