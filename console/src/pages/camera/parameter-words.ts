// The parameters of the built-in pipelines in people's words; of others the server's own are shown.

export type ParameterWords = Readonly<
  Record<string, { name: string; hint?: string; values?: Readonly<Record<string, string>> }>
>;

export const en: ParameterWords = {
  location: { name: 'Address or file', hint: 'rtsp://user:password@192.168.1.20/stream, or a path' },
  user: { name: 'User', hint: 'When it is not part of the address' },
  password: { name: 'Password', hint: 'When it is not part of the address' },
  device: {
    name: 'Device',
    hint: '/dev/v4l/by-id/… stays the same when cameras are plugged in another order',
  },
  pattern: { name: 'Test picture' },
  loop: { name: 'Again from the start at its end' },
  realtime: { name: 'At the speed of the recording', hint: 'A server always does' },
  frames: { name: 'Frames until the end', hint: '-1: no end' },
  threshold: {
    name: 'Surety to begin with',
    hint: '0 to 1: how sure the detector has to be of somebody new',
  },
  'inference-interval': { name: 'Look at every n-th frame', hint: 'Boxes are carried over the others' },
  'attributes-budget': {
    name: 'Share of a core for clothes and ages',
    hint: '0 to 1; 0: nobody is looked at closely',
  },
  labels: { name: 'What to look for', hint: 'Labels of the model, separated by commas; empty: all' },
  model: { name: 'Model', hint: 'Empty: the server’s' },
  blur: {
    name: 'Make unrecognisable',
    values: { nobody: 'nobody', faces: 'faces', heads: 'heads', people: 'whole people' },
  },
  mask: { name: 'Painted out' },
  transport: { name: 'Transport', hint: 'UDP loses pictures on a busy network' },
  'latency-ms': { name: 'Wait for late packets, ms' },
};

export const es: ParameterWords = {
  location: { name: 'Dirección o archivo', hint: 'rtsp://usuario:clave@192.168.1.20/stream, o una ruta' },
  user: { name: 'Usuario', hint: 'Cuando no es parte de la dirección' },
  password: { name: 'Contraseña', hint: 'Cuando no es parte de la dirección' },
  device: {
    name: 'Dispositivo',
    hint: '/dev/v4l/by-id/… no cambia al conectar las cámaras en otro orden',
  },
  pattern: { name: 'Imagen de prueba' },
  loop: { name: 'De nuevo desde el principio al acabar' },
  realtime: { name: 'A la velocidad de la grabación', hint: 'Un servidor siempre lo hace' },
  frames: { name: 'Cuadros hasta el final', hint: '-1: sin final' },
  threshold: {
    name: 'Certeza para empezar',
    hint: '0 a 1: cuán seguro debe estar el detector ante alguien nuevo',
  },
  'inference-interval': {
    name: 'Mirar uno de cada n cuadros',
    hint: 'En los demás, los recuadros se siguen',
  },
  'attributes-budget': {
    name: 'Parte de un núcleo para ropa y edades',
    hint: '0 a 1; 0: no se mira a nadie de cerca',
  },
  labels: { name: 'Qué buscar', hint: 'Etiquetas del modelo, separadas por comas; vacío: todas' },
  model: { name: 'Modelo', hint: 'Vacío: el del servidor' },
  blur: {
    name: 'Hacer irreconocible',
    values: { nobody: 'a nadie', faces: 'las caras', heads: 'las cabezas', people: 'personas enteras' },
  },
  mask: { name: 'Tapado' },
  transport: { name: 'Transporte', hint: 'UDP pierde imágenes en una red cargada' },
  'latency-ms': { name: 'Espera de paquetes tardíos, ms' },
};
