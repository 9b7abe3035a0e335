// Does every operation of the first resources with the vendor's Node SDK, and prints what came back.
const { ManagementClient } = require("auth0");

const { domain, clientId, clientSecret, identifier, pem, aud } = JSON.parse(process.argv[2]);

const seen = {};

// Every object of a list, whatever its paging.
async function all(pages) {
  const found = [];
  for await (const one of await pages) found.push(one);
  return found;
}

async function apis(api) {
  const scopes = [{ value: "read:x", description: "Read" }, { value: "write:x" }];
  const made = await api.resourceServers.create({ identifier, name: "From Node", scopes });
  seen.api = made;
  seen.apiByIdentifier = await api.resourceServers.get(encodeURIComponent(identifier));
  seen.apiUpdated = await api.resourceServers.update(made.id, { token_lifetime: 300 });
  seen.apis = (await all(api.resourceServers.list({ per_page: 1 }))).map((one) => one.identifier);
}

async function clients(api) {
  const made = await api.clients.create({
    name: "From Node",
    app_type: "non_interactive",
    grant_types: ["client_credentials"],
  });
  const id = made.client_id;
  seen.client = made;
  seen.clientUpdated = await api.clients.update(id, { description: "changed" });
  seen.rotated = await api.clients.rotateSecret(id);
  seen.clientFound = await api.clients.get(id, { fields: "client_id,name", include_fields: true });
  seen.clients = (await all(api.clients.list({ per_page: 2 }))).map((one) => one.client_id);
  const credential = await api.clients.credentials.create(id, {
    credential_type: "public_key",
    name: "first",
    pem,
    alg: "RS256",
  });
  seen.credential = credential;
  seen.credentialFound = await api.clients.credentials.get(id, credential.id);
  seen.credentials = (await api.clients.credentials.list(id)).length;
  await api.clients.credentials.update(id, credential.id, { expires_at: "2040-01-01T00:00:00.000Z" });
  await api.clients.credentials.delete(id, credential.id);
  seen.credentialsAfter = (await api.clients.credentials.list(id)).length;
  return id;
}

async function grants(api, client_id) {
  const made = await api.clientGrants.create({ client_id, audience: identifier, scope: ["read:x"] });
  seen.grant = made;
  seen.grantFound = await api.clientGrants.get(made.id);
  seen.grantUpdated = await api.clientGrants.update(made.id, { scope: ["read:x", "write:x"] });
  seen.grants = await all(api.clientGrants.list({ client_id }));
  await api.clientGrants.delete(made.id);
  seen.grantsAfter = await all(api.clientGrants.list({ client_id }));
}

async function keys(api) {
  const before = await api.keys.signing.list();
  const rotated = await api.keys.signing.rotate();
  seen.rotatedKid = rotated.kid;
  seen.key = await api.keys.signing.get(rotated.kid);
  const previous = before.find((key) => key.current).kid;
  seen.revoked = await api.keys.signing.revoke(previous);
}

async function rest(api) {
  seen.settings = await api.tenants.settings.update({ friendly_name: "Orchard" });
  seen.settingsFound = await api.tenants.settings.get({});
  const logs = await all(api.logs.list({ per_page: 5 }));
  seen.logs = logs.length;
  seen.log = await api.logs.get(logs[0].log_id);
  seen.daily = await api.stats.getDaily({ from: "20260101", to: "20260102" });
  seen.activeUsers = await api.stats.getActiveUsersCount();
}

async function domains(api) {
  const domain = "login.node.test";
  const made = await api.customDomains.create({ domain, type: "auth0_managed_certs" });
  const id = made.custom_domain_id;
  seen.domain = made;
  seen.domainFound = await api.customDomains.get(id);
  seen.domains = (await api.customDomains.list()).map((one) => one.domain);
  seen.domainUpdated = await api.customDomains.update(id, { domain_metadata: { kind: "test" } });
  seen.domainTested = await api.customDomains.test(id);
  seen.domainVerified = await api.customDomains.verify(id);
  seen.firstDefault = await api.customDomains.getDefault();
  seen.defaultSet = await api.customDomains.setDefault({ domain });
  seen.defaultFound = await api.customDomains.getDefault();
  await api.customDomains.setDefault({ domain: seen.firstDefault.domain });
  await api.customDomains.delete(id);
  seen.domainsAfter = await api.customDomains.list();
}

async function consents(api) {
  seen.consents = await all(api.userGrants.list({ user_id: "auth0|1" }));
  await api.userGrants.deleteByUserId({ user_id: "auth0|1" });
  await api.userGrants.delete("0123456789abcdef01234567");
}

async function main() {
  const api = new ManagementClient({ domain, clientId, clientSecret });
  await apis(api);
  const client_id = await clients(api);
  await grants(api, client_id);
  await rest(api);
  await domains(api);
  await consents(api);
  await api.clients.delete(client_id);
  await api.resourceServers.delete(seen.api.id);
  seen.refused = await api.clients.get(client_id).then(
    () => null,
    (error) => ({ status: error.statusCode, body: error.body }),
  );
  // Last, because the client's own token was signed by the key that is revoked here.
  await keys(api);
  seen.ownToken = await api.clients.list({}).then(
    () => 200,
    (error) => error.statusCode,
  );
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
