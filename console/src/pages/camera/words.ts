// What the camera page says.

import { wordsOf } from '../../i18n';
import type { Change, Field } from './changes';
import { en as enParameters, es as esParameters, type ParameterWords } from './parameter-words';
import type { Wrong } from './parameters';
import type { Flaw, Kind } from './shapes';

/** `Line gate`, and not `Line line 1`. */
export const withKind = (kind: string, name: string): string =>
  name.toLowerCase().startsWith(`${kind.toLowerCase()} `) ? name : `${kind} ${name}`;

const en = {
  now: 'Now',
  thisHour: (since: string): string => `This hour, since ${since}`,
  lastHour: 'People in the last 60 minutes: least to most, and their mean',
  peopleNow: 'people now',
  visits: 'visits',
  entries: 'in',
  exits: 'out',
  linesSince: 'In and out since the server started, or since the camera was put into its place',
  peak: (at: string): string => `most at once, at ${at}`,
  nobody: 'Nobody was seen in the last 60 minutes.',
  notSeen: 'Nothing was measured in the last 60 minutes.',
  more: 'Figures',
  latency: 'Picture to record',
  viewers: 'Viewers',

  stop: 'Stop',
  stopped: (name: string): string => `${name} is stopped until it is started again.`,
  restarted: (name: string): string => `${name} restarts.`,
  remove: 'Delete camera',
  removeHelp: 'Its visits and figures stay.',
  removed: (name: string): string => `${name} is deleted.`,

  settings: 'Settings',
  groups: {
    source: 'Source',
    analysis: 'Analysis',
    shapes: 'Zones and lines',
    privacy: 'Privacy',
    advanced: 'Advanced',
    log: 'Log',
  },
  byFile: 'This camera stands in the configuration file, so it is changed there.',
  mayNot: 'Your role may look at these settings, not change them.',
  name: 'Name',
  sector: 'Sector',
  noSector: 'none',
  enabled: 'Switched on',
  enabledHelp: 'Kept over a restart of the server, unlike Stop.',
  pipeline: 'Pipeline',
  saving: 'Saving …',
  discard: 'Discard',
  unsaved: 'Not saved yet',
  refused: (reason: string): string => `Not saved: ${reason}`,
  byDefault: (value: string): string => `default ${value}`,
  defaultChoice: (value: string): string => `default (${value})`,
  secretKept: 'Stored and never shown; it stays as it is until something is typed here.',
  privacyNote:
    'Both change the video itself, for all viewers, before anything is drawn on it. What is painted out is not analysed either.',
  noPrivacy: 'This pipeline has no privacy parameters.',
  noParameters: 'This pipeline has none.',

  conflict: 'Somebody else has changed this camera meanwhile:',
  changed: (list: string): string => `Saved. ${list}`,
  change1: (change: Change, parameters: ParameterWords): string => said(change, parameters, enSays),

  draw: { line: 'Draw a line', zone: 'Draw a zone', mask: 'Paint out an area' } satisfies Record<
    Kind,
    string
  >,
  kinds: { line: 'Line', zone: 'Zone', mask: 'Painted out' } satisfies Record<Kind, string>,
  newName: (kind: Kind, n: number): string => `${kind === 'line' ? 'line' : 'zone'} ${n}`,
  maskName: (n: number): string => `area ${n}`,
  drawLineHelp: 'Click where the line begins and where it ends. Escape stops.',
  drawZoneHelp:
    'Click the corners one by one; a click on the first, a double click or Enter closes it. Escape stops.',
  drawingMore: (points: number): string => `${points} ${points === 1 ? 'point' : 'points'} set`,
  editHelp:
    'Drag points or whole shapes; double click on an edge adds a point. By keyboard: arrow keys move the point that has the focus (with Shift further), Insert adds one behind it, Delete takes it away, Ctrl+Z undoes.',
  noShapes: 'There is none yet. A line counts who goes in and out, a zone who stays in it and for how long.',
  noMasks: 'Nothing is painted out.',
  undoStep: 'Undo',
  turn: 'Swap in and out',
  entrance: 'Entrance',
  entranceHelp: 'Whoever crosses it inwards counts as somebody who came to the branch.',
  maxPeople: 'Event at more than … people',
  dwell: 'Event when somebody stays more than … s',
  deleteShape: (name: string): string => `Delete ${name}`,
  point: (n: number, of: string, x: number, y: number): string =>
    `Point ${n} of ${of}, ${x} % from the left, ${y} % from the top`,
  shape: withKind,
  drawnOn: 'Zones and lines on the picture',
  inSide: 'in',
  flaws: {
    unnamed: 'It needs a name.',
    twice: 'Another one has this name.',
    few: 'It needs three corners or more.',
    crossed: 'Its outline crosses itself.',
    pointless: 'Two of its points are the same.',
  } satisfies Record<Flaw, string>,
  test: 'Test',
  testHelp: 'Counts here, by what is drawn, saved or not; nothing of it is stored.',
  testing: (since: string): string => `Counting since ${since}`,
  counted: (entries: number, exits: number): string => `${entries} in · ${exits} out`,
  inZone: (n: number): string => `${n} inside`,

  boxesWays: { drawn: 'by the server', here: 'here', off: 'off' },
  boxesWaysHelp:
    'Drawn into the video by the server, drawn here on the plain video from each frame’s own data, or not at all',
  boxesNoWebrtc: 'Boxes can be drawn here only on WebRTC video; the server draws them again.',

  log: 'What happened to this camera',
  logEmpty: 'Nothing happened to it since the server started, or as far back as events are kept.',
  logPartly: 'As far as this page has seen: your role hears of no cameras.',
  logOnline: 'A picture is there',
  logOffline: 'The picture is lost',
  logFailed: 'It cannot run',
  logStates: {
    connecting: 'Connecting',
    running: 'Running',
    lost: 'Lost',
    stopped: 'Stopped',
    failed: 'Failed',
  },
  reconnects: (n: number): string => `${n} ${n === 1 ? 'reconnect' : 'reconnects'} since the server started`,

  wrong: {
    needed: 'This is needed.',
    whole: 'A whole number, please.',
    number: 'A number, please.',
    range: (min: string, max: string): string =>
      min && max ? `From ${min} to ${max}` : min ? `At least ${min}` : `At most ${max}`,
    scheme: (schemes: string): string => `An address that begins with ${schemes}`,
  },
  parameters: enParameters,
};

type Words = typeof en;

const es: Words = {
  now: 'Ahora',
  thisHour: (since) => `Esta hora, desde las ${since}`,
  lastHour: 'Personas en los últimos 60 minutos: de menos a más, y su media',
  peopleNow: 'personas ahora',
  visits: 'visitas',
  entries: 'entran',
  exits: 'salen',
  linesSince: 'Entradas y salidas desde que arrancó el servidor, o desde que la cámara se puso en su lugar',
  peak: (at) => `máximo a la vez, a las ${at}`,
  nobody: 'No se vio a nadie en los últimos 60 minutos.',
  notSeen: 'No se midió nada en los últimos 60 minutos.',
  more: 'Cifras',
  latency: 'De la imagen al registro',
  viewers: 'Espectadores',

  stop: 'Detener',
  stopped: (name) => `${name} queda detenida hasta que alguien la inicie.`,
  restarted: (name) => `${name} se reinicia.`,
  remove: 'Eliminar cámara',
  removeHelp: 'Sus visitas y cifras se conservan.',
  removed: (name) => `${name} se eliminó.`,

  settings: 'Ajustes',
  groups: {
    source: 'Origen',
    analysis: 'Análisis',
    shapes: 'Zonas y líneas',
    privacy: 'Privacidad',
    advanced: 'Avanzado',
    log: 'Historial',
  },
  byFile: 'Esta cámara está en el archivo de configuración, así que se cambia allí.',
  mayNot: 'Tu rol puede ver estos ajustes, pero no cambiarlos.',
  name: 'Nombre',
  sector: 'Sector',
  noSector: 'ninguno',
  enabled: 'Encendida',
  enabledHelp: 'Se conserva al reiniciar el servidor, a diferencia de Detener.',
  pipeline: 'Pipeline',
  saving: 'Guardando …',
  discard: 'Descartar',
  unsaved: 'Aún sin guardar',
  refused: (reason) => `No se guardó: ${reason}`,
  byDefault: (value) => `por defecto ${value}`,
  defaultChoice: (value) => `por defecto (${value})`,
  secretKept: 'Está guardada y nunca se muestra; sigue igual hasta que escribas algo aquí.',
  privacyNote:
    'Ambas cambian el propio video, para todos, antes de dibujar nada sobre él. Lo tapado tampoco se analiza.',
  noPrivacy: 'Este pipeline no tiene parámetros de privacidad.',
  noParameters: 'Este pipeline no tiene ninguno.',

  conflict: 'Otra persona cambió esta cámara entretanto:',
  changed: (list) => `Guardado. ${list}`,
  change1: (change, parameters) => said(change, parameters, esSays),

  draw: { line: 'Trazar una línea', zone: 'Trazar una zona', mask: 'Tapar un área' },
  kinds: { line: 'Línea', zone: 'Zona', mask: 'Tapado' },
  newName: (kind, n) => `${kind === 'line' ? 'línea' : 'zona'} ${n}`,
  maskName: (n) => `área ${n}`,
  drawLineHelp: 'Haz clic donde empieza la línea y donde termina. Escape lo deja.',
  drawZoneHelp:
    'Haz clic en las esquinas una por una; un clic en la primera, un doble clic o Intro la cierra. Escape lo deja.',
  drawingMore: (points) => `${points} ${points === 1 ? 'punto puesto' : 'puntos puestos'}`,
  editHelp:
    'Arrastra puntos o figuras enteras; un doble clic en un lado añade un punto. Con el teclado: las flechas mueven el punto enfocado (con Mayús, más lejos), Insertar añade uno detrás, Suprimir lo quita y Ctrl+Z deshace.',
  noShapes: 'Aún no hay ninguna. Una línea cuenta quién entra y sale; una zona, quién está en ella y cuánto.',
  noMasks: 'No hay nada tapado.',
  undoStep: 'Deshacer',
  turn: 'Cambiar entrada y salida',
  entrance: 'Entrada',
  entranceHelp: 'Quien la cruza hacia dentro cuenta como alguien que llegó a la sucursal.',
  maxPeople: 'Evento con más de … personas',
  dwell: 'Evento si alguien se queda más de … s',
  deleteShape: (name) => `Eliminar ${name}`,
  point: (n, of, x, y) => `Punto ${n} de ${of}, a ${x} % de la izquierda y ${y} % de arriba`,
  shape: withKind,
  drawnOn: 'Zonas y líneas sobre la imagen',
  inSide: 'entra',
  flaws: {
    unnamed: 'Necesita un nombre.',
    twice: 'Otra ya tiene este nombre.',
    few: 'Necesita tres esquinas o más.',
    crossed: 'Su contorno se cruza a sí mismo.',
    pointless: 'Dos de sus puntos son el mismo.',
  },
  test: 'Probar',
  testHelp: 'Cuenta aquí, según lo trazado, guardado o no; nada de ello se almacena.',
  testing: (since) => `Contando desde las ${since}`,
  counted: (entries, exits) => `${entries} entran · ${exits} salen`,
  inZone: (n) => `${n} dentro`,

  boxesWays: { drawn: 'del servidor', here: 'aquí', off: 'sin' },
  boxesWaysHelp:
    'Dibujados en el video por el servidor, dibujados aquí sobre el video limpio con los datos de cada cuadro, o ninguno',
  boxesNoWebrtc: 'Los recuadros se dibujan aquí solo sobre video WebRTC; los dibuja de nuevo el servidor.',

  log: 'Qué le pasó a esta cámara',
  logEmpty: 'No le pasó nada desde que arrancó el servidor, o hasta donde se guardan los eventos.',
  logPartly: 'Hasta donde vio esta página: a tu rol no se le informa de cámaras.',
  logOnline: 'Hay imagen',
  logOffline: 'Se perdió la imagen',
  logFailed: 'No puede funcionar',
  logStates: {
    connecting: 'Conectando',
    running: 'En marcha',
    lost: 'Sin señal',
    stopped: 'Detenida',
    failed: 'Con fallo',
  },
  reconnects: (n) => `${n} ${n === 1 ? 'reconexión' : 'reconexiones'} desde que arrancó el servidor`,

  wrong: {
    needed: 'Es necesario.',
    whole: 'Un número entero, por favor.',
    number: 'Un número, por favor.',
    range: (min, max) => (min && max ? `De ${min} a ${max}` : min ? `Al menos ${min}` : `Como mucho ${max}`),
    scheme: (schemes) => `Una dirección que empiece con ${schemes}`,
  },
  parameters: esParameters,
};

/** How a language puts a change. */
interface Says {
  fields: Record<Field, string>;
  line: string;
  zone: string;
  masks: (from: number, to: number) => string;
  how: Record<'added' | 'removed' | 'changed', string>;
  unset: string;
}

const enSays: Says = {
  fields: {
    name: 'name',
    branch_id: 'branch',
    sector_id: 'sector',
    enabled: 'switched on',
    pipeline: 'pipeline',
  },
  line: 'line',
  zone: 'zone',
  masks: (from, to) => (from === to ? 'painted-out areas: changed' : `painted-out areas: ${from} → ${to}`),
  how: { added: 'added', removed: 'deleted', changed: 'changed' },
  unset: 'default',
};

const esSays: Says = {
  fields: {
    name: 'nombre',
    branch_id: 'sucursal',
    sector_id: 'sector',
    enabled: 'encendida',
    pipeline: 'pipeline',
  },
  line: 'línea',
  zone: 'zona',
  masks: (from, to) => (from === to ? 'áreas tapadas: cambiadas' : `áreas tapadas: ${from} → ${to}`),
  how: { added: 'añadida', removed: 'eliminada', changed: 'cambiada' },
  unset: 'por defecto',
};

function said(change: Change, parameters: ParameterWords, says: Says): string {
  const text = (value: unknown) => (value === undefined || value === null ? says.unset : String(value));
  switch (change.what) {
    case 'field':
      return `${says.fields[change.field]}: ${text(change.from)} → ${text(change.to)}`;
    case 'parameter': {
      const name = parameters[change.name]?.name.toLowerCase() ?? change.name;
      return `${name}: ${text(change.from)} → ${text(change.to)}`;
    }
    case 'masks':
      return says.masks(change.from, change.to);
    default:
      return `${withKind(says[change.what], change.name)}: ${says.how[change.how]}`;
  }
}

export const cameraWords = wordsOf({ en, es });

/** What is wrong with what was typed, in words. */
export function wrongSaid(wrong: Wrong, { wrong: words }: Words = cameraWords.value): string {
  const text = (n: number | null) => (n === null ? '' : String(n));
  switch (wrong.kind) {
    case 'needed':
      return words.needed;
    case 'number':
      return wrong.whole ? words.whole : words.number;
    case 'range':
      return words.range(text(wrong.min), text(wrong.max));
    case 'scheme':
      return words.scheme(wrong.schemes.map((scheme) => `${scheme}://`).join(', '));
  }
}

/** Changes in a sentence. */
export const changesSaid = (changes: readonly Change[]): string =>
  changes.map((change) => cameraWords.value.change1(change, cameraWords.value.parameters)).join('; ');
