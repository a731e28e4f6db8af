// A device's token: it comes once, behind the `#` of the address, which no server and no log ever sees.

const KEY = 'atalaya.device';

/**
 * The token that this tab was opened with, if any; whoever has none comes in by the console's cookie. It is taken out of
 * the address at once, so that nobody copies it with a link, and kept until the tab is closed.
 */
export function takeToken(): string | undefined {
  const { hash, pathname, search } = window.location;
  const said = new URLSearchParams(hash.slice(1));
  const token = said.get('token');
  try {
    if (token) sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is forbidden: the token lasts until the page is loaded again.
  }
  if (!token) return kept();
  said.delete('token');
  const rest = said.toString();
  history.replaceState(null, '', pathname + search + (rest && `#${rest}`));
  return token;
}

function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
