/** Type-checks the code of documents, all of it in one program, against the sources of this package. */
import path from 'node:path';
import ts from 'typescript';
import { manifest } from './project';
import { root, type Block } from './markdown';

/** Packages that documents may use and that need not be installed here: they are not looked into. */
const FOREIGN = [
  '@fastify/express',
  '@opentelemetry/api',
  'connect-mongo',
  'connect-pg-simple',
  'express-rate-limit',
  'express-ws',
  'fastify',
  'ioredis',
  'libsql',
  'passport',
  'passport-local',
  'pg',
  'session-file-store',
  'socket.io',
  'ws',
];

/** What pieces of code may use without saying where it comes from: what every page of the documentation stands on. */
const PREAMBLE = `
import type { Express } from 'express';
import type Session from 'express-session-jwt';
declare module 'express-session-jwt' {
  interface SessionData {
    userId: number;
    user: string;
    name: string;
    views: number;
    visits: number;
    until: number;
    language: string;
  }
}
declare global {
  const app: Express;
  const express: typeof import('express');
  const session: typeof Session;
  const sessions: Session.Middleware;
  const keys: Session.KeyPair;
  namespace NodeJS {
    interface ProcessEnv {
      COOKIE_FORMAT?: 'express-session';
    }
  }
  const store: Session.Store;
  const client: any; // of Redis
}
export {};
`;

/** The application's own module that examples import from. */
const USERS = `
export declare function findUser(name: string, password: string): { id: number } | undefined;
export declare function isPasswordOf(userId: number | undefined, password: string): boolean;
`;

/** Findings that programs in plain JavaScript cannot help: parameters without a type. */
const UNTYPED = new Set([7005, 7006, 7019, 7031, 7034, 7053]);

const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  typeRoots: [path.join(root, 'node_modules/@types')],
  paths: {
    [manifest.name]: [path.join(root, 'src/index.ts')],
    [`${manifest.name}/store-test`]: [path.join(root, 'src/store-test/index.ts')],
    [`${manifest.name}/sealed`]: [path.join(root, 'src/sealed/index.ts')],
  },
  esModuleInterop: true,
  strict: true,
  noImplicitOverride: true,
  skipLibCheck: true,
  allowJs: true,
  checkJs: true,
  noEmit: true,
};

export interface CheckedTypes {
  readonly program: ts.Program;
  /** What the compiler finds fault with in a block. */
  findingsOf(block: Block): string[];
}

/** @param blocks those in JavaScript and TypeScript; others are not looked at */
export function checkTypes(blocks: readonly Block[]): CheckedTypes {
  const sources = new Map(
    blocks.flatMap((block) => {
      const file = fileOf(block);
      return file === undefined ? [] : [[file, block.text] as const];
    }),
  );
  const preamble = path.join(root, 'docs/preamble.ts');
  const shims = path.join(root, 'docs/shims.d.ts');
  const texts = new Map([
    ...sources,
    [preamble, PREAMBLE],
    [path.join(root, 'docs/accounts.ts'), USERS],
    [shims, FOREIGN.map((name) => `declare module '${name}';\n`).join('')],
  ]);
  const disk = ts.createCompilerHost(COMPILER_OPTIONS);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => texts.has(file) || disk.fileExists(file),
    readFile: (file) => texts.get(file) ?? disk.readFile(file),
    getSourceFile: (file, version, ...rest) => {
      const text = texts.get(file);
      return text === undefined
        ? disk.getSourceFile(file, version, ...rest)
        : ts.createSourceFile(file, text, version);
    },
  };
  const program = ts.createProgram([...texts.keys()], COMPILER_OPTIONS, host);
  return {
    program,
    findingsOf: (block) => {
      const source = program.getSourceFile(fileOf(block) ?? '');
      if (!source) return [`there is no check for the language "${block.language}"`];
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
        .filter(({ code }) => block.language === 'ts' || !UNTYPED.has(code))
        .map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
    },
  };
}

/** The names of the members of an interface in src/types. */
export function membersOf({ program }: CheckedTypes, name: string): string[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(path.join(root, 'src/types/index.ts'));
  const symbol = source && checker.getSymbolAtLocation(source);
  const found = symbol && checker.getExportsOfModule(symbol).find((one) => one.name === name);
  if (!found) throw new Error(`src/types exports no ${name}`);
  return checker
    .getDeclaredTypeOfSymbol(found)
    .getProperties()
    .map((property) => property.name);
}

/** A block's file, as if it lay in docs/. */
function fileOf({ file, line, language, text }: Block): string | undefined {
  const name = path.join(root, 'docs', `${path.basename(file, '.md')}-${String(line)}`);
  if (language === 'ts') return `${name}.mts`;
  if (language !== 'js') return undefined;
  return /\brequire\(/.test(text) ? `${name}.cjs` : `${name}.mjs`;
}
