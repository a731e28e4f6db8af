// A pipeline description, pasted, dropped or typed, and what the server finds wrong with it.

import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { checkPipeline, type Finding } from '../../api/system';
import { said, Trouble, useAsked } from '../../components/asked';
import { Command } from '../../components/command';
import { StateShape } from '../../components/icons';
import { tell } from '../../components/toast';
import { Editor } from './editor';
import { EXAMPLE } from './example';
import { byLine, isModelManifest } from './findings';
import { Only } from './may';
import { own } from './words';

/** After the last key, so that a word is not checked letter by letter. */
const SETTLES_MS = 400;
const MOST_BYTES = 256 * 1024;

/** Kept while other parts are looked at. */
const text = signal('');

export function Check() {
  return (
    <Only action="configure cameras">
      <Checker />
    </Only>
  );
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLES_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

async function take(file: File | undefined): Promise<void> {
  if (!file) return;
  if (file.size > MOST_BYTES) return tell(own.value.tooLarge);
  const read = await file.text();
  // What was not UTF-8 comes with this mark in its place.
  if (/[\0\ufffd]/.test(read)) return tell(own.value.notText);
  text.value = read.replaceAll('\r\n', '\n');
}

function Checker() {
  const value = text.value;
  const isModel = isModelManifest(value);
  const settled = useSettled(value);
  const isAsked = settled.trim() !== '' && !isModel;
  const asked = useAsked(
    async (stop) => (isAsked ? await checkPipeline(settled, stop) : []),
    [isAsked ? settled : ''],
  );
  // What was found stays at its lines while the changed text is checked: otherwise it would flicker at every key.
  const last = useRef<readonly Finding[]>([]);
  if (asked.value) last.current = asked.value;
  const findings = isAsked && value ? last.current : [];
  const wrong = byLine(findings, value.split('\n').length);
  const goTo = useRef<(line: number) => void>(() => undefined);
  const isBusy = value !== settled || asked.busy;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the button opens a file by keyboard
    <section
      class="checker"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void take(event.dataTransfer?.files[0]);
      }}
    >
      <p class="quiet">{own.value.checkNote}</p>
      <Tools />
      <Verdict
        isEmpty={!value.trim()}
        isBusy={isBusy}
        isModel={isModel}
        hasFailed={asked.error !== undefined}
        found={findings.length}
      />
      {asked.error && <Trouble text={said(asked.error)} onAgain={asked.again} />}
      <div class="columns">
        <Editor
          label={own.value.checkText}
          value={value}
          onValue={(next) => {
            text.value = next;
          }}
          wrong={new Map([...wrong].filter(([line]) => line > 0))}
          onReady={(go) => {
            goTo.current = go;
          }}
        />
        {isModel ? (
          <Command text="atalaya models verify" />
        ) : (
          <Found wrong={wrong} onLine={(line) => goTo.current(line)} />
        )}
      </div>
    </section>
  );
}

function Tools() {
  const file = useRef<HTMLInputElement>(null);
  return (
    <div class="buttons">
      <button type="button" class="button" onClick={() => file.current?.click()}>
        {own.value.openFile}
      </button>
      <input
        ref={file}
        type="file"
        hidden
        accept=".toml,text/plain"
        aria-label={own.value.openFile}
        onChange={(event) => {
          void take(event.currentTarget.files?.[0]);
          // The same file, changed meanwhile, can be opened again.
          event.currentTarget.value = '';
        }}
      />
      {text.value === '' ? (
        <button
          type="button"
          class="button"
          onClick={() => {
            text.value = EXAMPLE;
          }}
        >
          {own.value.example}
        </button>
      ) : (
        <button
          type="button"
          class="button"
          onClick={() => {
            const before = text.value;
            text.value = '';
            tell(own.value.emptied, () => {
              text.value = before;
            });
          }}
        >
          {own.value.empty}
        </button>
      )}
    </div>
  );
}

interface VerdictProps {
  isEmpty: boolean;
  isBusy: boolean;
  isModel: boolean;
  hasFailed: boolean;
  found: number;
}

function Verdict({ isEmpty, isBusy, isModel, hasFailed, found }: VerdictProps) {
  const [state, words] = isEmpty
    ? (['stopped', own.value.nothingToCheck] as const)
    : isModel
      ? (['stopped', own.value.isModel] as const)
      : isBusy
        ? (['connecting', own.value.checking] as const)
        : hasFailed
          ? (['lost', own.value.unchecked] as const)
          : found > 0
            ? (['failed', own.value.wrong(found)] as const)
            : (['running', own.value.allWell] as const);
  return (
    <p id="verdict" class={`verdict state ${state}`} role="status" data-verdict={state}>
      <StateShape state={state} />
      <span>{words}</span>
    </p>
  );
}

interface FoundProps {
  wrong: ReadonlyMap<number, readonly string[]>;
  onLine: (line: number) => void;
}

/** The same as a list, each leading to its line. */
function Found({ wrong, onLine }: FoundProps) {
  const sorted = [...wrong].sort(([one], [other]) => one - other);
  return (
    <ul class="findings" aria-label={own.value.findings}>
      {sorted.flatMap(([line, reasons]) =>
        reasons.map((reason) => (
          <li key={`${line} ${reason}`}>
            {line > 0 ? (
              <button type="button" class="button" onClick={() => onLine(line)}>
                {own.value.line(line)}
              </button>
            ) : (
              <b>{own.value.wholeFile}</b>
            )}
            <span>{reason}</span>
          </li>
        )),
      )}
    </ul>
  );
}
