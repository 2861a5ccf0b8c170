// An ordinary program on the Azure SDK for JavaScript, without one line made for
// Certwright: it asks a vault for a certificate, watches the pending request
// until it is issued, and uses the certificate.
import { X509Certificate, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { DefaultAzureCredential } from "@azure/identity";
import { CertificateClient } from "@azure/keyvault-certificates";
import { KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";

const url = process.env.AZURE_KEYVAULT_URL;
if (!url) {
  console.error("AZURE_KEYVAULT_URL is not set\nhint: certwright run -- node examples/js/index.mjs");
  process.exit(1);
}
const credential = new DefaultAzureCredential();
const certificates = new CertificateClient(url, credential);
const name = "my-first-certificate";

console.log(`the vault is ${url}`);
let status;
const told = (now) => {
  if (now !== status) console.log(`  status      ${now}`);
  status = now;
};
const policy = {
  issuerName: "Self",
  subject: "CN=www.example.org",
  subjectAlternativeNames: { dnsNames: ["www.example.org"] },
  contentType: "application/x-pem-file",
};
console.log(`requested     ${name}`);
// the SDK asks again before it returns; the answer to the request itself is seen only so
const poller = await certificates.beginCreateCertificate(name, policy, { onResponse: ({ parsedBody }) => parsedBody?.status && told(parsedBody.status) });
while (status !== "completed") {
  told((await certificates.getCertificateOperation(name)).getOperationState().certificateOperation.status);
  if (status !== "completed") await poller.poll();
}

const certificate = await poller.pollUntilDone();
const cert = new X509Certificate(certificate.cer);
console.log(`certificate   ${certificate.properties.id}`);
console.log(`  subject     ${cert.subject}, for ${cert.subjectAltName}`);
console.log(`  valid       ${cert.validFrom} to ${cert.validTo}`);
console.log(`  thumbprint  ${cert.fingerprint.replaceAll(":", "")}`);

const { version } = certificate.properties;
const secret = await new SecretClient(url, credential).getSecret(name, { version });
console.log(`secret        ${secret.properties.id}, ${secret.properties.contentType}`);
const { key } = await new KeyClient(url, credential).getKey(name, { version });
console.log(`key           ${key.kid}, ${key.kty}`);

const text = Buffer.from("signed by a key that the vault made");
const signature = sign("sha256", text, createPrivateKey(secret.value));
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const publicKey = createPublicKey({ key: { kty: "RSA", n: base64url(key.n), e: base64url(key.e) }, format: "jwk" });
if (!verify("sha256", text, publicKey, signature) || !verify("sha256", text, cert.publicKey, signature)) {
  console.error("the signature does not verify");
  process.exit(1);
}
console.log("signature     made with the secret, verified with the key and with the certificate");
