// What the vendor's older script for browsers does: here, logging in by a form of the application's own.
const { readFileSync } = require("node:fs");

// Loads the script into a page of the application, and makes its client.
async function start(page, settings) {
  await page.addScriptTag({ url: "/auth0.js" });
  await page.evaluate((options) => {
    window.webAuth = new auth0.WebAuth(options);
  }, settings);
}

// Calls `name` of the client; what its callback is given.
const call = (page, name, options) =>
  page.evaluate(
    ([path, argument]) =>
      new Promise((resolve) => {
        const names = path.split(".");
        const method = names.pop();
        const owner = names.reduce((object, part) => object[part], webAuth);
        owner[method](argument, (error, result) => resolve({ error, result }));
      }),
    [name, options],
  );

// Calls what leads the browser away; where it ended.
async function leave(visitor, name, options) {
  const { page } = visitor;
  const act = ([path, argument]) => {
    const names = path.split(".");
    const method = names.pop();
    const owner = names.reduce((object, part) => object[part], webAuth);
    owner[method](argument, (error) => {
      window.failed = error;
    });
  };
  await visitor.goOn(() => page.evaluate(act, [name, options]));
  return page.url();
}

// Logs in by the application's own form, after a wrong password.
exports.login = async (visitor, { base, settings, realm, who }) => {
  const { page } = visitor;
  await page.goto(base);
  await start(page, settings);
  const wrong = await call(page, "login", { realm, username: who.username, password: "wrong" });
  visitor.addresses.length = 0;
  const end = await leave(visitor, "login", { realm, ...who });
  return { wrong: wrong.error, end, addresses: visitor.addresses.splice(0) };
};

// Logs in without leaving the page; then the page asks again in silence.
exports.inPlace = async (visitor, { base, settings, realm, who }) => {
  const { page } = visitor;
  await page.goto(base);
  await start(page, settings);
  visitor.addresses.length = 0;
  const wrong = await call(page, "popup.loginWithCredentials", { realm, ...who, password: "wrong" });
  const { error, result } = await call(page, "popup.loginWithCredentials", { realm, ...who });
  const again = await call(page, "checkSession", {});
  return { wrong: wrong.error, error, result, again, addresses: visitor.addresses };
};

// Logs in by the application's own form, with tokens in the answer.
exports.tokensInFragment = async (visitor, { base, settings, realm, who }) => {
  const { page } = visitor;
  await page.goto(base);
  await start(page, settings);
  const end = await leave(visitor, "login", { realm, ...who });
  await start(page, settings);
  return { end, parsed: await call(page, "parseHash", { hash: new URL(end).hash }) };
};

// What a page is told that may not log anybody in.
exports.refused = async (visitor, { base, settings, realm, who }) => {
  const { page } = visitor;
  await page.goto(base);
  await start(page, settings);
  return (await call(page, "login", { realm, ...who })).error;
};

// Signs up and is logged in at once; asks for a new password.
exports.signUp = async (visitor, { base, settings, realm, who }) => {
  const { page } = visitor;
  const { username: email, password } = who;
  const given = { connection: realm, email, password };
  await page.goto(base);
  await start(page, settings);
  const weak = await call(page, "signup", { ...given, password: "x" });
  const made = await call(page, "signup", given);
  const taken = await call(page, "signup", given);
  const mailed = await call(page, "changePassword", { connection: realm, email });
  const second = { ...given, email: `second-${email}` };
  const end = await leave(visitor, "redirect.signupAndLogin", second);
  return { weak: weak.error, made: made.result, taken: taken.error, mailed: mailed.result, end };
};

// Gets tokens for a password, without any page.
exports.tokens = async (visitor, { base, settings, realm, who, scope }) => {
  const { page } = visitor;
  await page.goto(base);
  await start(page, settings);
  const wrong = await call(page, "client.login", { realm, ...who, password: "wrong", scope });
  const named = await call(page, "client.login", { realm, ...who, scope });
  const preset = await call(page, "client.loginWithDefaultDirectory", { ...who });
  const info = await page.evaluate(
    (token) => new Promise((resolve) => webAuth.client.userInfo(token, (_, user) => resolve(user))),
    named.result.accessToken,
  );
  // Only a page that belongs to a login asks whether a captcha is wanted.
  const captcha = await page.evaluate(
    (options) =>
      new Promise((resolve) => {
        const { client } = new auth0.WebAuth({ ...options, state: "s" });
        client.dbConnection.getSignupChallenge((_, told) => resolve(told));
      }),
    settings,
  );
  const cookies = (await visitor.context.cookies()).map(({ name }) => name);
  return { wrong: wrong.error, named: named.result, preset: preset.result, info, captcha, cookies };
};

// Logs in as a page of the tenant's own would that the server itself serves.
exports.hosted = async (visitor, { address, settings, realm, who }) => {
  const { page } = visitor;
  await page.goto(address);
  const carried = await page.evaluate(() => ({
    state: document.querySelector("input[name=state]").value,
    _csrf: document.querySelector("input[name=csrf]").value,
  }));
  // Scripts of others run in none of the server's own pages: the browser was told to look away.
  await page.evaluate(readFileSync(require.resolve("auth0-js/dist/auth0.min.js"), "utf8"));
  await page.evaluate((options) => {
    window.webAuth = new auth0.WebAuth(options);
  }, { ...settings, ...carried });
  const wrong = await call(page, "login", { realm, username: who.username, password: "wrong" });
  const end = await leave(visitor, "login", { realm, ...who });
  return { wrong: wrong.error, end, posts: visitor.posts };
};

Object.assign(exports, { start, call, leave });
