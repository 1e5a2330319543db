/** The packages that are installed beside a test, with a package.json of their own. Most come without types. */
import { createRequire } from 'node:module';

export interface InstalledPackages {
  /** The caller says what it makes use of. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- in place of an assertion at each call
  readonly load: <Module>(name: string) => Module;
  /** The release of one of them. */
  readonly releaseOf: (name: string) => string;
}

/** @param file the test's own, or another one in its folder */
export function installedBeside(file: string): InstalledPackages {
  const requireHere = createRequire(file);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as above
  const load = <Module>(name: string) => requireHere(name) as Module;
  return {
    load,
    releaseOf: (name) => {
      const folder = requireHere.resolve.paths(name)?.[0] ?? '';
      return load<{ version: string }>(`${folder}/${name}/package.json`).version;
    },
  };
}
