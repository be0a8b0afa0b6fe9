// The vendor's client doing the same: node sdk.mjs ENDPOINT KEY INFLIGHT WARM_SECONDS SECONDS
// One line of JSON, as the other programs of this folder print it. It speaks HTTP/1.1 only.
import { createRequire } from "node:module";
const require = createRequire(process.env.NUDGE_PEERS + "/");
const { SmsClient } = require("@azure/communication-sms");
const { AzureKeyCredential } = require("@azure/core-auth");

const [endpoint, key, inflight, warm, seconds] = process.argv.slice(2);
const client = new SmsClient(endpoint, new AzureKeyCredential(key));
const message =
  "Lamna Cardiology: you have an appointment on Friday, November 27 at 10:30 AM. Questions: 608-271-9000. Reply STOP to opt out.";
const countFrom = performance.now() + warm * 1e3;
const until = countFrom + seconds * 1e3;
const times = [];
let texts = 0, bad = 0, from, to, cpu;

async function work() {
  while (to === undefined) {
    const tag = String(++texts);
    const since = performance.now();
    let taken = false;
    try {
      const phone = "+1608" + String(5550000 + (texts % 1000000));
      const results = await client.send({ from: "+18335550100", to: [phone], message }, { enableDeliveryReport: true, tag });
      taken = results.length === 1 && results[0].successful;
    } catch (e) {
      if (!bad) console.error(String(e));
    }
    const now = performance.now();
    if (!taken) bad++;
    if (now < countFrom) continue;
    if (from === undefined) {
      from = now;
      cpu = process.cpuUsage();
      continue;
    }
    if (to !== undefined) continue;
    if (now >= until) {
      to = now;
      cpu = process.cpuUsage(cpu);
    }
    times.push(now - since);
  }
}

await Promise.all(Array.from({ length: Number(inflight) }, work));
times.sort((a, b) => a - b);
const round = (x, digits) => Number(x.toFixed(digits));
console.log(JSON.stringify({
  per_s: round((times.length - bad) / ((to - from) / 1e3), 1),
  cpu_us: round((cpu.user + cpu.system) / times.length, 2),
  good: times.length - bad,
  bad,
  p50_ms: round(times[times.length >> 1], 3),
  p99_ms: round(times[Math.floor(times.length * 0.99)], 3),
  rss_kb: process.resourceUsage().maxRSS,
}));
