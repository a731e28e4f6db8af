// The console's few drawings, on a 16 px grid, in the colour of the text around them.

import type { ComponentChildren } from 'preact';
import type { CameraStateName } from '../api';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

const stroke = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5 } as const;

export const MarkIcon = () => (
  <Icon>
    <path
      fill="currentColor"
      fill-rule="evenodd"
      d="M3 1.5h2.5V3H7V1.5h2V3h1.5V1.5H13V6l-1.5 1.5v7h-7v-7L3 6Zm4 6v3h2v-3Z"
    />
  </Icon>
);
/** Struck out while boxes are off, so that colour is not the only sign. */
export const BoxesIcon = ({ shown }: { shown: boolean }) => (
  <Icon>
    <path {...stroke} d="M1.75 5V1.75H5M11 1.75h3.25V5M14.25 11v3.25H11M5 14.25H1.75V11" />
    <path {...stroke} d={shown ? 'M5.75 4.75h4.5v6.5h-4.5z' : 'm3.5 12.5 9-9'} />
  </Icon>
);
export const SnapshotIcon = () => (
  <Icon>
    <path {...stroke} d="M1.75 4.75h3l1-2h4.5l1 2h3v8.5H1.75Z" />
    <circle {...stroke} cx="8" cy="8.75" r="2.25" />
  </Icon>
);
export const OpenIcon = () => (
  <Icon>
    <path {...stroke} d="M9.5 1.75h4.75V6.5M14 2 9.25 6.75M6.5 14.25H1.75V9.5M2 14l4.75-4.75" />
  </Icon>
);
export const FullScreenIcon = () => (
  <Icon>
    <path {...stroke} d="M1.75 6V1.75H6M10 1.75h4.25V6M14.25 10v4.25H10M6 14.25H1.75V10" />
  </Icon>
);
export const CloseIcon = () => (
  <Icon>
    <path {...stroke} d="m3 3 10 10M13 3 3 13" />
  </Icon>
);
export const PreviousIcon = () => (
  <Icon>
    <path {...stroke} d="M10.5 2.5 5 8l5.5 5.5" />
  </Icon>
);
export const NextIcon = () => (
  <Icon>
    <path {...stroke} d="M5.5 2.5 11 8l-5.5 5.5" />
  </Icon>
);
export const ThemeIcon = () => (
  <Icon>
    <circle {...stroke} cx="8" cy="8" r="5.75" />
    <path fill="currentColor" d="M8 2.25v11.5a5.75 5.75 0 0 0 0-11.5Z" />
  </Icon>
);
export const SignOutIcon = () => (
  <Icon>
    <path {...stroke} d="M9.25 1.75h-7.5v12.5h7.5M5.5 8h8.75M11 4.75 14.25 8 11 11.25" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <path fill="currentColor" d="M3.5 3.5h9v9h-9z" />
  </Icon>
);
export const TurnCameraIcon = () => (
  <Icon>
    <path
      {...stroke}
      d="M2 7.25A6 6 0 0 1 13 4.5M14 8.75A6 6 0 0 1 3 11.5M13.25 1.5v3.25H10M2.75 14.5v-3.25H6"
    />
  </Icon>
);
/** Struck out while it is off. */
export const MicrophoneIcon = ({ isOn }: { isOn: boolean }) => (
  <Icon>
    <path {...stroke} d="M8 1.75a2 2 0 0 1 2 2v4a2 2 0 0 1-4 0v-4a2 2 0 0 1 2-2Z" />
    <path {...stroke} d="M3.5 7.5a4.5 4.5 0 0 0 9 0M8 12v2.5" />
    {!isOn && <path {...stroke} d="m2.5 13.5 11-11" />}
  </Icon>
);

/** Each state has a shape of its own, so that colour is never the only sign. */
export function StateShape({ state }: { state: CameraStateName }) {
  switch (state) {
    case 'running':
      return (
        <Icon>
          <circle cx="8" cy="8" r="4" fill="currentColor" />
        </Icon>
      );
    case 'connecting':
      return (
        <Icon>
          <circle {...stroke} cx="8" cy="8" r="4.75" stroke-dasharray="2.2 1.53" />
        </Icon>
      );
    case 'lost':
      return (
        <Icon>
          <path {...stroke} d="M8 2.5 14.25 13.25H1.75Z" stroke-linejoin="round" />
          <path {...stroke} d="M8 6.25v3.25M8 10.5V12" />
        </Icon>
      );
    case 'stopped':
      return (
        <Icon>
          <path {...stroke} d="M4 4h8v8H4z" />
        </Icon>
      );
    case 'failed':
      return (
        <Icon>
          <path
            {...stroke}
            d="M5.2 1.75h5.6l3.45 3.45v5.6l-3.45 3.45H5.2L1.75 10.8V5.2ZM5.5 5.5l5 5M10.5 5.5l-5 5"
          />
        </Icon>
      );
  }
}
