// Does every operation on connections, users, tickets and jobs with the vendor's Node SDK, and prints what came back.
const { ManagementClient } = require("auth0");

const { domain, clientId, clientSecret } = JSON.parse(process.argv[2]);

const seen = {};

// Every object of a list, whatever its paging.
async function all(pages) {
  const found = [];
  for await (const one of await pages) found.push(one);
  return found;
}

async function connections(api) {
  const made = await api.connections.create({
    name: "Node-Customers",
    strategy: "auth0",
    options: { passwordPolicy: "low", requires_username: true },
  });
  seen.connection = made;
  seen.connectionFound = await api.connections.get(made.id);
  seen.connectionByName = await all(api.connections.list({ name: "Node-Customers" }));
  seen.databases = (await all(api.connections.list({ strategy: ["auth0"], take: 1 }))).length;
  const options = { ...seen.connectionFound.options, disable_signup: true };
  seen.connectionUpdated = await api.connections.update(made.id, { options });
  const client = await api.clients.create({ name: "From Node", app_type: "spa" });
  await api.connections.clients.update(made.id, [{ client_id: client.client_id, status: true }]);
  seen.enabled = await all(api.connections.clients.get(made.id, {}));
  seen.ofClient = await all(api.clients.connections.get(client.client_id, {}));
  seen.client = client.client_id;
  return made.id;
}

async function users(api, connection) {
  const body = { connection, password: "secret-1", verify_email: false };
  const made = await api.users.create({
    ...body,
    email: "Ada@Node.test",
    username: "ada",
    user_metadata: { color: "red" },
    app_metadata: { plan: "gold" },
  });
  const id = made.user_id;
  seen.user = made;
  seen.userFound = await api.users.get(id, { fields: "email,username", include_fields: true });
  seen.userUpdated = await api.users.update(id, { user_metadata: { color: null, size: 1 } });
  await api.users.update(id, { password: "secret-2" });
  await api.users.update(id, { blocked: true });
  seen.byEmail = await api.users.listUsersByEmail({ email: "ada@node.test" });
  seen.searched = await all(api.users.list({ q: 'app_metadata.plan:"gold" AND username:ada' }));
  const other = await api.users.create({ ...body, email: "bob@node.test", username: "bob" });
  const second = other.user_id.split("|")[1];
  seen.linked = await api.users.identities.link(id, { provider: "auth0", user_id: second });
  seen.unlinked = await api.users.identities.delete(id, "auth0", second);
  seen.sessions = await all(api.users.sessions.list(id, {}));
  await api.users.sessions.delete(id);
  seen.logs = (await all(api.users.logs.list(id, {}))).length;
  seen.roles = await all(api.users.roles.list(id, {}));
  seen.weak = await api.users.update(id, { password: "x" }).then(
    () => null,
    (error) => ({ status: error.statusCode, message: error.body.message }),
  );
  return id;
}

async function finished(api, id) {
  for (;;) {
    const job = await api.jobs.get(id);
    if (job.status !== "pending" && job.status !== "processing") return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function jobs(api, connection_id) {
  const rows = [
    { email: "one@node.test", username: "one" },
    { email: "ada@node.test", username: "ada" },
  ];
  const file = new File([JSON.stringify(rows)], "users.json", { type: "application/json" });
  const imported = await api.jobs.usersImports.create({ users: file, connection_id });
  seen.imported = await finished(api, imported.id);
  seen.importErrors = await api.jobs.errors.get(imported.id);
  const fields = [{ name: "email" }, { name: "identities[0].connection", export_as: "from" }];
  const exported = await api.jobs.usersExports.create({ connection_id, format: "json", fields });
  seen.exported = await finished(api, exported.id);
}

async function main() {
  const api = new ManagementClient({ domain, clientId, clientSecret });
  const connection = await connections(api);
  const user = await users(api, "Node-Customers");
  seen.verify = await api.tickets.verifyEmail({ user_id: user, ttl_sec: 60 });
  seen.change = await api.tickets.changePassword({ user_id: user, mark_email_as_verified: true });
  await jobs(api, connection);
  const mail = await api.jobs.verificationEmail.create({ user_id: user });
  seen.mail = await finished(api, mail.id);
  await api.users.delete(user);
  seen.gone = await api.users.get(user).then(
    () => null,
    (error) => error.statusCode,
  );
  await api.connections.delete(connection);
  await api.clients.delete(seen.client);
  console.log(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
