// The frame around every page: where one is, in which language and theme, and as whom.

import type { ComponentChildren } from 'preact';
import { branches, timeAt } from '../data/branches';
import { gateway } from '../data/events';
import { link, now, refresh, session, signOut } from '../data/feed';
import { secondsUntil, words } from '../i18n';
import { branchWanted, setBranch } from '../prefs';
import { href, mayLeave, route, SECTIONS, type Section } from '../routes';
import { Languages, ThemeButton } from './choices';
import { IconButton } from './icon-button';
import { MarkIcon, SignOutIcon, StateShape } from './icons';

export function Frame({ children }: { children: ComponentChildren }) {
  const signedIn = session.value !== undefined;
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {words.value.skip}
      </button>
      <header class="bar">
        <span class="mark">
          <MarkIcon />
          <span>atalaya</span>
        </span>
        <nav aria-label={words.value.sections}>
          {signedIn &&
            SECTIONS.map((page) => (
              <a key={page} href={href(page)} aria-current={isShown(page) ? 'page' : undefined}>
                {words.value.pages[page]}
              </a>
            ))}
        </nav>
        {signedIn && <EventsLost />}
        {signedIn && <BranchPicker />}
        <Languages />
        <ThemeButton />
        {signedIn && <User />}
      </header>
      <AwayBanner />
      <main id="main" tabIndex={-1} class={link.value.kind === 'away' ? 'old' : ''}>
        {children}
      </main>
    </div>
  );
}

/** A camera is part of the wall. */
function isShown(section: Section): boolean {
  const { page } = route.value;
  return page === section || (page === 'camera' && section === 'live');
}

function BranchPicker() {
  const list = branches.value ?? [];
  if (list.length < 2) return null;
  return (
    <select
      class="branch"
      aria-label={words.value.branch}
      onChange={(event) => setBranch(Number(event.currentTarget.value) || undefined)}
    >
      <option value="" selected={branchWanted.value === undefined}>
        {words.value.allBranches}
      </option>
      {list.map(({ id, name }) => (
        <option key={id} value={id} selected={branchWanted.value === id}>
          {name}
        </option>
      ))}
    </select>
  );
}

function User() {
  const roles = session.value?.roles ?? [];
  return (
    <>
      <span class="role" title={session.value?.subject}>
        {roles.map((role) => words.value.roles[role] ?? role).join(', ')}
      </span>
      <IconButton label={words.value.signOut} onClick={() => mayLeave() && void signOut()}>
        <SignOutIcon />
      </IconButton>
    </>
  );
}

/** Shown once it has lasted: most losses are over before anybody could read of them. */
const LOST_FOR_MS = 3000;

/** The connection to what happens is of interest only while it is lost, and not when the whole server is away. */
function EventsLost() {
  const state = gateway.value;
  const lostAt = state.kind === 'waiting' || state.kind === 'connecting' ? state.lostAt : undefined;
  const isLost = state.kind === 'closed' || (lostAt !== undefined && now.value - lostAt > LOST_FOR_MS);
  if (!isLost || link.value.kind !== 'live') return null;
  return (
    <a class="events-lost" href={href('events')} title={words.value.eventsLostHelp}>
      <StateShape state="lost" />
      <span>{words.value.eventsLost}</span>
    </a>
  );
}

function AwayBanner() {
  const state = link.value;
  return (
    <div role="status">
      {state.kind === 'away' && (
        <div class="banner">
          <StateShape state="lost" />
          <p>
            {words.value.away(timeAt(state.since, now.value))}{' '}
            <span class="figure" aria-hidden="true">
              {words.value.retryIn(secondsUntil(state.retryAt, now.value))}
            </span>
          </p>
          <button type="button" class="button" onClick={refresh}>
            {words.value.tryAgain}
          </button>
        </div>
      )}
    </div>
  );
}
