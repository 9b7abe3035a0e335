// Logging in by a code that was mailed: by the vendor's older script for browsers, and on the server's own pages.

// Loads the script into a page of the application, and makes its client.
async function start(page, base, settings) {
  await page.goto(base);
  await page.addScriptTag({ url: "/auth0.js" });
  await page.evaluate((options) => {
    window.webAuth = new auth0.WebAuth(options);
  }, settings);
}

// Asks for a code.
exports.start = async ({ page }, { base, settings, email }) => {
  await start(page, base, settings);
  return page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const asked = { connection: "email", send: "code", email: address };
        webAuth.passwordlessStart(asked, (error, result) => resolve({ error, result }));
      }),
    email,
  );
};

// Logs in with it, after a wrong one.
exports.logIn = async (visitor, { base, settings, email, code }) => {
  const { page } = visitor;
  await start(page, base, settings);
  const wrong = await page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const asked = { connection: "email", email: address, verificationCode: "no" };
        webAuth.passwordlessLogin(asked, resolve);
      }),
    email,
  );
  await visitor.goOn(() =>
    page.evaluate(
      ([address, verificationCode]) => {
        webAuth.passwordlessLogin({ connection: "email", email: address, verificationCode }, () => {});
      },
      [email, code],
    ),
  );
  return { wrong, end: page.url() };
};

// The code of the message to an address that is not among those known.
async function read(page, { mailbox, email, known }) {
  for (;;) {
    const answer = await page.request.get(mailbox, {
      headers: { accept: "application/json" },
      ignoreHTTPSErrors: true,
    });
    const messages = await answer.json();
    const found = messages.find(({ id, to }) => to === email && !known.includes(id));
    if (found) return found.text.match(/\b\d{6}\b/)[0];
  }
}

const focused = (page) => page.locator("input[autofocus]").getAttribute("name");

// Logs in on the server's pages with the keyboard alone.
exports.hosted = async (visitor, given) => {
  const { page } = visitor;
  const seen = { paths: [], focused: [] };
  const look = async () => {
    seen.paths.push(new URL(page.url()).pathname);
    seen.focused.push(await focused(page));
  };
  await page.goto(given.address);
  await look();
  await page.locator("input[name=username]").focus();
  await page.keyboard.type(given.email);
  await visitor.goOn(() => page.keyboard.press("Enter"));
  await look();
  await page.locator("input[name=code]").focus();
  await page.keyboard.type("000");
  await visitor.goOn(() => page.keyboard.press("Enter"));
  seen.wrong = await page.locator("[role=alert]").textContent();
  const code = await read(page, given);
  await page.locator("input[name=code]").focus();
  await page.keyboard.type(code);
  await visitor.goOn(() => page.keyboard.press("Enter"));
  return { ...seen, end: page.url() };
};
