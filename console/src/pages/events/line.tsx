// One line of the list.

import { StateShape } from '../../components/icons';
import { branches } from '../../data/branches';
import { ALL_OF_IT, clockOf, span, timeIn } from '../../data/clock';
import { now } from '../../data/feed';
import type { Item, Note } from '../../events/items';
import type { GatewayEvent } from '../../gateway';
import { timeOf } from '../../i18n';
import { language } from '../../prefs';
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
        {timeIn(language.value, zoneOf(event), Date.parse(event.at), now.value)}
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

/** By the clock on the venue's wall. */
export const zoneOf = ({ branch_id }: GatewayEvent) =>
  branches.value?.find(({ id }) => id === branch_id)?.time_zone ?? 'UTC';

export const whenOf = (event: GatewayEvent) =>
  clockOf(language.value, zoneOf(event), ALL_OF_IT).format(Date.parse(event.at));

/** Sector and branch; a branch only where there are several. */
export function placeOf(event: GatewayEvent, sectorName: (id: number) => string): string {
  const list = branches.value ?? [];
  const branch = list.length > 1 ? nameOfBranch(event.branch_id) : undefined;
  const sector = event.sector_id ? sectorName(event.sector_id) : undefined;
  return [sector, branch].filter(Boolean).join(' · ');
}

export const nameOfBranch = (branch: number) =>
  branches.value?.find(({ id }) => id === branch)?.name ?? String(branch);

function NoteLine({ note }: { note: Note }) {
  return (
    <p class={`note ${note.what}`}>
      {note.what !== 'back' && <StateShape state="lost" />}
      {textOf(note)}
    </p>
  );
}

function textOf(note: Note): string {
  const w = eventWords.value;
  const time = timeOf(note.at, now.value);
  if (note.what === 'lost') return w.noteLost(time);
  if (note.what === 'gap') return w.noteGap(note.branches.map(nameOfBranch).join(', '));
  return w.noteBack(time, span(note.at - note.lostAt), note.late);
}
