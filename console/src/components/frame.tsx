// The frame around every page: where one is, in which language and theme, and as whom.

import type { ComponentChildren } from 'preact';
import { branches } from '../data/branches';
import { link, now, refresh, session, signOut } from '../data/feed';
import { secondsUntil, timeOf, words } from '../i18n';
import { branchWanted, type Language, language, setBranch, setLanguage, setTheme, theme } from '../prefs';
import { href, route, SECTIONS, type Section } from '../routes';
import { IconButton } from './actions';
import { MarkIcon, SignOutIcon, StateShape, ThemeIcon } from './icons';

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
          atalaya
        </span>
        <nav aria-label={words.value.sections}>
          {signedIn &&
            SECTIONS.map((page) => (
              <a key={page} href={href(page)} aria-current={isShown(page) ? 'page' : undefined}>
                {words.value.pages[page]}
              </a>
            ))}
        </nav>
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

const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: 'es', name: 'Español' },
  { code: 'en', name: 'English' },
];

function Languages() {
  return (
    <fieldset class="languages" aria-label={words.value.language}>
      {LANGUAGES.map(({ code, name }) => (
        <button
          key={code}
          type="button"
          lang={code}
          title={name}
          aria-label={name}
          aria-pressed={language.value === code}
          onClick={() => setLanguage(code)}
        >
          {code.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}

function ThemeButton() {
  const dark = theme.value === 'dark';
  return (
    <IconButton
      label={dark ? words.value.toLight : words.value.toDark}
      onClick={() => setTheme(dark ? 'light' : 'dark')}
    >
      <ThemeIcon />
    </IconButton>
  );
}

function User() {
  const roles = session.value?.roles ?? [];
  return (
    <>
      <span class="role" title={session.value?.subject}>
        {roles.map((role) => words.value.roles[role] ?? role).join(', ')}
      </span>
      <IconButton label={words.value.signOut} onClick={() => void signOut()}>
        <SignOutIcon />
      </IconButton>
    </>
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
            {words.value.away(timeOf(state.since, now.value))}{' '}
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
