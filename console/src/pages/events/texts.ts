// What the page of events says, in both languages.

import type { EventType } from '../../gateway';
import type { Group } from './kinds';

const count = (locale: string) => {
  const number = new Intl.NumberFormat(locale);
  return (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;
};
const enCount = count('en');
const esCount = count('es');

type Own =
  | 'VISIT_STARTED'
  | 'VISIT_ENDED'
  | 'ZONE_ENTERED'
  | 'ZONE_LEFT'
  | 'ZONE_DWELL'
  | 'OCCUPANCY_HIGH'
  | 'OCCUPANCY_NORMAL'
  | 'CAMERA_ONLINE'
  | 'CAMERA_OFFLINE'
  | 'SHIFT_STARTED'
  | 'SHIFT_ENDED'
  | 'SUMMARY_UPDATED';

export type EventWords = typeof en;

export const en = {
  label: 'Events, newest first',
  groups: {
    visits: 'Visits',
    lines: 'Lines',
    zones: 'Zones',
    cameras: 'Cameras',
    shifts: 'Shifts',
    rounds: 'Rounds',
    calls: 'Calls',
    payments: 'Payments',
    tables: 'Tables',
    entities: 'Changes',
    others: 'Others',
  } satisfies Record<Group, string>,
  kind: 'Kind',
  sector: 'Sector',
  cameraFilter: 'Camera',
  sectorNo: (id: number): string => `Sector ${id}`,
  allKinds: 'All kinds',
  allSectors: 'All sectors',
  allCameras: 'All cameras',
  clear: 'Show all',
  fresh: (n: number): string => `${enCount(n, 'new event', 'new')} ↑`,
  kept: (n: number): string => enCount(n, 'event', 'events'),
  shownOf: (shown: number, all: number): string => `${shown} of ${enCount(all, 'event', 'events')}`,

  types: {
    VISIT_STARTED: 'somebody came',
    VISIT_ENDED: 'somebody left',
    ZONE_ENTERED: 'somebody entered',
    ZONE_LEFT: 'somebody left',
    ZONE_DWELL: 'somebody stays long',
    OCCUPANCY_HIGH: 'too many people',
    OCCUPANCY_NORMAL: 'no longer too many people',
    CAMERA_ONLINE: 'there is a picture',
    CAMERA_OFFLINE: 'no picture',
    SHIFT_STARTED: 'has begun',
    SHIFT_ENDED: 'is over',
    SUMMARY_UPDATED: 'figures brought up to date',
  } satisfies Record<Own, string>,
  foreign: {
    ROUND_SUBMITTED: (what) => `round${what} ordered`,
    ROUND_IN_KITCHEN: (what) => `round${what} in the kitchen`,
    ROUND_READY: (what) => `round${what} ready`,
    ROUND_SERVED: (what) => `round${what} served`,
    SERVICE_CALL_CREATED: (what) => `a table calls${what}`,
    SERVICE_CALL_ACKED: (what) => `call${what} seen`,
    SERVICE_CALL_CLOSED: (what) => `call${what} answered`,
    PAYMENT_APPROVED: (what) => `payment${what} approved`,
    PAYMENT_REJECTED: (what) => `payment${what} rejected`,
    PAYMENT_FAILED: (what) => `payment${what} failed`,
    TABLE_SESSION_STARTED: () => 'a party sits down',
    TABLE_CLEARED: () => 'table cleared',
    ENTITY_CREATED: (what) => `created${what}`,
    ENTITY_UPDATED: (what) => `changed${what}`,
    ENTITY_DELETED: (what) => `deleted${what}`,
  } as Partial<Record<EventType | string, (what: string) => string>>,
  directions: { in: 'in', out: 'out' } as Record<string, string>,
  line: (name: string): string => `line ${name}`,
  zone: (name: string): string => `zone ${name}`,
  camera: (name: string): string => `camera ${name}`,
  shift: (name: string): string => `shift ${name}`,
  /** Those that shifts have unless somebody names them. */
  shifts: {} as Record<string, string>,
  table: (name: string): string => `table ${name}`,
  session: (name: string): string => `session ${name}`,
  after: (stay: string): string => `after ${stay}`,
  people: (n: number | undefined, max: number | undefined): string | undefined =>
    n === undefined
      ? undefined
      : `${enCount(n, 'person', 'people')}${max === undefined ? '' : ` of at most ${max}`}`,
  visits: (n: number | undefined): string | undefined =>
    n === undefined ? undefined : enCount(n, 'visit', 'visits'),
  uniquePeople: (n: number | undefined): string | undefined =>
    n === undefined ? undefined : `${enCount(n, 'person', 'people')} came in`,

  by: { websocket: 'by WebSocket', sse: 'by plain HTTP (SSE)' },
  liveSince: (by: string, time: string): string => `Live ${by} since ${time}`,
  connecting: 'Connecting …',
  lostSince: (time: string): string => `Lost since ${time}`,
  reasons: {
    lost: 'the connection broke',
    silent: 'the server was silent',
    no_answer: 'the server does not answer',
    restart: 'the server is started anew',
    slow_consumer: 'this page was too slow',
    max_per_user: 'you have too many connections open',
    max_connections: 'the server has no room',
    unauthorized: 'you are not signed in any more',
    token_expired: 'your session is over',
    forbidden: 'your role has no live events',
  } as Record<string, string>,
  closed: (reason: string): string => `No live events: ${reason}`,
  caughtUp: (n: number): string =>
    n === 0
      ? 'Back, nothing was missed'
      : `Back, ${enCount(n, 'missed event', 'missed events')} came afterwards`,
  lostFor: (n: number): string => `Back with ${n} of them, others are lost for good`,
  noteLost: (time: string): string => `Connection lost at ${time}`,
  noteBack: (time: string, lasted: string, n: number): string =>
    n === 0
      ? `Connected again at ${time}, after ${lasted}. Nothing happened meanwhile.`
      : `Connected again at ${time}, after ${lasted}. ${enCount(n, 'event', 'events')} of that time came afterwards, below.`,
  noteGap: (branches: string): string =>
    `Some events of ${branches} are lost: the server keeps them for a while only, or was started anew.`,
  late: 'afterwards',
  lateHelp: 'It happened while there was no connection, and came afterwards.',
  begins: 'Earlier events are not known here: the server keeps them for some minutes only.',
  noneTitle: 'Nothing has happened yet',
  none: 'Events appear here as they happen: visits, lines crossed, zones, cameras, shifts.',
  noneFit: (all: number): string => `None of the ${enCount(all, 'event', 'events')} fits this choice.`,
  noDoorTitle: 'Your role has no live events',
  noDoor: 'Administrators, waiters and the kitchen have. The figures are under Shifts.',
  details: 'Event',
  copy: 'Copy as JSON',
  copied: 'Copied',
  when: 'When',
  where: 'Where',
};

export const es: EventWords = {
  label: 'Eventos, el más nuevo primero',
  groups: {
    visits: 'Visitas',
    lines: 'Líneas',
    zones: 'Zonas',
    cameras: 'Cámaras',
    shifts: 'Turnos',
    rounds: 'Pedidos',
    calls: 'Llamadas',
    payments: 'Pagos',
    tables: 'Mesas',
    entities: 'Cambios',
    others: 'Otros',
  },
  kind: 'Tipo',
  sector: 'Sector',
  cameraFilter: 'Cámara',
  sectorNo: (id) => `Sector ${id}`,
  allKinds: 'Todos los tipos',
  allSectors: 'Todos los sectores',
  allCameras: 'Todas las cámaras',
  clear: 'Mostrar todo',
  fresh: (n) => `${esCount(n, 'evento nuevo', 'nuevos')} ↑`,
  kept: (n) => esCount(n, 'evento', 'eventos'),
  shownOf: (shown, all) => `${shown} de ${esCount(all, 'evento', 'eventos')}`,

  types: {
    VISIT_STARTED: 'llegó alguien',
    VISIT_ENDED: 'se fue alguien',
    ZONE_ENTERED: 'entró alguien',
    ZONE_LEFT: 'salió alguien',
    ZONE_DWELL: 'alguien se queda mucho tiempo',
    OCCUPANCY_HIGH: 'demasiadas personas',
    OCCUPANCY_NORMAL: 'ya no hay demasiadas personas',
    CAMERA_ONLINE: 'hay imagen',
    CAMERA_OFFLINE: 'sin imagen',
    SHIFT_STARTED: 'ha comenzado',
    SHIFT_ENDED: 'ha terminado',
    SUMMARY_UPDATED: 'cifras actualizadas',
  },
  foreign: {
    ROUND_SUBMITTED: (what) => `pedido${what} enviado`,
    ROUND_IN_KITCHEN: (what) => `pedido${what} en cocina`,
    ROUND_READY: (what) => `pedido${what} listo`,
    ROUND_SERVED: (what) => `pedido${what} servido`,
    SERVICE_CALL_CREATED: (what) => `una mesa llama${what}`,
    SERVICE_CALL_ACKED: (what) => `llamada${what} vista`,
    SERVICE_CALL_CLOSED: (what) => `llamada${what} atendida`,
    PAYMENT_APPROVED: (what) => `pago${what} aprobado`,
    PAYMENT_REJECTED: (what) => `pago${what} rechazado`,
    PAYMENT_FAILED: (what) => `pago${what} fallido`,
    TABLE_SESSION_STARTED: () => 'mesa ocupada',
    TABLE_CLEARED: () => 'mesa liberada',
    ENTITY_CREATED: (what) => `creado${what}`,
    ENTITY_UPDATED: (what) => `cambiado${what}`,
    ENTITY_DELETED: (what) => `eliminado${what}`,
  },
  directions: { in: 'entrada', out: 'salida' },
  line: (name) => `línea ${name}`,
  zone: (name) => `zona ${name}`,
  camera: (name) => `cámara ${name}`,
  shift: (name) => `turno ${name}`,
  shifts: { morning: 'mañana', afternoon: 'tarde', night: 'noche' },
  table: (name) => `mesa ${name}`,
  session: (name) => `sesión ${name}`,
  after: (stay) => `tras ${stay}`,
  people: (n, max) =>
    n === undefined
      ? undefined
      : `${esCount(n, 'persona', 'personas')}${max === undefined ? '' : ` de ${max} como máximo`}`,
  visits: (n) => (n === undefined ? undefined : esCount(n, 'visita', 'visitas')),
  uniquePeople: (n) => (n === undefined ? undefined : `entraron ${esCount(n, 'persona', 'personas')}`),

  by: { websocket: 'por WebSocket', sse: 'por HTTP (SSE)' },
  liveSince: (by, time) => `En vivo ${by} desde las ${time}`,
  connecting: 'Conectando …',
  lostSince: (time) => `Sin conexión desde las ${time}`,
  reasons: {
    lost: 'se cortó la conexión',
    silent: 'el servidor calló',
    no_answer: 'el servidor no responde',
    restart: 'el servidor se reinicia',
    slow_consumer: 'esta página fue demasiado lenta',
    max_per_user: 'tienes demasiadas conexiones abiertas',
    max_connections: 'el servidor no tiene lugar',
    unauthorized: 'tu sesión ya no vale',
    token_expired: 'tu sesión terminó',
    forbidden: 'tu rol no tiene eventos en vivo',
  },
  closed: (reason) => `Sin eventos en vivo: ${reason}`,
  caughtUp: (n) =>
    n === 0
      ? 'Conectado otra vez, no faltó nada'
      : `Conectado otra vez, ${esCount(n, 'evento llegó', 'eventos llegaron')} después`,
  lostFor: (n) => `Conectado otra vez con ${n} de ellos, otros se perdieron`,
  noteLost: (time) => `Conexión perdida a las ${time}`,
  noteBack: (time, lasted, n) =>
    n === 0
      ? `Conectado otra vez a las ${time}, tras ${lasted}. Entretanto no pasó nada.`
      : `Conectado otra vez a las ${time}, tras ${lasted}. ${esCount(n, 'evento', 'eventos')} de ese tiempo, debajo, ${n === 1 ? 'llegó' : 'llegaron'} después.`,
  noteGap: (branches) =>
    `Se perdieron eventos de ${branches}: el servidor solo los guarda un rato, o se reinició.`,
  late: 'después',
  lateHelp: 'Ocurrió mientras no había conexión, y llegó después.',
  begins: 'Lo anterior no se conoce aquí: el servidor guarda los eventos solo unos minutos.',
  noneTitle: 'Todavía no ha pasado nada',
  none: 'Los eventos aparecen aquí cuando ocurren: visitas, líneas, zonas, cámaras, turnos.',
  noneFit: (all) =>
    all === 1
      ? 'El evento que hay no cumple lo elegido.'
      : `Ninguno de los ${all} eventos cumple lo elegido.`,
  noDoorTitle: 'Tu rol no tiene eventos en vivo',
  noDoor: 'Los tienen administración, camareros y cocina. Las cifras están en Turnos.',
  details: 'Evento',
  copy: 'Copiar como JSON',
  copied: 'Copiado',
  when: 'Cuándo',
  where: 'Dónde',
};
