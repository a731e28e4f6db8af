// What is drawn on the picture as a list: names, what they mean, what was counted in a test, and drawing new ones.

import { useEffect } from 'preact/hooks';
import { CheckField, TextField } from '../../components/form';
import { timeAt } from '../../data/branches';
import type { Editor } from './editor';
import { SaveRow, type Test } from './settings';
import { type Kind, type Shape, turned } from './shapes';
import type { CameraStore } from './store';
import { cameraWords } from './words';

interface ShapeListProps {
  kinds: readonly Kind[];
  editor: Editor;
  store: CameraStore;
  fixed: string | undefined;
  test: Test;
}

export function ShapeList({ kinds, editor, store, fixed, test }: ShapeListProps) {
  const words = cameraWords.value;
  const shapes = editor.shapes.value.filter(({ kind }) => kinds.includes(kind));
  useUndoKey(editor, fixed === undefined);
  const save = async () => {
    editor.cancel();
    await store.save(editor.patch.value);
  };
  return (
    <div class="shapes">
      {!fixed && <Tools kinds={kinds} editor={editor} test={test} />}
      {shapes.length === 0 && <p class="quiet">{kinds.includes('mask') ? words.noMasks : words.noShapes}</p>}
      <ul>
        {shapes.map((shape, at) => (
          <ShapeItem
            key={shape.key}
            shape={shape}
            number={at + 1}
            editor={editor}
            fixed={fixed}
            test={test}
          />
        ))}
      </ul>
      {!fixed && (
        <>
          <SaveRow
            store={store}
            isChanged={editor.isChanged.value}
            isWrong={editor.flaws.value.size > 0}
            onSave={() => void save()}
            onDiscard={() => store.camera.value && editor.load(store.camera.value)}
          />
          {shapes.length > 0 && <p class="quiet">{words.editHelp}</p>}
        </>
      )}
    </div>
  );
}

interface ToolsProps {
  kinds: readonly Kind[];
  editor: Editor;
  test: Test;
}

function Tools({ kinds, editor, test }: ToolsProps) {
  const words = cameraWords.value;
  const drawing = editor.drawing.value;
  const help = drawing?.kind === 'line' ? words.drawLineHelp : words.drawZoneHelp;
  const testing =
    test.since !== undefined && `${words.testing(timeAt(test.since, Date.now()))}. ${words.testHelp}`;
  return (
    <>
      <div class="buttons">
        {kinds.map((kind) => (
          <button
            key={kind}
            type="button"
            class="button"
            aria-pressed={drawing?.kind === kind}
            onClick={(event) => draw(editor, kind, event.detail === 0)}
          >
            {words.draw[kind]}
          </button>
        ))}
        <button
          type="button"
          class="button"
          disabled={editor.steps.value === 0}
          onClick={() => editor.undo()}
        >
          {words.undoStep}
        </button>
        {kinds.includes('line') && <TestButton test={test} />}
      </div>
      <p class="quiet" role="status">
        {drawing ? `${help} ${words.drawingMore(drawing.points.length)}` : testing}
      </p>
    </>
  );
}

/** By keyboard there is no pointer to draw with: then it is set in the middle, to be moved. */
function draw(editor: Editor, kind: Kind, byKeyboard: boolean): void {
  if (byKeyboard) editor.addDefault(kind);
  else if (editor.drawing.value?.kind === kind) editor.cancel();
  else editor.begin(kind);
}

function TestButton({ test }: { test: Test }) {
  const words = cameraWords.value;
  return (
    <button
      type="button"
      class="button"
      aria-pressed={test.since !== undefined}
      title={words.testHelp}
      onClick={test.toggle}
    >
      {words.test}
    </button>
  );
}

interface ShapeItemProps {
  shape: Shape;
  /** Among those of the list. */
  number: number;
  editor: Editor;
  fixed: string | undefined;
  test: Test;
}

function ShapeItem({ shape, number, editor, fixed, test }: ShapeItemProps) {
  const words = cameraWords.value;
  const { key, kind } = shape;
  const name = kind === 'mask' ? words.maskName(number) : shape.name;
  const isChosen = editor.chosen.value?.key === key;
  const flaw = editor.flaws.value.get(key);
  const tally =
    test.since === undefined ? undefined : (test.tallies.get(key) ?? { in: 0, out: 0, inside: 0 });
  return (
    <li class={isChosen ? 'chosen' : ''} data-shape={shape.name}>
      <div class="shape-head">
        <button
          type="button"
          class="shape-name"
          aria-expanded={isChosen}
          onClick={() => {
            editor.chosen.value = isChosen ? undefined : { key };
          }}
        >
          <span class={`swatch ${kind}`} />
          {words.shape(words.kinds[kind], name)}
        </button>
        {tally && kind !== 'mask' && (
          <b class="figure" data-tally={shape.name}>
            {kind === 'line' ? words.counted(tally.in, tally.out) : words.inZone(tally.inside)}
          </b>
        )}
        {!fixed && (
          <button
            type="button"
            class="button"
            aria-label={words.deleteShape(name)}
            title={words.deleteShape(name)}
            onClick={() => editor.remove(key)}
          >
            ✕
          </button>
        )}
      </div>
      {flaw && (
        <p class="error" role="alert">
          {words.flaws[flaw]}
        </p>
      )}
      {isChosen && kind !== 'mask' && (
        <ShapeFields shape={shape} editor={editor} disabled={fixed !== undefined} />
      )}
    </li>
  );
}

interface ShapeFieldsProps {
  shape: Shape;
  editor: Editor;
  disabled: boolean;
}

function ShapeFields({ shape, editor, disabled }: ShapeFieldsProps) {
  const words = cameraWords.value;
  const put = (change: Partial<Shape>) => editor.put({ ...shape, ...change });
  const bound = (field: 'max_people' | 'dwell_s', text: string) => {
    const { [field]: _, ...rest } = shape;
    const number = Number(text);
    editor.put(text === '' || !Number.isInteger(number) ? rest : { ...rest, [field]: number });
  };
  return (
    <div class="fields">
      <TextField
        label={words.name}
        value={shape.name}
        onValue={(name) => put({ name })}
        disabled={disabled}
      />
      {shape.kind === 'line' ? (
        <>
          <CheckField
            label={words.entrance}
            hint={words.entranceHelp}
            checked={shape.entrance ?? false}
            onChecked={(entrance) => put({ entrance })}
            disabled={disabled}
          />
          {!disabled && (
            <button type="button" class="button" onClick={() => editor.put(turned(shape))}>
              {words.turn}
            </button>
          )}
        </>
      ) : (
        <>
          <TextField
            label={words.maxPeople}
            type="number"
            min={0}
            max={10_000}
            step={1}
            value={String(shape.max_people ?? '')}
            onValue={(text) => bound('max_people', text)}
            disabled={disabled}
          />
          <TextField
            label={words.dwell}
            type="number"
            min={1}
            max={86_400}
            step={1}
            value={String(shape.dwell_s ?? '')}
            onValue={(text) => bound('dwell_s', text)}
            disabled={disabled}
          />
        </>
      )}
    </div>
  );
}

/** Ctrl+Z takes a step of the drawing back; Enter closes what is drawn, Escape gives it up. */
function useUndoKey(editor: Editor, isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return;
    const onKey = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof HTMLInputElement;
      const isUndo = event.key.toLowerCase() === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      if (isUndo && !isTyping) editor.undo();
      else if (event.key === 'Enter' && editor.drawing.value) editor.finish();
      else if (event.key === 'Escape' && editor.drawing.value) editor.cancel();
      else if (event.key === 'Escape' && editor.chosen.value) editor.chosen.value = undefined;
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    // Before the page's own keys, of which Escape leaves it.
    window.addEventListener('keydown', onKey, true);
    return () => {
      window.removeEventListener('keydown', onKey, true);
      editor.cancel();
    };
  }, [editor, isOpen]);
}
