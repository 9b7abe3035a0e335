// An application on a server, as the documentation of express-openid-connect shows it.
const https = require("node:https");
const { readFileSync } = require("node:fs");
const express = require("express");
const { auth, requiresAuth } = require("express-openid-connect");

const { port, key, certificate, base, issuer, clientId, clientSecret, parameters } = JSON.parse(process.argv[2]);

const app = express();
app.use(
  auth({
    authRequired: false,
    idpLogout: true,
    auth0Logout: false,
    baseURL: base,
    issuerBaseURL: issuer,
    clientID: clientId,
    clientSecret,
    secret: "a long secret that signs the cookies of this application",
    authorizationParams: { response_type: "code", scope: "openid profile email", ...parameters },
  }),
);
app.get("/", (request, response) => response.send(request.oidc.isAuthenticated() ? "logged in" : "logged out"));
app.get("/profile", requiresAuth(), async (request, response) => {
  const { user, idTokenClaims, accessToken } = request.oidc;
  const userinfo = accessToken && (await request.oidc.fetchUserInfo());
  response.json({ user, idTokenClaims, accessToken, userinfo });
});

const credential = { key: readFileSync(key), cert: readFileSync(certificate) };
https.createServer(credential, app).listen(port, "127.0.0.1", () => console.log("listening"));
