// What the server says by itself, which it does in English: why a camera is lost, what a job has done, what a model is. What
// is not among these (a later server's words, somebody's own descriptions) is shown as it comes.

import { language } from '../prefs';
import { DESCRIPTIONS, MODELS } from './server-descriptions';

/** `$1` is what the first group has found. */
const CAMERAS: readonly (readonly [RegExp, string])[] = [
  [/^connection refused by (.+) on port (\d+)$/, '$1 rechaza la conexión en el puerto $2'],
  [/^connection refused$/, 'conexión rechazada'],
  [/^host name (.+) is not known$/, 'no se conoce el nombre $1'],
  [/^host name is not known$/, 'no se conoce el nombre del equipo'],
  [/^the name server does not answer$/, 'el servidor de nombres no responde'],
  [/^no answer from the camera$/, 'la cámara no responde'],
  [/^no answer from (.+) on port (\d+)$/, '$1 no responde en el puerto $2'],
  [/^host cannot be reached$/, 'no se llega al equipo'],
  [/^(\S+) cannot be reached$/, 'no se llega a $1'],
  [/^no connection to the camera$/, 'no hay conexión con la cámara'],
  [
    /^no connection to (.+) on port (\d+): .*\(os error (\d+)\)$/,
    'no hay conexión con $1 en el puerto $2 (error $3 del sistema)',
  ],
  [/^no connection to (.+) on port (\d+): .*$/, 'no hay conexión con $1 en el puerto $2'],
  [/^no stream at this path \(404\)$/, 'no hay vídeo en esta ruta (404)'],
  [/^camera serves no further viewer \(503\)$/, 'la cámara no atiende a más espectadores (503)'],
  [/^camera refused user name or password \(401\)$/, 'la cámara rechaza el usuario o la contraseña (401)'],
  [/^camera forbids this stream to this user \(403\)$/, 'la cámara prohíbe este vídeo a este usuario (403)'],
  [/^no answer from the camera for (\d+) s$/, 'la cámara no responde desde hace $1 s'],
  [/^no picture for (\d+) s$/, 'ninguna imagen en $1 s'],
  [/^data but no picture for (\d+) s$/, 'llegan datos, pero ninguna imagen en $1 s'],
  [/^the camera ended the stream$/, 'la cámara terminó la emisión'],
  [/^there is no picture in this file$/, 'no hay ninguna imagen en este archivo'],
  [
    /^Cannot identify device '(.+)': system error: No such file or directory$/,
    'no hay ningún dispositivo $1',
  ],
  [/^No such file "(.+)"$/, 'no existe el archivo $1'],
  [/^nobody sends it pictures$/, 'nadie le envía imágenes'],
  [/^this is not a video that GStreamer knows$/, 'no es un vídeo que GStreamer conozca'],
  [
    /^the file is cut off or broken: no picture can be found in it$/,
    'el archivo está cortado o roto: no hay ninguna imagen en él',
  ],
  [/^no decoder for (.+): install (.+)$/, 'falta un decodificador de $1: instala $2'],
  [/^the pipeline did not start for (\d+) s$/, 'el pipeline no arrancó en $1 s'],
  [/^an element of the pipeline refused to start$/, 'un elemento del pipeline se negó a arrancar'],
  [
    /^(\d+) earlier pipelines of this camera have not ended yet$/,
    '$1 pipelines anteriores de esta cámara aún no han terminado',
  ],
  [/^building the pipeline broke: (.+)$/, 'falló la construcción del pipeline: $1'],
  [/^cannot attach viewers: (.+)$/, 'no se pueden conectar espectadores: $1'],
  [/^no pipeline (".+"); there are (.+)$/, 'no hay ningún pipeline $1; hay $2'],
];

const JOBS: readonly (readonly [RegExp, string])[] = [
  [/^started (\d+) shifts$/, 'iniciados $1 turnos'],
  [/^settled (\d+) shifts$/, 'cerrados $1 turnos'],
  [/^nothing was old enough$/, 'nada era bastante antiguo'],
  [
    /^(\S+): (\d+) rows, (\d+) bytes, checked; (\d+) older deleted$/,
    '$1: $2 filas, $3 bytes, revisada; $4 anteriores borradas',
  ],
  [/^the database does not answer: (.+)$/, 'la base de datos no responde: $1'],
  [/^the database refused: (.+)$/, 'la base de datos lo rechaza: $1'],
];

/** What the clean-up deletes, by the name of its table. */
const ROWS: Readonly<Record<string, string>> = {
  visit: 'visitas',
  line_crossing: 'cruces de líneas',
  zone_stay: 'estancias en zonas',
  occupancy: 'ocupación',
  heat: 'mapas de calor',
  voice_activity: 'voz',
  audit: 'auditoría',
};

const DELETED = /^deleted (\d+ of \w+(?:, \d+ of \w+)*)$/;

/** What is wrong with a part of the server, word for word. */
const CHECKS: Readonly<Record<string, string>> = {
  'has not told yet which tokens were revoked': 'todavía no ha dicho qué tokens se revocaron',
  'does not answer': 'no responde',
  'does not answer in time': 'no responde a tiempo',
  'there is none': 'no hay ninguno',
  'visits wait for the database, there is no more space for them, and the oldest are lost':
    'hay visitas que esperan a la base de datos, no queda espacio para ellas y se pierden las más antiguas',
  'visits wait for the database, and the space for them is nearly used up':
    'hay visitas que esperan a la base de datos y casi no queda espacio para ellas',
  'visits wait for the database': 'hay visitas que esperan a la base de datos',
  'it tells no events': 'no cuenta ningún evento',
  "it does not hear of other servers' events yet": 'todavía no recibe los eventos de otros servidores',
  "it does not hear of other servers' events": 'no recibe los eventos de otros servidores',
  'Redis does not answer': 'Redis no responde',
  'events are lost: too many come': 'se pierden eventos: llegan demasiados',
};

const PATTERNS = [
  ...MODELS,
  ...CAMERAS,
  ...JOBS,
  [/^ok, but (\d+) of the folder cannot be read$/, 'bien, pero $1 de la carpeta no se pueden leer'] as const,
];

/** A text of the server in the reader's language. */
export function fromServer(text: string): string {
  if (language.value === 'en') return text;
  const deleted = DELETED.exec(text)?.[1];
  if (deleted) return `borradas: ${deleted.replace(/of (\w+)/g, (_, rows) => `de ${ROWS[rows] ?? rows}`)}`;
  const pattern = PATTERNS.find(([english]) => english.test(text));
  return pattern ? text.replace(...pattern) : (DESCRIPTIONS[text] ?? CHECKS[text] ?? text);
}
