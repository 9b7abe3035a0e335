// How a browser reads URLs, which counts more than how anybody else does.

const PARTS = ["href", "protocol", "username", "password", "host", "port", "pathname", "search", "hash"];

// The parts of each URL, by the parser of the browser; null where it finds no URL.
exports.read = ({ page }, { urls }) =>
  page.evaluate(
    ([all, parts]) =>
      all.map((text) => {
        const url = URL.parse(text);
        return url && Object.fromEntries(parts.map((part) => [part, url[part]]));
      }),
    [urls, PARTS],
  );

// Where each address leads the browser: the first request to another host, or the address of the page that is shown.
exports.follow = async (visitor, { addresses }) => {
  const ends = [];
  for (const address of addresses) {
    visitor.addresses.length = 0;
    // Many of the hosts do not exist; what counts is that the browser asked for them.
    await visitor.page.goto(address, { waitUntil: "commit" }).catch(() => {});
    const { host } = new URL(address);
    const left = visitor.addresses.find((one) => new URL(one).host !== host);
    ends.push(left ?? visitor.page.url());
    if (left && !/^https?:/.test(left)) await visitor.openTab();
  }
  return ends;
};
