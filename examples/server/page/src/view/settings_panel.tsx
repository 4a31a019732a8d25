// The panel on the right: the server, and how the conversation on show is answered.
import { useEffect, useState } from "preact/hooks";
import { kDefaultParameters, kNumberParameters, type Parameters, parseStop, writeStop } from "../chat/parameters";
import { say } from "../i18n";
import { current, setSettings } from "../state/conversations";
import { currentModel, loadModels, models, modelsFailure } from "../state/models";
import { apiKey, keyKept, setApiKey } from "../store/preferences";
import { failureText } from "./failure_text";
import { Field, NumberField } from "./fields";
import { IconButton } from "./icon_button";
import { closePanel } from "./panels";

function setParameters(change: Partial<Parameters>): void {
  setSettings({ parameters: { ...current.value.settings.parameters, ...change } });
}

function Connection() {
  const failure = modelsFailure.value;
  return (
    <section aria-labelledby="connection">
      <h3 id="connection">{say().connection}</h3>
      <Field label={say().model}>
        {(ties) => (
          <select
            {...ties}
            value={currentModel.value?.id ?? ""}
            disabled={models.value.length === 0}
            onChange={(event) => setSettings({ model: event.currentTarget.value })}
          >
            {models.value.length === 0 && <option value="">{say().noModel}</option>}
            {models.value.map(({ id }) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
          </select>
        )}
      </Field>
      {failure && (
        <p class="wrong" role="alert">
          {failureText(failure)}{" "}
          <button type="button" class="link" onClick={() => void loadModels()}>
            {say().retry}
          </button>
        </p>
      )}
      <Field id="api-key" label={say().apiKey} hint={say().apiKeyHint}>
        {(ties) => (
          <input
            {...ties}
            type="password"
            autocomplete="off"
            spellcheck={false}
            value={apiKey.value}
            onInput={(event) => setApiKey(event.currentTarget.value.trim(), keyKept.value)}
            onChange={() => void loadModels()}
          />
        )}
      </Field>
      <label class="check">
        <input
          type="checkbox"
          checked={keyKept.value}
          onChange={(event) => setApiKey(apiKey.value, event.currentTarget.checked)}
        />
        <span>{say().keepKey}</span>
      </label>
    </section>
  );
}

function StopField({ stop }: { stop: string[] }) {
  const [text, setText] = useState(writeStop(stop));
  useEffect(() => {
    if (writeStop(parseStop(text)) !== writeStop(stop)) setText(writeStop(stop));
  }, [stop]);
  const typed = (input: string) => {
    setText(input);
    setParameters({ stop: parseStop(input) });
  };
  return (
    <Field label={say().stopStrings} hint={say().stopHint}>
      {(ties) => (
        <textarea
          {...ties}
          rows={2}
          spellcheck={false}
          value={text}
          onInput={(event) => typed(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function ThinkingField({ thinking }: { thinking: Parameters["thinking"] }) {
  return (
    <Field label={say().thinkingMode}>
      {(ties) => (
        <select
          {...ties}
          value={thinking}
          onChange={(event) => setParameters({ thinking: event.currentTarget.value as Parameters["thinking"] })}
        >
          <option value="default">{say().thinkingDefault}</option>
          <option value="on">{say().thinkingOn}</option>
          <option value="off">{say().thinkingOff}</option>
        </select>
      )}
    </Field>
  );
}

function AlternativesField({ alternatives }: { alternatives: number }) {
  return (
    <Field label={say().alternatives}>
      {(ties) => (
        <select
          {...ties}
          value={alternatives}
          onChange={(event) => setParameters({ alternatives: Number(event.currentTarget.value) })}
        >
          <option value={0}>{say().alternativesOff}</option>
          {[3, 5, 10, 20].map((count) => (
            <option key={count} value={count}>
              {say().alternativesCount(count)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function Sampling({ parameters }: { parameters: Parameters }) {
  return (
    <section aria-labelledby="sampling">
      <h3 id="sampling">{say().sampling}</h3>
      <p class="hint">{say().samplingHint}</p>
      <div class="numbers">
        {kNumberParameters.map((parameter) => (
          <NumberField
            key={parameter.name}
            parameter={parameter}
            value={parameters.numbers[parameter.name]}
            onChange={(value) => {
              const { [parameter.name]: _, ...others } = current.value.settings.parameters.numbers;
              setParameters({ numbers: value === undefined ? others : { ...others, [parameter.name]: value } });
            }}
          />
        ))}
      </div>
      <StopField stop={parameters.stop} />
      <ThinkingField thinking={parameters.thinking} />
      <AlternativesField alternatives={parameters.alternatives} />
      <button type="button" class="reset" onClick={() => setSettings({ parameters: kDefaultParameters })}>
        {say().reset}
      </button>
    </section>
  );
}

export function SettingsPanel() {
  const { system, parameters } = current.value.settings;
  return (
    <aside id="settings-panel" tabIndex={-1} class="panel settings-panel" aria-label={say().settings}>
      <div class="panel-head">
        <h2>{say().settings}</h2>
        <IconButton icon="close" label={say().closePanel} onClick={() => closePanel("settings")} />
      </div>
      <div class="settings" key={current.value.id}>
        <section>
          <Field label={say().systemPrompt} hint={say().systemHint}>
            {(ties) => (
              <textarea
                {...ties}
                rows={4}
                value={system}
                onInput={(event) => setSettings({ system: event.currentTarget.value })}
              />
            )}
          </Field>
        </section>
        <Connection />
        <Sampling parameters={parameters} />
      </div>
    </aside>
  );
}
