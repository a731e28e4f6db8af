// Puts the saved theme on the page before the first paint, so that a light room never flashes dark.

try {
  if (localStorage.getItem('atalaya.theme') === 'light') document.documentElement.dataset.theme = 'light';
} catch {
  // Storage is forbidden: the default stays.
}
