// The panel on the left: conversations, and what the page itself is set to.
import { useState } from "preact/hooks";
import { say } from "../i18n";
import { runsIn, stop } from "../state/answering";
import { current, remove, rename, show, startNew, summaries } from "../state/conversations";
import type { Summary } from "../store/database";
import { language, setLanguage, setTheme, theme } from "../store/preferences";
import { Dialog } from "./dialog";
import { Field } from "./fields";
import { IconButton } from "./icon_button";
import { Icon } from "./icons";
import { closeCoveringPanel, isNarrow } from "./panels";
import { TransferButtons } from "./transfer_buttons";

function RenameDialog({ summary, onClose }: { summary: Summary; onClose: () => void }) {
  const [title, setTitle] = useState(summary.title);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void rename(summary.id, title);
    onClose();
  };
  return (
    <Dialog title={say().renameConversation} onClose={onClose}>
      <form onSubmit={submit}>
        <Field label={say().titleLabel}>
          {(ties) => (
            <input {...ties} value={title} maxLength={200} onInput={(event) => setTitle(event.currentTarget.value)} />
          )}
        </Field>
        <div class="dialog-buttons">
          <button type="button" onClick={onClose}>
            {say().cancel}
          </button>
          <button type="submit" class="primary">
            {say().save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ summary, onClose }: { summary: Summary; onClose: () => void }) {
  const confirm = () => {
    stop(summary.id);
    void remove(summary.id);
    onClose();
  };
  return (
    <Dialog title={say().deleteQuestion} onClose={onClose}>
      <p>«{summary.title}»</p>
      <p>{say().deleteConsequence}</p>
      <div class="dialog-buttons">
        <button type="button" onClick={onClose}>
          {say().cancel}
        </button>
        <button type="button" class="danger" onClick={confirm}>
          {say().delete}
        </button>
      </div>
    </Dialog>
  );
}

function Entry({ summary }: { summary: Summary }) {
  const [dialog, setDialog] = useState<"rename" | "delete" | undefined>(undefined);
  const close = () => setDialog(undefined);
  const title = summary.title || say().untitled;
  const choose = () => {
    void show(summary.id);
    closeCoveringPanel();
  };
  return (
    <li class="entry">
      <button
        type="button"
        class="entry-title"
        aria-current={current.value.id === summary.id ? "true" : undefined}
        onClick={choose}
      >
        {runsIn(summary.id) && <span class="pulse" role="img" aria-label={say().answering} />}
        <span>{title}</span>
      </button>
      <span class="entry-actions">
        <IconButton icon="edit" label={`${say().rename}: ${title}`} onClick={() => setDialog("rename")} />
        <IconButton icon="trash" label={`${say().delete}: ${title}`} onClick={() => setDialog("delete")} />
      </span>
      {dialog === "rename" && <RenameDialog summary={summary} onClose={close} />}
      {dialog === "delete" && <DeleteDialog summary={summary} onClose={close} />}
    </li>
  );
}

function PagePreferences() {
  return (
    <div class="page-preferences">
      <select
        aria-label={say().language}
        value={language.value}
        onChange={(event) => setLanguage(event.currentTarget.value === "ru" ? "ru" : "en")}
      >
        <option value="ru" lang="ru">
          Русский
        </option>
        <option value="en" lang="en">
          English
        </option>
      </select>
      <select
        aria-label={say().theme}
        value={theme.value}
        onChange={(event) => setTheme(event.currentTarget.value as typeof theme.value)}
      >
        <option value="auto">{say().themeAuto}</option>
        <option value="light">{say().themeLight}</option>
        <option value="dark">{say().themeDark}</option>
      </select>
    </div>
  );
}

export function ConversationList() {
  const begin = () => {
    startNew();
    closeCoveringPanel();
    requestAnimationFrame(() => document.getElementById("composer")?.focus());
  };
  return (
    <nav id="list-panel" tabIndex={-1} class="panel list-panel" aria-label={say().conversations}>
      <div class="panel-head">
        <p class="brand">
          <span class="brand-mark" aria-hidden="true" />
          {say().appName}
        </p>
        {isNarrow.value && <IconButton icon="close" label={say().closePanel} onClick={closeCoveringPanel} />}
      </div>
      <button type="button" class="new-conversation" onClick={begin}>
        <Icon name="plus" />
        {say().newConversation}
      </button>
      <ul class="entries">
        {summaries.value.map((summary) => (
          <Entry key={summary.id} summary={summary} />
        ))}
      </ul>
      <div class="panel-foot">
        <p class="hint">{say().keptHere}</p>
        <TransferButtons />
        <PagePreferences />
      </div>
    </nav>
  );
}
