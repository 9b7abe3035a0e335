// Does every operation on roles, permissions, refresh tokens and devices with the vendor's Node SDK, and prints what came
// back. With "user" it works on a user that has logged in.
const { ManagementClient } = require("auth0");

const { domain, clientId, clientSecret, step, user } = JSON.parse(process.argv[2]);

const seen = {};
const API = "https://orders.test";

// Every object of a list, whatever its paging.
async function all(pages) {
  const found = [];
  for await (const one of await pages) found.push(one);
  return found;
}

function permissions(...names) {
  const one = (permission_name) => ({ resource_server_identifier: API, permission_name });
  return { permissions: names.map(one) };
}

async function roles(api) {
  const packer = await api.roles.create({ name: "Packer" });
  const seller = await api.roles.create({ name: "Seller", description: "Sells" });
  seen.made = seller;
  seen.updated = await api.roles.update(packer.id, { description: "Packs" });
  seen.found = await api.roles.get(packer.id);
  seen.filtered = (await all(api.roles.list({ name_filter: "sell" }))).map((one) => one.id);
  await api.roles.permissions.add(packer.id, permissions("read:orders", "pack:orders"));
  await api.roles.permissions.add(seller.id, permissions("read:orders", "sell:orders"));
  await api.roles.permissions.delete(packer.id, permissions("pack:orders"));
  seen.permissions = await all(api.roles.permissions.list(packer.id, { per_page: 1 }));
  await api.users.roles.assign(user, { roles: [packer.id] });
  await api.roles.users.assign(seller.id, { users: [user] });
  seen.members = await all(api.roles.users.list(seller.id, { take: 1 }));
  seen.roles = (await all(api.users.roles.list(user))).map((one) => one.name);
  await api.users.permissions.create(user, permissions("pack:orders"));
  seen.held = await all(api.users.permissions.list(user));
  seen.twice = await api.roles.create({ name: "Seller" }).then(
    () => null,
    (error) => ({ status: error.statusCode, message: error.body.message }),
  );
}

async function taken(api) {
  const [seller] = await all(api.roles.list({ name_filter: "Seller" }));
  await api.users.permissions.delete(user, permissions("pack:orders"));
  await api.users.roles.delete(user, { roles: [seller.id] });
  await api.roles.delete(seller.id);
  seen.roles = (await all(api.users.roles.list(user))).map((one) => one.name);
  seen.gone = await api.roles.get(seller.id).then(
    () => null,
    (error) => error.statusCode,
  );
}

async function tokens(api) {
  const found = await all(api.refreshTokens.list({ user_id: user, take: 1 }));
  seen.tokens = found;
  seen.ofUser = await all(api.users.refreshToken.list(user));
  const [first, second, third] = found.map((token) => token.id);
  seen.found = await api.refreshTokens.get(first);
  seen.noted = await api.refreshTokens.update(first, { refresh_token_metadata: { ticket: "17" } });
  seen.devices = await all(api.deviceCredentials.list({ user_id: user, type: "refresh_token" }));
  await api.deviceCredentials.delete(`dcr_${first}`);
  await api.refreshTokens.delete(second);
  await api.refreshTokens.revoke({ ids: [third] });
  seen.left = (await all(api.users.refreshToken.list(user))).length;
  const [session] = await all(api.users.sessions.list(user));
  seen.session = await api.sessions.update(session.id, { session_metadata: { desk: "4" } });
  await api.sessions.revoke(session.id);
  await api.users.revokeAccess(user, {});
  await api.users.refreshToken.delete(user);
  seen.sessions = (await all(api.users.sessions.list(user))).length;
  seen.end = (await all(api.users.refreshToken.list(user))).length;
}

async function main() {
  const api = new ManagementClient({ domain, clientId, clientSecret });
  await { roles, taken, tokens }[step](api);
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
