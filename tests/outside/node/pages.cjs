// What a browser makes of the sample pages. The first argument names the check and says where the pages are; the answer is
// JSON on standard output.
const { launch, names } = require("./browser.cjs");

// Every page with axe-core: the violations, by page and theme.
async function axe(browser, { base }) {
  const source = require("node:fs").readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  const found = [];
  let pages = 0;
  for (const colorScheme of ["light", "dark"]) {
    // axe looks at the page from within it, which the page's policy forbids everybody else.
    const context = await browser.newContext({ colorScheme, reducedMotion: "reduce", bypassCSP: true });
    const page = await context.newPage();
    await page.route("**/go-on.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    for (const name of await names(base)) {
      for (const query of ["lang=en", "lang=ar", "look=glaring", "look=template"]) {
        await page.goto(`${base}/page/${name}?${query}`);
        await page.evaluate(source);
        const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
        pages += 1;
        for (const { id, nodes } of violations) {
          found.push(`${name} ${query} ${colorScheme}: ${id}: ${nodes.map((node) => node.html).join(" ")}`);
        }
      }
    }
    await context.close();
  }
  return { pages, found };
}

// Every page with values that try to break out: what came of them.
async function hostile(browser, { base }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/go-on.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  const complaints = [];
  page.on("console", (message) => {
    // Pages that refuse something have the status of a refusal; Chromium tells.
    if (!message.text().includes("the server responded with a status of 4")) complaints.push(message.text());
  });
  page.on("dialog", (dialog) => dialog.dismiss());
  const found = [];
  let shown = 0;
  for (const name of await names(base)) {
    for (const look of ["plain", "branded", "template"]) {
      complaints.length = 0;
      await page.goto(`${base}/page/${name}?values=hostile&look=${look}`);
      const marks = await page.evaluate(() => {
        const all = [...document.querySelectorAll("*")];
        const handlers = all.filter((node) => [...node.attributes].some(({ name }) => name.startsWith("on")));
        const urls = all.flatMap((node) => ["href", "src", "action", "formaction"].map((name) => node.getAttribute(name)));
        const scripts = [...document.scripts].filter((script) => !script.src.includes("/assets/"));
        return {
          broken: window.broken,
          handlers: handlers.map((node) => node.outerHTML),
          urls: urls.filter((url) => url && /^\s*(javascript|data:text)/i.test(url)),
          scripts: scripts.map((script) => script.textContent),
          images: all.filter((node) => node.getAttribute("src") === "x").length,
          text: document.body.innerText.includes("window.broken"),
        };
      });
      shown += marks.text ? 1 : 0;
      found.push({ page: `${name} ${look}`, ...marks, complaints: [...complaints] });
    }
  }
  await context.close();
  return { shown, found };
}

// What gets in if somebody gets something into the page after all.
async function policy(browser, { base }) {
  const page = await browser.newPage();
  await page.goto(`${base}/page/login`);
  const result = await page.evaluate(async () => {
    const refused = [];
    document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
    const add = (name, fill) => {
      const node = document.createElement(name);
      fill(node);
      document.body.append(node);
    };
    add("script", (node) => (node.textContent = "window.broken = 1"));
    add("script", (node) => (node.src = "https://evil.test/x.js"));
    add("style", (node) => (node.textContent = "body { display: none }"));
    add("iframe", (node) => (node.src = "https://evil.test/"));
    add("base", (node) => (node.href = "https://evil.test/"));
    add("img", (node) => node.setAttribute("onerror", "window.broken = 1"));
    await fetch("https://evil.test/").catch(() => {});
    const deadline = Date.now() + 5000;
    while (refused.length < 7 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 10));
    return { refused: refused.sort(), broken: window.broken, display: getComputedStyle(document.body).display };
  });
  await page.close();
  return result;
}

// A login with nothing but a keyboard, with scripts and without; what was sent.
async function keyboard(browser, { base, scripts }) {
  const context = await browser.newContext({ javaScriptEnabled: scripts });
  const page = await context.newPage();
  const sent = [];
  page.on("request", (request) => request.method() === "POST" && sent.push(request.postData()));
  const stops = [];
  await page.goto(`${base}/page/login`);
  // The cursor goes into the first field by itself, with the first frame.
  await page.locator("#username:focus").waitFor();
  await page.keyboard.type("ada@orchard.test");
  await page.keyboard.press("Tab");
  await page.keyboard.type("correct horse");
  for (let i = 0; i < 6; i += 1) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0) break;
    stops.push((await focused.innerText()).trim());
  }
  const posted = page.waitForRequest((request) => request.method() === "POST");
  await page.locator("#password").press("Enter");
  await posted;
  await context.close();
  return { stops, sent };
}

// What the scripts add.
async function scripts(browser, { base }) {
  const page = await browser.newPage();
  await page.goto(`${base}/page/login`);
  const reveal = page.locator(".g-reveal");
  await page.fill("#password", "secret");
  const states = [];
  const state = async () => states.push([await page.getAttribute("#password", "type"), await reveal.innerText()]);
  await state();
  await reveal.click();
  await state();
  await reveal.click();
  await state();
  await page.goto(`${base}/page/login?look=template`);
  const own = await page.evaluate(() => document.documentElement.dataset.own);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const posted = page.waitForRequest((request) => request.method() === "POST");
  await page.goto(`${base}/page/form-post`, { waitUntil: "commit" });
  const request = await posted;
  const formPost = { data: request.postData(), origin: (await request.allHeaders()).origin };
  const framed = page.waitForRequest((request) => request.url().endsWith("/frame"));
  await page.goto(`${base}/page/logging-out`, { waitUntil: "commit" });
  await framed;
  await page.waitForURL("**/page/logged-out");
  await page.close();
  return { states, own, ground, formPost };
}

// A form leads to another origin where its page says so, and nowhere else.
async function targets(browser, { base }) {
  const ends = {};
  for (const name of ["login", "logout"]) {
    const page = await browser.newPage();
    page.on("console", (message) => {
      if (message.text().includes("form-action")) ends[name] = "refused";
    });
    page.on("framenavigated", (frame) => {
      if (frame.url().endsWith("/landed")) ends[name] = "landed";
    });
    await page.goto(`${base}/page/${name}`);
    if (name === "login") {
      await page.fill("#username", "ada@orchard.test");
      await page.fill("#password", "secret");
    }
    await page.locator("button[name=action]").first().click({ noWaitAfter: true });
    const deadline = Date.now() + 10000;
    while (!ends[name] && Date.now() < deadline) await page.waitForTimeout(10);
    await page.close();
  }
  return ends;
}

// WCAG 2.2, 1.4.10: on the narrowest screens nothing has to be scrolled sideways, whatever the language and the names.
async function reflow(browser, { base, languages }) {
  const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
  const page = await context.newPage();
  await page.route("**/go-on.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  const queries = [...languages.map((language) => `lang=${language}`), "values=hostile", "look=branded"];
  const wide = [];
  for (const name of await names(base)) {
    for (const query of queries) {
      await page.goto(`${base}/page/${name}?${query}`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${name} ${query}: ${width}`);
    }
  }
  await context.close();
  return wide;
}

const CHECKS = { axe, hostile, policy, keyboard, scripts, targets, reflow };

async function main() {
  const { check, ...options } = JSON.parse(process.argv[2]);
  const browser = await launch();
  const answer = await CHECKS[check](browser, options);
  await browser.close();
  process.stdout.write(JSON.stringify(answer));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
