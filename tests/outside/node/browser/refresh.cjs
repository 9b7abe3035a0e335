// People stay logged in to applications in the browser by refresh tokens.

// Makes the vendor's client in a page, as every page of the application does.
async function start(page, settings) {
  await page.evaluate((options) => {
    window.client = new auth0.Auth0Client(options);
  }, settings);
}

// Logs in; what the tokens were.
async function logIn(visitor, { base, who, settings }) {
  const { page } = visitor;
  await page.goto(base);
  await start(page, settings);
  await visitor.goOn(() => page.evaluate(() => void client.loginWithRedirect()));
  await visitor.logIn(who);
  await start(page, settings);
  return page.evaluate(async () => {
    await client.handleRedirectCallback();
    return client.getTokenSilently({ detailedResponse: true });
  });
}

// A new token, whatever the library remembers.
function renew(page) {
  return page.evaluate(async () => {
    try {
      return await client.getTokenSilently({ cacheMode: "off", detailedResponse: true });
    } catch (error) {
      return { error: error.error, description: error.message };
    }
  });
}

// Notes what is sent to the token endpoint, by pages and by their workers.
function watch(context) {
  const sent = [];
  context.on("request", (request) => {
    if (request.url().endsWith("/oauth/token")) sent.push(Object.fromEntries(new URLSearchParams(request.postData())));
  });
  return sent;
}

// Renews tokens again and again; is the user known throughout?
exports.again = async (visitor, { base, who, settings, times }) => {
  const sent = watch(visitor.context);
  const first = await logIn(visitor, { base, who, settings });
  const renewed = [];
  for (let time = 0; time < times; time++) renewed.push(await renew(visitor.page));
  const { page } = visitor;
  const claims = await page.evaluate(() => client.getIdTokenClaims());
  const workers = page.workers().length;
  return { first, renewed, sent, claims, workers };
};

// Several tabs renew at the same moment, and once more.
exports.tabs = async (visitor, { base, who, settings, tabs, times }) => {
  const sent = watch(visitor.context);
  await logIn(visitor, { base, who, settings });
  const pages = [visitor.page];
  while (pages.length < tabs) {
    const page = await visitor.context.newPage();
    await page.goto(base);
    await start(page, settings);
    pages.push(page);
  }
  const renewed = [];
  for (let time = 0; time < times; time++) renewed.push(...(await Promise.all(pages.map(renew))));
  return { renewed, sent };
};

// The answer to a refresh gets lost on its way; the library asks again.
exports.lost = async (visitor, { base, who, settings }) => {
  await logIn(visitor, { base, who, settings });
  const { page } = visitor;
  const answers = [];
  await visitor.context.route("**/oauth/token", async (route) => {
    if (answers.length) return route.continue();
    // Only the browser knows where the server's name leads.
    const url = new URL(route.request().url());
    const headers = { ...route.request().headers(), host: url.host };
    url.hostname = "localhost";
    const answer = await route.fetch({ url: url.href, headers });
    answers.push({ status: answer.status(), ...(await answer.json()) });
    return route.abort("connectionreset");
  });
  const renewed = await renew(page);
  const kept = await page.evaluate(() => Object.values(localStorage).join());
  const again = await renew(page);
  const [lost] = answers;
  return { lost: lost.status, isTheSame: kept.includes(lost.refresh_token), renewed, again };
};

// Somebody revokes the refresh token elsewhere.
exports.revoked = async (visitor, { base, who, settings, revoke }) => {
  const sent = watch(visitor.context);
  await logIn(visitor, { base, who, settings });
  await renew(visitor.page);
  const stored = await visitor.page.evaluate(() =>
    Object.entries(localStorage).flatMap(([, value]) => {
      const token = JSON.parse(value)?.body?.refresh_token;
      return token ? [token] : [];
    }),
  );
  const [token] = stored;
  const response = await visitor.page.evaluate(
    async ([url, form]) => (await fetch(url, { method: "POST", body: new URLSearchParams(form) })).status,
    [revoke, { token, client_id: settings.clientId }],
  );
  return { stored: stored.length, response, renewed: await renew(visitor.page), sent };
};
