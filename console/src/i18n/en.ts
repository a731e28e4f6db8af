// English, and by its type the list of everything the console says.

import type { CameraStateName } from '../api';
import type { Section } from '../routes';

const number = new Intl.NumberFormat('en');
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const count = (n: number, one: string, many: string) => `${number.format(n)} ${n === 1 ? one : many}`;

export const en = {
  pages: {
    live: 'Live',
    shifts: 'Shifts',
    events: 'Events',
    places: 'Places',
    system: 'System',
  } satisfies Record<Section, string>,
  branch: 'Branch',
  allBranches: 'All branches',
  noPage: 'This page could not be loaded.',
  noAnswer: 'The server does not answer.',
  mayNot: (reason: string): string => `Your role may not do this: ${reason}`,
  undo: 'Undo',
  dismiss: 'Dismiss',
  cancel: 'Cancel',
  save: 'Save',
  add: 'Add',
  change: 'Change',
  remove: 'Delete',
  leaveUnsaved: 'Something on this page is not saved yet. Leave it all the same?',
  takeTheirs: 'Load theirs',
  keepMine: 'Save mine over it',
  asTable: 'As a table',
  live: 'Live',
  title: (page: string): string => `${page} · Atalaya`,
  skip: 'Skip to the content',
  sections: 'Sections',
  loading: 'Asking the server …',

  language: 'Language',
  toLight: 'Switch to the light theme',
  toDark: 'Switch to the dark theme',
  signOut: 'Sign out',
  roles: { admin: 'Administrator', kitchen: 'Kitchen', waiter: 'Waiter', viewer: 'Viewer' } as Record<
    string,
    string
  >,

  number: (n: number): string => number.format(n),
  ofCameras: (all: number): string => `of ${count(all, 'camera', 'cameras')} running`,
  peopleNow: (n: number): string => (n === 1 ? 'person now' : 'people now'),
  visitsThisShift: (n: number): string => `${n === 1 ? 'visit' : 'visits'} this shift`,
  shiftSince: (shift: string, since: string): string => `${shift}, since ${since}`,
  inBranches: (counted: number, all: number): string =>
    counted < all
      ? `${number.format(counted)} of ${count(all, 'branch', 'branches')}`
      : count(all, 'branch', 'branches'),
  asOf: (time: string): string => `as of ${time}`,
  shifts: { morning: 'morning', afternoon: 'afternoon', night: 'night' } as Record<string, string>,

  states: {
    connecting: 'connecting',
    running: 'running',
    lost: 'lost',
    stopped: 'stopped',
    failed: 'failed',
  } satisfies Record<CameraStateName, string>,
  fps: (n: number): string => `${decimal.format(n < 9.95 ? n : Math.round(n))} fps`,
  now: 'now',
  visits: (n: number): string => (n === 1 ? 'visit' : 'visits'),
  lostSince: (time: string): string => `Lost since ${time}`,
  nextTry: (seconds: number): string => (seconds > 0 ? `next try in ${seconds} s` : 'trying now'),
  connectingSince: (time: string): string => `Connecting since ${time}`,
  waitingForSender: 'waiting for somebody who sends',
  feedHelp:
    'This camera gets its pictures from whoever sends them: open this address on the device that has the camera, and press start.',
  failedHelp: 'Somebody has to change this camera’s settings or the machine, then restart it.',
  stoppedHelp: 'Stopped. Nothing is recorded.',
  start: 'Start',
  restart: 'Restart',

  open: (name: string): string => `Open ${name}`,
  pictureOf: (name: string): string => `Live picture of ${name}`,
  boxes: 'Boxes',
  boxesOf: (name: string): string => `Boxes on ${name}`,
  snapshot: 'Snapshot',
  snapshotOf: (name: string): string => `Save a snapshot of ${name}`,
  fullScreen: 'Full screen',
  close: 'Close',
  previous: 'Previous camera',
  next: 'Next camera',
  noSnapshot: (reason: string): string => `No snapshot: ${reason}`,
  noAction: (reason: string): string => `That did not work: ${reason}`,

  videoConnecting: 'Connecting the video …',
  videoWaiting: (seconds: number): string =>
    seconds > 0 ? `Video interrupted, next try in ${seconds} s` : 'Video interrupted, trying now',
  via: { webrtc: 'WebRTC', mjpeg: 'MJPEG' },
  viaHelp: {
    webrtc: 'Video by WebRTC: the shortest delay',
    mjpeg: 'Video by MJPEG, since WebRTC did not get through; it is tried again by itself',
  },

  facts: {
    state: 'State',
    since: 'Since',
    size: 'Picture',
    fpsIn: 'Frames in',
    fpsAnalysed: 'Analysed',
    dropped: 'Not analysed',
    inference: 'One analysis',
    reconnects: 'Reconnects',
    lastError: 'Last error',
    pipeline: 'Pipeline',
    video: 'Video',
  },
  frames: (n: number): string => count(n, 'frame', 'frames'),

  away: (time: string): string => `The server has not answered since ${time}. What you see is from then.`,
  retryIn: (seconds: number): string => (seconds > 0 ? `Next try in ${seconds} s` : 'Trying now'),
  eventsLost: 'Live events lost',
  eventsLostHelp: 'The connection that tells what happens is lost. It is tried again by itself.',
  tryAgain: 'Try again',

  signedOutTitle: 'You are not signed in',
  signedOut: 'This console opens with a link. On the machine that runs Atalaya, ask for a new one:',
  signedOutNote:
    'Did the server start with --config, --data-dir or --listen? Then the command needs the same; the server printed the whole of it below its first link. A link is good for a short time. Whoever has it sees the cameras, so hand it only to your own people.',
  copy: 'Copy',
  copied: 'Copied',

  forbiddenTitle: 'Your role may not see the cameras',
  forbidden: 'Ask an administrator for a link with another role.',

  emptyTitle: 'No camera yet',
  addCamera: 'Add a camera',
  wall: {
    tiles: 'Tiles',
    auto: 'all',
    previous: 'Previous cameras',
    next: 'Next cameras',
    range: (from: number, to: number, all: number): string =>
      `${from === to ? from : `${from}–${to}`} of ${number.format(all)}`,
  },
  empty: 'Add the first one: found on the network, or described by hand.',
  emptyFile: 'Or in the configuration file, then start Atalaya again:',
  emptyRest: 'Or over HTTP, with an administrator’s token:',
  emptyDemo: 'Without a camera at hand, this plays real footage through a simulated one:',

  goneTitle: 'This camera is no longer there',
  goneHelp: 'Somebody has deleted it, or its address is wrong.',
  back: 'Back to all cameras',
};

export type Words = typeof en;
