// Makes what a release consists of, in release/: the tarball, its SBOM (CycloneDX), and the notes out of CHANGELOG.md. Publishes
// nothing. With `--tag v1.2.3` it also compares the tag with the version.
import { execFileSync } from 'node:child_process';
import console from 'node:console';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.join(import.meta.dirname, '..');
const release = path.join(root, 'release');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const { tag } = parseArgs({ options: { tag: { type: 'string' } } }).values;

const npm = (cwd, ...args) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** What must never be in the package. */
const FORBIDDEN = /(^|\/)(test|node_modules|\.git|coverage)\/|\.(pem|key|env|tgz)$/;

/** The part of CHANGELOG.md that belongs to this version. @throws if it has none, or no date */
function notes() {
  const sections = readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8').split(/^## /m);
  const section = sections.find((one) => one.startsWith(`[${version}] - `));
  if (!section || !/^\[.*\] - \d{4}-\d\d-\d\d\n/.test(section))
    throw new Error(`CHANGELOG.md has no section "## [${version}] - <date>"`);
  return section.slice(section.indexOf('\n')).trim();
}

/** The SBOM of the package as users install it: `npm sbom` in this repository would leave out what development uses as well. */
function sbomOf(tarball) {
  const folder = mkdtempSync(path.join(tmpdir(), 'express-session-jwt-release-'));
  try {
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: 'sbom', version, private: true }),
    );
    npm(folder, 'install', '--ignore-scripts', '--no-audit', '--no-fund', tarball);
    return npm(folder, 'sbom', '--sbom-format', 'cyclonedx');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (tag !== undefined && tag !== `v${version}`)
  throw new Error(`the tag ${tag} is not that of version ${version}`);
rmSync(release, { recursive: true, force: true });
mkdirSync(release);
writeFileSync(path.join(release, 'notes.md'), `${notes()}\n`);
const [packed] = JSON.parse(npm(root, 'pack', '--json', '--pack-destination', release));
const forbidden = packed.files.map((file) => file.path).filter((file) => FORBIDDEN.test(file));
if (forbidden.length > 0) throw new Error(`the package must not have ${forbidden.join(', ')}`);
const sbom = sbomOf(path.join(release, packed.filename));
writeFileSync(path.join(release, `express-session-jwt-${version}.cdx.json`), sbom);
console.log(
  `release/: ${packed.filename} (${packed.entryCount} files, ${Math.round(packed.size / 1024)} KB), SBOM of ` +
    `${JSON.parse(sbom).components.length} packages, notes of ${version}`,
);
