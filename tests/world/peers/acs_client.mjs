// The official client against the simulated gateway: node acs_client.mjs ENDPOINT KEY
// Prints one JSON line of what it got.
import { createRequire } from "node:module";
const require = createRequire(process.env.NUDGE_PEERS + "/");
const { SmsClient } = require("@azure/communication-sms");
const { AzureKeyCredential } = require("@azure/core-auth");

const [endpoint, key] = process.argv.slice(2);
const client = new SmsClient(endpoint, new AzureKeyCredential(key));
const send = (to, message, options) =>
  client.send({ from: "+18335550100", to, message }, options);
const out = {};
out.one = await send(["+16085550123"], "Hello é", { enableDeliveryReport: true, tag: "t1" });
out.mixed = await send(["+16085550123", "+1"], "Two");
out.plain = await send(["+16085550124"], "No options");
try {
  await new SmsClient(endpoint, new AzureKeyCredential("AAAA")).send({ from: "+18335550100", to: ["+16085550123"], message: "x" });
  out.wrongKey = "taken";
} catch (e) {
  out.wrongKey = e.statusCode;
}
try {
  await client.send({ from: "not a number!!", to: ["+16085550123"], message: "x" });
  out.wrongFrom = "taken";
} catch (e) {
  out.wrongFrom = e.statusCode;
}
console.log(JSON.stringify(out));
