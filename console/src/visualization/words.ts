// The words of the page on which staff watch totems.

import { wordsOf } from '../i18n';

const number = (locale: string, digits: number) => {
  const format = new Intl.NumberFormat(locale, {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  });
  return (n: number) => format.format(n);
};
const [enTenths, esTenths] = [number('en', 1), number('es', 1)];

const en = {
  title: 'Totems live',
  totem: 'Totem',
  stale: (name: string, lasting: string): string => `${name}: no answer for ${lasting}`,
  pictureOf: (name: string): string => `What totem ${name} sees, with what was seen drawn on it`,
  emptyTitle: 'No totem is at work',
  empty: 'Open this address on a device with a camera, and press start. It appears here by itself.',
  emptyCameras: 'A totem that is a camera is not shown here: it is on the wall of cameras, at “Live”.',
  connecting: 'Connecting …',
  lost: (time: string): string => `No connection since ${time}. What you see is from then.`,
  turnedAway: (reason: string): string => `The server does not let this page in (${reason}).`,

  figures: 'Figures',
  latency: 'Boxes older than picture by',
  latencyHelp:
    'Mean, and worst, of the last 10 s: 0 where the detector looked at the very picture, else the time since the one on which it found the boxes.',
  worst: (ms: string): string => `worst ${ms}`,
  roundTrip: 'Network, there and back',
  rate: 'Answers per second',
  rateHelp: 'Mean of the last 10 s',
  connections: 'Connected totems and viewers',
  people: 'People in sight',
  detections: 'Detections in the last minute',
  detectionsHelp:
    'Boxes that the detector itself found; those moved on from an earlier picture are not counted.',
  engine: 'Detector',
  skipped: 'Left out, errors',
  skippedHelp: 'Answers that this page was too slow for, and messages of errors, since it was opened',
  ms: (n: number): string => `${Math.round(n)} ms`,
  rateOf: enTenths,

  nearestFirst: 'People, nearest first',
  nobody: 'Nobody is in sight.',
  mark: (name: string): string => `Mark ${name} in the picture`,
  untracked: 'new',

  console: 'Messages',
  list: 'Messages, newest first',
  pause: 'Pause',
  goOn: 'Go on',
  newer: (n: number): string => `${n} newer`,
  clear: 'Clear',
  filter: 'Only with these words',
  type: 'Type',
  all: 'all',
  received: 'Received',
  receivedHelp: 'by this device’s clock',
  size: 'Size',
  content: 'Content',
  noMessages: 'No message yet.',
  noMatch: 'No message has all of this.',
  raw: 'The message as it came, without pictures',
  choose: 'Choose a message to read all of it.',
};

const es: typeof en = {
  title: 'Tótems en vivo',
  totem: 'Tótem',
  stale: (name, lasting) => `${name}: sin respuesta desde hace ${lasting}`,
  pictureOf: (name) => `Lo que ve el tótem ${name}, con lo detectado dibujado encima`,
  emptyTitle: 'No hay ningún tótem en marcha',
  empty: 'Abre esta dirección en un dispositivo con cámara y pulsa empezar. Aparecerá aquí solo.',
  emptyCameras: 'Un tótem que es una cámara no se muestra aquí: está con las demás cámaras, en «En vivo».',
  connecting: 'Conectando …',
  lost: (time) => `Sin conexión desde las ${time}. Lo que ves es de entonces.`,
  turnedAway: (reason) => `El servidor no admite esta página (${reason}).`,

  figures: 'Cifras',
  latency: 'Antigüedad de los recuadros',
  latencyHelp:
    'Media, y máxima, de los últimos 10 s: 0 si el detector miró esa misma imagen; si no, el tiempo desde aquella en que los encontró.',
  worst: (ms) => `máximo ${ms}`,
  roundTrip: 'Red, ida y vuelta',
  rate: 'Respuestas por segundo',
  rateHelp: 'Media de los últimos 10 s',
  connections: 'Tótems y observadores conectados',
  people: 'Personas a la vista',
  detections: 'Detecciones en el último minuto',
  detectionsHelp:
    'Recuadros que encontró el propio detector; los desplazados desde una imagen anterior no cuentan.',
  engine: 'Detector',
  skipped: 'Omitidas, errores',
  skippedHelp: 'Respuestas para las que esta página fue lenta, y mensajes de error, desde que se abrió',
  ms: (n) => `${Math.round(n)} ms`,
  rateOf: esTenths,

  nearestFirst: 'Personas, primero la más cercana',
  nobody: 'Nadie a la vista.',
  mark: (name) => `Marcar ${name} en la imagen`,
  untracked: 'nueva',

  console: 'Mensajes',
  list: 'Mensajes, primero el más nuevo',
  pause: 'Pausar',
  goOn: 'Continuar',
  newer: (n) => `${n} más`,
  clear: 'Vaciar',
  filter: 'Solo con estas palabras',
  type: 'Tipo',
  all: 'todos',
  received: 'Recibido',
  receivedHelp: 'según el reloj de este dispositivo',
  size: 'Tamaño',
  content: 'Contenido',
  noMessages: 'Todavía no hay mensajes.',
  noMatch: 'Ningún mensaje tiene todo esto.',
  raw: 'El mensaje tal como llegó, sin imágenes',
  choose: 'Elige un mensaje para leerlo entero.',
};

export const visualizationWords = wordsOf({ en, es });
