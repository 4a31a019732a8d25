// axe-core over every state of the page, in both languages, light and dark, on a desk and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { kHeaders, kPage, launch, open } from "./browser";
import { kMath, kRich, kRichRussian } from "./examples";
import { kUsage, MockServer, scored, words } from "./mock_server";

const kAxe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  help: string;
  nodes: { target: unknown; failureSummary: string }[];
}

let browser: Browser;
let server: MockServer;
let origin: string;

before(async () => {
  browser = await launch();
  // What the devtools protocol evaluates is not subject to the page's policy, axe's own script among it.
  server = new MockServer(kPage, kHeaders);
  origin = await server.start();
});
after(async () => {
  await browser.close();
  await server.stop();
});

async function audit(page: Page, state: string): Promise<void> {
  await page.waitForTimeout(300); // colours that are changing have no contrast of their own
  const findings = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run: (root: Document, options: object) => Promise<{ violations: Finding[] }> };
    };
    // The whole set, best practices included.
    return (await axe.run(document, { resultTypes: ["violations"] })).violations;
  });
  const told = findings.map(({ id, help, nodes }) => `${id}: ${help}: ${JSON.stringify(nodes[0])}`);
  assert.deepEqual(told, [], state);
}

const kDesk: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const kPhone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

for (const [device, options] of [
  ["desk", kDesk],
  ["phone", kPhone],
] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const locale of ["en-GB", "ru-RU"]) {
      test(`page: axe finds nothing: ${device}, ${colorScheme}, ${locale}`, async () => {
        const { page, context } = await open(browser, origin, {
          ...options,
          colorScheme,
          locale,
          reducedMotion: "reduce",
        });
        await page.evaluate(kAxe);
        const russian = locale === "ru-RU";
        const name = (en: string, ru: string) => page.getByRole("button", { name: russian ? ru : en, exact: true });
        const send = async (text: string) => {
          await page.getByRole("textbox", { name: /^(Message|Сообщение)$/ }).fill(text);
          await name("Send", "Отправить").click();
          await page.locator(".turn.assistant").last().locator(".actions, .failure").first().waitFor();
        };
        await audit(page, "welcome");

        const text = russian ? kRichRussian : kRich;
        server.answer = () => ({
          pieces: [{ reasoning: "**Hm.**" }, ...words(`${text}\n${kMath}`), scored(" ", 0.01, [["x", 0.5]])],
          usage: kUsage,
        });
        await send("Rich");
        await page.locator(".thought summary").click();
        await audit(page, "a rich answer");
        await name("Token probabilities", "Вероятности токенов").click();
        await page.locator(".token-view").focus();
        await page.keyboard.press("Home");
        await audit(page, "tokens");

        server.answer = () => ({ raw: (response) => server.refuse(response, 429, "Queue full.") });
        await send("Busy");
        await name("Answer anew", "Ответить заново").first().click();
        await page.locator(".branches").first().waitFor();
        await audit(page, "a failure, branches");
        await page.locator(".turn.user").first().hover();
        await name("Edit", "Изменить").first().click();
        await audit(page, "an edited turn");

        await name("Settings", "Настройки").click();
        await page.locator(".numbers input").first().fill("99");
        await audit(page, "settings, one of them wrong");
        await name("Close the panel", "Закрыть панель").last().click();

        if (device === "phone") await name("Conversations", "Разговоры").click();
        await audit(page, "the list");
        await page.locator(".entry-actions button").last().click({ force: true });
        await page.getByRole("dialog").waitFor();
        await audit(page, "a dialog");
        await context.close();
      });
    }
  }
}
