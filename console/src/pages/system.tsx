// The server itself: how it does, what it runs, who may come in, who changed what. Its parts stand in a list at the
// side, on a phone above.

import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { zoneOf } from '../data/branches';
import { words } from '../i18n';
import { href, route } from '../routes';
import { About } from './system/about';
import { Audit } from './system/audit';
import { Check } from './system/check';
import { Health } from './system/health';
import { Jobs } from './system/jobs';
import { Models } from './system/models';
import { PARTS, type Part, partOf } from './system/parts';
import { Pipelines } from './system/pipelines';
import { Tokens } from './system/tokens';
import { own } from './system/words';

const SHOWN: Record<Part, ComponentType> = {
  health: Health,
  models: Models,
  pipelines: Pipelines,
  check: Check,
  jobs: Jobs,
  tokens: Tokens,
  audit: Audit,
  about: About,
};

/** Parts that tell times: whose clock it is, is said once at their head. */
const TIMED: ReadonlySet<Part> = new Set(['health', 'jobs', 'tokens', 'audit']);

export function Page() {
  const part = partOf(route.value.rest);
  const Shown = SHOWN[part];
  const list = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the list is wider than the screen: the part that is shown is in sight.
    const chosen = list.current?.querySelector<HTMLElement>('[aria-current]');
    if (chosen && list.current) list.current.scrollLeft = chosen.offsetLeft - list.current.clientWidth / 3;
  }, [part]);
  return (
    <div class="system">
      <nav class="system-parts" ref={list} aria-label={own.value.partsName}>
        {PARTS.map((each) => (
          <a key={each} href={href('system', [each])} aria-current={each === part ? 'page' : undefined}>
            {own.value.parts[each]}
          </a>
        ))}
      </nav>
      <div class="sheet" data-part={part}>
        <header>
          <h1>
            {/* Who jumps from heading to heading hears which page it is. */}
            <span class="unseen">{words.value.pages.system}: </span>
            {own.value.parts[part]}
          </h1>
          {TIMED.has(part) && <span class="quiet">{own.value.zone(zoneOf())}</span>}
        </header>
        <Shown />
      </div>
    </div>
  );
}
