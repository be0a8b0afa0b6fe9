// The official client's beta, which knows opt-outs, against the simulated gateway: node acs_beta_client.mjs ENDPOINT KEY
// Prints one JSON line of what it got.
import { createRequire } from "node:module";
const require = createRequire(process.env.NUDGE_PEERS + "/");
const { SmsClient } = require("communication-sms-beta");
const { AzureKeyCredential } = require("@azure/core-auth");

const [endpoint, key] = process.argv.slice(2);
const client = new SmsClient(endpoint, new AzureKeyCredential(key));
const from = "+18335550100", phones = ["+16085550123", "+16085550124", "+1"];
const out = {};
out.before = await client.optOuts.check(from, phones.slice(0, 2));
out.add = await client.optOuts.add(from, phones);
out.between = await client.optOuts.check(from, phones);
out.remove = await client.optOuts.remove(from, phones.slice(0, 1));
out.after = await client.optOuts.check(from, phones.slice(0, 2));
out.other = await client.optOuts.check("+18335550101", phones.slice(1, 2));
out.sent = await client.send({ from, to: [phones[0]], message: "Hello" }, { enableDeliveryReport: true, tag: "b1" });
try {
  await new SmsClient(endpoint, new AzureKeyCredential("AAAA")).optOuts.check(from, phones);
  out.wrongKey = "taken";
} catch (e) {
  out.wrongKey = e.statusCode;
}
console.log(JSON.stringify(out));
