// Bundles the third-party modules that scripts/vendor/*.js name.
//
//   node scripts/bundle.mjs NODE_MODULES OUTPUT LOCK_SHA256
//
// Writes OUTPUT/<name>.js, <name>.d.ts (for the type check), land-*.topojson (the land
// that pictures made by the gateway show), LICENSES.txt (the text of every licence) and
// vendor.json (what is in each file, its licence and SHA-256).
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [nodeModules, output, lock] = [resolve(process.argv[2]), resolve(process.argv[3]), process.argv[4]];
const entries = fileURLToPath(new URL("vendor/", import.meta.url));
const esbuild = createRequire(join(nodeModules, "x.js"))("esbuild");

/** Returns the names of the packages that a bundle's metafile mentions, sorted. */
function packagesIn(metafile) {
  const names = Object.keys(metafile.inputs).flatMap((path) => {
    const parts = path.split("node_modules/").at(-1).split("/");
    if (!path.includes("node_modules/")) return [];
    return [parts[0].startsWith("@") ? `${parts[0]}/${parts[1]}` : parts[0]];
  });
  return [...new Set(names)].sort();
}

/** Returns name, version and licence of an installed package. */
function describe(name) {
  const about = JSON.parse(readFileSync(join(nodeModules, name, "package.json"), "utf8"));
  return { name, version: about.version, license: about.license ?? "see LICENSES.txt" };
}

/** Returns the licence texts that a package carries. */
function licenseText(name) {
  const folder = join(nodeModules, name);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  return files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
}

/** Returns the name of an entry's types. */
function typesFile(file) {
  return file.replace(/\.js$/, ".d.ts");
}

/** Returns the types of an entry: those beside it, or what it exports where packages have their own. */
function typesOf(file) {
  const own = join(entries, typesFile(file));
  if (existsSync(own)) return readFileSync(own, "utf8");
  return readFileSync(join(entries, file), "utf8").replace(/^.*\.css";\n/m, "export declare const css: string;\n");
}

/** Bundles one entry; returns its line of vendor.json. */
async function bundle(file) {
  const result = await esbuild.build({
    entryPoints: [join(entries, file)],
    nodePaths: [nodeModules],
    absWorkingDir: entries,
    bundle: true, minify: true, format: "esm", target: "es2022", charset: "utf8",
    loader: { ".css": "text" },
    legalComments: "none", // the whole texts are in LICENSES.txt
    metafile: true, write: false, logLevel: "error",
  });
  const body = result.outputFiles[0].contents;
  writeFileSync(join(output, file), body);
  writeFileSync(join(output, typesFile(file)), typesOf(file));
  return {
    file,
    sha256: createHash("sha256").update(body).digest("hex"),
    packages: packagesIn(result.metafile).map(describe),
  };
}

/** Copies a map of the land as it is; returns its line of vendor.json. */
function copyLand(name) {
  const body = readFileSync(join(nodeModules, "world-atlas", `${name}.json`));
  writeFileSync(join(output, `${name}.topojson`), body);
  return {
    file: `${name}.topojson`,
    sha256: createHash("sha256").update(body).digest("hex"),
    packages: [describe("world-atlas")],
  };
}

if (!existsSync(output)) mkdirSync(output, { recursive: true });
const bundles = [];
for (const file of readdirSync(entries).filter((name) => name.endsWith(".js")).sort()) {
  bundles.push(await bundle(basename(file)));
}
bundles.push(copyLand("land-110m"), copyLand("land-50m"));
const packages = new Map(bundles.flatMap((one) => one.packages).map((one) => [one.name, one]));
const texts = [...packages.values()].map(
  (one) => `${one.name} ${one.version} (${one.license})\n\n${licenseText(one.name)}\n`,
);
writeFileSync(join(output, "LICENSES.txt"), texts.join(`\n${"-".repeat(72)}\n\n`));
writeFileSync(join(output, "vendor.json"), `${JSON.stringify({ lock, bundles }, null, 2)}\n`);
