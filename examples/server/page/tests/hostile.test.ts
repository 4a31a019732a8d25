// Answers that want to run or load something. Nothing of them may: not even an attempt that the policy would stop.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { ask, kHeaders, kPage, launch, open, type Watched } from "./browser";
import { MockServer, scored, words } from "./mock_server";

const kEvil = "https://evil.example";

// What may stand in an answer; of attributes, `style` is looked at by itself.
const kElements = new Set(
  (
    "a article blockquote br button code details div em h3 h4 h5 h6 hr li ol p path pre s span strong summary svg table tbody " +
    "td th thead tr ul h2 math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup " +
    "msubsup munder mover munderover mmultiscripts mtable mtr mtd semantics"
  ).split(" "),
);

const kHostile: Record<string, string> = {
  script: `<script>window.hacked = 1; alert(1)</script><script src="${kEvil}/x.js"></script>`,
  handlers: `<img src=x onerror="window.hacked=1"><svg onload="window.hacked=1"><body onload=alert(1)><details open ontoggle=alert(1)>`,
  frames: `<iframe src="${kEvil}"></iframe><object data="${kEvil}"></object><embed src="${kEvil}"><base href="${kEvil}/">`,
  refresh: `<meta http-equiv="refresh" content="0;url=${kEvil}">\n\n<link rel="stylesheet" href="${kEvil}/x.css">`,
  style: `<style>@import url("${kEvil}/x.css"); body { background: url("${kEvil}/b.png") }</style>`,
  form: `<form action="${kEvil}"><input name=q autofocus onfocus="window.hacked=1"><button formaction="javascript:alert(1)">x</button></form>`,
  images: `![pixel](${kEvil}/pixel.png) ![](//evil.example/p.gif "t") ![x](data:image/svg+xml,<svg/onload=alert(1)>)`,
  "image by reference": `![a][r]\n\n[r]: ${kEvil}/r.png "title"`,
  "javascript links": `[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](&#106;avascript:alert(1)) [d](<java\tscript:alert(1)>) [e](vbscript:x)`,
  "data links": `[a](data:text/html,<script>alert(1)</script>) [b](blob:${kEvil}/1) [c](file:///etc/passwd) [d](//evil.example) [e](x:y)`,
  autolinks: `<javascript:alert(1)> <data:text/html,x> ${kEvil}/bare https://a\u202egnp.exe`,
  "attribute escape": `[x](${kEvil}/"onmouseover="window.hacked=1 "t\\" onclick=\\"alert(1)")`,
  "code language": '```"><img/src=x/onerror=alert(1)>\n</code></pre><script>window.hacked=1</script>\n```',
  "math macros": `$\\href{javascript:alert(1)}{x}$ $\\includegraphics{${kEvil}/i.png}$ $\\url{${kEvil}}$ $\\htmlData{a=b}{c}$ $\\class{off-screen}{x}$`,
  "math style": `$\\style{background:url(${kEvil}/m.png)}{x}$ $\\color{url(${kEvil})}{x}$ $\\id{page}{x}$ $\\cssId{page}{x}$`,
  "math html": `$$\\text{<img src=x onerror=alert(1)>} <script>window.hacked=1</script>$$`,
  "math names":
    "$$\\begin{equation}x\\label{page}\\end{equation}$$ $\\ref{page}$ $\\raisebox{99999em}{x}\\kern99999em y$",
  "math bomb": `$\\def\\a{\\b\\b}\\def\\b{\\c\\c}\\def\\c{\\d\\d}\\def\\d{\\a\\a}\\a$ $\\rule{99999em}{99999em}$ $\\hspace{99999em}x$`,
  "math depth": `$${"{".repeat(1900)}x${"}".repeat(1900)}$`,
  depth: `${">".repeat(5000)} x\n${"[".repeat(5000)}\n${"*a ".repeat(3000)}`,
  "math openings": "\\( ".repeat(20_000) + "$".repeat(5001),
  table: `|${"a|".repeat(500)}\n|${"-|".repeat(500)}\n|<script>alert(1)</script>|`,
  bidi: "\u202e\u2066 gpj.exe \u2069 \u0000 \uFFFF",
  clobber: `<a id="page">x</a><a name="composer">y</a> <div class="notice">z</div>`,
};

let browser: Browser;
let server: MockServer;
let watched: Watched;

before(async () => {
  browser = await launch();
  server = new MockServer(kPage, kHeaders);
  watched = await open(browser, await server.start());
});
after(async () => {
  await browser.close();
  await server.stop();
});

async function checkAnswer(name: string): Promise<void> {
  const found = await watched.page
    .locator(".turn.assistant")
    .last()
    .evaluate((turn) => {
      const all = [...turn.querySelectorAll("*")];
      return {
        elements: [...new Set(all.map(({ localName }) => localName))],
        attributes: [...new Set(all.flatMap((element) => element.getAttributeNames()))],
        styles: all
          .map((element) => element.getAttribute("style") ?? "")
          .filter((style) => /url|position|(^|[^.#\w])\d{4}/.test(style)),
        links: [...turn.querySelectorAll("a")].map(({ href, rel, target }) => ({ href, rel, target })),
        ids: all.map(({ id }) => id).filter((id) => id !== "" && !id.startsWith("who-")),
      };
    });
  assert.deepEqual(
    found.elements.filter((element) => !kElements.has(element)),
    [],
    name,
  );
  assert.deepEqual(
    found.attributes.filter((attribute) => /^on|^src|^data$|srcset|formaction|^xlink/.test(attribute)),
    [],
    name,
  );
  assert.deepEqual(found.styles, [], name);
  assert.deepEqual(found.ids, [], name);
  for (const { href, rel, target } of found.links) {
    assert.match(href, /^https?:\/\//, name);
    assert.match(rel, /noopener/, name);
    assert.equal(target, "_blank", name);
  }
  assert.equal(await watched.page.evaluate(() => "hacked" in window), false, name);
  assert.deepEqual(watched.complaints, [], name);
  const foreign = watched.requests.filter(
    (address) => !address.startsWith("/") && !address.startsWith("data:image/svg+xml,%3Csvg"),
  );
  assert.deepEqual(foreign, [], name);
}

for (const [name, text] of Object.entries(kHostile)) {
  test(`page: hostile ${name}: nothing runs, nothing loads`, async () => {
    // As an answer that streams, as a thought, as tokens, and as what the user is shown to have said.
    const half = Math.floor(text.length / 2);
    server.answer = () => ({
      pieces: [
        { reasoning: text },
        { content: text.slice(0, half), wait: 50 },
        { content: text.slice(half), wait: 50 },
      ].concat(scored(text.slice(0, 200), 0.5, [[text.slice(0, 200), 0.1]]) as never),
    });
    await ask(watched.page, text.slice(0, 2000).replaceAll("\u0000", ""));
    const turn = watched.page.locator(".turn.assistant").last();
    await turn.locator(".thought summary").click();
    await checkAnswer(name);
    await turn.getByRole("button", { name: "Token probabilities" }).click();
    await turn.locator(".token").first().hover();
    await checkAnswer(`${name}, tokens`);
    await watched.page.getByRole("button", { name: "New conversation", exact: true }).click();
  });
}

test("page: a link opens by a click alone, in a page that knows nothing of this one", async () => {
  server.answer = () => ({ pieces: words(`[click](${kEvil}/a?b=c#d)`) });
  await ask(watched.page, "link");
  const before = watched.requests.length;
  const link = watched.page.getByRole("link", { name: "click" });
  await link.hover();
  await watched.page.waitForTimeout(300);
  assert.equal(watched.requests.length, before);
  await watched.context.route(`${kEvil}/**`, (route) =>
    route.fulfill({ contentType: "text/html", body: "<title>x</title>" }),
  );
  const [opened] = await Promise.all([watched.context.waitForEvent("page"), link.click()]);
  await opened.waitForLoadState();
  assert.equal(opened.url(), `${kEvil}/a?b=c#d`);
  assert.equal(await opened.evaluate(() => window.opener === null && document.referrer === ""), true);
});

test("page: hostile names of models and messages of errors stay text", async () => {
  const evil = `<img src=x onerror="window.hacked=1">`;
  server.models = { data: [{ id: evil, max_model_len: "x" }, { id: 5 }, null, "x"] };
  server.answer = () => ({ raw: (response) => server.refuse(response, 400, evil) });
  await watched.page.reload();
  await watched.page.locator(".header p", { hasText: evil }).waitFor();
  await ask(watched.page, "x");
  await watched.page.locator(".failure", { hasText: evil }).waitFor();
  assert.equal(
    await watched.page.evaluate(() => "hacked" in window || document.querySelector("#page img") !== null),
    false,
  );
});

test("page: the policy stops what the page itself would do by mistake", async () => {
  const { page } = watched;
  const refused = await page.evaluate(async () => {
    const attempt = (work: () => unknown) => {
      try {
        work();
        return false;
      } catch {
        return true;
      }
    };
    const html = attempt(() => (document.createElement("div").innerHTML = "<b>x</b>"));
    const scripted = attempt(() => (document.createElement("script").text = "window.hacked = 1"));
    const handled = attempt(() => document.body.setAttribute("onclick", "window.hacked = 1"));
    const fetched = await fetch("https://evil.example/").then(
      () => false,
      () => true,
    );
    return { html, scripted, handled, fetched };
  });
  assert.deepEqual(refused, { html: true, scripted: true, handled: true, fetched: true });
});
