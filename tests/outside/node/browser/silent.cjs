// Applications in the browser get tokens without a page, or by a popup: what their scripts see of it.
const older = require("./older.cjs");

// Notes every message that the page receives.
async function open(page, base) {
  await page.goto(base);
  await page.evaluate(() => {
    window.messages = [];
    window.addEventListener("message", ({ origin, data }) => messages.push({ origin, data }));
  });
}

async function start(page, settings) {
  await page.evaluate((options) => {
    window.client = new auth0.Auth0Client(options);
  }, settings);
}

// Asks for a new token, whatever is known; it, or why there is none.
const renew = (page) =>
  page.evaluate(() =>
    client
      .getTokenSilently({ cacheMode: "off", timeoutInSeconds: 3 })
      .catch(({ error, error_description }) => ({ error, error_description })),
  );

const received = (page) => page.evaluate(() => messages.splice(0));

// Logs in by a redirect, then renews in frames: at once, after the page was loaded again, and after a logout.
exports.renewal = async (visitor, { base, settings, who }) => {
  const { page } = visitor;
  const frames = [];
  page.on("request", (request) => {
    if (request.isNavigationRequest() && request.frame() !== page.mainFrame()) frames.push(request.url());
  });
  await open(page, base);
  await start(page, settings);
  const before = await renew(page);
  const told = await received(page);
  await visitor.goOn(() => page.evaluate(() => void client.loginWithRedirect()));
  await visitor.logIn(who);
  await page.evaluate(() => (window.messages = []));
  await start(page, settings);
  const first = await page.evaluate(async () => {
    await client.handleRedirectCallback();
    return client.getTokenSilently();
  });
  const second = await renew(page);
  await open(page, base);
  await start(page, settings);
  const third = await renew(page);
  const user = await page.evaluate(() => client.getUser());
  const messages = await received(page);
  await visitor.goOn(() => page.evaluate((to) => void client.logout({ logoutParams: { returnTo: to } }), base));
  await open(page, base);
  await start(page, settings);
  const after = await renew(page);
  return { before, told, tokens: [first, second, third], user, messages, after, frames, stopped: visitor.stopped };
};

// Logs in by a popup, twice: the second time nobody is asked.
exports.popup = async (visitor, { base, settings, who }) => {
  const { page, context } = visitor;
  await open(page, base);
  await start(page, settings);
  const seen = [];
  for (let turn = 0; turn < 2; turn++) {
    await page.evaluate(() => {
      const button = document.body.appendChild(document.createElement("button"));
      button.textContent = "Log in";
      // A popup needs a click.
      button.onclick = () => (window.login = client.loginWithPopup({}).then(() => "done", (error) => error.message));
    });
    const opened = context.waitForEvent("page");
    await page.locator("button").last().click();
    const popup = await opened;
    if (turn === 0) {
      visitor.page = popup;
      await visitor.logIn(who).catch((error) => {
        if (!popup.isClosed()) throw error;
      });
      visitor.page = page;
    }
    const end = await page.evaluate(() => window.login);
    if (!popup.isClosed()) await popup.waitForEvent("close");
    const user = await page.evaluate(() => client.getUser());
    seen.push({ end, user, messages: await received(page), url: page.url() });
  }
  return seen;
};

// The older script: tokens in the fragment, a session that is checked in frames, a logout, and another check.
exports.implicit = async (visitor, { base, settings, who }) => {
  const { page } = visitor;
  await open(page, base);
  await older.start(page, settings);
  const before = await older.call(page, "checkSession", {});
  await older.leave(visitor, "authorize", {});
  await visitor.logIn(who);
  const callback = page.url();
  await older.start(page, settings);
  const login = await older.call(page, "parseHash", {});
  const checked = await older.call(page, "checkSession", {});
  const again = await older.call(page, "checkSession", { responseType: "id_token" });
  const addresses = visitor.addresses.splice(0);
  await older.leave(visitor, "logout", { returnTo: base });
  const returnedTo = page.url();
  await older.start(page, settings);
  const after = await older.call(page, "checkSession", {});
  return { before, callback, login, checked, again, addresses, returnedTo, after };
};

// Logs in, then asks from an origin that is not listed, and from a page of somebody else that frames what is not its.
exports.strangers = async (visitor, { base, settings, who, evil, silent, login }) => {
  const { page } = visitor;
  await open(page, base);
  await start(page, settings);
  await visitor.goOn(() => page.evaluate(() => void client.loginWithRedirect()));
  await visitor.logIn(who);
  await open(page, base);
  await start(page, settings);
  const renewed = await renew(page);
  const told = await received(page);
  await open(page, evil);
  const framed = [];
  for (const address of [silent, login]) {
    const arrived = page.waitForEvent("framenavigated", (frame) => frame.url() !== "about:blank");
    await page.evaluate((url) => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      frame.src = url;
    }, address);
    // What a frame shows that the server forbids is an error page of the browser.
    framed.push((await arrived).url());
  }
  await page.waitForLoadState("networkidle");
  const toldEvil = await received(page);
  return { renewed, told, framed, toldEvil };
};
