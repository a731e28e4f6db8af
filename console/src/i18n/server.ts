// What the server says by itself, which it does in English: why a camera is lost, what a job has done, what a model is. What
// is not among these (a later server's words, somebody's own descriptions) is shown as it comes.

import { language } from '../prefs';

/** A text of the server, and the same in Spanish; `$1` is what the first group has found. */
type Pair = readonly [RegExp, string];

const PIPELINES: readonly Pair[] = [
  [
    /^A recorded video; every frame is analysed, in order$/,
    'Un vídeo grabado; se analizan todos los cuadros, en orden',
  ],
  [/^A network camera over RTSP$/, 'Una cámara de red por RTSP'],
  [
    /^A moving test picture, 640x480 at 15 frames a second$/,
    'Una imagen de prueba en movimiento, 640x480 a 15 cuadros por segundo',
  ],
  [
    /^A USB camera or any other Video4Linux device$/,
    'Una cámara USB o cualquier otro dispositivo de Video4Linux',
  ],
  [
    /^A browser or an encoder that sends its pictures by WebRTC \(WHIP\)$/,
    'Un navegador o un codificador que envía sus imágenes por WebRTC (WHIP)',
  ],
];

const MODELS: readonly Pair[] = [
  [
    /^Age of an aligned face, 0 to 80 years, 64x64 crop$/,
    'Edad de una cara alineada, de 0 a 80 años, recorte de 64x64',
  ],
  [
    /^BlazeFace back, faces with 6 key points in a frame, (\d+x\d+)$/,
    'BlazeFace back, caras con 6 puntos clave en un cuadro, $1',
  ],
  [
    /^BlazeFace front, near faces with 6 key points, (\d+x\d+)$/,
    'BlazeFace front, caras cercanas con 6 puntos clave, $1',
  ],
  [
    /^BlazePose (full|lite), 33 landmarks of one person, (\d+x\d+) crop$/,
    'BlazePose $1, 33 puntos de una persona, recorte de $2',
  ],
  [/^NanoDet-g, 80 COCO classes, (\d+x\d+)$/, 'NanoDet-g, 80 clases de COCO, $1'],
  [
    /^NanoDet-g in whole numbers, 80 COCO classes, (\d+x\d+)$/,
    'NanoDet-g en números enteros, 80 clases de COCO, $1',
  ],
  [
    /^MediaPipe selfie multiclass, hair, skin, clothes of one person, (\d+x\d+) crop$/,
    'MediaPipe selfie multiclass, pelo, piel y ropa de una persona, recorte de $1',
  ],
  [
    /^Silero VAD, speech or not in 32 ms of sound, 16 kHz$/,
    'Silero VAD, si se habla o no en 32 ms de sonido, 16 kHz',
  ],
];

const CAMERAS: readonly Pair[] = [
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
  [/^no connection to (.+) on port (\d+)/, 'no hay conexión con $1 en el puerto $2'],
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
];

const JOBS: readonly Pair[] = [
  [/^started (\d+) of (\d+) shifts$/, 'iniciados $1 de $2 turnos'],
  [/^settled (\d+) shifts$/, 'cerrados $1 turnos'],
  [/^nothing was old enough$/, 'nada era bastante antiguo'],
  [
    /^(\S+): (\d+) rows, (\d+) bytes, checked; (\d+) older deleted$/,
    '$1: $2 filas, $3 bytes, revisada; $4 anteriores borradas',
  ],
];

const ALL = [...PIPELINES, ...MODELS, ...CAMERAS, ...JOBS];

/** A text of the server in the reader's language. */
export function fromServer(text: string): string {
  if (language.value === 'en') return text;
  const known = ALL.find(([english]) => english.test(text));
  return known ? text.replace(...known) : text;
}
