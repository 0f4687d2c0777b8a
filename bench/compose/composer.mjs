// nodemailer's MailComposer over the mails of messages.py: a kind as one line of JSON comes in, then numbers;
// for each number, so many mails are composed, and the CPU time of each in µs goes out.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const MailComposer = require("nodemailer/lib/mail-composer");

const compose = (mail) =>
  new Promise((resolve, reject) =>
    new MailComposer(mail).compile().build((error, octets) => (error ? reject(error) : resolve(octets))),
  );

function job(kind, number) {
  const attachments = [];
  if (kind.image) attachments.push({ filename: "logo.png", content: kind.image, cid: "logo.png" });
  if (kind.file) attachments.push({ filename: "rapport.pdf", content: kind.file });
  return {
    from: "Comptes <comptes@example.com>",
    to: { name: `Zoë Müller ${number}`, address: `zoe${number}@example.org` },
    subject: `Le rapport d'été n° ${number}`,
    text: `Bonjour ${number},\n${kind.text}`,
    html: kind.html && `<p>Bonjour ${number}</p>${kind.html}`,
    attachments,
  };
}

let kind;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (typeof asked !== "number") {
    const octets = (text) => (text ? Buffer.from(text, "base64") : null);
    kind = { ...asked, image: octets(asked.image), file: octets(asked.file) };
    // For as long as its compiler needs to be done.
    for (let number = 0, start = Date.now(); Date.now() - start < 2000; number += 1) await compose(job(kind, number));
    console.log("0");
    continue;
  }
  const before = process.cpuUsage();
  for (let number = 0; number < asked; number += 1) await compose(job(kind, number));
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify((user + system) / asked));
}
