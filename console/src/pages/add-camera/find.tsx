// Looks for cameras on the network and shows who answered.

import { useEffect, useRef, useState } from 'preact/hooks';
import { type CameraEntry, type Discovery, discover, type Found } from '../../api/camera';
import { said, Trouble } from '../../components/asked';
import { SelectField, TextField } from '../../components/form';
import { words as common } from '../../i18n';
import { cameraHref } from '../../routes';
import { addWords } from './words';

/** A network takes longer than those who answer by themselves. */
const SECONDS = { answering: 5, network: 15 };

/** For the way to the server and back. */
const SPARE_MS = 8000;

export function Find({ onUse }: { onUse: (entry: CameraEntry) => void }) {
  const words = addWords.value;
  const [hosts, setHosts] = useState('');
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const { search, cancel, busy, failed, result } = useSearch();
  const begin = () => void search(hosts, user, password);
  return (
    <>
      <p class="quiet">{words.findHelp}</p>
      <form
        class="add-form"
        onSubmit={(event) => {
          event.preventDefault();
          begin();
        }}
      >
        <div class="fields">
          <TextField label={words.hosts} hint={words.hostsHint} value={hosts} onValue={setHosts} />
          <TextField label={words.user} value={user} onValue={setUser} />
          <TextField label={words.password} type="password" value={password} onValue={setPassword} />
        </div>
        <div class="buttons">
          <button type="submit" class="button first" disabled={busy !== undefined}>
            {words.search}
          </button>
          {busy !== undefined && (
            <button type="button" class="button" onClick={cancel}>
              {common.value.cancel}
            </button>
          )}
        </div>
      </form>
      <div role="status">{busy !== undefined && <p>{words.searching(busy)}</p>}</div>
      {failed && <Trouble text={failed} onAgain={begin} />}
      {result && <Results result={result} onUse={onUse} />}
    </>
  );
}

function useSearch() {
  /** How long it takes at most, s, while it is under way. */
  const [busy, setBusy] = useState<number>();
  const [failed, setFailed] = useState<string>();
  const [result, setResult] = useState<Discovery>();
  const stop = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => stop.current?.abort(), []);
  const search = async (hosts: string, user: string, password: string) => {
    const { named, ports } = targetsOf(hosts);
    const seconds = named.some((host) => host.includes('/')) ? SECONDS.network : SECONDS.answering;
    stop.current = new AbortController();
    const { signal } = stop.current;
    setBusy(seconds);
    setFailed(undefined);
    setResult(undefined);
    try {
      const wanted = {
        ...(named.length > 0 ? { hosts: named } : {}),
        ...(ports.length > 0 ? { rtsp_ports: ports } : {}),
        ...(user ? { user, password } : {}),
        timeout_s: seconds,
      };
      setResult(await discover(wanted, seconds * 1000 + SPARE_MS, signal));
    } catch (error) {
      if (!signal.aborted) setFailed(said(error));
    } finally {
      setBusy(undefined);
    }
  };
  return { search, cancel: () => stop.current?.abort(), busy, failed, result };
}

/** `192.168.1.20:8555` names a port for RTSP besides the address. */
function targetsOf(text: string): { named: string[]; ports: number[] } {
  const parts = text.split(/[\s,;]+/).filter(Boolean);
  const split = parts.map((part) => /^([^:]+):(\d+)$/.exec(part) ?? [part, part, '']);
  const ports = split.map(([, , port]) => Number(port)).filter((port) => port > 0);
  return { named: split.map(([, host]) => host ?? ''), ports: [...new Set(ports)] };
}

interface ResultsProps {
  result: Discovery;
  onUse: (entry: CameraEntry) => void;
}

function Results({ result, onUse }: ResultsProps) {
  const words = addWords.value;
  const { cameras, complete } = result;
  return (
    <section class="devices" aria-live="polite">
      {cameras.length === 0 ? <p>{words.nothing}</p> : <h3>{words.found(cameras.length)}</h3>}
      {!complete && <p class="quiet">{words.incomplete}</p>}
      <ul>
        {cameras.map((found) => (
          <Device key={found.address} found={found} onUse={onUse} />
        ))}
      </ul>
    </section>
  );
}

function Device({ found, onUse }: { found: Found; onUse: (entry: CameraEntry) => void }) {
  const words = addWords.value;
  const { entry, address, name, manufacturer, model, note } = found;
  const streams = found.profiles.filter(({ stream_url }) => stream_url);
  const [stream, setStream] = useState(streams[0]?.stream_url ?? '');
  const use = () => {
    if (!entry) return;
    // Another stream of the same device has the same user and password.
    const isOther = stream !== '' && stream !== streams[0]?.stream_url;
    onUse(isOther ? { ...entry, parameters: { ...entry.parameters, location: stream } } : entry);
  };
  const make = [manufacturer, model].filter(Boolean).join(' ');
  return (
    <li data-address={address}>
      <div>
        <b>{name}</b>
        <span class="quiet">{[address, make, words.by(found.found_by)].filter(Boolean).join(' · ')}</span>
        {found.needs_credentials && <span class="error">{words.needsCredentials}</span>}
        {note && <span class="quiet">{note}</span>}
        {!entry && !found.needs_credentials && <span class="quiet">{words.noStream}</span>}
        {found.known_as && <a href={cameraHref(found.known_as)}>{words.known(found.known_as)}</a>}
      </div>
      {entry && streams.length > 1 && (
        <SelectField
          label={words.stream}
          value={stream}
          onValue={setStream}
          options={streams.map((profile) => ({ value: profile.stream_url ?? '', name: streamName(profile) }))}
        />
      )}
      {entry && (
        <button type="button" class="button first" aria-label={words.useOf(name)} onClick={use}>
          {words.use}
        </button>
      )}
    </li>
  );
}

/** `Main, 1920 × 1080, 25 fps, H264`. */
function streamName({ name, width, height, fps, codec }: Found['profiles'][number]): string {
  const size = width && height ? `${width} × ${height}` : undefined;
  return [name, size, fps ? `${fps} fps` : undefined, codec].filter(Boolean).join(', ');
}
