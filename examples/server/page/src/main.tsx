import { effect } from "@preact/signals";
import { render } from "preact";
import { say } from "./i18n";
import { loadSummaries } from "./state/conversations";
import { loadModels } from "./state/models";
import { language, theme } from "./store/preferences";
import { App } from "./view/app";

effect(() => {
  document.documentElement.lang = language.value;
  document.title = say().appName;
});
effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

render(<App />, document.getElementById("page") as HTMLElement);
void loadSummaries();
void loadModels();
