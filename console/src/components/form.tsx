// Parts of forms: a named control, what it means, and what is wrong with what was typed.

import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  /** What it means, or its unit and range. */
  hint?: string | undefined;
  /** What is wrong, and what would be right. */
  error?: string | undefined;
}

interface RowProps extends FieldProps {
  id: string;
  children: ComponentChildren;
}

function Row({ id, label, hint, error, children }: RowProps) {
  return (
    <div class={error ? 'field wrong' : 'field'}>
      <label for={id}>{label}</label>
      {children}
      {(error ?? hint) && (
        <p id={`${id}-note`} class={error ? 'error' : 'quiet'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

const described = (id: string, { hint, error }: FieldProps) => ({
  id,
  'aria-invalid': error ? true : undefined,
  'aria-describedby': (error ?? hint) ? `${id}-note` : undefined,
});

interface TextProps extends FieldProps {
  value: string;
  onValue: (value: string) => void;
  type?: 'text' | 'number' | 'time' | 'date' | 'datetime-local' | 'password' | 'url';
  min?: number | string;
  max?: number | string;
  step?: number | 'any';
  placeholder?: string;
  required?: boolean;
  disabled?: boolean;
}

export function TextField(props: TextProps) {
  const { label, hint, error, value, onValue, type = 'text', ...input } = props;
  const id = useId();
  // Preact's types tell inputs apart by a literal `type`; here any of these will do.
  const attributes = { ...input, ...described(id, props), type, value } as JSX.IntrinsicElements['input'];
  return (
    <Row id={id} label={label} hint={hint} error={error}>
      <input {...attributes} onInput={(event) => onValue(event.currentTarget.value)} />
    </Row>
  );
}

interface SelectProps<T extends string> extends FieldProps {
  value: T;
  onValue: (value: T) => void;
  options: readonly { value: T; name: string }[];
  disabled?: boolean;
}

export function SelectField<T extends string>(props: SelectProps<T>) {
  const { label, hint, error, value, onValue, options, disabled } = props;
  const id = useId();
  return (
    <Row id={id} label={label} hint={hint} error={error}>
      <select
        {...described(id, props)}
        disabled={disabled}
        onChange={(event) => onValue(event.currentTarget.value as T)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} selected={option.value === value}>
            {option.name}
          </option>
        ))}
      </select>
    </Row>
  );
}

interface CheckProps extends FieldProps {
  checked: boolean;
  onChecked: (checked: boolean) => void;
  disabled?: boolean;
}

export function CheckField(props: CheckProps) {
  const { label, hint, error, checked, onChecked, disabled } = props;
  const id = useId();
  return (
    <div class={error ? 'field check wrong' : 'field check'}>
      <input
        {...described(id, props)}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChecked(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {(error ?? hint) && (
        <p id={`${id}-note`} class={error ? 'error' : 'quiet'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  /** What is chosen, for screen readers. */
  label: string;
  value: T;
  onValue: (value: T) => void;
  options: readonly { value: T; name: string }[];
}

/** A few choices side by side, one of them taken. */
export function Choice<T extends string>({ label, value, onValue, options }: ChoiceProps<T>) {
  return (
    <fieldset class="choice" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onValue(option.value)}
        >
          {option.name}
        </button>
      ))}
    </fieldset>
  );
}
