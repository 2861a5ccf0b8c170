// Signs in with one credential of the unmodified Azure SDK for JavaScript, and
// puts a secret into a vault and gets it again. Nothing is set in code:
//   node signin.mjs workload|environment|default|managed
// conformance/signin runs it against certwright serve.
import { DefaultAzureCredential, EnvironmentCredential, ManagedIdentityCredential, WorkloadIdentityCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";

const kinds = {
  workload: WorkloadIdentityCredential, environment: EnvironmentCredential, default: DefaultAzureCredential, managed: ManagedIdentityCredential,
};
const kind = process.argv[2];
try {
  const secrets = new SecretClient(process.env.AZURE_KEYVAULT_URL, new kinds[kind]());
  const name = `signin-js-${kind}`, value = `of ${kind}`;
  await secrets.setSecret(name, value);
  const got = await secrets.getSecret(name);
  if (got.value !== value) throw new Error(`it holds ${got.value}`);
  console.log("ok");
} catch (e) {
  console.log(`${e.name}: ${e.message}`);
  process.exit(1);
}
