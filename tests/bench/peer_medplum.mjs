// node peer_medplum.mjs CERTIFICATE KEY CLIENT_CERTIFICATE: a receiver made of @medplum/hl7's connection; parses, reads two fields, answers.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:tls";

const { Hl7Connection } = createRequire(process.env.NUDGE_PEERS + "/x.js")("@medplum/hl7");
const [cert, key, ca] = process.argv.slice(2).map((name) => readFileSync(name));
const server = createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
  socket.setNoDelay(true);
  const connection = new Hl7Connection(socket);
  connection.addEventListener("message", (event) => {
    event.message.getSegment("SCH").getField(1).toString();
    event.message.getSegment("PID").getField(3).toString();
    connection.send(event.message.buildAck());
  });
  connection.addEventListener("error", () => socket.destroy());
});
server.on("tlsClientError", () => {});
server.listen(0, "127.0.0.1", () => console.log(`ready ${server.address().port}`));
