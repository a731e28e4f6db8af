// What totems, those who watch them and the server say to each other on `/ws`: docs/totem.md as types.

export interface Attribute {
  /** A code such as `jacket`; null when it is not known. */
  value: string | null;
  confidence: number;
}

/** The names of what is said of a person, in the order in which people are told of them. */
export const ATTRIBUTES = [
  'garment',
  'style',
  'primary_color',
  'secondary_color',
  'head_accessory',
  'bag',
  'age_range',
] as const;

export type AttributeName = (typeof ATTRIBUTES)[number];

/** `[x, y, width, height]` in pixels of the picture. */
export type Box = [number, number, number, number];

export interface Detection {
  /** Null until somebody has been seen twice. */
  track: number | null;
  label: string;
  confidence: number;
  box: Box;
  face: Box | null;
  attributes: Record<AttributeName, Attribute>;
}

/** What was seen on a picture. */
export interface Answer {
  type: 'realtime_analysis';
  /** JPEG in base64; null when there was no picture. */
  annotated_image: string | null;
  engine: string;
  timestamp: string;
  /** The totem. */
  camera: string;
  branch_id: number;
  width: number;
  height: number;
  /** Nearest first. */
  detections: Detection[];
  /** The boxes were found on this very picture, and not on an earlier one. */
  detector_ran: boolean;
  analysis_age_ms: number;
  request_id?: string | number;
}

/** What was heard. */
export interface Voice {
  type: 'voice_analysis';
  segments_ms: [number, number][];
  /** Of the sound, 0..1. */
  speech_ratio: number;
  loudness_db: number;
  duration_ms: number;
  camera: string;
  timestamp: string;
  request_id?: string | number;
}

/** What was said could not be done; the connection goes on. */
export interface Refusal {
  type: 'error';
  code: string;
  message: string;
  request_id?: string | number;
}

export type ServerMessage =
  | Answer
  | Voice
  | Refusal
  | { type: 'pong' }
  /** This reader was too slow for so many answers. */
  | { type: 'skipped'; answers: number };

export type ClientMessage =
  | { type: 'ping' }
  | { type: 'image_stream'; image_data: string; camera_active: true; timestamp: string; request_id: string }
  | {
      type: 'audio_stream';
      audio_data: string;
      sample_rate: number;
      format: 's16le';
      channels: 1;
      request_id: string;
    };

/** What a text says; nothing when it is no message. A later server may say more than is known here. */
export function readMessage(text: unknown): ServerMessage | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    const message = JSON.parse(text);
    return typeof message?.type === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of a picture that came as base64. */
export function pictureOf(base64: string): Blob {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: 'image/jpeg' });
}
