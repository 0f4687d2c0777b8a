// nodemailer: a pooled transport, raw octets or a mail that it composes. Keeps to the lines of turn.py: an order
// comes in as JSON, then numbers; each is answered with what sending so many messages took.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [modules, mode] = process.argv.slice(2);
const nodemailer = createRequire(`${modules}/`)("nodemailer");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const order = JSON.parse((await lines.next()).value);

const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: order.port,
  name: "client.test",
  pool: true,
  maxConnections: order.connections,
  maxMessages: Infinity,
  requireTLS: order.starttls,
  ignoreTLS: !order.starttls,
});
const sender = "comptes@example.com";
const to = Array.from({ length: order.recipients }, (_, number) => `client${number}@example.org`);
const raw = mode === "raw" && readFileSync(order.message);
const attachments = mode === "attachment" ? [{ filename: "large.bin", path: order.message }] : [];
const body = readFileSync(order.text, "utf8");

const mail = (number) =>
  mode === "raw"
    ? { envelope: { from: sender, to }, raw }
    : {
        from: sender,
        to: { name: `Zoë Müller ${number}`, address: `client${number}@example.org` },
        subject: `Le rapport d'été n° ${number}`,
        text: `Bonjour ${number},\n${body}`,
        attachments,
      };

async function send(count) {
  let next = 0;
  const worker = async () => {
    while (next < count) await transport.sendMail(mail(next++));
  };
  await Promise.all(Array.from({ length: order.connections }, worker));
}

const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "ascii"))[1]);

for await (const line of lines) {
  const count = Number(line);
  const cpu = process.cpuUsage();
  const started = process.hrtime.bigint();
  await send(count);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ messages: count, seconds, cpu: (user + system) / 1e6, peak: peak() }));
}
transport.close();
