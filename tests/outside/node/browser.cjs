// Debian's Chromium, which talks to nobody but the server under test.
const { chromium } = require("playwright-core");

exports.launch = (...more) =>
  chromium.launch({
    executablePath: process.env.OUTSIDE_CHROMIUM || "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });

// The names of the pages that the example serves.
exports.names = async (base) => (await (await fetch(base)).text()).trim().split("\n");
