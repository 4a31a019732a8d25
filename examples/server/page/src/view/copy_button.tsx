// Puts a text into the clipboard and says so for a moment.
import { useEffect, useState } from "preact/hooks";
import { say } from "../i18n";
import { tell } from "../state/notices";
import { IconButton } from "./icon_button";

const kShown = 1500; // milliseconds

// The clipboard interface is for secure contexts only; a page from another host by http has the old way alone.
async function copyText(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

export function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), kShown);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    if (await copyText(text)) setCopied(true);
    else tell("copyFailed");
  };
  return (
    <IconButton
      icon={copied ? "check" : "copy"}
      label={copied ? say().copied : say().copy}
      onClick={() => void copy()}
    />
  );
}
