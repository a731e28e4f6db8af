import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fragmentOf, iceServers, sdpFragment } from '../../src/video/sdp';

const OFFER = [
  'v=0',
  'a=group:BUNDLE 0',
  'm=video 9 UDP/TLS/RTP/SAVPF 96',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:secretsecretsecret',
  'a=mid:0',
  '',
].join('\r\n');

test('a_fragment_carries_the_credentials_and_section_of_the_offer', () => {
  const of = fragmentOf(OFFER);
  assert.ok(of);
  assert.equal(
    sdpFragment(of, ['candidate:1 1 udp 1 192.0.2.1 5000 typ host', '']),
    'a=ice-ufrag:abcd\r\na=ice-pwd:secretsecretsecret\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n' +
      'a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n',
  );
});

test('an_offer_without_credentials_gives_no_fragment', () => {
  assert.equal(fragmentOf('v=0\r\n'), undefined);
});

test('ice_servers_are_read_from_the_link_header', () => {
  const link =
    '<stun:stun.example:3478>; rel="ice-server", ' +
    '<turn:turn.example?transport=udp>; rel="ice-server"; username="u"; credential="p,;q"; ' +
    'credential-type="password", <https://example/other>; rel="help"';
  assert.deepEqual(iceServers(link), [
    { urls: 'stun:stun.example:3478' },
    { urls: 'turn:turn.example?transport=udp', username: 'u', credential: 'p,;q' },
  ]);
  assert.deepEqual(iceServers(null), []);
});
