// One Chromium for many scenarios. Each line of standard input names one and its arguments; each line of
// output is what it saw, or why it failed.
const https = require("node:https");
const path = require("node:path");
const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const { launch } = require("../browser.cjs");
const { Visitor } = require("./visitor.cjs");

async function play(browser, { scenario, options, arguments: given }) {
  const [file, name] = scenario.split(".");
  const visitor = await Visitor.enter(browser, options);
  try {
    return { seen: await require(path.join(__dirname, `${file}.cjs`))[name](visitor, given) };
  } catch (error) {
    return { failed: `${error.stack}\n${await visitor.describe()}` };
  } finally {
    await visitor.leave();
  }
}

// What stands behind every callback without a port: it says that the browser arrived, and no more.
function listen() {
  const [key, certificate] = process.argv.slice(2);
  const arrived = (_, response) => response.end("arrived");
  const server = https.createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, arrived);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function main() {
  const callbacks = await listen();
  // Applications live on hosts of their own, all of which are this machine.
  const { port } = callbacks.address();
  const browser = await launch(`--host-resolver-rules=MAP *.test:443 127.0.0.1:${port}, MAP *.test 127.0.0.1`);
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await play(browser, JSON.parse(line))) + "\n");
  }
  await browser.close();
  callbacks.closeAllConnections();
  callbacks.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
