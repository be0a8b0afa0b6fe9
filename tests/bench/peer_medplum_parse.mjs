// node peer_medplum_parse.mjs FILE TIMES: parses one message again and again, reads two fields; prints processor time in us for each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { Hl7Message } = createRequire(process.env.NUDGE_PEERS + "/x.js")("@medplum/core");
const text = readFileSync(process.argv[2], "latin1");
const times = Number(process.argv[3]);
let found = 0;

function parse(n) {
  for (let i = 0; i < n; i++) {
    const message = Hl7Message.parse(text);
    found += message.getSegment("MSH").getField(10).toString().length + message.getSegment("SCH").getField(2).toString().length;
  }
}

parse(times / 5); // until it is compiled
const before = process.cpuUsage();
parse(times);
const used = process.cpuUsage(before);
console.log(found > 0 ? (used.user + used.system) / times : NaN);
