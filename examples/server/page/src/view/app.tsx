// The page: the list, the talk, the settings.
import { useEffect } from "preact/hooks";
import { titleOf } from "../chat/conversation";
import { say } from "../i18n";
import { isRunning, stop } from "../state/answering";
import { current } from "../state/conversations";
import { currentModel } from "../state/models";
import { dismiss, notice } from "../state/notices";
import { Composer } from "./composer";
import { ConversationList } from "./conversation_list";
import { IconButton } from "./icon_button";
import { closeCoveringPanel, listOpen, panelCovers, settingsOpen, togglePanel } from "./panels";
import { SettingsPanel } from "./settings_panel";
import { Thread } from "./thread";

function Header() {
  return (
    <header class="header">
      <IconButton
        icon="menu"
        label={say().openConversations}
        expanded={listOpen.value}
        onClick={() => togglePanel("list")}
      />
      <div class="header-title">
        <h1>{titleOf(current.value) || say().untitled}</h1>
        <p>{currentModel.value?.id ?? say().noModel}</p>
      </div>
      <IconButton
        icon="sliders"
        label={say().openSettings}
        expanded={settingsOpen.value}
        onClick={() => togglePanel("settings")}
      />
    </header>
  );
}

function NoticeView() {
  const shown = notice.value;
  return (
    <div class="notice-outer" role="status">
      {shown && (
        <p class="notice">
          <span>
            {say()[shown.key]} {shown.detail}
          </span>
          <IconButton icon="close" label={say().close} onClick={dismiss} />
        </p>
      )}
    </div>
  );
}

function escape(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (panelCovers.value) closeCoveringPanel();
  else if (isRunning.value) stop();
}

export function App() {
  useEffect(() => {
    addEventListener("keydown", escape);
    return () => removeEventListener("keydown", escape);
  }, []);
  return (
    <>
      <a class="skip" href="#composer">
        {say().skip}
      </a>
      {listOpen.value && <ConversationList />}
      {panelCovers.value && <div class="scrim" onClick={closeCoveringPanel} />}
      <main class="main" inert={panelCovers.value}>
        <Header />
        <Thread />
        <Composer />
      </main>
      {settingsOpen.value && <SettingsPanel />}
      <NoticeView />
    </>
  );
}
