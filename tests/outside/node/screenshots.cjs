// Every page as a picture: light and dark, on a phone and on a desk, in English and in Arabic; and each look once.
const path = require("node:path");
const { launch, names } = require("./browser.cjs");

const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };

async function main() {
  const [base, folder, only] = process.argv.slice(2);
  const browser = await launch();
  const shots = [];
  for (const name of (await names(base)).filter((name) => !only || name === only)) {
    for (const lang of ["en", "ar"]) shots.push({ name, lang, look: "plain" });
    for (const look of ["branded", "glaring", "template"]) shots.push({ name, lang: "en", look });
    if (name === "signup" || name === "consent") {
      for (const lang of ["de", "fr", "es", "ja", "pt-BR"]) shots.push({ name, lang, look: "plain" });
    }
  }
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      // A page that goes on by itself would be gone before its picture is taken.
      await page.route("**/go-on.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
      for (const { name, lang, look } of shots) {
        await page.goto(`${base}/page/${name}?lang=${lang}&look=${look}`);
        const file = [name, look, lang, colorScheme, size].join("-") + ".png";
        await page.screenshot({ path: path.join(folder, file), fullPage: true });
      }
      await context.close();
    }
  }
  await browser.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
