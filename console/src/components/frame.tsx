// The frame around every page: where one is, in which language and theme, and as whom.

import type { ComponentChildren } from 'preact';
import { link, now, refresh, session, signOut } from '../data/feed';
import { secondsUntil, timeOf, words } from '../i18n';
import { type Language, language, setLanguage, setTheme, theme } from '../prefs';
import { SECTIONS } from '../routes';
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
            SECTIONS.map(({ page, href }) => (
              <a key={page} href={href} aria-current="page">
                {words.value[page]}
              </a>
            ))}
        </nav>
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
