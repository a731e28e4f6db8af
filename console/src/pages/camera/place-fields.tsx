// Where a camera stands: its branch, and the sector of that.

import { listSectors } from '../../api/sectors';
import { useAsked } from '../../components/asked';
import { SelectField } from '../../components/form';
import { branches } from '../../data/branches';
import { words as common } from '../../i18n';
import { cameraWords } from './words';

interface Place {
  branch_id: number;
  sector_id: number | null;
}

interface PlaceFieldsProps extends Place {
  onPlace: (place: Place) => void;
  disabled?: boolean;
}

export function PlaceFields({ branch_id, sector_id, onPlace, disabled = false }: PlaceFieldsProps) {
  const words = cameraWords.value;
  const sectors = useAsked(() => listSectors(branch_id), [branch_id]);
  return (
    <>
      <SelectField
        label={common.value.branch}
        value={String(branch_id)}
        onValue={(id) => onPlace({ branch_id: Number(id), sector_id: null })}
        options={options(branches.value, branch_id)}
        disabled={disabled}
      />
      <SelectField
        label={words.sector}
        value={sector_id === null ? '' : String(sector_id)}
        onValue={(id) => onPlace({ branch_id, sector_id: id === '' ? null : Number(id) })}
        options={[{ value: '', name: words.noSector }, ...options(sectors.value, sector_id)]}
        disabled={disabled}
      />
    </>
  );
}

/** What is chosen need not be described: a camera may name a sector that nobody has. */
function options(list: readonly { id: number; name: string }[] = [], chosen: number | null) {
  const isKnown = chosen === null || list.some(({ id }) => id === chosen);
  const whole = isKnown ? list : [...list, { id: chosen, name: String(chosen) }];
  return whole.map(({ id, name }) => ({ value: String(id), name }));
}
