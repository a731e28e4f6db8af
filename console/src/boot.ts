// Puts the theme on the page before the first paint, so that a light room never flashes dark.

import { systemIsDark, themeOf } from './theme';

let chosen: string | null = null;
try {
  chosen = localStorage.getItem('atalaya.theme');
} catch {
  // Storage is forbidden: nothing was chosen.
}
document.documentElement.dataset.theme = themeOf(chosen, window.location.hash, systemIsDark().matches);
