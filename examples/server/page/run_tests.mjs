// Runs the tests of the page that build.mjs has built.
//
//   node run_tests.mjs [NAME PATTERN]           all, or those whose names match
//   node run_tests.mjs --screenshots FOLDER     takes pictures to look at instead
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const [first, second] = process.argv.slice(2);
const screenshots = first === "--screenshots";
const sources = screenshots
  ? ["tests/screenshots.ts"]
  : readdirSync("tests")
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `tests/${name}`);

// Within this folder, so that packages are found.
const compiled = mkdtempSync(".tests-");
let status = 1;
try {
  await build({
    entryPoints: sources,
    outdir: compiled,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  const files = readdirSync(compiled).map((name) => join(compiled, name));
  const pattern = first === undefined ? [] : [`--test-name-pattern=${first}`];
  const options = screenshots ? files : ["--test", ...pattern, ...files];
  const env = { ...process.env, ...(screenshots && { SCREENSHOTS: second ?? "screenshots" }) };
  status = spawnSync(process.execPath, options, { stdio: "inherit", env }).status ?? 1;
} finally {
  rmSync(compiled, { recursive: true });
}
process.exit(status);
