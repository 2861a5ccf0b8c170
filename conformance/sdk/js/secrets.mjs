// Secrets with the unmodified SDK.  Dates are before 2038: later ones it sends negative.
import { createPublicKey, X509Certificate } from "node:crypto";

export function secretChecks({ secrets, run, is, refused, all, create, selfPolicy, openssl, write }) {
  return {
    "secrets: set, get, versions, update, lists by page": async () => {
      const name = run + "secret";
      const [notBefore, expiresOn] = [new Date(1893459661000), new Date(2051222461000)];
      const made = await secrets.setSecret(name, "Grüße", { contentType: "big secret", notBefore, tags: { tag: "value" } });
      is(await secrets.getSecret(name), made, "the secret got");
      is([made.value, made.properties.contentType, made.properties.notBefore, made.properties.tags], ["Grüße", "big secret", notBefore, { tag: "value" }], "as asked");
      const second = await secrets.setSecret(name, "second");
      const changed = await secrets.updateSecretProperties(name, made.properties.version, { contentType: "text/plain", expiresOn });
      is([changed.contentType, changed.expiresOn, changed.notBefore, changed.tags], ["text/plain", expiresOn, notBefore, { tag: "value" }], "changed");
      is([(await secrets.getSecret(name, { version: made.properties.version })).value, (await secrets.getSecret(name)).value], ["Grüße", "second"], "values");
      is((await all(secrets.listPropertiesOfSecretVersions(name))).map((x) => x.version).sort(), [made, second].map((x) => x.properties.version).sort(), "versions");
      const names = Array.from({ length: 27 }, (_, i) => `${run}secrets-${i}`);
      for (const n of names) await secrets.setSecret(n, "v");
      const listed = (await all(secrets.listPropertiesOfSecrets())).map((x) => x.name);
      is(names.filter((n) => !listed.includes(n)), [], "missing in the list");
      let pages = 0;
      for await (const page of secrets.listPropertiesOfSecrets().byPage()) pages += page.length > 0 ? 1 : 0;
      is(pages >= 2, true, "more than one page");
    },
    "secrets: delete, recover, purge, backup, restore": async () => {
      const name = run + "secret-recover";
      const made = await secrets.setSecret(name, "kept");
      const kept = await secrets.backupSecret(name);
      await refused(409, "Conflict", () => secrets.restoreSecretBackup(kept));
      const deleted = await (await secrets.beginDeleteSecret(name)).pollUntilDone();
      is([deleted.value, !!deleted.recoveryId, deleted.scheduledPurgeDate - deleted.deletedOn], [undefined, true, 90 * 86400e3], "deletion");
      await refused(404, "SecretNotFound", () => secrets.getSecret(name));
      await refused(409, "Conflict", () => secrets.setSecret(name, "other"));
      is((await all(secrets.listDeletedSecrets())).some((x) => x.name === name), true, "listed as deleted");
      await (await secrets.beginRecoverDeletedSecret(name)).pollUntilDone();
      is(await secrets.getSecret(name), made, "recovered");
      await (await secrets.beginDeleteSecret(name)).pollUntilDone();
      await secrets.purgeDeletedSecret(name);
      await refused(404, "SecretNotFound", () => secrets.getDeletedSecret(name));
      await secrets.restoreSecretBackup(kept);
      is(await secrets.getSecret(name), made, "restored");
      await refused(400, "Malformed backup blob", () => secrets.restoreSecretBackup(Buffer.from("no backup")));
    },
    "secrets: limits, disabled": async () => {
      const name = run + "secret-refused";
      await refused(404, "SecretNotFound", () => secrets.getSecret(name));
      await refused(400, "BadParameter", () => secrets.setSecret(name, "x".repeat(25 * 1024 + 1)));
      await refused(404, "SecretNotFound", () => secrets.getSecret(name));
      const made = await secrets.setSecret(name, "x".repeat(25 * 1024));
      await refused(400, "BadParameter", () => secrets.setSecret(name, "v", { contentType: "t".repeat(256) }));
      await secrets.updateSecretProperties(name, made.properties.version, { enabled: false });
      await refused(403, "Forbidden", () => secrets.getSecret(name));
      await secrets.updateSecretProperties(name, made.properties.version, { enabled: true });
      is((await secrets.getSecret(name)).value.length, 25 * 1024, "bytes of the value");
      await refused(400, "BadParameter", () => secrets.setSecret("under_score", "v"));
    },
    "a certificate's secret opens in OpenSSL, and refuses direct writes": async () => {
      for (const kind of [{ keyType: "RSA", keySize: 2048 }, { keyType: "EC", keyCurveName: "P-384" }]) {
        const name = `${run}opened-${kind.keyType}`;
        const cert = await create(name, selfPolicy("CN=opened", kind));
        const secret = await secrets.getSecret(name);
        is([secret.properties.managed, secret.properties.contentType, secret.properties.version], [true, "application/x-pkcs12", cert.properties.version], "the secret");
        write("it.pfx", Buffer.from(secret.value, "base64"));
        const pem = openssl(["pkcs12", "-in", "it.pfx", "-nodes", "-passin", "pass:", "-legacy"]).toString();
        const leaf = new X509Certificate(Buffer.from(cert.cer));
        is(createPublicKey(pem.match(/-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----/)[0]).equals(leaf.publicKey), true, "key and certificate");
        await refused(403, "Forbidden", () => secrets.setSecret(name, "v"));
        await refused(403, "Forbidden", () => secrets.updateSecretProperties(name, secret.properties.version, { enabled: false }));
        await refused(403, "Forbidden", () => secrets.beginDeleteSecret(name));
        await refused(403, "Forbidden", () => secrets.backupSecret(name));
      }
    },
  };
}
