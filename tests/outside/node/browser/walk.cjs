// A walk through the pages, step by step.

const STEPS = {
  go: (visitor, url) => visitor.go(url),
  // The same in a new tab: over the old one the browser may still ask which application of the machine is meant.
  async goInNewTab(visitor, url) {
    await visitor.openTab();
    await visitor.go(url);
  },
  logIn: (visitor, who) => visitor.logIn(who),
  // Fills fields by their names.
  async fill({ page }, fields) {
    for (const [name, value] of Object.entries(fields)) await page.locator(`input[name=${name}]`).fill(value);
  },
  // Follows the link or presses the button that is called so.
  choose(visitor, name) {
    const [link, button] = ["link", "button"].map((role) => visitor.page.getByRole(role, { name, exact: true }));
    return visitor.goOn(() => link.or(button).click());
  },
  press: (visitor, action) => visitor.press(action),
  // Goes to the link with the tabulator and follows it with Enter.
  async follow(visitor, name) {
    const { page } = visitor;
    const link = page.getByRole("link", { name });
    for (let presses = 0; ; presses++) {
      if (presses > 30) throw new Error(`the keyboard does not reach the link ${name}`);
      if (await link.evaluate((element) => element === document.activeElement)) break;
      await page.keyboard.press("Tab");
    }
    await visitor.goOn(() => page.keyboard.press("Enter"));
  },
  // Opens the newest mail in the mailbox at `address` and follows its link.
  async followMail(visitor, address) {
    const { page } = visitor;
    await visitor.go(address);
    await visitor.goOn(() => page.locator("a").first().click());
    await visitor.goOn(() => page.frameLocator("iframe").locator("a").first().click());
  },
  // Presses the one button of a page that goes on by itself where scripts run.
  send: (visitor) => visitor.goOn(() => visitor.page.locator("button[type=submit]").click()),
  // Waits until the browser is at this path.
  arrive: ({ page }, path) => page.waitForURL((url) => url.pathname === path),
  // Goes from field to field with the tabulator, types what each is called by, and sends with Enter.
  async type(visitor, fields) {
    const { page } = visitor;
    const missing = new Map(Object.entries(fields));
    for (let presses = 0; missing.size; presses++) {
      if (presses > 30) throw new Error(`the keyboard does not reach ${[...missing.keys()]}`);
      const name = await page.evaluate(() => document.activeElement.name ?? "");
      if (missing.has(name)) {
        await page.keyboard.type(missing.get(name));
        missing.delete(name);
      }
      if (missing.size) await page.keyboard.press("Tab");
    }
    await visitor.goOn(() => page.keyboard.press("Enter"));
  },
  // Goes to the button for `action` with the tabulator and presses it with Enter.
  async enter(visitor, action) {
    const { page } = visitor;
    for (let presses = 0; ; presses++) {
      if (presses > 30) throw new Error(`the keyboard does not reach the button ${action}`);
      const value = await page.evaluate(() => document.activeElement.value ?? "");
      if (value === action) break;
      await page.keyboard.press("Tab");
    }
    await visitor.goOn(() => page.keyboard.press("Enter"));
  },
};

// Takes the steps, each a name and its argument; what was shown after each.
exports.through = async (visitor, { steps }) => {
  const shown = [];
  for (const [name, argument] of steps) {
    await STEPS[name](visitor, argument);
    shown.push({ ...(await visitor.shown()), redirects: visitor.redirects.splice(0) });
  }
  const { addresses, posts, ran, stopped } = visitor;
  return { shown, addresses, posts, ran, stopped };
};
