// A text with its lines numbered, and what is wrong with a line written behind it.

import { useRef } from 'preact/hooks';
import { spanOf } from './findings';

interface EditorProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** Reasons by line, from 1. */
  wrong: ReadonlyMap<number, readonly string[]>;
  /** Gives a function that goes to a line. */
  onReady: (goTo: (line: number) => void) => void;
}

const LINE_PX = 20;

export function Editor({ label, value, onValue, wrong, onReady }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const numbers = useRef<HTMLDivElement>(null);
  const beneath = useRef<HTMLDivElement>(null);
  // What lies beneath goes along with the text without a turn through the page's own rounds, which would lag behind.
  const follow = () => {
    const { scrollTop = 0, scrollLeft = 0 } = area.current ?? {};
    if (numbers.current) numbers.current.style.transform = `translateY(${-scrollTop}px)`;
    if (beneath.current) beneath.current.style.transform = `translate(${-scrollLeft}px, ${-scrollTop}px)`;
  };
  onReady((line) => {
    const [start, end] = spanOf(area.current?.value ?? '', line);
    area.current?.focus();
    area.current?.setSelectionRange(start, end);
    area.current?.scrollTo({ top: Math.max(0, (line - 4) * LINE_PX) });
  });
  const lines = value.split('\n');
  return (
    <div class="editor">
      <div class="numbers" aria-hidden="true">
        <div ref={numbers}>
          {lines.map((_, at) => (
            <span key={at} class={wrong.has(at + 1) ? 'wrong' : undefined}>
              {at + 1}
            </span>
          ))}
        </div>
      </div>
      <div class="text">
        <div class="beneath" aria-hidden="true">
          <div ref={beneath}>
            {lines.map((line, at) => (
              <Line key={at} text={line} reasons={wrong.get(at + 1)} />
            ))}
          </div>
        </div>
        <textarea
          ref={area}
          aria-label={label}
          aria-describedby="verdict"
          aria-invalid={wrong.size > 0}
          wrap="off"
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
          onScroll={follow}
        />
      </div>
    </div>
  );
}

/** The text of the line keeps the room before what is said of it; the one that is read stands in the control above. */
function Line({ text, reasons }: { text: string; reasons: readonly string[] | undefined }) {
  return (
    <span class={reasons ? 'wrong' : undefined} data-wrong={reasons ? true : undefined}>
      <i>{text}</i>
      {reasons && <em>{reasons.join('; ')}</em>}
    </span>
  );
}
