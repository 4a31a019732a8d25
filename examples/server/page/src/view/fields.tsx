// Fields of the settings.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { say, write } from "../i18n";
import { type NumberParameter, parseNumber } from "../chat/parameters";

// What ties a field to its label and its hint.
export interface FieldTies {
  id: string;
  "aria-describedby"?: string;
}

export interface FieldProps {
  label: string;
  hint?: string;
  id?: string; // where others must find it
  children: (ties: FieldTies) => ComponentChildren;
}

export function Field({ label, hint, id, children }: FieldProps) {
  const made = useId();
  const own = id ?? made;
  return (
    <div class="field">
      <label for={own}>{label}</label>
      {children({ id: own, ...(hint !== undefined && { "aria-describedby": `${own}-hint` }) })}
      {hint !== undefined && (
        <span id={`${own}-hint`} class="hint">
          {hint}
        </span>
      )}
    </div>
  );
}

function rangeOf({ least, most, leastExcluded, whole }: NumberParameter): string {
  if (whole) return say().rangeFrom(write(least));
  return leastExcluded ? say().rangeAbove(write(least), write(most)) : say().range(write(least), write(most));
}

export interface NumberFieldProps {
  parameter: NumberParameter;
  value: number | undefined; // undefined: the model's default
  onChange: (value: number | undefined) => void;
}

// What is out of range is said at once and never sent: the last good value holds until it is mended.
export function NumberField({ parameter, value, onChange }: NumberFieldProps) {
  const written = value === undefined ? "" : write(value, 6).replace(/\s/g, "");
  const [text, setText] = useState(written);
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    // Set from elsewhere: another conversation, the reset.
    if (parseNumber(text, parameter) !== value) {
      setText(written);
      setWrong(false);
    }
  }, [value]);
  const typed = (input: string) => {
    setText(input);
    const read = parseNumber(input, parameter);
    const bad = input.trim() !== "" && read === undefined;
    setWrong(bad);
    if (!bad) onChange(read);
  };
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{say()[parameter.name]}</label>
      <input
        id={id}
        type="text"
        inputMode={parameter.whole ? "numeric" : "decimal"}
        autocomplete="off"
        placeholder={say().modelDefault}
        value={text}
        aria-invalid={wrong}
        aria-describedby={wrong ? `${id}-range` : undefined}
        onInput={(event) => typed(event.currentTarget.value)}
      />
      {wrong && (
        <span id={`${id}-range`} class="wrong" role="alert">
          {rangeOf(parameter)}
        </span>
      )}
    </div>
  );
}
