// Spanish.

import type { Words } from './en';

const number = new Intl.NumberFormat('es');
const decimal = new Intl.NumberFormat('es', { maximumFractionDigits: 1 });
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const es: Words = {
  pages: { live: 'En vivo', shifts: 'Turnos', events: 'Eventos', places: 'Lugares', system: 'Sistema' },
  branch: 'Sucursal',
  allBranches: 'Todas las sucursales',
  noPage: 'No se pudo cargar esta página.',
  noAnswer: 'El servidor no responde.',
  mayNot: (reason) => `Tu rol no permite hacer esto: ${reason}`,
  undo: 'Deshacer',
  dismiss: 'Cerrar',
  cancel: 'Cancelar',
  save: 'Guardar',
  add: 'Añadir',
  change: 'Cambiar',
  remove: 'Eliminar',
  leaveUnsaved: 'En esta página hay algo sin guardar. ¿Salir de todos modos?',
  takeTheirs: 'Cargar lo suyo',
  keepMine: 'Guardar lo mío encima',
  asTable: 'Como tabla',
  live: 'En vivo',
  title: (page) => `${page} · Atalaya`,
  skip: 'Ir al contenido',
  sections: 'Secciones',
  loading: 'Consultando al servidor …',

  language: 'Idioma',
  toLight: 'Cambiar al tema claro',
  toDark: 'Cambiar al tema oscuro',
  signOut: 'Cerrar sesión',
  roles: { admin: 'Administración', kitchen: 'Cocina', waiter: 'Camarero', viewer: 'Observador' },

  number: (n) => number.format(n),
  ofCameras: (all) => `de ${count(all, 'cámara', 'cámaras')} en marcha`,
  peopleNow: (n) => (n === 1 ? 'persona ahora' : 'personas ahora'),
  visitsThisShift: (n) => `${n === 1 ? 'visita' : 'visitas'} en este turno`,
  shiftSince: (shift, since) => `${shift}, desde las ${since}`,
  inBranches: (counted, all) =>
    counted < all
      ? `${number.format(counted)} de ${count(all, 'sucursal', 'sucursales')}`
      : count(all, 'sucursal', 'sucursales'),
  asOf: (time) => `datos de las ${time}`,
  shifts: { morning: 'mañana', afternoon: 'tarde', night: 'noche' },

  states: {
    connecting: 'conectando',
    running: 'en marcha',
    lost: 'sin señal',
    stopped: 'detenida',
    failed: 'con fallo',
  },
  fps: (n) => `${decimal.format(n < 9.95 ? n : Math.round(n))} fps`,
  now: 'ahora',
  visits: (n) => (n === 1 ? 'visita' : 'visitas'),
  lostSince: (time) => `Sin señal desde las ${time}`,
  nextTry: (seconds) => (seconds > 0 ? `próximo intento en ${seconds} s` : 'intentando ahora'),
  connectingSince: (time) => `Conectando desde las ${time}`,
  waitingForSender: 'a la espera de quien envíe',
  feedHelp:
    'Esta cámara recibe sus imágenes de quien las envía: abre esta dirección en el dispositivo que tiene la cámara y pulsa empezar.',
  failedHelp: 'Alguien debe cambiar los ajustes de esta cámara o el equipo, y después reiniciarla.',
  stoppedHelp: 'Detenida. No se registra nada.',
  start: 'Iniciar',
  restart: 'Reiniciar',

  open: (name) => `Abrir ${name}`,
  pictureOf: (name) => `Imagen en vivo de ${name}`,
  boxes: 'Recuadros',
  boxesOf: (name) => `Recuadros en ${name}`,
  snapshot: 'Captura',
  snapshotOf: (name) => `Guardar una captura de ${name}`,
  fullScreen: 'Pantalla completa',
  close: 'Cerrar',
  previous: 'Cámara anterior',
  next: 'Cámara siguiente',
  noSnapshot: (reason) => `Sin captura: ${reason}`,
  noAction: (reason) => `No se pudo: ${reason}`,

  videoConnecting: 'Conectando el video …',
  videoWaiting: (seconds) =>
    seconds > 0
      ? `Video interrumpido, próximo intento en ${seconds} s`
      : 'Video interrumpido, intentando ahora',
  via: { webrtc: 'WebRTC', mjpeg: 'MJPEG' },
  viaHelp: {
    webrtc: 'Video por WebRTC: el menor retardo',
    mjpeg: 'Video por MJPEG, porque WebRTC no llegó; se reintenta solo',
  },

  facts: {
    state: 'Estado',
    since: 'Desde',
    size: 'Imagen',
    fpsIn: 'Cuadros recibidos',
    fpsAnalysed: 'Analizados',
    dropped: 'Sin analizar',
    inference: 'Un análisis',
    reconnects: 'Reconexiones',
    lastError: 'Último error',
    pipeline: 'Pipeline',
    video: 'Video',
  },
  frames: (n) => count(n, 'cuadro', 'cuadros'),

  away: (time) => `El servidor no responde desde las ${time}. Lo que ves es de entonces.`,
  retryIn: (seconds) => (seconds > 0 ? `Próximo intento en ${seconds} s` : 'Intentando ahora'),
  eventsLost: 'Eventos sin conexión',
  eventsLostHelp: 'Se perdió la conexión que cuenta lo que pasa. Se reintenta sola.',
  tryAgain: 'Reintentar',

  signedOutTitle: 'No has iniciado sesión',
  signedOut: 'Esta consola se abre con un enlace. En el equipo donde corre Atalaya, pide uno nuevo:',
  signedOutNote:
    '¿Arrancó el servidor con --config, --data-dir o --listen? Entonces la orden necesita lo mismo; el servidor la mostró entera bajo su primer enlace. El enlace vale por poco tiempo. Quien lo tiene ve las cámaras: dáselo solo a tu gente.',
  copy: 'Copiar',
  copied: 'Copiado',

  forbiddenTitle: 'Tu rol no puede ver las cámaras',
  forbidden: 'Pide a quien administra un enlace con otro rol.',

  emptyTitle: 'Todavía no hay cámaras',
  addCamera: 'Añadir una cámara',
  wall: {
    tiles: 'Mosaico',
    auto: 'todas',
    previous: 'Cámaras anteriores',
    next: 'Cámaras siguientes',
    range: (from, to, all) => `${from === to ? from : `${from}–${to}`} de ${number.format(all)}`,
  },
  empty: 'Añade la primera: búscala en la red o descríbela a mano.',
  emptyFile: 'O en el archivo de configuración; después, inicia Atalaya otra vez:',
  emptyRest: 'O por HTTP, con el token de quien administra:',
  emptyDemo: 'Sin cámara a mano, esto reproduce imágenes reales con una simulada:',

  goneTitle: 'Esta cámara ya no está',
  goneHelp: 'Alguien la eliminó, o su dirección no es correcta.',
  back: 'Volver a todas las cámaras',
};
