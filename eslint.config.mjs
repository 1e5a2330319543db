import js from '@eslint/js';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The rooms of src/, from the top down: each may import those below it. */
const ROOMS = [
  'cli',
  'store-test',
  'sealed',
  'request',
  'check',
  'options',
  'store',
  'http',
  'session',
  'legacy',
  'token',
  'keys',
];

const boundaries = ROOMS.map((room, at) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...(at === 0
            ? []
            : [
                {
                  group: ROOMS.slice(0, at).map((above) => `**/${above}/**`),
                  message: `${room}/ is below it: see the rooms in eslint.config.mjs.`,
                },
              ]),
          ...(room === 'store-test'
            ? []
            : [{ regex: '^\\.\\.(/index)?$', message: 'index.ts stands on top of the rooms.' }]),
          ...(room === 'token'
            ? []
            : [{ group: ['jsonwebtoken'], message: 'Only token/ knows what a token looks like.' }]),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'test/consumers/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Empty names, paths and secrets mean the default, as in express-session.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: true }],
      // `import x = require()` is the import that belongs to `export =`, the form of express-session's types.
      '@typescript-eslint/no-require-imports': ['error', { allowAsImport: true }],
    },
  },
  ...boundaries,
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts'] })],
    },
    rules: {
      'import-x/no-cycle': 'error',
      'max-lines': ['error', 250],
      'max-lines-per-function': ['error', 50],
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      globals: {
        __dirname: 'readonly',
        __filename: 'readonly',
        exports: 'readonly',
        module: 'readonly',
        process: 'readonly',
        require: 'readonly',
      },
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Tests poke at what the types forbid, on purpose.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
);
