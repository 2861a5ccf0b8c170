// Takes the pictures of docs/console.md, where SHOTS names the folder.
import { test } from "node:test";
import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { move, order, send, serve, shut, visit } from "./house.mjs";

if (process.env.SHOTS) test("pictures", async () => {
  const house = await serve();
  for (const [name, provider, account] of [["corporate-ca", "Internal", ""], ["digicert", "DigiCert", "hold"], ["globalsign", "GlobalSign", "outcome=reject; message=The domain is not validated."]])
    await send(house, "/ui/issuers", { vault: "default", name, provider, account });
  const names = ["www", "shop", "api", "login", "mail", "vpn", "intranet", "wiki", "git", "registry", "metrics", "ldap"];
  for (const [i, name] of names.entries()) await order(house, name, i % 4 === 3 ? "Self" : "corporate-ca", { months: String(1 + i % 3), ...(i % 5 === 4 ? { action: "EmailContacts" } : {}) });
  await move(house, "1m");
  await move(house, "9d");
  for (const [i, name] of ["partner", "print", "backup", "proxy"].entries()) await order(house, name, "corporate-ca", { months: String(1 + i % 3) });
  await order(house, "payments", "digicert");
  await order(house, "branch", "globalsign");
  await order(house, "legacy", "Unknown");
  await move(house, "1m");
  mkdirSync(process.env.SHOTS, { recursive: true });
  const page = await visit(house, { viewport: { width: 1180, height: 820 } });
  const dark = await visit(house, { viewport: { width: 1180, height: 820 }, colorScheme: "dark" });
  for (const [at, file, where] of [[page, "overview", "/ui/"], [page, "merge", "/ui/certificates/default/legacy"], [page, "new", "/ui/new"], [dark, "certificate", "/ui/certificates/default/www"]]) {
    await at.goto(where);
    await at.locator("h1").waitFor();
    await at.waitForTimeout(300);
    await at.screenshot({ path: join(process.env.SHOTS, file + ".png") });
  }
  await shut();
  await house.close();
});
