// Pictures of the page for people to look at: node run_tests.mjs --screenshots FOLDER
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { ask, kHeaders, kPage, launch, open } from "./browser";
import { kMath, kRich, kRichRussian } from "./examples";
import { kUsage, MockServer, scored, words } from "./mock_server";

const folder = process.env["SCREENSHOTS"] ?? "screenshots";
mkdirSync(folder, { recursive: true });

const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

const server = new MockServer(kPage, kHeaders);
const origin = await server.start();
const browser = await launch();

const tokens = [
  scored("The", 0.93, [
    ["A", 0.04],
    ["It", 0.01],
  ]),
  scored(" capital", 0.99),
  scored(" of", 0.999),
  scored(" France", 0.98),
  scored(" is", 0.95, [[",", 0.03]]),
  scored(" Paris", 0.91, [
    [" the", 0.05],
    [" located", 0.02],
  ]),
  scored(",", 0.31, [
    [".", 0.62],
    [" and", 0.03],
  ]),
  scored(" which", 0.12, [
    [" a", 0.41],
    [" the", 0.2],
    [" also", 0.05],
  ]),
  scored(" glitters", 0.004, [
    [" is", 0.6],
    [" lies", 0.2],
    [" has", 0.08],
  ]),
  scored(" at", 0.5, [[" in", 0.3]]),
  scored(" night", 0.8),
  scored(".", 0.9),
  scored("\n", 0.4, [["", 0.5]]),
  scored("Paris", 0.3),
  scored(" again", 0.2),
  scored("!", 0.05),
];

async function shoot(
  name: string,
  options: BrowserContextOptions,
  steps: (page: import("playwright-core").Page) => Promise<void>,
) {
  const { page, context } = await open(browser, origin, options);
  await steps(page);
  await page.waitForTimeout(200);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await context.close();
}

const rich = async (
  page: import("playwright-core").Page,
  text = kRich,
  question = "Compare quicksort and merge sort",
) => {
  server.answer = () => ({
    pieces: [{ reasoning: "The user wants a comparison. I should show both." }, ...words(text)],
    usage: kUsage,
  });
  await ask(page, question);
};

for (const colorScheme of ["light", "dark"] as const) {
  await shoot(`welcome-${colorScheme}`, { colorScheme }, async () => {});
  await shoot(`desktop-${colorScheme}`, { colorScheme }, async (page) => {
    await rich(page);
    await page.locator(".thread").evaluate((element) => element.scrollTo(0, 0));
  });
  await shoot(`end-${colorScheme}`, { colorScheme }, (page) => rich(page));
  await shoot(
    `settings-${colorScheme}`,
    { colorScheme, locale: "ru-RU", viewport: { width: 1440, height: 1000 } },
    async (page) => {
      await rich(page, kRichRussian, "Объясни теорему Пифагора");
      await page.getByRole("button", { name: "Настройки" }).click();
      await page.getByLabel("Температура").fill("99");
    },
  );
  await shoot(`tokens-${colorScheme}`, { colorScheme }, async (page) => {
    server.answer = () => ({ pieces: tokens, usage: kUsage });
    await ask(page, "What is the capital of France?");
    await page.getByRole("button", { name: "Token probabilities" }).click();
    await page.locator(".token").nth(8).hover();
  });
  await shoot(`phone-${colorScheme}`, { colorScheme, ...phone, locale: "ru-RU" }, async (page) => {
    await page.getByRole("textbox", { name: "Сообщение" }).fill("Объясни теорему Пифагора");
    server.answer = () => ({ pieces: words(kRichRussian), usage: kUsage });
    await page.getByRole("button", { name: "Отправить" }).click();
    await page.locator(".actions .figures").waitFor();
    await page.locator(".thread").evaluate((element) => element.scrollTo(0, 0));
  });
}
await shoot("math", {}, (page) => rich(page, kMath, "Formulas"));
await shoot("phone-list", { ...phone, locale: "ru-RU" }, async (page) => {
  for (const text of ["Объясни теорему Пифагора", "Придумай имя для кота", "Письмо поставщику о задержке оплаты"]) {
    await page.getByRole("textbox", { name: "Сообщение" }).fill(text);
    await page.getByRole("button", { name: "Отправить" }).click();
    await page.locator(".figures").waitFor();
    await page.getByRole("button", { name: "Разговоры" }).click();
    await page.getByRole("button", { name: "Новый разговор", exact: true }).click();
  }
  await page.getByRole("button", { name: "Разговоры" }).click();
});
await shoot("phone-settings", { ...phone }, async (page) => {
  await page.getByRole("button", { name: "Settings" }).click();
});
await shoot("branches-edit", {}, async (page) => {
  server.answer = () => ({ pieces: words("One answer."), usage: kUsage });
  await ask(page, "Tell me something");
  await page.getByRole("button", { name: "Answer anew" }).click();
  await page.getByText("2/2").waitFor();
  server.answer = () => ({
    raw: (response) => server.refuse(response, 429, "Too many requests are waiting.", { "retry-after": "3" }),
  });
  await ask(page, "And now?");
  await page.locator(".turn.user").first().hover();
  await page.getByRole("button", { name: "Edit" }).first().click();
});

await browser.close();
await server.stop();
