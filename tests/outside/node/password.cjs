// Gets tokens for a user's password with the vendor's Node SDK, in both forms of the grant, and says how a wrong one fails.
const { sdk, domain, who, asked, realm, forwardedFor, ...client } = JSON.parse(process.argv[2]);
const { AuthenticationClient } = require(sdk);

async function main() {
  const { oauth } = new AuthenticationClient({ domain, ...client });
  const options = { initOverrides: { headers: { "auth0-forwarded-for": forwardedFor } } };
  const preset = await oauth.passwordGrant({ ...who, ...asked }, options);
  const named = await oauth.passwordGrant({ ...who, ...asked, realm });
  const wrong = await oauth.passwordGrant({ ...who, password: "wrong" }).then(
    () => null,
    ({ error, error_description, statusCode }) => ({ error, error_description, statusCode }),
  );
  console.log(JSON.stringify({ preset: preset.data, named: named.data, wrong }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
