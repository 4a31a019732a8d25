// A turn while it is changed. What comes of it is a branch; the turn itself stays.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Turn } from "../chat/conversation";
import { say } from "../i18n";
import { edit } from "../state/answering";
import { fitHeight } from "./fit_height";

export function TurnEditor({ turn, onClose }: { turn: Turn; onClose: () => void }) {
  const [text, setText] = useState(turn.content);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(text.length, text.length);
  }, []);
  useEffect(() => fitHeight(area.current), [text]);
  const submit = () => {
    if (text.trim() === "") return;
    onClose();
    void edit(turn, text);
  };
  const key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onClose();
  };
  return (
    <div class="turn-editor">
      <textarea
        ref={area}
        rows={1}
        aria-label={say().editMessage}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={key}
      />
      <div class="dialog-buttons">
        <button type="button" onClick={onClose}>
          {say().cancel}
        </button>
        <button type="button" class="primary" disabled={text.trim() === ""} onClick={submit}>
          {turn.role === "user" ? say().saveAndSend : say().saveBranch}
        </button>
      </div>
    </div>
  );
}
