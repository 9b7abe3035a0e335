// A person with a browser of their own: what they do, and what the browser noticed meanwhile.

// What would run if a page let a text of somebody else become code.
const MARK = "__pwned";

class Visitor {
  static async enter(browser, options = {}) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-US", ...options });
    context.setDefaultTimeout(15_000);
    const visitor = new Visitor(context);
    await context.exposeBinding(MARK, ({ page }) => {
      visitor.ran.push(`a script on ${page.url()}`);
    });
    await visitor.openTab();
    return visitor;
  }

  constructor(context) {
    this.context = context;
    // Every document that the browser went to, in order.
    this.addresses = [];
    // Every form that was sent: where to, and what.
    this.posts = [];
    // Where responses sent the browser on to, applications outside of the browser included.
    this.redirects = [];
    // Scripts that ran and should not have.
    this.ran = [];
    // What the content security policy had to stop.
    this.stopped = [];
  }

  // Goes on in a new tab.
  async openTab() {
    const before = this.page;
    this.page = await this.context.newPage();
    this.#listen();
    await before?.close();
  }

  #listen() {
    this.page.on("dialog", async (dialog) => {
      this.ran.push(`a dialog on ${this.page.url()}: ${dialog.message()}`);
      await dialog.dismiss();
    });
    this.page.on("console", (message) => {
      if (/content security policy/i.test(message.text())) this.stopped.push(message.text());
    });
    this.page.on("request", (request) => {
      if (request.isNavigationRequest() && request.frame() === this.page.mainFrame()) {
        this.addresses.push(request.url());
        if (request.method() === "POST") this.posts.push([request.url(), request.postData()]);
      }
    });
    this.page.on("response", (response) => {
      const { location } = response.headers();
      if (location) this.redirects.push(new URL(location, response.url()).href);
    });
  }

  async leave() {
    await this.context.close();
  }

  async describe() {
    const text = await this.page.locator("body").innerText().catch(() => "");
    return [...this.addresses.slice(-12), `now at ${this.page.url()}`, text].join("\n");
  }

  path() {
    return new URL(this.page.url()).pathname;
  }

  // What is shown now.
  async shown() {
    const { page } = this;
    const text = await page.locator("body").innerText();
    return { url: page.url(), path: this.path(), title: await page.title(), text };
  }

  // Fills in the login page and sends it.
  async logIn({ username, password }) {
    await this.page.locator("input[name=username]").fill(username);
    const secret = this.page.locator("input[name=password]");
    if (!(await secret.count())) await this.press("default");
    await secret.fill(password);
    await this.press("default");
  }

  // Presses the button of the page's form that stands for `action`, and waits for what follows.
  press(action) {
    return this.goOn(() => this.page.locator(`button[name=action][value=${action}]`).click());
  }

  // Does what leads to another page, or out of the browser to an application of the machine.
  async goOn(act) {
    await Promise.all([this.page.waitForNavigation().catch(leftTheBrowser), act()]);
  }

  // Opens an address.
  async go(url) {
    await this.page.goto(url).catch(leftTheBrowser);
  }
}

// An address that no browser opens is handed to the machine, and the page stays.
function leftTheBrowser(error) {
  if (!/ERR_ABORTED|ERR_UNKNOWN_URL_SCHEME/.test(error.message)) throw error;
}

module.exports = { Visitor, MARK };
