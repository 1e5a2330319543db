// Makes Stryker leave functions and classes alone, for the run that breaks constants.
import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

export const strykerPlugins = [
  declareValuePlugin(PluginKind.Ignore, 'functions', {
    shouldIgnore: (path) => (path.isFunction() || path.isClass() ? 'it is in the other run' : undefined),
  }),
];
