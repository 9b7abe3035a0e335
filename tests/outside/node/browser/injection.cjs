// Texts that want to become code, in every place where a page says what somebody else said.

// The elements of the page with the names of their attributes, which no text may change; and where it points.
function outline() {
  const elements = [...document.querySelectorAll("*")];
  const POINTERS = ["href", "src", "srcset", "action", "formaction", "data", "poster", "background", "srcdoc"];
  const attributes = (element) => [...element.attributes].map(({ name }) => name).sort();
  const depth = (element) => (element.parentElement ? depth(element.parentElement) + 1 : 0);
  return {
    shape: elements.map((one) => `${depth(one)}${one.localName}(${attributes(one)})`).join(" "),
    pointers: elements.flatMap((one) =>
      POINTERS.filter((name) => one.hasAttribute(name)).map(
        (name) => new URL(one.getAttribute(name), document.baseURI).href,
      ),
    ),
    scripts: [...document.scripts].filter((one) => one.text).map((one) => one.text),
    text: document.body.innerText,
  };
}

async function look(visitor, wanted) {
  const { page } = visitor;
  const foreign = new URL(page.url()).host !== wanted;
  const seen = foreign ? { left: page.url() } : await page.evaluate(outline);
  const posted = Object.fromEntries(new URLSearchParams(visitor.posts.splice(0).at(-1)?.[1] ?? ""));
  return { ...seen, posted, url: page.url(), ran: visitor.ran.splice(0), requests: visitor.requests.splice(0) };
}

// Opens each address, after logging in at the first if `who` is given; what was there.
exports.open = async (visitor, { who, first, addresses, staysOnForms, leaves }) => {
  visitor.requests = [];
  visitor.page.on("request", (request) => visitor.requests.push(request.url()));
  visitor.page.on("response", (response) => {
    if (response.headers()["x-injected"]) visitor.ran.push(`a header of ${response.url()}`);
  });
  // A page that goes on by itself would be gone before anybody could look at it.
  if (staysOnForms) await visitor.page.route("**/go-on*.js", (route) => route.abort());
  if (who) {
    await visitor.go(first);
    await visitor.logIn(who);
  }
  const seen = [];
  for (const address of addresses) {
    visitor.requests.length = 0;
    await visitor.go(address);
    if (leaves) await visitor.page.waitForURL((url) => url.host !== new URL(address).host);
    seen.push(await look(visitor, new URL(address).host));
  }
  return seen;
};

// Types each text into a field of the page at `address`, or behind the `link` there, and sends the form; what was
// there then.
exports.type = async (visitor, { address, link, field, others, texts }) => {
  visitor.requests = [];
  visitor.page.on("request", (request) => visitor.requests.push(request.url()));
  const seen = [];
  for (const text of texts) {
    await visitor.go(address);
    if (link) await visitor.goOn(() => visitor.page.locator(link).click());
    visitor.requests.length = 0;
    await visitor.goOn(() =>
      visitor.page.evaluate(
        (values) => {
          const form = document.querySelector("form");
          form.noValidate = true;
          for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
          form.requestSubmit(form.querySelector("button[name=action]"));
        },
        { ...others, [field]: text },
      ),
    );
    seen.push(await look(visitor, new URL(address).host));
  }
  return seen;
};

// Puts the texts into a page of the server as if it did not escape them: what would be seen then.
exports.slip = async (visitor, { address, texts }) => {
  const seen = [];
  visitor.requests = [];
  for (const text of texts) {
    await visitor.go(address);
    await visitor.page.evaluate((html) => document.write(html), text);
    await visitor.page.waitForTimeout(50);
    seen.push(await look(visitor, new URL(address).host));
  }
  return seen;
};
