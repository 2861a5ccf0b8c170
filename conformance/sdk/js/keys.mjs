// Keys with the unmodified SDK: what the vault does, and the same done here by
// Node's own crypto and by the SDK's local CryptographyClient, both ways.
import { constants, createHash, createPrivateKey, createPublicKey, generateKeyPairSync, privateDecrypt, publicEncrypt, sign, verify, X509Certificate } from "node:crypto";
import { CryptographyClient } from "@azure/keyvault-keys";

const text = Buffer.from("certwright");
const b64 = (bytes) => (bytes === undefined ? undefined : Buffer.from(bytes).toString("base64url"));
const curves = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "P-256K": "ES256K" };
const rsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const hashOf = (algorithm) => "sha" + algorithm.slice(2, 5);

// toNode turns a JSON web key of the SDK into a key of Node's.
function toNode(k, make = createPublicKey) {
  const crv = k.crv === "P-256K" ? "secp256k1" : k.crv;
  const jwk = { kty: k.kty.replace("-HSM", ""), crv, n: b64(k.n), e: b64(k.e), x: b64(k.x), y: b64(k.y) };
  return make({ key: JSON.parse(JSON.stringify(jwk)), format: "jwk" });
}

// toSDK is the other way, with the private members.
function toSDK(privateKey) {
  const jwk = privateKey.export({ format: "jwk" });
  const out = { kty: jwk.kty };
  for (const name of ["n", "e", "d", "p", "q", "dp", "dq", "qi", "x", "y"]) {
    if (jwk[name]) out[name] = Buffer.from(jwk[name], "base64url");
  }
  if (jwk.crv) out.crv = jwk.crv === "secp256k1" ? "P-256K" : jwk.crv;
  return out;
}

// how tells Node which form the vault's signatures have.
function how(key, algorithm) {
  if (algorithm.startsWith("PS")) return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  if (algorithm.startsWith("ES")) return { key, dsaEncoding: "ieee-p1363" };
  return key;
}

const padding = {
  RSA1_5: (key) => ({ key, padding: constants.RSA_PKCS1_PADDING }),
  "RSA-OAEP": (key) => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }),
  "RSA-OAEP-256": (key) => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }),
};

// openHere decrypts here. PKCS#1 v1.5 is for decryption OpenSSL: this Node refuses it.
const openHere = (key, algorithm, sealed, { openssl }) => algorithm === "RSA1_5"
  ? openssl(["pkeyutl", "-decrypt", "-inkey", "local.key", "-pkeyopt", "rsa_padding_mode:pkcs1"], sealed)
  : privateDecrypt(padding[algorithm](key), sealed);

export function keyChecks(tools) {
  const { keys, credential, run, is, refused, all, create, selfPolicy, openssl, write } = tools;

  // remote is a client that asks the vault for everything: a key type that it
  // does not know keeps it from working out anything by itself.
  const remote = (key) => new CryptographyClient({ ...key, key: { ...key.key, kty: "remote" } }, credential);

  // vaultSigns lets the vault sign; Node, the SDK's local side and the vault verify.
  async function vaultSigns(key, algorithms, publicKey = toNode(key.key)) {
    for (const algorithm of algorithms) {
      const client = remote(key);
      const digest = createHash(hashOf(algorithm)).update(text).digest();
      const { result } = await client.sign(algorithm, digest);
      is(verify(hashOf(algorithm), text, how(publicKey, algorithm), result), true, `${algorithm} of the vault verifies here`);
      is((await client.verify(algorithm, digest, result)).result, true, `${algorithm} verifies in the vault`);
      const broken = Buffer.from(result);
      broken[broken.length >> 1] ^= 1;
      is((await client.verify(algorithm, digest, broken)).result, false, `a tampered ${algorithm} does not`);
      const data = await client.signData(algorithm, text);
      is((await client.verifyData(algorithm, text, data.result)).result, true, `${algorithm} of data`);
      if (algorithm.startsWith("RS")) { // the one that this SDK verifies by itself (of PSS it forgets the padding)
        const local = new CryptographyClient(key.key);
        is((await local.verifyData(algorithm, text, result)).result, true, `${algorithm} verifies in the SDK`);
        is((await local.verifyData(algorithm, text, broken)).result, false, `a tampered ${algorithm} does not`);
      }
    }
  }

  async function weSign(key, privateKey, algorithms) {
    for (const algorithm of algorithms) {
      const signature = sign(hashOf(algorithm), text, how(privateKey, algorithm));
      is((await remote(key).verifyData(algorithm, text, signature)).result, true, `${algorithm} of ours verifies in the vault`);
    }
  }

  // bothWays encrypts and wraps on one side and opens on the other.
  async function bothWays(key, privateKey, algorithm) {
    const vault = remote(key);
    const sealed = (await vault.encrypt(algorithm, text)).result;
    is(openHere(privateKey, algorithm, Buffer.from(sealed), tools), text, `${algorithm} encrypted by the vault`);
    const wrapped = (await vault.wrapKey(algorithm, text)).result;
    is(openHere(privateKey, algorithm, Buffer.from(wrapped), tools), text, `${algorithm} wrapped by the vault`);
    const ours = publicEncrypt(padding[algorithm](toNode(key.key)), text);
    is(Buffer.from((await vault.decrypt(algorithm, ours)).result), text, `${algorithm} encrypted here`);
    is(Buffer.from((await vault.unwrapKey(algorithm, ours)).result), text, `${algorithm} wrapped here`);
    ours[ours.length >> 1] ^= 1;
    await refused(400, "BadParameter", () => vault.decrypt(algorithm, ours));
    if (algorithm === "RSA-OAEP-256") return; // not by the SDK alone
    const sdk = new CryptographyClient(key, credential); // encrypts by itself, decrypts in the vault
    is(Buffer.from((await vault.decrypt(algorithm, (await sdk.encrypt(algorithm, text)).result)).result), text, `${algorithm} encrypted by the SDK`);
    is(Buffer.from((await sdk.unwrapKey(algorithm, (await sdk.wrapKey(algorithm, text)).result)).result), text, `${algorithm} wrapped by the SDK`);
  }

  return {
    "keys: RSA 2048, 3072, 4096, P-256, P-384, P-521, P-256K and -HSM": async () => {
      for (const keySize of [2048, 3072, 4096]) {
        const { key, keyType, keyOperations, properties } = await keys.createRsaKey(`${run}rsa-${keySize}`, { keySize });
        is([keyType, key.n.length * 8, b64(key.e), key.d], ["RSA", keySize, "AQAB", undefined], "an RSA key");
        is(keyOperations, ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"], "operations");
        is([properties.enabled, properties.exportable, properties.recoverableDays], [true, false, 90], "properties");
      }
      for (const [curve, bytes] of [["P-256", 32], ["P-384", 48], ["P-521", 66], ["P-256K", 32]]) {
        const { key, keyOperations } = await keys.createEcKey(`${run}ec-${curve}`, { curve });
        is([key.crv, key.x.length, key.y.length, keyOperations], [curve, bytes, bytes, ["sign", "verify"]], "an EC key");
      }
      is((await keys.createEcKey(run + "hsm", { hsm: true })).keyType, "EC-HSM", "key type");
    },
    "keys: get, versions, update, lists by page": async () => {
      const name = run + "key";
      const [notBefore, expiresOn] = [new Date(1893459661000), new Date(2051222461000)];
      const made = await keys.createKey(name, "EC", { keyOps: ["sign"], notBefore, expiresOn, tags: { a: "b" } });
      is(await keys.getKey(name), made, "the key got");
      is([made.properties.notBefore, made.properties.expiresOn, made.properties.tags, made.keyOperations], [notBefore, expiresOn, { a: "b" }, ["sign"]], "as asked");
      const second = await keys.createKey(name, "EC", { curve: "P-384" });
      is(await keys.getKey(name, { version: made.properties.version }), made, "the first version");
      const changed = await keys.updateKeyProperties(name, made.properties.version, { enabled: false, keyOps: ["verify"] });
      is([changed.properties.enabled, changed.keyOperations, changed.properties.tags, changed.properties.expiresOn], [false, ["verify"], { a: "b" }, expiresOn], "changed");
      is((await all(keys.listPropertiesOfKeyVersions(name))).map((k) => k.version).sort(), [made, second].map((k) => k.properties.version).sort(), "versions");
      const names = Array.from({ length: 27 }, (_, i) => `${run}keys-${i}`);
      for (const n of names) await keys.createKey(n, "EC");
      const listed = (await all(keys.listPropertiesOfKeys())).map((k) => k.name);
      is(names.filter((n) => !listed.includes(n)), [], "missing in the list");
      let pages = 0;
      for await (const page of keys.listPropertiesOfKeys().byPage()) pages += page.length > 0 ? 1 : 0;
      is(pages >= 2, true, "more than one page");
    },
    "keys: rotate, rotation policy": async () => {
      const name = run + "rotate";
      const made = await keys.createKey(name, "EC", { curve: "P-521", tags: { a: "b" } });
      is((await keys.getKeyRotationPolicy(name)).lifetimeActions, [{ action: "Notify", timeAfterCreate: undefined, timeBeforeExpiry: "P30D" }], "the default policy");
      const policy = await keys.updateKeyRotationPolicy(name, { expiresIn: "P90D", lifetimeActions: [{ action: "Rotate", timeBeforeExpiry: "P10D" }] });
      is([policy.expiresIn, policy.lifetimeActions.length, policy.lifetimeActions[0].timeBeforeExpiry], ["P90D", 1, "P10D"], "the policy");
      const next = await keys.rotateKey(name);
      is([next.key.crv, next.properties.tags, next.properties.version === made.properties.version], ["P-521", { a: "b" }, false], "the next version");
      is(next.properties.expiresOn - next.properties.createdOn, 90 * 86400e3, "its life");
      await refused(404, "KeyNotFound", () => keys.rotateKey(run + "never"));
      await refused(400, "BadParameter", () => keys.updateKeyRotationPolicy(name, { expiresIn: "P1D" }));
    },
    "keys: delete, recover, purge, backup, restore": async () => {
      const name = run + "key-recover";
      const made = await keys.createKey(name, "EC");
      const kept = await keys.backupKey(name);
      await refused(409, "Conflict", () => keys.restoreKeyBackup(kept));
      const deleted = await (await keys.beginDeleteKey(name)).pollUntilDone();
      is([!!deleted.properties.recoveryId, deleted.properties.scheduledPurgeDate - deleted.properties.deletedOn], [true, 90 * 86400e3], "deletion");
      await refused(404, "KeyNotFound", () => keys.getKey(name));
      await refused(409, "Conflict", () => keys.createKey(name, "EC"));
      is((await all(keys.listDeletedKeys())).some((k) => k.name === name), true, "listed as deleted");
      const back = await (await keys.beginRecoverDeletedKey(name)).pollUntilDone();
      is(back.key, made.key, "recovered");
      await (await keys.beginDeleteKey(name)).pollUntilDone();
      await keys.purgeDeletedKey(name);
      await refused(404, "KeyNotFound", () => keys.getDeletedKey(name));
      is((await keys.restoreKeyBackup(kept)).key, made.key, "restored");
      await refused(400, "Malformed backup blob", () => keys.restoreKeyBackup(Buffer.from("no backup")));
    },
    "imported RSA keys: sign, encrypt and wrap in the vault and here, both ways": async () => {
      for (const modulusLength of [2048, 3072, 4096]) {
        const { privateKey } = generateKeyPairSync("rsa", { modulusLength });
        write("local.key", privateKey.export({ type: "pkcs8", format: "pem" }));
        const key = await keys.importKey(`${run}imported-${modulusLength}`, toSDK(privateKey));
        is(toNode(key.key).equals(createPublicKey(privateKey)), true, "the public key is ours");
        await vaultSigns(key, rsaAlgorithms);
        await weSign(key, privateKey, rsaAlgorithms);
        for (const algorithm of Object.keys(padding)) await bothWays(key, privateKey, algorithm);
      }
    },
    "imported EC keys: sign in the vault and here, both ways": async () => {
      for (const [curve, algorithm] of Object.entries(curves)) {
        const { privateKey } = generateKeyPairSync("ec", { namedCurve: curve === "P-256K" ? "secp256k1" : curve });
        const key = await keys.importKey(`${run}imported-${curve}`, toSDK(privateKey));
        is([key.key.crv, toNode(key.key).equals(createPublicKey(privateKey))], [curve, true], "the public key is ours");
        await vaultSigns(key, [algorithm]);
        await weSign(key, privateKey, [algorithm]);
      }
    },
    "a certificate's key signs in the vault, the certificate verifies": async () => {
      const kinds = [2048, 3072, 4096].map((keySize) => ({ keyType: "RSA", keySize })).concat(Object.keys(curves).map((keyCurveName) => ({ keyType: "EC", keyCurveName })));
      for (const kind of kinds) {
        const name = `${run}backed-${kind.keySize ?? kind.keyCurveName}`;
        const cert = await create(name, selfPolicy("CN=backed", { ...kind, contentType: "application/x-pem-file" }));
        const key = await keys.getKey(name);
        is([key.properties.managed, key.properties.version], [true, cert.properties.version], "the key of the certificate");
        await vaultSigns(key, kind.keySize ? ["RS256", "PS512"] : [curves[kind.keyCurveName]], new X509Certificate(Buffer.from(cert.cer)).publicKey);
        await refused(403, "Forbidden", () => keys.beginDeleteKey(name));
        await refused(403, "Forbidden", () => keys.updateKeyProperties(name, { enabled: false }));
        await refused(403, "Forbidden", () => keys.backupKey(name));
        await refused(403, "Forbidden", () => keys.rotateKey(name));
      }
    },
    "keys: what they may not do": async () => {
      const name = run + "key-refused";
      await refused(404, "KeyNotFound", () => keys.getKey(name));
      await keys.createKey(name, "RSA", { keyOps: ["sign"] });
      const client = remote({ ...(await keys.getKey(name)), keyOperations: undefined });
      const digest = createHash("sha256").update(text).digest();
      await refused(403, "Forbidden", () => client.verify("RS256", digest, digest));
      await refused(400, "BadParameter", () => client.sign("RS512", digest));
      await refused(400, "BadParameter", () => client.sign("ES256", digest));
      await keys.updateKeyProperties(name, { enabled: false });
      await refused(403, "Forbidden", () => client.sign("RS256", digest));
      await keys.updateKeyProperties(name, { enabled: true, notBefore: new Date(Date.now() + 1e9) });
      await refused(403, "Forbidden", () => client.sign("RS256", digest));
      await keys.updateKeyProperties(name, { notBefore: new Date(1e9), expiresOn: new Date(2e9) });
      await refused(403, "Forbidden", () => client.sign("RS256", digest));
      await refused(400, "BadParameter", () => keys.createRsaKey(run + "bad", { keySize: 1024 }));
      await refused(400, "BadParameter", () => keys.createEcKey(run + "bad", { curve: "P-1" }));
      await refused(400, "BadParameter", () => keys.createOctKey(run + "bad"));
      await refused(400, "BadParameter", () => keys.importKey(run + "bad", { kty: "EC", crv: "P-256" }));
      await refused(404, "KeyNotFound", () => keys.getKey(run + "bad"));
      await refused(403, "Forbidden", () => keys.releaseKey(name, "token"));
      await refused(404, "NotFound", () => keys.getRandomBytes(16));
    },
  };
}
