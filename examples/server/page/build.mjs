// Builds the page: one HTML file, all within. The same sources give the same bytes, on any machine.
//
//   node build.mjs [FILE]     writes dist/page.html, or FILE
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2] ?? join(here, "dist", "page.html");

const bundle = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx", "src/style/page.css"],
  outdir: "unused",
  bundle: true,
  write: false,
  minify: true,
  format: "iife",
  charset: "utf8",
  target: ["chrome123", "firefox121", "safari17.5"],
  legalComments: "none", // the licences are added whole below
  metafile: true,
  jsx: "automatic",
  jsxImportSource: "preact",
});

/** @param {string} suffix */
function text(suffix) {
  const file = bundle.outputFiles.find(({ path }) => path.endsWith(suffix));
  if (!file) throw new Error(`esbuild wrote no ${suffix}`);
  return file.text.trim();
}

/** The source expression that lets this text, and no other, run. @param {string} inline */
function hash(inline) {
  return `'sha256-${createHash("sha256").update(inline).digest("base64")}'`;
}

// Neither may close its element early.
const script = text(".js").replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const style = text(".css");
if (style.includes("</style")) throw new Error("the style sheet holds </style");

// Nothing is loaded from anywhere; no text becomes HTML or script (Trusted Types without a policy); the page speaks to its own
// server alone. `data:` is for the icon in the head.
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

// What others wrote and is in the page, with what its licence wants to be kept beside it.
const packages = new Set(
  Object.keys(bundle.metafile.inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
);
const licenses = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const file = readdirSync(folder).find((each) => /^licen[sc]e/i.test(each));
  if (!file) throw new Error(`${name} has no licence file`);
  return `${name}\n\n${readFileSync(join(folder, file), "utf8").replaceAll("\r", "").replaceAll("--", "- -").trim()}\n`;
});

/** @type {Record<string, string>} */
const parts = { POLICY: policy, STYLE: style, SCRIPT: script, LICENSES: licenses.join("\n") };
const page = readFileSync(join(here, "src", "page.html"), "utf8").replace(
  /\{\{(\w+)\}\}/g,
  (_, name) => parts[name] ?? "",
);
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, page);
