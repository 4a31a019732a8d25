// Headless Chromium with the page in it. Whatever it asks of the network or complains of is remembered.
import { existsSync, readFileSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

export const kPage = readFileSync("dist/page.html", "utf8");

// Also what the server must send with the page: a <meta> cannot say it.
export const kHeaders = {
  "content-security-policy": "frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

export async function launch(): Promise<Browser> {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  if (executablePath === undefined) throw new Error("no chromium: install Debian's package of that name");
  // Root, as in a container, has no sandbox of Chromium's.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}

export interface Watched {
  page: Page;
  context: BrowserContext;
  requests: string[]; // paths on the page's own server, whole addresses elsewhere
  complaints: string[]; // errors and warnings of the console, uncaught exceptions, violations of the policy, dialogs
}

// `prepare` runs in the page before anything of its own.
export async function open(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
  prepare: () => void = () => undefined,
): Promise<Watched> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(120_000); // a busy machine may stand still for a while
  const page = await context.newPage();
  const watched: Watched = { page, context, requests: [], complaints: [] };
  context.on("request", (request) => watched.requests.push(request.url().replace(origin, "")));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") watched.complaints.push(message.text());
  });
  page.on("pageerror", (error) => watched.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    watched.complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  await page.addInitScript(prepare);
  await page.goto(origin);
  await page.getByRole("textbox", { name: /^(Message|Сообщение)$/ }).waitFor();
  return watched;
}

// Says `text` and waits for the whole answer.
export async function ask(page: Page, text: string): Promise<void> {
  const box = page.getByRole("textbox", { name: /^(Message|Сообщение)$/ });
  await box.fill(text);
  await box.press("Enter");
  await page.locator(".turn.assistant").last().waitFor();
  await page.locator(".turn.assistant[aria-busy=true]").waitFor({ state: "detached" });
}
