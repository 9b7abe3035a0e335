// Gets a machine token with the vendor's Node SDK, as its documentation shows.
const { sdk, domain, audience, ...client } = JSON.parse(process.argv[2]);
const { AuthenticationClient } = require(sdk);

async function main() {
  const authentication = new AuthenticationClient({ domain, ...client });
  const { data } = await authentication.oauth.clientCredentialsGrant({ audience });
  console.log(JSON.stringify(data));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
