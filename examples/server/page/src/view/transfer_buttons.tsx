// Conversations to a file and back.
import { useRef } from "preact/hooks";
import { say, write } from "../i18n";
import { addImported, allConversations } from "../state/conversations";
import { tell } from "../state/notices";
import { exportText, ImportError, importText } from "../store/transfer";
import { Icon } from "./icons";

function download(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

async function exportAll(): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  download(exportText(await allConversations()), `tlite-${day}.json`);
  tell("exported");
}

async function importFile(file: File): Promise<void> {
  try {
    const added = await addImported(importText(await file.text()));
    tell("imported", write(added));
  } catch (error) {
    tell("importFailed", error instanceof ImportError ? error.message : String(error));
  }
}

export function TransferButtons() {
  const input = useRef<HTMLInputElement>(null);
  const chosen = () => {
    const file = input.current?.files?.[0];
    if (file) void importFile(file);
    if (input.current) input.current.value = ""; // the same file may be chosen again
  };
  return (
    <div class="transfer">
      <button type="button" onClick={() => void exportAll()}>
        <Icon name="export" />
        {say().exportAll}
      </button>
      <button type="button" onClick={() => input.current?.click()}>
        <Icon name="import" />
        {say().importFile}
      </button>
      <input
        ref={input}
        type="file"
        accept="application/json,.json"
        class="off-screen"
        tabIndex={-1}
        aria-label={say().importFile}
        onChange={chosen}
      />
    </div>
  );
}
