// One line of the list.

import { StateShape } from '../../components/icons';
import { branches, nameOfBranch, timeAt, zoneOf } from '../../data/branches';
import { fullyIn, span } from '../../data/clock';
import { now } from '../../data/feed';
import type { Item, Note } from '../../events/items';
import type { GatewayEvent } from '../../gateway';
import { groupOf, type Tone, toneOf } from './kinds';
import { say } from './say';
import { eventWords } from './words';

const SHAPES: Record<Tone, 'running' | 'lost' | 'failed'> = { good: 'running', warn: 'lost', bad: 'failed' };

interface LineProps {
  item: Item;
  sectorName: (id: number) => string;
  onOpen: (event: GatewayEvent) => void;
}

export function Line({ item, sectorName, onOpen }: LineProps) {
  if ('note' in item) return <NoteLine note={item.note} />;
  const { event, late } = item;
  const w = eventWords.value;
  const tone = toneOf(event);
  const where = placeOf(event, sectorName);
  return (
    <button type="button" class="event" data-type={event.type} onClick={() => onOpen(event)}>
      <time dateTime={event.at} title={whenOf(event)}>
        {timeAt(Date.parse(event.at), now.value, event.branch_id)}
      </time>
      <span class="kind">{w.groups[groupOf(event.type)]}</span>
      <span class={tone ? `sentence ${tone}` : 'sentence'}>
        {tone && <StateShape state={SHAPES[tone]} />}
        <span>{say(event, w)}</span>
      </span>
      {late && (
        <span class="late" title={w.lateHelp}>
          {w.late}
        </span>
      )}
      <span class="where">{where}</span>
    </button>
  );
}

export const whenOf = (event: GatewayEvent) => fullyIn(zoneOf(event.branch_id), Date.parse(event.at));

/** Sector and branch; a branch only where there are several. */
export function placeOf(event: GatewayEvent, sectorName: (id: number) => string): string {
  const list = branches.value ?? [];
  const branch = list.length > 1 ? nameOfBranch(event.branch_id) : undefined;
  const sector = event.sector_id ? sectorName(event.sector_id) : undefined;
  return [sector, branch].filter(Boolean).join(' · ');
}

function NoteLine({ note }: { note: Note }) {
  return (
    <p class={`event-note ${note.what}`}>
      {note.what !== 'back' && <StateShape state="lost" />}
      {textOf(note)}
    </p>
  );
}

function textOf(note: Note): string {
  const w = eventWords.value;
  const time = timeAt(note.at, now.value);
  if (note.what === 'lost') return w.noteLost(time);
  if (note.what === 'gap') return w.noteGap(note.branches.map(nameOfBranch).join(', '));
  return w.noteBack(time, span(note.at - note.lostAt), note.late);
}
