// A field for each parameter of a pipeline, by its schema.

import type { Parameter } from '../../api/pipelines';
import { CheckField, SelectField, TextField } from '../../components/form';
import { fromServer } from '../../i18n/server';
import { language } from '../../prefs';
import { shown, type Typed, wrongWith } from './parameters';
import { cameraWords, wrongSaid } from './words';

interface ParameterFieldsProps {
  parameters: readonly Parameter[];
  typed: Typed;
  onTyped: (name: string, text: string) => void;
  disabled?: boolean | undefined;
  /** Fields that were not touched say nothing of being empty. */
  isNew?: boolean;
  /** What holds for parameters without a default of their own while they are empty. */
  holds?: Typed;
}

export function ParameterFields(props: ParameterFieldsProps) {
  const { parameters, typed, onTyped, disabled, isNew, holds } = props;
  return (
    <div class="fields">
      {parameters.map((parameter) => (
        <ParameterField
          key={parameter.name}
          parameter={parameter}
          text={typed[parameter.name] ?? ''}
          onText={(text) => onTyped(parameter.name, text)}
          disabled={disabled ?? false}
          isNew={isNew ?? false}
          holds={holds?.[parameter.name] ?? ''}
        />
      ))}
    </div>
  );
}

interface ParameterFieldProps {
  parameter: Parameter;
  text: string;
  onText: (text: string) => void;
  disabled: boolean;
  isNew: boolean;
  holds: string;
}

function ParameterField({ parameter, text, onText, disabled, isNew, holds }: ParameterFieldProps) {
  const words = cameraWords.value;
  const { name, type, choices, secret, required } = parameter;
  const known = words.parameters[name];
  const label = known?.name ?? name;
  const wrong = isNew && text === '' ? undefined : wrongWith(parameter, text);
  const isKept = secret && text.includes('***');
  const fallback = shown(parameter.default) || holds;
  const hint = [
    isKept
      ? words.secretKept
      : (known?.hint ?? (known && language.value !== 'en' ? '' : fromServer(parameter.description))),
    fallback !== '' && type !== 'bool' && type !== 'choice' && words.byDefault(fallback),
  ]
    .filter(Boolean)
    .join('; ');
  const common = { label, hint: hint || undefined, error: wrong && wrongSaid(wrong), disabled };
  if (type === 'bool') {
    return (
      <CheckField
        {...common}
        checked={(text || fallback) === 'true'}
        onChecked={(checked) => onText(String(checked))}
      />
    );
  }
  if (type === 'choice') {
    const nameOf = (value: string) => known?.values?.[value] ?? value;
    const unset = { value: '', name: words.defaultChoice(nameOf(fallback)) };
    const options = choices.map((value) => ({ value, name: nameOf(value) }));
    return <SelectField {...common} value={text} onValue={onText} options={[unset, ...options]} />;
  }
  const isNumber = type === 'int' || type === 'float';
  return (
    <TextField
      {...common}
      value={text}
      onValue={onText}
      type={secret && type === 'string' ? 'password' : isNumber ? 'number' : 'text'}
      required={required}
      {...(isNumber ? { step: type === 'int' ? 1 : ('any' as const) } : {})}
      {...(isNumber && parameter.min !== null ? { min: parameter.min } : {})}
      {...(isNumber && parameter.max !== null ? { max: parameter.max } : {})}
      placeholder={fallback}
    />
  );
}
