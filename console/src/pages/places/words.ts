// What the page of places says.

import { wordsOf } from '../../i18n';

const en = {
  addBranch: 'Add a branch',
  branches: 'Branches',
  name: 'Name',
  clock: 'Clock now',
  zone: 'Time zone',
  zoneSearch: 'Find a time zone',
  zoneHint: 'A city or a country’s part, such as Madrid or New York.',
  zoneNone: 'No time zone has these words.',
  sectorCount: 'Sectors',
  cameraCount: 'Cameras',
  managed: { file: 'configuration file', api: 'here' },
  managedBy: 'Changed in',
  fileReason: 'This branch stands in the configuration file and is changed there; then start Atalaya again.',
  mayNot: 'Your role may look at places and not change them.',
  hasCameras: (n: number): string =>
    n === 1
      ? 'A camera is in it: move or delete it first.'
      : `${n} cameras are in it: move or delete them first.`,
  changeBranch: (name: string): string => `Change ${name}`,
  newBranch: 'A new branch',
  zoneChange: 'The shifts begin by the new clock from their next start on.',
  deleteIt: (name: string): string => `Delete ${name}`,
  added: (name: string): string => `${name} is added.`,
  changed: (name: string): string => `${name} is changed.`,
  deleted: (name: string): string => `${name} is deleted.`,
  noneTitle: 'No branch yet',
  none: 'A branch is a venue with a clock of its own: its shifts begin by it.',
  gone: 'There is no such branch.',
  conflict: 'Somebody else has changed this meanwhile.',

  sectors: 'Sectors and who serves them',
  addSector: 'Add a sector',
  newSector: 'A new sector',
  noSectors:
    'No sectors. A sector is a part of a branch, such as a terrace; waiters are told of what happens in theirs.',
  sector: 'Sector',
  serves: (user: string, sector: string): string => `${user} serves ${sector}`,
  whoServes: 'Who serves which sector',
  person: 'Person',
  addPerson: 'Add a person',
  personName: 'Name in their token',
  personHint: 'What their token was issued to: its “sub”.',
  nobody: 'Nobody serves these sectors: what happens in them reaches administrators only.',
  now: (user: string, sectors: string): string =>
    sectors ? `${user} serves ${sectors}.` : `${user} serves no sector here.`,
  takeAll: (user: string): string => `Take all sectors from ${user}`,

  shifts: 'Shifts',
  shift: 'Shift',
  starts: 'Starts',
  days: 'Days',
  lasts: 'Lasts',
  everyDay: 'every day',
  hours: (h: string): string => `${h} h`,
  runsUntil: (name: string, until: string): string => `Now: ${name}, until ${until}.`,
  holdsFrom: (from: string): string =>
    `This schedule holds from ${from}; until then the running shift lasts.`,
  noChange: 'The clock of this time zone does not change within the next 13 months.',
  clockChanges: 'Changes of the clock',
  forward: (by: string, at: string, to: string): string =>
    `The clock goes ${by} forward, from ${at} to ${to}`,
  back: (by: string, at: string, to: string): string => `The clock goes ${by} back, from ${at} to ${to}`,
  lastsInstead: (shift: string, span: string, usual: string): string =>
    `${shift} lasts ${span} instead of ${usual}`,
  changeShifts: 'Change the shifts',
  toDefault: 'Back to the default',
  addShift: 'Add a shift',
  removeShift: (name: string): string => `Remove shift ${name}`,
  shiftRule:
    'A shift lasts until the next one starts. Give closed hours a shift of their own, such as “closed”.',
  needsName: 'Give each shift a name.',
  needsDays: 'Choose at least one day for each shift.',
  needsTime: 'Give each shift a start.',
  twice: 'Two shifts start at the same time of the same day.',
  shiftsChanged: (branch: string): string => `The shifts of ${branch} are changed.`,
};

export type PlaceWords = typeof en;

const es: PlaceWords = {
  addBranch: 'Añadir una sucursal',
  branches: 'Sucursales',
  name: 'Nombre',
  clock: 'Hora ahora',
  zone: 'Zona horaria',
  zoneSearch: 'Buscar una zona horaria',
  zoneHint: 'Una ciudad o región, como Madrid o New York (en inglés).',
  zoneNone: 'Ninguna zona horaria tiene esas palabras.',
  sectorCount: 'Sectores',
  cameraCount: 'Cámaras',
  managed: { file: 'archivo de configuración', api: 'aquí' },
  managedBy: 'Se cambia en',
  fileReason:
    'Esta sucursal está en el archivo de configuración y se cambia allí; después, inicia Atalaya otra vez.',
  mayNot: 'Tu rol permite ver los lugares, no cambiarlos.',
  hasCameras: (n) =>
    n === 1
      ? 'Tiene una cámara: primero muévela o elimínala.'
      : `Tiene ${n} cámaras: primero muévelas o elimínalas.`,
  changeBranch: (name) => `Cambiar ${name}`,
  newBranch: 'Sucursal nueva',
  zoneChange: 'Los turnos siguen el reloj nuevo desde su próximo comienzo.',
  deleteIt: (name) => `Eliminar ${name}`,
  added: (name) => `Se añadió ${name}.`,
  changed: (name) => `Se cambió ${name}.`,
  deleted: (name) => `Se eliminó ${name}.`,
  noneTitle: 'Todavía no hay sucursales',
  none: 'Una sucursal es un local con su propio reloj: por él comienzan sus turnos.',
  gone: 'Esa sucursal no existe.',
  conflict: 'Otra persona lo cambió entretanto.',

  sectors: 'Sectores y quién los atiende',
  addSector: 'Añadir un sector',
  newSector: 'Sector nuevo',
  noSectors:
    'No hay sectores. Un sector es una parte de la sucursal, como la terraza; cada camarero se entera de lo que pasa en los suyos.',
  sector: 'Sector',
  serves: (user, sector) => `${user} atiende ${sector}`,
  whoServes: 'Quién atiende qué sector',
  person: 'Persona',
  addPerson: 'Añadir una persona',
  personName: 'Nombre en su token',
  personHint: 'A quién se emitió su token: su «sub».',
  nobody: 'Nadie atiende estos sectores: lo que pasa en ellos llega solo a administración.',
  now: (user, sectors) =>
    sectors ? `${user} atiende ${sectors}.` : `${user} no atiende ningún sector aquí.`,
  takeAll: (user) => `Quitar todos los sectores a ${user}`,

  shifts: 'Turnos',
  shift: 'Turno',
  starts: 'Comienza',
  days: 'Días',
  lasts: 'Dura',
  everyDay: 'todos los días',
  hours: (h) => `${h} h`,
  runsUntil: (name, until) => `Ahora: ${name}, hasta ${until}.`,
  holdsFrom: (from) => `Este horario vale desde ${from}; hasta entonces sigue el turno en curso.`,
  noChange: 'El reloj de esta zona no cambia en los próximos 13 meses.',
  clockChanges: 'Cambios de hora',
  forward: (by, at, to) => `El reloj se adelanta ${by}, de ${at} a ${to}`,
  back: (by, at, to) => `El reloj se atrasa ${by}, de ${at} a ${to}`,
  lastsInstead: (shift, span, usual) => `${shift} dura ${span} en vez de ${usual}`,
  changeShifts: 'Cambiar los turnos',
  toDefault: 'Volver a los habituales',
  addShift: 'Añadir un turno',
  removeShift: (name) => `Quitar el turno ${name}`,
  shiftRule:
    'Un turno dura hasta que empieza el siguiente. Da a las horas de cierre un turno propio, como «cerrado».',
  needsName: 'Pon un nombre a cada turno.',
  needsDays: 'Elige al menos un día para cada turno.',
  needsTime: 'Pon el comienzo de cada turno.',
  twice: 'Dos turnos comienzan a la misma hora del mismo día.',
  shiftsChanged: (branch) => `Se cambiaron los turnos de ${branch}.`,
};

export const placeWords = wordsOf({ en, es });
