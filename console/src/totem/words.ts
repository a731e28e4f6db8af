// The totem's words. Whoever reads them stands before a screen in passing.

import { wordsOf } from '../i18n';
import type { Trouble } from './camera';

interface Advice {
  title: string;
  /** What to do. */
  text: string;
}

const en = {
  title: 'What the camera sees',
  what: 'Atalaya looks at the picture for people, their clothes and colours, what they carry and about how old they are, and listens for whether somebody speaks.',
  kept: 'No picture and no sound is kept, and nobody is recognised: all that stays are counts and words such as “jacket, blue”.',
  start: 'Start',
  stop: 'Stop',
  withSound: 'With the microphone',
  asking: 'Your browser asks for the camera: choose “Allow”.',
  turn: 'Switch to the other camera',
  soundOn: 'Switch the microphone on',
  soundOff: 'Switch the microphone off',
  fullScreen: 'Full screen',
  leaveFullScreen: 'Leave full screen',
  picture: 'Live picture with what was seen drawn on it',
  people: (n: number): string =>
    n === 0 ? 'Nobody is in sight' : n === 1 ? '1 person in sight' : `${n} people in sight`,
  nearest: 'The nearest one',
  colours: 'Colours',
  unknown: 'not seen',
  voice: 'Voice',
  voiceStates: {
    speaking: 'somebody speaks',
    quiet: 'no voice',
    listening: 'listening',
    waiting: '–',
    off: 'microphone off',
    denied: 'microphone not allowed',
    missing: 'no microphone',
  },
  level: (percent: number): string => `${percent} % loud`,
  connecting: 'Connecting …',
  lost: (time: string): string => `No connection since ${time}. Nothing is analysed meanwhile.`,
  signedOut:
    'This device is not signed in. For staff: open this page with a device’s token, or sign in to the console in this browser.',
  turnedAway: (reason: string): string => `The server does not let this device in (${reason}).`,
  refusals: {
    busy: 'As many totems are at work as the server can take. It is tried again by itself.',
    forbidden: 'This device’s token may watch and not send pictures. For staff: give it another.',
    unavailable: 'The server cannot analyse pictures now; its log says why. It is tried again by itself.',
  } as Record<string, string>,
  refused: (code: string): string => `The server could not use the picture (${code}). It is tried again.`,
  troubles: {
    denied: {
      title: 'The camera is not allowed',
      text: 'Press the symbol beside the address and allow the camera; then it starts. On a phone it may be switched off for this browser: look in the settings under privacy.',
    },
    missing: { title: 'There is no camera', text: 'Connect one. It starts by itself once it is there.' },
    busy: {
      title: 'Another app uses the camera',
      text: 'Close that app, or the other tab. It starts by itself once the camera is free.',
    },
    insecure: {
      title: 'Browsers give no camera to this address',
      text: 'Cameras need an encrypted connection. For staff: open this page by https, through the proxy in front of the server, or on the server itself at localhost. A kiosk’s Chromium can be told to trust this address:',
    },
    unsupported: {
      title: 'This browser knows no camera',
      text: 'Open this page in a current Chrome, Edge, Firefox or Safari, and not within another app.',
    },
    failed: {
      title: 'The camera does not start',
      text: 'Unplug it and plug it in again, or restart this device. It is tried again by itself.',
    },
  } satisfies Record<Trouble, Advice> as Record<Trouble, Advice>,
};

const es: typeof en = {
  title: 'Lo que ve la cámara',
  what: 'Atalaya busca en la imagen personas, su ropa y sus colores, lo que llevan y su edad aproximada, y escucha si alguien habla.',
  kept: 'No se guarda ninguna imagen ni ningún sonido y no se reconoce a nadie: solo quedan recuentos y palabras como «chaqueta, azul».',
  start: 'Empezar',
  stop: 'Detener',
  withSound: 'Con el micrófono',
  asking: 'Tu navegador pide la cámara: elige «Permitir».',
  turn: 'Cambiar a la otra cámara',
  soundOn: 'Encender el micrófono',
  soundOff: 'Apagar el micrófono',
  fullScreen: 'Pantalla completa',
  leaveFullScreen: 'Salir de pantalla completa',
  picture: 'Imagen en vivo con lo detectado dibujado encima',
  people: (n) =>
    n === 0 ? 'Nadie a la vista' : n === 1 ? '1 persona a la vista' : `${n} personas a la vista`,
  nearest: 'La más cercana',
  colours: 'Colores',
  unknown: 'no se ve',
  voice: 'Voz',
  voiceStates: {
    speaking: 'alguien habla',
    quiet: 'sin voz',
    listening: 'escuchando',
    waiting: '–',
    off: 'micrófono apagado',
    denied: 'micrófono no permitido',
    missing: 'sin micrófono',
  },
  level: (percent) => `volumen al ${percent} %`,
  connecting: 'Conectando …',
  lost: (time) => `Sin conexión desde las ${time}. Mientras tanto no se analiza nada.`,
  signedOut:
    'Este dispositivo no ha iniciado sesión. Para el personal: abre esta página con el token de un dispositivo, o inicia sesión en la consola en este navegador.',
  turnedAway: (reason) => `El servidor no admite este dispositivo (${reason}).`,
  refusals: {
    busy: 'Ya trabajan tantos tótems como admite el servidor. Se reintenta solo.',
    forbidden:
      'El token de este dispositivo permite mirar y no enviar imágenes. Para el personal: usa otro token.',
    unavailable: 'El servidor no puede analizar imágenes ahora; su registro dice por qué. Se reintenta solo.',
  },
  refused: (code) => `El servidor no pudo usar la imagen (${code}). Se reintenta.`,
  troubles: {
    denied: {
      title: 'La cámara no está permitida',
      text: 'Pulsa el símbolo junto a la dirección y permite la cámara; entonces empieza. En un teléfono puede estar desactivada para este navegador: mira en los ajustes, en privacidad.',
    },
    missing: { title: 'No hay cámara', text: 'Conecta una. Empieza sola en cuanto esté.' },
    busy: {
      title: 'Otra aplicación usa la cámara',
      text: 'Cierra esa aplicación o la otra pestaña. Empieza sola en cuanto la cámara quede libre.',
    },
    insecure: {
      title: 'Los navegadores no dan la cámara a esta dirección',
      text: 'Las cámaras necesitan una conexión cifrada. Para el personal: abre esta página por https, a través del proxy que está delante del servidor, o en el propio servidor como localhost. Al Chromium de un quiosco se le puede decir que confíe en esta dirección:',
    },
    unsupported: {
      title: 'Este navegador no conoce cámaras',
      text: 'Abre esta página en un Chrome, Edge, Firefox o Safari actual, y no dentro de otra aplicación.',
    },
    failed: {
      title: 'La cámara no arranca',
      text: 'Desconéctala y vuelve a conectarla, o reinicia este dispositivo. Se reintenta solo.',
    },
  },
};

export const totemWords = wordsOf({ en, es });
