// The way from New to completed: by keyboard alone, without JavaScript, and told as
// it happens; and what many certificates cost.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { order, serve, shut, unbroken, visit } from "./house.mjs";

let house;
before(async () => { house = await serve(); });
after(async () => { await shut(); await house.close(); });

// tabTo presses Tab until what has the focus is what is wanted.
async function tabTo(page, wanted) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((w) => { const e = document.activeElement; return e.id === w || e.textContent.trim() === w; }, wanted)) return;
  }
  assert.fail(`the Tab key never reaches ${wanted}`);
}

test("from New to completed by keyboard alone, told live, without a reload", async () => {
  const page = await visit(house);
  await page.goto("/ui/");
  await tabTo(page, "New certificate");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "the focus is not to be seen");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/ui\/new/);
  await tabTo(page, "name");
  await page.keyboard.type("by-keys");
  await page.locator("#name-help", { hasText: "The name is free." }).waitFor();
  await tabTo(page, "dns");
  await page.keyboard.type("by-keys.example.test");
  await tabTo(page, "Order the certificate");
  await page.keyboard.press("Enter");
  await page.waitForURL(/by-keys\?/);
  await page.locator("#live .pill", { hasText: "in progress" }).first().waitFor();
  await page.evaluate(() => { window.sameDocument = true; });
  await page.locator("#live .pill", { hasText: "completed" }).waitFor();
  assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded anew");
  await page.waitForFunction(() => document.getElementById("told").textContent.includes("expires")); // said to who listens
  await tabTo(page, "tab-details");
  await page.keyboard.press("Enter");
  await page.getByText("CN=by-keys.example.test").first().waitFor();
  await unbroken(house, page);
  await page.context().close();
});

test("the same without JavaScript", async () => {
  const page = await visit(house, { javaScriptEnabled: false });
  await page.goto("/ui/");
  await page.getByRole("link", { name: "New certificate" }).first().click();
  await page.getByLabel("Name", { exact: true }).fill("plain");
  await page.getByLabel("DNS names, one a line").fill("plain.example.test");
  await page.getByRole("button", { name: "Order the certificate" }).click();
  await page.locator(".say", { hasText: "The certificate was ordered." }).waitFor();
  for (let i = 0; i < 20 && !(await page.locator(".pill", { hasText: "completed" }).count()); i++) { await page.waitForTimeout(500); await page.reload(); }
  await page.locator(".pill", { hasText: "completed" }).waitFor();
  await page.goto("/ui/certificates");
  await page.getByLabel("Name, alternative name").fill("plain");
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByRole("link", { name: "plain" }).waitFor();
  await page.context().close();
});

test("the back button", async () => {
  const page = await visit(house);
  await page.goto("/ui/certificates");
  await page.getByRole("link", { name: "plain" }).click();
  await page.getByRole("link", { name: "Policy" }).click();
  await page.locator("#json").waitFor();
  await page.goBack();
  await page.goBack();
  await page.getByRole("heading", { name: "Certificates" }).waitFor();
  await page.getByLabel("Name, alternative name").fill("by-keys");
  await page.waitForURL(/text=by-keys/);
  await page.locator("#rows", { hasText: "1 of 1 found" }).waitFor();
  await page.goBack();
  await page.locator("#rows", { hasText: "2 of 2 found" }).waitFor();
  await unbroken(house, page);
  await page.context().close();
});

test("Overview is told of what others do", async () => {
  const page = await visit(house);
  await page.goto("/ui/");
  await order(house, "elsewhere", "Unknown");
  await page.locator(".numbers .warn", { hasText: "1 waits for a person" }).waitFor();
  await unbroken(house, page);
  await page.context().close();
});

test("many certificates: first paint of Overview, and pages through all of them", async () => {
  const many = Number(process.env.CONSOLE_CERTIFICATES ?? 10000);
  const began = Date.now();
  execFileSync(process.env.CONSOLE_FILL, [house.ready.ip_url, house.ready.ca_file, String(many)]);
  console.log(`# ${many} certificates made in ${Date.now() - began} ms`);
  const page = await visit(house);
  await page.goto("/ui/");
  await page.locator(".legend", { hasText: /[1-9]\d+ renews by itself/ }).waitFor({ timeout: 60000 }); // counted, and told live
  const paints = [];
  for (let i = 0; i < 7; i++) {
    await page.goto("/ui/", { waitUntil: "load" });
    paints.push(await page.evaluate(() => new Promise((done) => { new PerformanceObserver((l) => done(l.getEntriesByName("first-contentful-paint")[0]?.startTime)).observe({ type: "paint", buffered: true }); })));
  }
  paints.sort((a, b) => a - b);
  console.log(`# first paint of Overview with ${many} certificates: ${paints.map(Math.round).join(", ")} ms`);
  await page.locator(".legend").waitFor();
  assert.ok(paints[0] <= Number(process.env.CONSOLE_PAINT ?? 200), `${paints[0]} ms at best`);
  assert.equal(await page.locator(".say").count(), 0); // the count is there
  const weight = await page.evaluate(() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).reduce((sum, e) => sum + e.decodedBodySize, 0));
  console.log(`# it weighs ${weight} bytes with all that it loads`);
  assert.ok(weight <= 100 * 1024, `${weight} bytes`);
  await page.goto("/ui/certificates?sort=name&text=many");
  const seen = new Set();
  for (let i = 0; i < 5; i++) {
    for (const name of await page.locator("tbody th a").allInnerTexts()) { assert.ok(!seen.has(name), `${name} comes twice`); seen.add(name); }
    await page.getByRole("link", { name: "Next page" }).click();
    await page.locator(`tbody th a >> nth=0`).waitFor();
  }
  assert.equal(seen.size, 250);
  await unbroken(house, page);
  await page.context().close();
});
