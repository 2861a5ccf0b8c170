// Checks a running server with the unmodified Azure SDK for JavaScript:
// verification on, no client option set, DefaultAzureCredential, and nothing but
// environment variables to find the vault. Run by: conformance/sdk/run js
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate, createPrivateKey, createPublicKey, createHash, sign, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DefaultAzureCredential } from "@azure/identity";
import { CertificateClient } from "@azure/keyvault-certificates";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";
import { keyChecks } from "./keys.mjs";
import { secretChecks } from "./secrets.mjs";

const url = process.env.AZURE_KEYVAULT_URL;
if (!url) {
  console.error("AZURE_KEYVAULT_URL is not set\nhint: conformance/sdk/run js");
  process.exit(2);
}
const credential = new DefaultAzureCredential();
const certificates = new CertificateClient(url, credential);
const keys = new KeyClient(url, credential);
const secrets = new SecretClient(url, credential);
const run = `js-${Date.now()}-`;
const folder = mkdtempSync(join(tmpdir(), "certwright-js-"));

const selfPolicy = (subject, more = {}) => ({
  issuerName: "Self", subject, keyType: "EC", exportable: true,
  subjectAlternativeNames: { dnsNames: ["a.example", "b.example"] }, ...more,
});

// openssl runs OpenSSL, which plays everything outside of the vault and reads PFX for Node.
function openssl(args, input) {
  return execFileSync("openssl", args, { input, cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
}

// outside makes a certificate of its own and returns its files.
function outside(password) {
  openssl(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Imported", "-days", "30",
    "-keyout", "out.key", "-out", "out.pem"]);
  openssl(["pkcs12", "-export", "-inkey", "out.key", "-in", "out.pem", "-out", "out.pfx", "-passout", `pass:${password}`]);
  const cer = new X509Certificate(readFileSync(join(folder, "out.pem"))).raw;
  return { cer, pfx: readFileSync(join(folder, "out.pfx")) };
}

// signed issues a certificate for a CSR by a throwaway CA: leaf and CA, as DER.
function signed(csr) {
  writeFileSync(join(folder, "q.der"), csr);
  openssl(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Outside CA", "-days", "30",
    "-keyout", "ca.key", "-out", "ca.pem"]);
  openssl(["x509", "-req", "-inform", "DER", "-in", "q.der", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "20", "-outform", "DER", "-out", "leaf.der"]);
  return [readFileSync(join(folder, "leaf.der")), openssl(["x509", "-in", "ca.pem", "-outform", "DER"])];
}

// agree signs with the secret's private key and verifies with certificate and key.
async function agree(cert, contentType) {
  const { version, name } = cert.properties;
  const secret = await secrets.getSecret(name, { version });
  assert.equal(secret.properties.contentType, contentType);
  let pem = secret.value;
  if (contentType === "application/x-pkcs12") {
    const pfx = Buffer.from(secret.value, "base64");
    new (await import("node:tls")).createSecureContext({ pfx, passphrase: "" }); // Node's own reader opens it
    pem = openssl(["pkcs12", "-nodes", "-passin", "pass:", "-legacy"], pfx).toString();
  }
  const leaf = new X509Certificate(pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/)[0]);
  assert.deepEqual(leaf.raw, Buffer.from(cert.cer), "the secret holds the certificate");
  const signature = sign("sha256", Buffer.from("certwright"), createPrivateKey(pem));
  assert.ok(verify("sha256", Buffer.from("certwright"), leaf.publicKey, signature), "verifies with the certificate");
  const { key } = await keys.getKey(name, { version });
  const b64 = (bytes) => bytes && Buffer.from(bytes).toString("base64url");
  const jwk = { kty: key.kty.replace("-HSM", ""), crv: key.crv, n: b64(key.n), e: b64(key.e), x: b64(key.x), y: b64(key.y) };
  assert.ok(verify("sha256", Buffer.from("certwright"), createPublicKey({ key: JSON.parse(JSON.stringify(jwk)), format: "jwk" }), signature), "verifies with the key");
}

// order tells where the pending request of a name stands.
async function order(name) {
  return (await certificates.getCertificateOperation(name)).getOperationState().certificateOperation;
}

async function refused(status, code, work) {
  await assert.rejects(work, (e) => {
    assert.deepEqual([e.statusCode, e.code ?? e.details?.error?.code], [status, code], `${e.message}`);
    return true;
  });
}

async function create(name, policy, options) {
  const poller = await certificates.beginCreateCertificate(name, policy, options);
  return poller.pollUntilDone();
}

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

const checks = {
  "create with Self, polled to its end; read, versions, policy, key and secret": async () => {
    const name = run + "life";
    const cert = await create(name, { issuerName: "Self", subject: "CN=life" });
    assert.deepEqual(Buffer.from(cert.properties.x509Thumbprint), createHash("sha1").update(cert.cer).digest());
    await agree(cert, "application/x-pkcs12");
    const version = await certificates.getCertificateVersion(name, cert.properties.version);
    assert.deepEqual(version.cer, cert.cer);
    const before = await certificates.getCertificatePolicy(name);
    assert.deepEqual([before.keySize, before.validityInMonths, before.lifetimeActions.length, before.issuerName], [2048, 12, 1, "Self"]);
    await certificates.updateCertificatePolicy(name, { issuerName: "Self", subject: "CN=life", validityInMonths: 6, keyType: "EC", keyCurveName: "P-384" });
    const after = await certificates.getCertificatePolicy(name); // 4.10 forgets to return the answer of the update
    assert.deepEqual([after.validityInMonths, after.keyCurveName, after.keySize, after.subject], [6, "P-384", 384, "CN=life"]);
    const second = await create(name, after);
    assert.notEqual(second.properties.version, cert.properties.version);
    const versions = await all(certificates.listPropertiesOfCertificateVersions(name));
    assert.deepEqual(versions.map((v) => v.version).sort(), [cert.properties.version, second.properties.version].sort());
    await agree(second, "application/x-pkcs12");
  },
  "P-256, P-384, P-521, RSA 3072 as PEM: key, secret and certificate agree": async () => {
    for (const key of [{ keyType: "EC", keyCurveName: "P-256" }, { keyType: "EC", keyCurveName: "P-384" }, { keyType: "EC", keyCurveName: "P-521" }, { keyType: "RSA", keySize: 3072 }]) {
      const cert = await create(`${run}pem-${key.keyCurveName ?? key.keySize}`, selfPolicy("CN=pem", { ...key, contentType: "application/x-pem-file" }));
      await agree(cert, "application/x-pem-file");
    }
  },
  "tags, disabling and enabling": async () => {
    const name = run + "update";
    const cert = await create(name, selfPolicy("CN=update"));
    const tagged = await certificates.updateCertificateProperties(name, "", { tags: { team: "web" } });
    assert.deepEqual(tagged.properties.tags, { team: "web" });
    await certificates.updateCertificateProperties(name, cert.properties.version, { enabled: false });
    await refused(403, "Forbidden", () => secrets.getSecret(name));
    await certificates.updateCertificateProperties(name, cert.properties.version, { enabled: true });
    const back = await certificates.getCertificate(name);
    assert.deepEqual([back.properties.enabled, back.properties.tags], [true, { team: "web" }]);
    await agree(back, "application/x-pkcs12");
  },
  "lists by page": async () => {
    const { pfx } = outside("");
    const names = Array.from({ length: 27 }, (_, i) => `${run}list-${i}`);
    for (const name of names) await certificates.importCertificate(name, pfx);
    const listed = (await all(certificates.listPropertiesOfCertificates())).map((c) => c.name);
    assert.deepEqual(names.filter((n) => !listed.includes(n)), []);
    let pages = 0;
    for await (const page of certificates.listPropertiesOfCertificates().byPage()) pages += page.length > 0 ? 1 : 0;
    assert.ok(pages >= 2, `${pages} pages`);
  },
  "import of PFX": async () => {
    const { cer, pfx } = outside("pass word");
    const fromPFX = await certificates.importCertificate(run + "pfx", pfx, { password: "pass word" });
    assert.deepEqual(Buffer.from(fromPFX.cer), cer);
    await agree(fromPFX, "application/x-pkcs12");
    // PEM is for the other languages: this version of the SDK drops the policy that must say so.
  },
  "an issuer's order held, cancelled, rejected, completed": async () => {
    const [issuer, name] = [run + "issuer", run + "order"];
    await certificates.createIssuer(issuer, "DigiCert", { accountId: "hold", password: "secret" });
    const policy = selfPolicy("CN=order", { issuerName: issuer });
    const poller = await certificates.beginCreateCertificate(name, policy);
    assert.equal((await order(name)).status, "inProgress");
    await poller.cancelOperation();
    let state;
    do {
      await new Promise((done) => setTimeout(done, 200));
      state = await order(name);
    } while (state.status === "inProgress");
    assert.deepEqual([state.status, state.cancellationRequested], ["cancelled", true]);
    await certificates.updateIssuer(issuer, { accountId: "outcome=reject; message=not today" });
    await assert.rejects(create(name, policy), /not today/);
    await assert.rejects(order(name), /not today/);
    const gone = await certificates.deleteCertificateOperation(name);
    assert.deepEqual([gone.status, gone.error.code, gone.error.message], ["failed", "Request rejected", "not today"]);
    await refused(404, "PendingCertificateNotFound", () => certificates.getCertificateOperation(name));
    await certificates.updateIssuer(issuer, { accountId: "none" });
    await agree(await create(name, policy), "application/x-pkcs12");
  },
  "Unknown: CSR out, certificate merged": async () => {
    const name = run + "merge";
    await certificates.beginCreateCertificate(name, selfPolicy("CN=merge", { issuerName: "Unknown" }));
    const chain = signed((await order(name)).csr);
    const merged = await certificates.mergeCertificate(name, chain);
    assert.deepEqual(Buffer.from(merged.cer), chain[0]);
    assert.equal((await order(name)).status, "completed");
    await agree(merged, "application/x-pkcs12");
  },
  "issuers: set, get, update, list, delete": async () => {
    const name = run + "managed";
    await certificates.createIssuer(name, "Test", { accountId: "account", password: "secret", administratorContacts: [{ firstName: "Jo", email: "jo@example.org" }] });
    const issuer = await certificates.getIssuer(name);
    assert.deepEqual([issuer.provider, issuer.accountId, issuer.password, issuer.administratorContacts[0].firstName], ["Test", "account", undefined, "Jo"]);
    assert.equal((await certificates.updateIssuer(name, { provider: "DigiCert" })).provider, "DigiCert");
    assert.ok((await all(certificates.listPropertiesOfIssuers())).some((i) => i.id.endsWith(`/issuers/${name}`)));
    await certificates.deleteIssuer(name);
    await refused(404, "CertificateIssuerNotFound", () => certificates.getIssuer(name));
  },
  "contacts: set, get, delete": async () => {
    const list = [{ email: "a@example.org", name: "A", phone: "1" }, { email: "b@example.org" }];
    await certificates.setContacts(list);
    assert.deepEqual((await certificates.getContacts()).map((c) => c.email), ["a@example.org", "b@example.org"]);
    await certificates.deleteContacts();
    await refused(404, "ContactsNotFound", () => certificates.getContacts());
  },
  "backup, delete, purge, restore": async () => {
    const name = run + "backup";
    const before = await create(name, selfPolicy("CN=backup"));
    const kept = await certificates.backupCertificate(name);
    await refused(409, "Conflict", () => certificates.restoreCertificateBackup(kept));
    await (await certificates.beginDeleteCertificate(name)).pollUntilDone();
    await certificates.purgeDeletedCertificate(name);
    const after = await certificates.restoreCertificateBackup(kept);
    assert.deepEqual([after.properties.version, after.cer], [before.properties.version, before.cer]);
    await agree(after, "application/x-pkcs12");
  },
  "delete, recover, delete, purge": async () => {
    const name = run + "recover";
    const before = await create(name, selfPolicy("CN=recover"));
    const deleted = await (await certificates.beginDeleteCertificate(name)).pollUntilDone();
    assert.ok(deleted.recoveryId && deleted.deletedOn && deleted.scheduledPurgeDate);
    await refused(404, "CertificateNotFound", () => certificates.getCertificate(name));
    await refused(404, "SecretNotFound", () => secrets.getSecret(name));
    await refused(409, "Conflict", () => certificates.beginCreateCertificate(name, selfPolicy("CN=x")));
    assert.ok((await all(certificates.listDeletedCertificates())).some((c) => c.name === name));
    await (await certificates.beginRecoverDeletedCertificate(name)).pollUntilDone();
    const after = await certificates.getCertificate(name);
    assert.equal(after.properties.version, before.properties.version);
    await agree(after, "application/x-pkcs12");
    await (await certificates.beginDeleteCertificate(name)).pollUntilDone();
    await certificates.purgeDeletedCertificate(name);
    await refused(404, "CertificateNotFound", () => certificates.getDeletedCertificate(name));
  },
  "error codes as the SDK reads them": async () => {
    const name = run + "refused";
    await refused(404, "CertificateNotFound", () => certificates.getCertificate(name));
    await refused(404, "CertificateNotFound", () => certificates.getCertificateOperation(name)); // it asks for the certificate first
    const manual = selfPolicy("CN=refused", { issuerName: "Unknown" });
    await certificates.beginCreateCertificate(name, manual);
    await refused(409, "Forbidden", () => certificates.beginCreateCertificate(name, manual));
    await refused(409, "Forbidden", () => certificates.importCertificate(name, outside("").pfx));
    await refused(400, "BadParameter", () => certificates.beginCreateCertificate(run + "bad", selfPolicy("this is no name")));
    await refused(404, "CertificateNotFound", () => certificates.purgeDeletedCertificate(run + "never"));
  },
};

// What the checks of keys and secrets use; is and refused count their questions.
let asked = 0;
const tools = {
  keys, secrets, credential, run, all, create, selfPolicy, openssl,
  write: (file, content) => writeFileSync(join(folder, file), content),
  is: (got, want, what) => { asked++; assert.deepEqual(got, want, `${what}: got ${got}, want ${want}`); },
  refused: (...args) => { asked++; return refused(...args); },
};
Object.assign(checks, keyChecks(tools), secretChecks(tools));

let [passed, failed] = [0, 0];
for (const [what, check] of Object.entries(checks)) {
  try {
    await check();
    passed++;
    console.log(`ok   ${what}`);
  } catch (e) {
    failed++;
    console.log(`FAIL ${what}: ${e.stack}`);
  }
}
rmSync(folder, { recursive: true });
console.log(`${passed} passed, ${failed} failed; ${asked} questions about keys and secrets`);
process.exit(failed ? 1 : 0);
