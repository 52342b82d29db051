// Unpacks the Chromium that @sparticuz/chromium ships, with its libraries and fonts, and writes a script that runs it.
import { execFileSync } from "node:child_process";
import { chmodSync, createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const target = resolve(process.argv[2]);
const packed = join(target, "node_modules/@sparticuz/chromium/bin");

const unpack = (from, to) => pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));

async function unpackAll(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await unpackAll(path);
    } else if (entry.name.endsWith(".tar.br")) {
      const archive = join(target, "archive.tar");
      const into = join(target, entry.name.replace(".tar.br", ""));
      mkdirSync(into, { recursive: true });
      await unpack(path, archive);
      execFileSync("tar", ["-xf", archive, "-C", into]);
      rmSync(archive);
    } else if (entry.name === "chromium.br") {
      await unpack(path, join(target, "chromium.part"));
    }
  }
}

await unpackAll(packed);
execFileSync("mv", [join(target, "chromium.part"), join(target, "chromium")]);
chmodSync(join(target, "chromium"), 0o755);

const folders = execFileSync("find", [target, "-name", "*.so*", "-printf", "%h\n"], { encoding: "utf8" });
const libraries = [...new Set(folders.trim().split("\n").filter((name) => !name.includes("node_modules")))].join(":");
// The package's own font configuration names folders of the place it was made for.
const fonts = join(target, "fonts.conf");
writeFileSync(
  fonts,
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(target, "fonts")}</dir>
  <cachedir>${join(target, "font-cache")}</cachedir>
</fontconfig>
`,
);
const script = `#!/bin/sh
export LD_LIBRARY_PATH="${libraries}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="${fonts}"
exec "${join(target, "chromium")}" "$@"
`;
writeFileSync(join(target, "run"), script, { mode: 0o755 });
rmSync(join(target, "node_modules"), { recursive: true });
