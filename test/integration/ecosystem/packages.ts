/** The packages of this folder. */
import { installedBeside } from '../../support/installed-packages';

export const { load, releaseOf } = installedBeside(__filename);
