// Where the user writes.
import { useEffect, useRef, useState } from "preact/hooks";
import { currentPath } from "../chat/conversation";
import { say, write } from "../i18n";
import { isRunning, say as sayTurn, stop } from "../state/answering";
import { current } from "../state/conversations";
import { currentModel } from "../state/models";
import { fitHeight } from "./fit_height";
import { Icon } from "./icons";

const touch = matchMedia("(hover: none) and (pointer: coarse)");

// How much of the model's context the conversation fills, once the server has said both.
function ContextGauge() {
  const of = currentModel.value?.context;
  const usage = currentPath(current.value).findLast((turn) => turn.usage)?.usage;
  if (of === undefined || usage === undefined) return null;
  const used = usage.prompt + usage.completion;
  return (
    <span class="context">
      <span
        class="context-bar"
        role="meter"
        aria-label={say().contextUsed(write(used), write(of))}
        aria-valuemin={0}
        aria-valuemax={of}
        aria-valuenow={used}
      >
        <span style={{ width: `${Math.min(100, (used / of) * 100)}%` }} />
      </span>
      <span aria-hidden="true">
        {write(used)} / {write(of)}
      </span>
    </span>
  );
}

export function Composer() {
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => fitHeight(area.current), [text]);
  const runs = isRunning.value;
  const submit = () => {
    if (runs || text.trim() === "") return;
    setText("");
    void sayTurn(text.trim(), current.value.leaf);
  };
  const key = (event: KeyboardEvent) => {
    // A phone's keyboard has no Shift+Enter; Enter that ends a composition sends nothing.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || touch.matches) return;
    event.preventDefault();
    submit();
  };
  return (
    <div class="composer">
      <div class="composer-box">
        <textarea
          ref={area}
          id="composer"
          rows={1}
          dir="auto"
          aria-label={say().message}
          aria-describedby="composer-keys"
          placeholder={say().messageHint}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={key}
        />
        {runs ? (
          <button type="button" class="send" aria-label={say().stop} title={say().stop} onClick={() => stop()}>
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="button"
            class="send"
            aria-label={say().send}
            title={say().send}
            disabled={text.trim() === ""}
            onClick={submit}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
      <p class="composer-foot">
        <span id="composer-keys">{say().keysHint}</span>
        <ContextGauge />
      </p>
    </div>
  );
}
