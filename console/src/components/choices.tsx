// What every page lets its reader choose: language and theme.

import { words } from '../i18n';
import { type Language, language, setLanguage, setTheme, theme } from '../prefs';
import { IconButton } from './icon-button';
import { ThemeIcon } from './icons';

const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: 'es', name: 'Español' },
  { code: 'en', name: 'English' },
];

export function Languages() {
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

export function ThemeButton() {
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
