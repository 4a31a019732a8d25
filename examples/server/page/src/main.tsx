import { effect } from "@preact/signals";
import { render } from "preact";
import { titleOf } from "./chat/conversation";
import { say } from "./i18n";
import { current, loadSummaries } from "./state/conversations";
import { loadModels } from "./state/models";
import { language, theme } from "./store/preferences";
import { App } from "./view/app";

effect(() => {
  document.documentElement.lang = language.value;
  const title = titleOf(current.value);
  document.title = title === "" ? say().appName : `${title} — ${say().appName}`;
});
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

render(<App />, document.getElementById("page") as HTMLElement);
void loadSummaries();
void loadModels();
