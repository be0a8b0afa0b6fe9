// The official client of storage queues: node queue_client.mjs QUEUE-URL ACCOUNT KEY; puts each line of its input, as it is, then says what is left.
import { createRequire } from "node:module";
const require = createRequire(process.env.NUDGE_PEERS + "/");
const { QueueClient, StorageSharedKeyCredential } = require("@azure/storage-queue");

const [url, account, key] = process.argv.slice(2);
const queue = new QueueClient(url, new StorageSharedKeyCredential(account, key));
let text = "";
for await (const piece of process.stdin) text += piece;
for (const line of text.split("\n").filter(Boolean)) await queue.sendMessage(line);
const left = await queue.getProperties();
console.log(JSON.stringify({ left: left.approximateMessagesCount }));
