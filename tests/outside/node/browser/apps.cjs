// People use applications that are made of the vendor's libraries.

// Logs in to an application on a server, looks at the profile, and logs out again.
exports.throughServer = async (visitor, { base, who }) => {
  const { page } = visitor;
  await page.goto(`${base}/profile`);
  const first = visitor.path();
  await visitor.logIn(who);
  const profile = JSON.parse(await page.locator("body").innerText());
  const loginAddresses = visitor.addresses.splice(0);
  await page.goto(`${base}/profile`);
  const again = visitor.addresses.splice(0);
  await page.goto(`${base}/logout`);
  const end = { url: page.url(), text: await page.locator("body").innerText() };
  const logoutAddresses = visitor.addresses.splice(0);
  await page.goto(`${base}/profile`);
  return { first, profile, loginAddresses, again, end, logoutAddresses, afterwards: visitor.path() };
};

// Makes the vendor's client in the page, as every page of the application does.
async function start(page, { domain, clientId, authorizationParams, cacheLocation }) {
  await page.evaluate((options) => {
    window.client = new auth0.Auth0Client(options);
  }, { domain, clientId, authorizationParams, cacheLocation });
}

// Lets the page's script send the browser away.
async function leave(visitor, act, argument) {
  const { page } = visitor;
  await visitor.goOn(() => page.evaluate(act, argument));
}

// Logs in to an application that lives in the browser, uses its tokens, and logs out again.
exports.inBrowser = async (visitor, { base, who, settings }) => {
  const { page } = visitor;
  const exchanges = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/oauth/token")) exchanges.push(request.method());
  });

  await page.goto(base);
  await start(page, settings);
  const before = await page.evaluate(() => client.isAuthenticated());
  await leave(visitor, () => void client.loginWithRedirect({ appState: { shelf: 7 } }));
  await visitor.logIn(who);
  const callback = page.url();
  await start(page, settings);
  const login = await page.evaluate(async () => {
    const { appState } = await client.handleRedirectCallback();
    const token = await client.getTokenSilently({ detailedResponse: true });
    const again = await client.getTokenSilently();
    return {
      appState,
      authenticated: await client.isAuthenticated(),
      user: await client.getUser(),
      claims: await client.getIdTokenClaims(),
      token,
      isTheSame: token.access_token === again,
    };
  });
  const loginExchanges = exchanges.splice(0);

  await page.goto(base);
  await start(page, settings);
  const reloaded = await page.evaluate(() => client.isAuthenticated());
  const addresses = visitor.addresses.splice(0);
  await leave(visitor, (to) => void client.logout({ logoutParams: { returnTo: to } }), base);
  const returnedTo = page.url();
  const logoutAddresses = visitor.addresses.splice(0);
  await start(page, settings);
  const after = await page.evaluate(() => client.isAuthenticated());
  await leave(visitor, () => void client.loginWithRedirect());
  const { stopped } = visitor;
  return {
    before, callback, login, loginExchanges, reloaded, addresses, returnedTo, logoutAddresses, after,
    afterwards: visitor.path(), stopped,
  };
};

// What a script on each page is told by the token endpoint.
exports.exchangeFrom = async ({ page }, { pages, endpoint, form }) => {
  const told = [];
  for (const address of pages) {
    await page.goto(address);
    told.push(
      await page.evaluate(
        async ([url, body]) => {
          const options = { method: "POST", headers: { "auth0-client": "e30" }, body: new URLSearchParams(body) };
          const answer = await fetch(url, options).catch((error) => error);
          return answer instanceof Error ? answer.name : (await answer.json()).error;
        },
        [endpoint, form],
      ),
    );
  }
  return told;
};

// Logs in to one shop, goes to the other, and logs out of the first.
exports.twoShops = async (visitor, { first, second, who }) => {
  const { page } = visitor;
  await page.goto(`${first}/profile`);
  await visitor.logIn(who);
  visitor.addresses.splice(0);
  await page.goto(`${second}/profile`);
  const { user } = JSON.parse(await page.locator("body").innerText());
  const secondPaths = visitor.addresses.splice(0).map((address) => new URL(address).pathname);
  await page.goto(`${first}/logout`);
  const afterLogout = page.url();
  await page.goto(second);
  const secondStill = await page.locator("body").innerText();
  await page.goto(`${second}/logout`);
  await page.goto(`${second}/profile`);
  return { second: user, secondPaths, afterLogout, secondStill, secondThen: visitor.path() };
};
