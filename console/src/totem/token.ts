// What the address says of this device: its name and place, and once, behind the `#` that no server and no log ever sees,
// its token.

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

/** What `/ws` takes of an address's query: the totem's name and where it stands. */
export function queryForServer(said: URLSearchParams): string {
  const known = ['totem', 'branch_id', 'sector_id'].flatMap((name) => {
    const value = said.get(name);
    return value ? [[name, value]] : [];
  });
  return new URLSearchParams(known).toString();
}
