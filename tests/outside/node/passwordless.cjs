// Sends a code with the vendor's Node SDK, and exchanges one for tokens.
const { sdk, domain, step, asked, ...client } = JSON.parse(process.argv[2]);
const { AuthenticationClient } = require(sdk);

async function main() {
  const { passwordless } = new AuthenticationClient({ domain, ...client });
  const told = await passwordless[step](asked).then(
    ({ data }) => data ?? null,
    ({ error, error_description, statusCode }) => ({ error, error_description, statusCode }),
  );
  console.log(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
