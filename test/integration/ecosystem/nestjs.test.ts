/** NestJS on its Express platform: the session by @Session(), guards, thrown exceptions, and a stream of events. */
import type { Request, RequestHandler } from 'express';
import { dataOf } from '../peers/site';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

type Decorate = (target: object, name: string, descriptor: PropertyDescriptor) => void;

interface Nest {
  Module(options: object): (target: unknown) => void;
  Controller(): (target: unknown) => void;
  Get(path: string): Decorate;
  Post(path: string): Decorate;
  Sse(path: string): Decorate;
  UseGuards(guard: object): Decorate;
  Session(): (target: object, name: string, index: number) => void;
  Req(): (target: object, name: string, index: number) => void;
  ImATeapotException: new (message: string) => Error;
}

interface NestApplication {
  use(middleware: RequestHandler): void;
  listen(port: number, host: string): Promise<void>;
  getUrl(): Promise<string>;
  close(): Promise<void>;
}

interface NestCore {
  NestFactory: { create(module: unknown, options: object): Promise<NestApplication> };
}

type Data = ReturnType<typeof dataOf>;

/** The decorators are called by hand: these tests are compiled without them. */
function createModule(): unknown {
  load('reflect-metadata');
  const nest = load<Nest>('@nestjs/common');
  const { of } = load<{ of: (...values: object[]) => object }>('rxjs');

  class Shop {
    visit(session: Data): object {
      session.count = (session.count ?? 0) + 1;
      return { count: session.count };
    }
    login(session: Data): string {
      session.user = 'ann';
      return 'welcome, ann';
    }
    regenerate(req: Request): Promise<string> {
      return new Promise((resolve, reject) => {
        req.session.regenerate((error?: Error) => {
          dataOf(req).user = 'ann';
          if (error) reject(error);
          else resolve('welcome, ann');
        });
      });
    }
    logout(req: Request): Promise<string> {
      return new Promise((resolve, reject) => {
        req.session.destroy((error?: Error) => {
          if (error) reject(error);
          else resolve('goodbye');
        });
      });
    }
    account(session: Data): string {
      return `the account of ${String(session.user)}`;
    }
    teapot(session: Data): never {
      session.tea = true;
      throw new nest.ImATeapotException('no coffee');
    }
    events(session: Data): object {
      return of({ data: session.user ?? 'nobody' }, { data: 'and that is all' });
    }
  }

  const guard = {
    canActivate: (context: { switchToHttp(): { getRequest(): Request } }) =>
      dataOf(context.switchToHttp().getRequest()).user !== undefined,
  };
  const prototype = Shop.prototype as unknown as Record<string, unknown>;
  const decorate = (name: string, ...decorators: Decorate[]) => {
    for (const each of decorators) each(prototype, name, { value: prototype[name] });
  };
  decorate('visit', nest.Get('visit'));
  decorate('login', nest.Post('login'));
  decorate('regenerate', nest.Post('regenerate'));
  decorate('logout', nest.Post('logout'));
  decorate('account', nest.Get('account'), nest.UseGuards(guard));
  decorate('teapot', nest.Get('teapot'));
  decorate('events', nest.Sse('events'));
  for (const name of ['visit', 'login', 'account', 'teapot', 'events']) nest.Session()(prototype, name, 0);
  for (const name of ['regenerate', 'logout']) nest.Req()(prototype, name, 0);
  nest.Controller()(Shop);
  function AppModule(): void {
    // Nest makes one by `new`.
  }
  nest.Module({ controllers: [Shop] })(AppModule);
  return AppModule;
}

async function open(run: Run): Promise<Visitor> {
  const app = await load<NestCore>('@nestjs/core').NestFactory.create(createModule(), { logger: false });
  app.use(run.session());
  await app.listen(0, '127.0.0.1');
  run.stopWith(() => app.close());
  return run.visitorOf(await app.getUrl());
}

const FORBIDDEN = '{"message":"Forbidden resource","error":"Forbidden","statusCode":403}';

const POST = { method: 'POST' };

describePackage('@nestjs/core', ['@nestjs/core', '@nestjs/platform-express'], (sideBySide) => {
  sideBySide(
    'counts visits, signs in and out, and guards a page',
    {
      'a guest asks for the account': `403 ${FORBIDDEN}`,
      visits: '200 {"count":1} +connect.sid',
      'visits again': '200 {"count":2} +connect.sid',
      'signs in': '201 welcome, ann +connect.sid',
      'asks for the account': '200 the account of ann',
      'whoever has the cookie from before': '200 the account of ann',
      'signs in by regenerate': '201 welcome, ann +connect.sid',
      'asks again': '200 the account of ann',
      'signs out': '201 goodbye',
      'whoever has the cookie of the session': `403 ${FORBIDDEN}`,
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('a guest asks for the account', '/account');
      await ann.visit('visits', '/visit');
      await ann.visit('visits again', '/visit');
      const planted = ann.copy();
      await ann.visit('signs in', '/login', POST);
      await ann.visit('asks for the account', '/account');
      await planted.visit('whoever has the cookie from before', '/account');
      await ann.visit('signs in by regenerate', '/regenerate', POST);
      await ann.visit('asks again', '/account');
      const copy = ann.copy();
      await ann.visit('signs out', '/logout', POST);
      await copy.visit('whoever has the cookie of the session', '/account');
    },
  );

  sideBySide(
    'stores the session of a handler that throws, and of a stream of events',
    {
      'is a teapot': `418 {"message":"no coffee","error":"I'm a teapot","statusCode":418} +connect.sid`,
      'listens to the events': '200 \nid: 1\ndata: ann\n\nid: 2\ndata: and that is all\n\n',
      'is still signed in': '200 the account of ann',
    },
    async (run) => {
      const ann = await open(run);
      await ann.visit('is a teapot', '/teapot');
      await ann.open('/login', POST);
      await ann.visit('listens to the events', '/events');
      await ann.visit('is still signed in', '/account');
    },
  );
});
