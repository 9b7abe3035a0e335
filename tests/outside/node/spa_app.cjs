// An application in the browser: a page, and the vendor's scripts for browsers as they are published, the older one for
// those who load it.
const https = require("node:https");
const { readFileSync } = require("node:fs");

const { port, key, certificate } = JSON.parse(process.argv[2]);
const sdk = require.resolve("@auth0/auth0-spa-js/dist/auth0-spa-js.production.js");
const older = require.resolve("auth0-js/dist/auth0.min.js");

const page = '<!doctype html><title>Shop</title><script src="/auth0-spa-js.js"></script>';
const files = {
  "/auth0-spa-js.js": ["text/javascript", readFileSync(sdk)],
  "/auth0.js": ["text/javascript", readFileSync(older)],
};

function answer(request, response) {
  const [type, body] = files[new URL(request.url, "https://spa.test").pathname] ?? ["text/html", page];
  response.writeHead(200, { "content-type": type }).end(body);
}

const credential = { key: readFileSync(key), cert: readFileSync(certificate) };
https.createServer(credential, answer).listen(port, "127.0.0.1", () => console.log("listening"));
