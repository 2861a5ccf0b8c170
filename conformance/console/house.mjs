// A running certwright dev, and a browser in front of it.
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { request } from "node:https";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// serve starts a server by a configuration; close ends it.
export async function serve(config = "") {
  const dir = mkdtempSync(join(tmpdir(), "console-"));
  writeFileSync(join(dir, "c.yaml"), config || "{}\n");
  const child = spawn(process.env.CERTWRIGHT, ["dev", "--config", join(dir, "c.yaml"), "--data", join(dir, "data"), "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--json"],
    { stdio: ["ignore", "pipe", process.env.CONSOLE_LOG ? "inherit" : "ignore"] });
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`certwright dev ended with ${code}`)));
  });
  const ready = JSON.parse(line);
  return {
    base: ready.http_url, ready,
    close: () => new Promise((done) => { child.once("exit", () => { rmSync(dir, { recursive: true, force: true }); done(); }); child.kill("SIGTERM"); }),
  };
}

let browser;
export const launch = async () => (browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] }));
export const shut = async () => { await browser?.close(); browser = undefined; };

// visit opens a page of its own; what its console complains of is in complaints.
export async function visit(house, options = {}) {
  const context = await (await launch()).newContext({ viewport: { width: 1280, height: 900 }, baseURL: house.base, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  page.complaints = [];
  page.on("console", (m) => { if (m.type() === "error" && !/status of (4|5)\d\d/.test(m.text())) page.complaints.push(m.text()); });
  page.on("pageerror", (e) => page.complaints.push(String(e)));
  return page;
}

// send sends a form as a page of the server itself would.
export async function send(house, path, form, want = 200) {
  const answer = await fetch(house.base + path, { method: "POST", body: new URLSearchParams(form), headers: { "Sec-Fetch-Site": "same-origin" } });
  const text = await answer.text();
  assert.equal(answer.status, want, `${path}: ${text}`);
  return text;
}

// api calls the vault itself, as programs do.
export const api = (house, method, path, body) => new Promise((done, failed) => {
  const url = new URL(path + "?api-version=7.4", house.ready.ip_url ?? house.ready.vault_url);
  request(url, { method, rejectUnauthorized: false, headers: { Authorization: "Bearer x", "Content-Type": "application/json" } }, (a) => {
    let text = "";
    a.on("data", (part) => { text += part; }).on("end", () => (a.statusCode === 200 ? done(text) : failed(new Error(`${path}: ${a.statusCode} ${text}`))));
  }).on("error", failed).end(JSON.stringify(body));
});

export const order = (house, name, issuer, more = {}) => send(house, "/ui/new", {
  vault: "default", name, issuer, dns: `${name}.example.test`, key: "EC-P-256", months: "3", content: "application/x-pkcs12",
  action: "AutoRenew", trigger: "percent", at: "80", exportable: "yes", ...more });

export const move = async (house, by) => {
  const answer = await fetch(house.base + "/admin/clock", { method: "POST", body: JSON.stringify({ advance: by }) });
  assert.equal(answer.status, 200, await answer.text());
};

// axe finds nothing on the page as it is, in light and in dark.
export async function accessible(page) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axeSource);
    const found = await page.evaluate(async () => {
      const result = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], iframes: false });
      return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary).join(" | ")}`);
    });
    assert.deepEqual(found, [], `${page.url()} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null });
}

// unbroken: no browser told of a breach of the content policy, and no page complained.
export async function unbroken(house, ...pages) {
  for (const page of pages) assert.deepEqual(page.complaints, []);
  assert.deepEqual(await (await fetch(house.base + "/ui/report")).json(), []);
}
