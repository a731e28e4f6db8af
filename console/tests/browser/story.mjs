// What a venue has after some days, for pictures of pages that would be empty on a demo's first: sectors, who serves them,
// and visits of the days before it is told: made up, in other numbers by each hour at which it is told.

/** How many are under way at a time; the server takes twelve of one tenant. */
const AT_ONCE = 8;

/** Of a client that is quicker than the server lets it; when to ask again is told. */
const TOO_MANY = 429;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Pseudo-random numbers from 0 to 1, in the same order at each run (mulberry32). */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of `weights`' keys, as often as its weight says. */
function pick(random, weights) {
  let left = random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return Object.entries(weights).find(([, weight]) => {
    left -= weight;
    return left <= 0;
  })[0];
}

const LOOKS = {
  clothing_item: [0.7, { jacket: 5, t_shirt: 3, long_sleeve: 3, sweatshirt: 2 }],
  primary_color: [0.85, { black: 9, blue: 4, grey: 3, white: 3, red: 2, green: 1, beige: 1, brown: 1 }],
  head_accessory: [0.4, { none: 9, glasses: 3, cap: 2, hat: 1 }],
  bag_accessory: [0.25, { backpack: 5, handbag: 4, suitcase: 1 }],
  age_range: [
    0.35,
    { '0-12': 1, '13-17': 1, '18-24': 4, '25-34': 7, '35-44': 6, '45-54': 4, '55-64': 2, '65+': 1 },
  ],
};

/** How many come in an hour: a venue with a lunch and a longer evening. */
const busy = (hour) =>
  3 + 26 * Math.exp(-(((hour - 13.5) / 1.8) ** 2)) + 38 * Math.exp(-(((hour - 20.5) / 2) ** 2));

/** Visits that begin from `from` until `to`, as a totem at the entrance tells them. */
function visits(random, from, to, sectors) {
  const all = [];
  for (let hour = from; hour < to; hour += HOUR_MS) {
    const most = busy((hour / HOUR_MS) % 24) * (0.8 + 0.4 * random());
    for (let n = 0; n < most; n += 1) {
      const at = hour + random() * HOUR_MS;
      // Most stay for a minute or so, some for long.
      const stay = Math.min(90, Math.exp(0.6 + 1.1 * (random() + random() + random() - 1.5) * 2)) * 60_000;
      if (at + stay >= to) continue;
      const analysis = { person_detected: true, detection_confidence: 0.8 };
      for (const [name, [share, weights]] of Object.entries(LOOKS)) {
        if (random() < share) analysis[name] = pick(random, weights);
      }
      all.push({
        camera: 'totem-entrance',
        branch_id: 1,
        sector_id: sectors[Math.floor(random() * sectors.length)],
        at: new Date(at).toISOString(),
        leave: new Date(at + stay).toISOString(),
        track: all.length + 1,
        analysis,
      });
    }
  }
  return all;
}

/** Tells it all to the server; `ask` is as in `session.mjs`. */
export async function tell(ask) {
  const made = async (method, path, data) => {
    const answer = await ask(path, { method, data });
    if (answer.status() === TOO_MANY) {
      await new Promise((resolve) => setTimeout(resolve, Number(answer.headers()['retry-after']) * 1000));
      return made(method, path, data);
    }
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  };
  await made('POST', '/branches', { id: 1, name: 'Old town', time_zone: 'Europe/Madrid' });
  await made('POST', '/branches', { name: 'Harbour', time_zone: 'Europe/Madrid' });
  const sectors = [];
  for (const name of ['Terrace', 'Bar', 'Dining room']) {
    sectors.push((await made('POST', '/sectors', { name, branch_id: 1 })).id);
  }
  for (const [user, served] of Object.entries({ ana: [0, 1], luis: [2] })) {
    const sector_ids = served.map((n) => sectors[n]);
    await made('PUT', '/sectors/assignments', { user, branch_id: 1, sector_ids });
  }
  for (const [subject, role] of [
    ['ana', 'waiter'],
    ['luis', 'waiter'],
    ['kitchen screen', 'kitchen'],
    ['hall totem', 'viewer'],
  ]) {
    await made('POST', '/tokens', { subject, roles: [role], branch_ids: [1], sector_ids: [], ttl: '90d' });
  }

  const random = dice(7);
  const now = Date.now();
  const hour = now - (now % HOUR_MS);
  const all = [
    ...visits(random, hour - 8 * DAY_MS, hour - 6 * DAY_MS, sectors),
    ...visits(random, hour - 2 * DAY_MS, now, sectors),
  ];
  const next = all.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const visit of next) await made('POST', '/tracking/camera', visit);
    }),
  );
}

/** Beside the demo's camera one that is lost, one that waits for a publisher, and one that is switched off. */
export const others = [
  { id: 'bar', name: 'Bar', pipeline: 'rtsp', parameters: { location: 'rtsp://127.0.0.1:9/bar' } },
  { id: 'garden', name: 'Garden', pipeline: 'whip' },
  { id: 'terrace', name: 'Terrace', pipeline: 'whip', enabled: false },
];
