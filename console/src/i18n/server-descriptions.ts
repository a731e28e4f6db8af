// What models, pipelines and their parameters are, as the files that come with the server say it, in Spanish.

/** With what their words name: `$1` is what the first group has found. */
export const MODELS: readonly (readonly [RegExp, string])[] = [
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
];

/** Word for word. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'Age of an aligned face, 0 to 80 years, 64x64 crop':
    'Edad de una cara alineada, de 0 a 80 años, recorte de 64x64',
  'Silero VAD, speech or not in 32 ms of sound, 16 kHz':
    'Silero VAD, si se habla o no en 32 ms de sonido, 16 kHz',

  'A recorded video; every frame is analysed, in order':
    'Un vídeo grabado; se analizan todos los cuadros, en orden',
  'A network camera over RTSP': 'Una cámara de red por RTSP',
  'A moving test picture, 640x480 at 15 frames a second':
    'Una imagen de prueba en movimiento, 640x480 a 15 cuadros por segundo',
  'A USB camera or any other Video4Linux device':
    'Una cámara USB o cualquier otro dispositivo de Video4Linux',
  'A browser or an encoder that sends its pictures by WebRTC (WHIP)':
    'Un navegador o un codificador que envía sus imágenes por WebRTC (WHIP)',

  'Address of the stream, e.g. rtsp://192.168.1.20:554/stream1; may hold user and password':
    'Dirección del vídeo, p. ej. rtsp://192.168.1.20:554/stream1; puede llevar usuario y contraseña',
  'How long packets wait for late ones, milliseconds':
    'Cuánto esperan los paquetes a los que llegan tarde, en milisegundos',
  'How the pictures travel; udp loses some on a busy network':
    'Cómo viajan las imágenes; udp pierde algunas en una red cargada',
  'Labels to look for, separated by commas; empty looks for all that the model knows. Bags and ties only say something about people':
    'Etiquetas que se buscan, separadas por comas; vacío: todas las que conoce el modelo. Bolsos y corbatas solo dicen algo de las personas',
  "Name of a model manifest; absent: the server's detector.model":
    'Nombre del manifiesto de un modelo; si falta, detector.model del servidor',
  'Number of frames until the end; -1 for no end': 'Número de cuadros hasta el final; -1: sin final',
  'Password, when it is not part of the address': 'Contraseña, cuando no es parte de la dirección',
  'Plays at the speed of the recording; a server always does':
    'Se reproduce a la velocidad de la grabación; un servidor siempre lo hace',
  "Score from which a box can begin a track; weaker ones only carry known tracks on; 0 or absent: what the model's manifest says":
    'Puntuación desde la que un recuadro puede empezar un seguimiento; los más débiles solo continúan los ya conocidos; 0 o ausente: lo que diga el manifiesto del modelo',
  'Share of a core for looking closer at people: what they wear and carry, their age range; 0 for none':
    'Parte de un núcleo para mirar de cerca a las personas: lo que visten y llevan, su edad aproximada; 0: nada',
  'Starts again at the end; only in a server': 'Empieza de nuevo al acabar; solo en un servidor',
  'The detector looks at every n-th frame; the tracker carries boxes over the others':
    'El detector mira uno de cada n cuadros; en los demás, el seguidor continúa los recuadros',
  'The device; /dev/v4l/by-id/… stays the same when cameras are plugged in another order':
    'El dispositivo; /dev/v4l/by-id/… no cambia al conectar las cámaras en otro orden',
  'The file; any container and codec that this machine can decode':
    'El archivo; cualquier contenedor y códec que este equipo pueda decodificar',
  'User name, when it is not part of the address': 'Usuario, cuando no es parte de la dirección',
  'What is painted out before anything looks at the picture: x,y,x,y,x,y… in fractions of it; further polygons after a ;':
    'Lo que se tapa antes de que nada mire la imagen: x,y,x,y,x,y… en fracciones de ella; más polígonos tras un ;',
  'What of people is made unrecognisable in all video; all of the picture while nothing looks at it':
    'Lo que se hace irreconocible de las personas en todo el vídeo; toda la imagen mientras nada la mira',
  'What the picture shows': 'Lo que muestra la imagen',
};
