// Two people at the console of certwright serve: one may do everything with
// certificates, the other only read.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible, launch, shut } from "./house.mjs";

let dir, child, base, clients, ended = false;

const freePort = () => new Promise((done) => { const s = createServer().listen(0, "127.0.0.1", () => { const { port } = s.address(); s.close(() => done(port)); }); });

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "roles-"));
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.pem", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"], { cwd: dir, stdio: "pipe" });
  const port = await freePort();
  base = `https://127.0.0.1:${port}`;
  writeFileSync(join(dir, "c.yaml"), `listen: 127.0.0.1:0
http: 127.0.0.1:0
data: ${dir}/data
hosts: [127.0.0.1]
tls: {cert: tls.pem, key: tls.key}
vaults: [{name: web}]
auth: {token_service: {issuer: "https://127.0.0.1/adfs", clients_file: clients.yaml}}
console: {listen: "127.0.0.1:${port}", public_url: "${base}", local: true}
access:
  assignments:
    - {role: Key Vault Administrator, to: {client: keeper}, on: /}
    - {role: Certwright Operator, to: {client: keeper}, on: /}
    - {role: Certwright Auditor, to: {client: keeper}, on: /}
    - {role: Key Vault Reader, to: {client: reader}, on: /}
`);
  clients = Object.fromEntries(["keeper", "reader"].map((name) => {
    const said = JSON.parse(execFileSync(process.env.CERTWRIGHT, ["client", "add", name, "--config", join(dir, "c.yaml"), "--json"], { encoding: "utf8" }));
    return [name, said];
  }));
  child = spawn(process.env.CERTWRIGHT, ["serve", "--config", join(dir, "c.yaml")], { stdio: ["ignore", "ignore", process.env.CONSOLE_LOG ? "inherit" : "ignore"] });
  child.once("exit", () => { ended = true; });
  const { Agent, get } = await import("node:https");
  for (let i = 0; ; i++) {
    assert.ok(i < 200 && !ended, "certwright serve does not answer");
    if (await new Promise((done) => get(base + "/ui/signin", { agent: new Agent({ rejectUnauthorized: false }) }, (a) => { a.resume(); done(a.statusCode === 200); }).on("error", () => done(false)))) break;
    await new Promise((done) => setTimeout(done, 100));
  }
});
after(async () => {
  await shut();
  if (!ended) await new Promise((done) => { child.once("exit", done); child.kill("SIGTERM"); });
  rmSync(dir, { recursive: true, force: true });
});

const idOf = (c) => c.id ?? c.client_id ?? c.AZURE_CLIENT_ID;
const secretOf = (c) => c.secret ?? c.client_secret ?? c.AZURE_CLIENT_SECRET;

async function signedIn(name) {
  const page = await (await (await launch()).newContext({ baseURL: base, ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(10000);
  page.complaints = [];
  page.on("console", (m) => { if (m.type() === "error" && !/status of (4|5)\d\d/.test(m.text())) page.complaints.push(m.text()); });
  await page.goto("/ui/certificates");
  await page.getByLabel("Client id").fill(idOf(clients[name]));
  await page.getByLabel("Secret").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".say.bad", { hasText: "is wrong" }).waitFor();
  await accessible(page);
  await page.getByLabel("Secret").fill(secretOf(clients[name]));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Certificates" }).waitFor(); // where he wanted to go
  return page;
}

test("who may, does; who may not sees no buttons and is refused; signed out, the back button shows nothing", async () => {
  const keeper = await signedIn("keeper");
  await keeper.goto("/ui/new");
  await keeper.getByLabel("Vault").fill("web");
  await keeper.getByLabel("Name", { exact: true }).fill("shop");
  await keeper.getByLabel("DNS names, one a line").fill("shop.example.test");
  await keeper.getByRole("button", { name: "Order the certificate" }).click();
  await keeper.locator("#live .pill", { hasText: "completed" }).waitFor();
  await keeper.getByRole("link", { name: "Download with key" }).waitFor();
  await seen(keeper, "/ui/certificates/web/shop?tab=details", "shop");
  await keeper.getByRole("heading", { name: "Who may read the key" }).waitFor();
  await keeper.getByText("role Key Vault Administrator for client keeper on /").first().waitFor();

  const reader = await signedIn("reader");
  for (const tab of ["details", "order", "versions", "policy", "manage"]) {
    await reader.goto("/ui/certificates/web/shop?tab=" + tab);
    await reader.getByRole("heading", { level: 1, name: "shop" }).waitFor();
    assert.deepEqual(await reader.locator("main button:visible:not([data-copy])").allInnerTexts(), [], tab);
    assert.equal(await reader.getByRole("link", { name: "Download with key" }).count(), 0);
    await accessible(reader);
  }
  assert.equal(await reader.getByRole("heading", { name: "Who may read the key" }).count(), 0);
  await reader.goto("/ui/secrets/web/shop");
  assert.equal(await reader.locator("main button:visible").count(), 0);
  for (const path of ["/ui/", "/ui/orders", "/ui/issuers", "/ui/deleted", "/ui/notices", "/ui/server"]) {
    await reader.goto(path);
    assert.equal(await reader.locator("main form button:visible").count(), 0, path);
  }
  for (const [path, form] of [["renew", {}], ["delete", { name: "shop" }], ["key", { name: "shop", form: "pem" }], ["tags", { tags: "a=b" }]]) {
    const status = await reader.evaluate(async ([path, form]) => (await fetch("/ui/certificates/web/shop/" + path, { method: "POST", body: new URLSearchParams(form) })).status, [path, form]);
    assert.equal(status, 403, path);
  }
  await reader.getByRole("button", { name: "Sign out" }).click();
  await reader.getByRole("heading", { name: "Sign in" }).waitFor();
  await reader.goBack();
  await reader.waitForURL(/signin/);
  assert.equal(await reader.getByText("shop").count(), 0);
  assert.deepEqual([...keeper.complaints, ...reader.complaints], []);
});

// pages that only some may see: at 320 px as well, and for others not there
async function seen(page, path, heading) {
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(path);
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} at ${width} px`);
    await accessible(page);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}
async function refused(page, path, word) {
  await page.goto("/ui/");
  assert.equal(await page.getByRole("navigation").getByRole("link", { name: word, exact: true }).count(), 0, word);
  assert.equal((await page.goto(path)).status(), 403, path);
  await page.locator(".say.bad").waitFor();
}

test("the audit log: who may reads and filters it and sees that it verifies", async () => {
  const keeper = await signedIn("keeper");
  await keeper.getByRole("link", { name: "Audit", exact: true }).click();
  await keeper.locator(".pill.ok", { hasText: "verifies" }).waitFor();
  await seen(keeper, "/ui/audit", "Audit");
  await keeper.getByLabel("Operation").fill("consolesignin");
  await keeper.getByRole("button", { name: "Show" }).click();
  await keeper.waitForURL(/operation=consolesignin/);
  const all = await keeper.locator('td[data-label="Operation"]').allInnerTexts();
  assert.ok(all.length > 0 && all.every((o) => o === "CertwrightConsoleSignIn"), all.join());
  const [file] = await Promise.all([keeper.waitForEvent("download"), keeper.getByRole("link", { name: "Download as CSV" }).click()]);
  assert.match(readFileSync(await file.path(), "utf8"), /^When,Who,From,Operation,Object,Result,Decision\r\n.*,CertwrightConsoleSignIn,/);
  const reader = await signedIn("reader");
  await refused(reader, "/ui/audit", "Audit");
  assert.deepEqual([...keeper.complaints, ...reader.complaints], []);
});

test("access: who may reads who may do what, and asks what somebody may do", async () => {
  const keeper = await signedIn("keeper");
  await keeper.getByRole("link", { name: "Access", exact: true }).click();
  await seen(keeper, "/ui/access", "Access");
  await keeper.getByRole("row", { name: /client reader/ }).getByText("Key Vault Reader").waitFor();
  assert.equal(await keeper.locator("tbody tr").count(), 4);
  await keeper.getByLabel("Who: issuer:subject").fill("client:reader");
  await keeper.getByLabel("On what").fill("web/secrets/shop");
  await keeper.getByLabel("Does what").fill("secrets/get");
  await keeper.getByRole("button", { name: "Ask", exact: true }).click();
  await keeper.locator("#answer .pill", { hasText: "refused" }).waitFor();
  await keeper.getByText("One of these roles would give it: Key Vault Administrator").waitFor();
  await seen(keeper, keeper.url(), "Access");
  await keeper.getByLabel("Does what").fill("");
  await keeper.getByLabel("Does what").press("Enter");
  await keeper.locator("#answer .pill", { hasText: "granted" }).waitFor();
  await keeper.getByRole("listitem").filter({ hasText: "role Key Vault Reader for client reader on /" }).filter({ hasText: "secrets/list" }).waitFor();
  await seen(keeper, keeper.url(), "Access");
  const reader = await signedIn("reader");
  await refused(reader, "/ui/access", "Access");
  assert.deepEqual([...keeper.complaints, ...reader.complaints], []);
});
