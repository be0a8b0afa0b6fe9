// The official way to prove an identity, and then a text: node identity_client.mjs secret|certificate|machine ENDPOINT AUTHORITY TENANT CLIENT PROOF
// AUTHORITY: where Entra ID or the metadata service is. PROOF: the secret, or the file with certificate and key.
// Prints one JSON line of what it got.
import { createRequire } from "node:module";
const require = createRequire(process.env.NUDGE_PEERS + "/");
const { SmsClient } = require("@azure/communication-sms");
const { ClientSecretCredential, ClientCertificateCredential, ManagedIdentityCredential } = require("@azure/identity");

const [how, endpoint, authority, tenant, clientId, proof] = process.argv.slice(2);
if (how === "machine") process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = authority;
const options = { authorityHost: authority, disableInstanceDiscovery: true };
const credential = {
  secret: () => new ClientSecretCredential(tenant, clientId, proof, options),
  certificate: () => new ClientCertificateCredential(tenant, clientId, { certificatePath: proof }, options),
  machine: () => new ManagedIdentityCredential({ clientId }),
}[how]();
const out = {};
try {
  const client = new SmsClient(endpoint, credential);
  const send = () => client.send({ from: "+18335550100", to: ["+16085550123"], message: "By " + how });
  out.sent = [(await send())[0].successful, (await send())[0].successful];
} catch (e) {
  out.failed = e.name;
}
console.log(JSON.stringify(out));
