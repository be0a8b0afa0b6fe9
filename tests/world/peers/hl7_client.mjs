// node hl7_client.mjs HOST PORT COUNT LETTER [CA CERT KEY]: sends messages one after the other and a batch; prints what was answered,
// as the client reads it and as it came.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const at = createRequire(process.env.NUDGE_PEERS + "/x.js").resolve("node-hl7-client");
const { Client, Message, Batch } = await import(pathToFileURL(at));
const [host, port, count, letter, ca, cert, key] = process.argv.slice(2);
const answers = [], raw = [];
const start = new Date(Date.now() + 25 * 3600 * 1000).toISOString().replace(/[-:T]/g, "").slice(0, 14) + "+0000";
const text = (id) => `MSH|^~\\&|EPIC|LAMNA|NUDGE|HERE|20261120060000||SIU^S12^SIU_S12|${id}|P|2.5.1\rSCH|1|${id}^EPIC|||||||30|MIN|^^30^${start}\r` +
  `PID|1||${id}^^^EPIC^MR||Testmann^Erika||19700101|F\rPV1|1|O|CARD\rRGS|1|A\rAIS|1|A|100^OFFICE VISIT\rAIL|1|A|CARD`;
const client = new Client({ host, ...(ca ? { tls: { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key), servername: "localhost" } } : {}) });
const connection = client.createConnection({ port: Number(port), waitAck: true }, (res) => {
  const m = res.getMessage();
  answers.push([m.get("MSA.1").toString(), m.get("MSA.2").toString()]);
});
connection.on("data.raw", (m) => raw.push(m));
connection.on("data.error", (e) => raw.push(String(e)));
connection.on("error", (e) => { console.error(String(e)); process.exit(1); });
const until = async (n) => { for (let i = 0; answers.length < n && i < 400; i++) await new Promise((r) => setTimeout(r, 50)); };
for (let i = 0; i < Number(count); i++) {
  await connection.sendMessage(new Message({ text: text(`${letter}${i}`) }));
  await until(i + 1);
}
const single = answers.length;
if (!ca) {
  const batch = new Batch();
  batch.start();
  batch.add(new Message({ text: text(`${letter}B0`) }));
  batch.add(new Message({ text: text(`${letter}B1`) }));
  batch.end();
  await connection.sendMessage(batch);
  await until(single + 1);
}
console.log(JSON.stringify({ answers: answers.slice(0, single), batch: answers.slice(single), raw }));
process.exit(0);
