// Every page, in light and dark, wide and narrow; and every button.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accessible, api, move, order, send, serve, shut, unbroken, visit } from "./house.mjs";

let house, hook, page;
const certificate = (name, tab = "") => `/ui/certificates/default/${name}${tab && "?tab=" + tab}`;

before(async () => {
  hook = createServer((q, a) => { q.resume(); q.method === "OPTIONS" ? a.writeHead(200, { "WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "*" }).end() : a.writeHead(410).end(); });
  await new Promise((ready) => hook.listen(0, "127.0.0.1", ready));
  house = await serve(`providers:
  Careful: {kind: ca, manual_approval: true}
events:
  - url: http://127.0.0.1:${hook.address().port}/in
`);
  await send(house, "/ui/notices/contacts", { vault: "default", emails: "ops@example.test" });
  for (const [name, provider, account] of [["ca", "Internal", ""], ["careful", "Careful", ""], ["held", "DigiCert", "hold"], ["refusing", "DigiCert", "outcome=reject; message=The domain is not validated."]])
    await send(house, "/ui/issuers", { vault: "default", name, provider, account, password: "hunter2" });
  for (const [name, issuer] of [["web", "Self"], ["shop", "ca"], ["mail", "Unknown"], ["asks", "careful"], ["asks-too", "careful"], ["held", "held"], ["refused", "refusing"], ["gone", "Self"], ["lost", "Self"]])
    await order(house, name, issuer);
  await api(house, "PUT", "/secrets/pass", { value: "hunter2", contentType: "text/plain", tags: { team: "mail" }, attributes: { exp: Math.floor(Date.now() / 1000) + 9 * 86400 } });
  await api(house, "PUT", "/secrets/token", { value: "hunter2" });
  await api(house, "POST", "/keys/signer/create", { kty: "EC", crv: "P-256" });
  await move(house, "1m");
  for (const name of ["gone", "lost"]) await send(house, `/ui/certificates/default/${name}/delete`, { name });
  page = await visit(house);
});
after(async () => {
  await unbroken(house, page);
  await shut();
  await house.close();
  hook.closeAllConnections();
  hook.close();
});

const paths = ["/ui/", "/ui/certificates", "/ui/orders", "/ui/issuers", "/ui/deleted", "/ui/notices", "/ui/server", "/ui/mail", "/ui/clock", "/ui/new",
  ...["details", "order", "versions", "policy", "manage"].map((tab) => certificate("shop", tab)), certificate("mail"), certificate("asks"), certificate("refused"), certificate("shop") + "/key", "/ui/none",
  "/ui/keys", "/ui/keys?of=all", "/ui/keys/default/signer", "/ui/keys/default/shop", "/ui/secrets", "/ui/secrets?vault=nowhere", "/ui/secrets/default/pass", "/ui/secrets/default/pass/value"];

test("every page: one heading, nothing that axe finds, no scrolling sideways at 320 px", async () => {
  const narrow = await visit(house, { viewport: { width: 320, height: 700 } });
  for (const path of paths) {
    await page.goto(path);
    assert.equal(await page.locator("h1").count(), 1, path);
    await accessible(page);
    await narrow.goto(path);
    assert.ok(await narrow.evaluate(() => document.scrollingElement.scrollWidth <= 320), `${path} scrolls sideways at 320 px: ${await narrow.evaluate(() => [...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > 321 && !e.closest(".scroll,svg,.unseen,pre")).slice(0, 3).map((e) => e.outerHTML.slice(0, 150)).join("\n"))}`);
  }
  await unbroken(house, page, narrow);
  await narrow.context().close();
});

// crooked is what sticks out of its card or is cut off on a page, and labels of charts too small to read.
const crooked = (on) => on.evaluate(() => {
  const found = [];
  for (const card of document.querySelectorAll(".card")) {
    const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight) + 0.5;
    for (const e of card.querySelectorAll("*")) {
      if (e.closest(".scroll, svg, .unseen")) continue;
      const right = e.getBoundingClientRect().right;
      if (right > edge) found.push(`${e.tagName}.${e.className} ends at ${right}, its card at ${edge}`);
    }
  }
  const pen = document.createElement("canvas").getContext("2d");
  for (const s of document.querySelectorAll("select")) {
    const style = getComputedStyle(s);
    pen.font = style.font;
    const room = s.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - 18; // the arrow
    const text = s.selectedOptions[0].textContent.trim();
    if (pen.measureText(text).width > room) found.push(`${s.id}: ${text} is cut`);
  }
  for (const t of document.querySelectorAll(".chart text")) {
    const high = parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.clientWidth / t.ownerSVGElement.viewBox.baseVal.width;
    if (high < 8.5) { found.push(`a label of the chart is ${high} px high`); break; }
  }
  return found;
});

test("nothing sticks out and nothing is cut, at 320 px and on a desk", async () => {
  const found = [];
  const on = await visit(house);
  for (const path of ["/ui/", "/ui/certificates", "/ui/keys?sort=expires", "/ui/secrets", "/ui/new?issuer=Unknown", certificate("mail", "order"), certificate("shop", "policy"), "/ui/issuers", "/ui/notices"]) {
    await on.goto(path);
    await on.evaluate(() => { // the longest of each choice
      for (const s of document.querySelectorAll("select:enabled"))
        s.value = [...s.options].filter((o) => !o.disabled && !o.text.startsWith("Unknown:")).reduce((a, b) => (b.text.length > a.text.length ? b : a)).value;
    });
    for (const width of [320, 480, 1280]) {
      await on.setViewportSize({ width, height: 800 });
      for (const what of await crooked(on)) found.push(`${path} at ${width} px: ${what}`);
    }
    if (path === "/ui/certificates") {
      const [field, button] = await Promise.all([on.locator("#tag"), on.getByRole("button", { name: "Tag" })].map((e) => e.boundingBox()));
      if (Math.abs(field.y + field.height / 2 - button.y - button.height / 2) > 1.5) found.push(`the field is at ${JSON.stringify(field)}, its button at ${JSON.stringify(button)}`);
    }
  }
  await on.context().close();
  assert.deepEqual(found, []);
});

test("who signs by hand is not offered that it renews by itself", async () => {
  await page.goto("/ui/new");
  const [issuer, action] = [page.getByLabel("Who signs it"), page.getByLabel("Before it expires")];
  assert.equal(await action.inputValue(), "AutoRenew");
  await issuer.selectOption("Unknown");
  assert.equal(await action.inputValue(), "EmailContacts");
  assert.ok(await action.locator("option[value=AutoRenew]").isDisabled());
  await issuer.selectOption("Self");
  assert.equal(await action.inputValue(), "AutoRenew");
  await page.getByLabel("Name", { exact: true }).fill("my_site");
  await page.locator("#name-help .pill.bad", { hasText: "letters, digits and hyphens" }).waitFor();
  await page.getByLabel("DNS names").fill("my.example.test");
  await page.getByRole("button", { name: "Order the certificate" }).click();
  await page.locator(".say.bad", { hasText: "letters, digits and hyphens" }).waitFor(); // the server says it, not the browser
});

test("pages weigh at most 100 KB", async () => {
  const fresh = await visit(house);
  await fresh.goto("/ui/", { waitUntil: "load" });
  const weight = await fresh.evaluate(() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).reduce((sum, e) => sum + e.decodedBodySize, 0));
  assert.ok(weight > 40000 && weight <= 100 * 1024, `${weight} bytes`);
  console.log(`# Overview weighs ${weight} bytes with all that it loads`);
  await fresh.context().close();
});

// press presses a button and waits for the page that it leads to.
async function press(name, says, { at, exact = true } = {}) {
  await (at ?? page).getByRole("button", { name, exact }).first().click();
  await page.locator(".say", { hasText: says }).waitFor().catch(async (e) => {
    throw new Error(`after ${name}, ${page.url()} does not say ${says} but ${await page.locator(".say").allInnerTexts()}`, { cause: e });
  });
}

test("an order waits for a word: deny with a reason, approve", async () => {
  await page.goto("/ui/orders");
  const row = page.locator("tr", { hasText: "asks-too" });
  await row.getByLabel("Reason for asks-too").fill("not ours");
  await press("Deny asks-too", "denied", { at: row });
  await page.goto(certificate("asks-too"));
  await page.getByText("Rejected by an operator: not ours").waitFor();
  await page.goto(certificate("asks"));
  await page.getByLabel("Reason").fill("fine");
  await press("Approve", "approved");
  await page.locator("#live .pill", { hasText: "completed" }).waitFor(); // told live
  await page.getByText("Approved by an operator: fine").waitFor();
});

test("cancel, keep, cancel again, remove; try again", async () => {
  await page.goto(certificate("held"));
  await press("Try again now", "tried again");
  await press("Cancel order", "being cancelled");
  await press("Keep the order", "goes on");
  await page.goto("/ui/orders");
  await page.getByRole("button", { name: "Cancel: held" }).click();
  await page.locator(".say", { hasText: "being cancelled" }).waitFor();
  await page.locator("#orders tr", { hasText: "held" }).first().waitFor({ state: "detached", timeout: 15000 }); // live, two seconds later
  await page.goto(certificate("held", "order"));
  await page.locator(".pill", { hasText: "cancelled" }).first().waitFor();
  await press("Remove the order from the page", "removed");
  await page.getByText("There is no order.").waitFor();
});

test("what the authority refused is said", async () => {
  await page.goto(certificate("refused"));
  await page.getByText("Request rejected: The domain is not validated.").first().waitFor();
});

// sign has openssl sign a CSR as another authority would.
function sign(csr) {
  const dir = mkdtempSync(join(tmpdir(), "sign-"));
  writeFileSync(join(dir, "csr.pem"), csr);
  const run = (...args) => execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
  run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Elsewhere", "-days", "400");
  run("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "90", "-copy_extensions", "copy", "-out", "leaf.pem");
  run("x509", "-in", "leaf.pem", "-outform", "der", "-out", "leaf.der");
  return dir;
}

const downloaded = async (action) => {
  const [file] = await Promise.all([page.waitForEvent("download"), action()]);
  return readFileSync(await file.path());
};

test("a CSR is downloaded, signed elsewhere and merged: pasted, then as a dropped file", async () => {
  await page.goto(certificate("mail"));
  let csr = await downloaded(() => page.getByRole("link", { name: "Download CSR" }).click());
  await page.getByLabel("Certificate", { exact: true }).fill("nonsense");
  await page.getByRole("button", { name: "Merge" }).click();
  await page.locator(".say.bad", { hasText: "There is no certificate in that" }).waitFor();
  const signed = readFileSync(join(sign(csr), "leaf.pem"), "utf8");
  await page.getByLabel("Certificate", { exact: true }).fill(signed);
  await press("Merge", "merged");
  await page.goto(certificate("mail", "details"));
  await page.getByText("CN=Elsewhere").first().waitFor();
  await press("Renew now", "ordered");
  csr = await downloaded(() => page.getByRole("link", { name: "Download CSR" }).click());
  await page.getByLabel("or a file").setInputFiles(join(sign(csr), "leaf.der"));
  await page.waitForFunction(() => document.getElementById("signed").value.length > 100);
  await press("Merge", "merged");
  await page.goto(certificate("mail", "versions"));
  assert.equal(await page.locator("tbody tr").count(), 2);
});

test("downloads: chain, certificate, and the key after being asked again", async () => {
  await page.goto(certificate("shop"));
  const chain = (await downloaded(() => page.getByRole("link", { name: "Download chain" }).click())).toString();
  assert.equal(chain.match(/BEGIN CERTIFICATE/g).length, 2);
  assert.ok(!chain.includes("PRIVATE"));
  assert.ok((await downloaded(() => page.getByRole("link", { name: "Certificate only" }).click())).toString().includes("BEGIN CERTIFICATE"));
  await page.getByRole("link", { name: "Download with key" }).click();
  await page.getByLabel("Type the certificate's name").fill("other");
  await page.getByRole("button", { name: "Download" }).click();
  await page.locator(".say.bad", { hasText: "Type the name shop" }).waitFor();
  await page.getByLabel("Type the certificate's name").fill("shop");
  await page.getByLabel("Form").selectOption("pem");
  const pem = (await downloaded(() => page.getByRole("button", { name: "Download" }).click())).toString();
  assert.ok(pem.includes("PRIVATE KEY") && pem.includes("BEGIN CERTIFICATE"));
});

test("the policy as a form and as JSON; what is wrong stays in the form", async () => {
  await page.goto(certificate("web", "policy"));
  await page.getByLabel("Valid for, in months").fill("7");
  await page.getByLabel("DNS names, one a line").fill("one.example.test\ntwo.example.test");
  await press("Save the policy", "saved");
  const json = page.locator("#json");
  assert.match(await json.inputValue(), /"validity_months": 7/);
  await json.fill('{"x509_props":{"validity_months":9}}');
  await press("Save the JSON", "saved");
  assert.equal(await page.getByLabel("Valid for, in months").inputValue(), "9");
  await page.getByLabel("Subject").fill("not a name");
  await page.getByRole("button", { name: "Save the policy" }).click();
  await page.locator(".say.bad").waitFor();
  assert.equal(await page.getByLabel("Subject").inputValue(), "not a name");
});

test("tags, disable, enable, revoke, delete, recover, purge", async () => {
  await page.goto(certificate("shop", "manage"));
  await page.getByLabel("name=value, one a line").fill("team=shop\nenv=test");
  await press("Save the tags", "saved");
  await press("Disable", "disabled");
  await page.locator(".pill", { hasText: "disabled" }).first().waitFor();
  await press("Enable", "enabled");
  await page.getByLabel("Why").selectOption("superseded");
  await page.locator("#revoke-name").fill("shop");
  await press("Revoke", "revoked");
  await page.goto(certificate("shop", "versions"));
  await page.locator("tbody .pill", { hasText: "revoked" }).waitFor();
  assert.equal(await page.locator(".pill", { hasText: "revoked" }).count(), 2); // above the parts too
  await page.goto(certificate("shop", "manage"));
  await page.locator("#delete-name").fill("shop");
  await press("Delete", "can be recovered here");
  await press("Recover shop", "recovered");
  await page.goto("/ui/deleted");
  await page.getByText("Purge lost").click();
  await page.getByLabel("Type its name: lost").fill("nope");
  await page.getByRole("button", { name: "Purge" }).click();
  await page.locator(".say.bad", { hasText: "Type the name lost" }).waitFor();
  await page.getByText("Purge lost").click();
  await page.getByLabel("Type its name: lost").fill("lost");
  await press("Purge", "purged");
  assert.equal(await page.locator("tr", { hasText: "lost" }).count(), 0);
});

test("keys and secrets: found, disabled, enabled, downloaded after being asked again, deleted and recovered", async () => {
  await page.goto("/ui/secrets?sort=expires");
  assert.deepEqual(await page.locator("tbody th").allInnerTexts(), ["pass", "token"]);
  await page.getByLabel("Which").selectOption("those of certificates");
  await page.getByRole("button", { name: "Show" }).click();
  await page.locator("tbody").getByRole("link", { name: "shop" }).waitFor();
  await page.getByLabel("Which").selectOption("all");
  await page.getByLabel("Name, kind or tag").fill("team=mail");
  await page.getByLabel("Name, kind or tag").press("Enter");
  await page.locator("#rows", { hasText: "1 secret shown" }).waitFor();
  await page.locator("tbody").getByRole("link", { name: "pass" }).click();
  await press("Disable", "disabled");
  await page.locator(".pill", { hasText: "disabled" }).first().waitFor();
  await press("Enable", "enabled");
  await page.getByRole("link", { name: "Download the value" }).click();
  await page.getByLabel("Type the secret's name: pass").fill("other");
  await page.getByRole("button", { name: "Download" }).click();
  await page.locator(".say.bad", { hasText: "Type the name pass" }).waitFor();
  assert.ok(!(await page.content()).includes("hunter2"));
  await page.getByLabel("Type the secret's name: pass").fill("pass");
  assert.equal((await downloaded(() => page.getByRole("button", { name: "Download" }).click())).toString(), "hunter2");
  await page.getByRole("link", { name: "Keys", exact: true }).click();
  await page.locator("tbody").getByRole("link", { name: "signer" }).click();
  await press("Disable", "disabled");
  await page.getByLabel("Type the key's name: signer").fill("signer");
  await press("Delete", "deleted");
  await page.getByRole("button", { name: "Recover signer" }).click();
  await page.locator(".say.ok", { hasText: "recovered" }).waitFor();
});

test("many at once: renew, disable, enable, tag; the filter finds them as it is typed", async () => {
  await page.goto("/ui/certificates");
  await page.getByLabel("Choose all on this page").check();
  await page.getByLabel("Choose refused").uncheck();
  for (const name of ["mail", "held", "asks-too"]) await page.getByLabel("Choose " + name, { exact: true }).uncheck();
  await page.locator("#tag").fill("batch=1");
  await press("Tag", "Done with all");
  await page.getByLabel("Name, alternative name").fill("batch=1");
  await page.waitForURL(/text=batch/);
  await page.locator("#rows", { hasText: "3 of 3 found" }).waitFor();
  for (const [button, disabled, valid] of [["Disable", 3, 0], ["Enable", 0, 2]]) { // shop was revoked
    await page.getByLabel("Choose all on this page").check();
    await press(button, "Done with all");
    const pills = await page.locator("#rows tbody .pill").allInnerTexts();
    const of = (word) => pills.filter((text) => text.endsWith(word)).length;
    assert.deepEqual([of("disabled"), of("valid"), of("revoked")], [disabled, valid, 1], `${button}: ${pills}`);
  }
  await page.getByLabel("Choose web").check();
  await press("Renew now", "Done with all");
  const csv = (await downloaded(() => page.getByRole("link", { name: "Download as CSV" }).click())).toString();
  assert.match(csv, /^Vault,Name,Subject,Issuer,State,Expires,Renews,Tags,Last order\r\n/);
  assert.match(csv, /default,web,.*batch=1/);
  await page.goBack();
  await page.goto("/ui/certificates?state=failed");
  await page.getByRole("link", { name: "refused" }).waitFor();
});

test("issuers: add, refuse a second of the name, disable, enable, delete; a new issuing certificate", async () => {
  await page.goto("/ui/issuers");
  const add = async () => {
    await page.getByLabel("Name, as policies say it").fill("second");
    await page.getByLabel("Provider: who is behind it").fill("GlobalSign");
    await page.getByLabel("Password").fill("hunter2");
    await page.getByRole("button", { name: "Add the issuer" }).click();
  };
  await add();
  await page.locator(".say.ok", { hasText: "added" }).waitFor();
  assert.ok(!(await page.content()).includes("hunter2"));
  await add();
  await page.locator(".say.bad", { hasText: "already" }).waitFor();
  await press("Disable second", "disabled");
  await press("Enable second", "enabled");
  await press("Delete second", "deleted");
  assert.equal(await page.locator("tr", { hasText: "second" }).count(), 0);
  await page.getByText("New issuing certificate for Internal").click();
  await page.getByLabel("Type the provider's name: Internal").fill("Internal");
  await press("Make a new one", "new issuing certificate", { at: page.locator("tr", { hasText: "Internal" }) });
});

test("notices: what was given up is sent again; contacts; the mail as it would arrive", async () => {
  await page.goto("/ui/notices");
  for (let i = 0; i < 40 && !(await page.getByRole("button", { name: /^Send again/ }).count()); i++) { await page.waitForTimeout(500); await page.reload(); }
  await page.getByRole("button", { name: /^Send again/ }).first().click();
  await page.locator(".say.ok", { hasText: "queued again" }).waitFor();
  await page.getByRole("button", { name: /^Send a test to/ }).first().click();
  await page.locator(".say.bad", { hasText: "did not take the test" }).waitFor(); // it answers 410
  await accessible(page);
  await page.getByRole("button", { name: /^Send all again/ }).first().click();
  await page.locator(".say.ok", { hasText: "queued again" }).waitFor();
  await page.getByLabel("Mail addresses, one a line").first().fill("ops@example.test\nann@example.test");
  await press("Save the contacts of default", "saved");
  await page.goto("/ui/clock");
  await page.getByLabel("By how much").fill("backwards");
  await page.getByRole("button", { name: "Move the clock" }).click();
  await page.locator(".say.bad", { hasText: "is not a duration" }).waitFor();
  await press("30 days", "The clock was moved");
  await press("30 days", "The clock was moved");
  await page.getByLabel("By how much").fill("10d");
  await press("Move the clock", "The clock was moved");
  await page.locator(".side .pill", { hasText: "ahead" }).waitFor();
  await page.getByRole("link", { name: "Captured mail" }).click();
  const frame = page.frameLocator("iframe.mail").first();
  await frame.locator("body").waitFor();
  assert.ok((await frame.locator("body").innerText()).length > 20);
  await page.getByText("As plain text").first().click();
  await accessible(page);
});
